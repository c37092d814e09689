"""What is told on a saga's topic, and the event that stands for the clock."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from cloudsync_chassis import clock, ids
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.sagas.log import correlation_of
from cloudsync_chassis.sagas.spec import Saga

Word = Literal["started", "done", "failed", "undone", "completed"]

TOLD = "saga.told"


def line(ctx: Context, service: str, saga: Saga, run: UUID, word: Word, more: Any) -> Event:
    """One line of the saga's log."""
    return Event(
        id=ids.uuid7(),
        type=TOLD,
        source=f"/{service}",
        topic=saga.topic,
        subject=str(run),
        time=ctx.now,
        organization_id=ctx.principal.organization_id,
        traceparent=ctx.trace.header,
        correlation=correlation_of(saga, run),
        data={"word": word, **more},
    )


def tick(service: str, organization: UUID | None) -> Event:
    """What a service handles where its clock asks for it."""
    return Event(
        id=ids.uuid7(),
        type="saga.tick",
        source=f"/{service}",
        topic="",
        subject="",
        time=clock.now(),
        organization_id=organization,
    )
