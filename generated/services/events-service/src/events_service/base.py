"""What all topics of events-service share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.columns import utc_text
from cloudsync_chassis.store.cursor import Position
from cloudsync_chassis.store.query import ListQuery, PageRequest

from . import memory
from .generated import models
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .world import Countries, ListedCountries

PLATFORM = UUID("00000000-0000-7000-8000-000000000000")
"""The tenant of what is nobody's own; wordings that are registered there hold for all."""

STATES = models.CollectedEventStatus
REASONS = models.QuarantineReason
NOTHING = "{}"
"""A payload of which nothing is left."""

_MANY = 500
_FIRST = UUID(int=0)


class Base(Defaults):
    """The generated defaults with settings, ports and what is kept besides."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        place = runtime.settings.state_path(runtime.spec.name, "countries.csv")
        self.countries: Countries = ListedCountries(place)
        self.pseudonym_keys = runtime.aggregate(memory.PSEUDONYM_KEYS)
        self.subject_keys = runtime.aggregate(memory.SUBJECT_KEYS)
        self.sealed_events = runtime.aggregate(memory.SEALED_EVENTS)
        self.streams = runtime.aggregate(memory.STREAMS)
        self.producers = runtime.aggregate(memory.PRODUCERS)
        self.refusals = runtime.aggregate(memory.REFUSALS)
        self.replay_places = runtime.aggregate(memory.REPLAY_PLACES)
        self.purges = runtime.aggregate(memory.PURGES)

    async def between(
        self,
        ctx: Context,
        since: datetime,
        until: datetime,
        after: Position | None = None,
        /,
        **filters: Any,
    ) -> AsyncIterator[models.CollectedEvent]:
        """The tenant's events that pass and happened from `since` to just before `until`, in that
        order; those behind `after`, if it is given.
        """
        place = after or Position("occurredAt", utc_text(since), _FIRST)
        passing: Mapping[str, Any] = {"status": (STATES.stored, STATES.redacted), **filters}
        following: Position | None = place
        while following is not None:
            page = PageRequest(limit=_MANY, after=following)
            query = ListQuery(page, passing, due={"occurredAt": until})
            found = await self.collected_event.repository.select(ctx, query)
            for each in found.items:
                if each.occurred_at < until:
                    yield each
            ctx.deadline.check()
            following = found.following

    async def newest(
        self, ctx: Context, since: datetime, /, **filters: Any
    ) -> AsyncIterator[models.CollectedEvent]:
        """The tenant's events that pass and were heard from then on, the newest first."""
        following: Position | None = None
        while True:
            page = PageRequest(limit=_MANY, sort="-createdAt", after=following)
            found = await self.collected_event.repository.select(ctx, ListQuery(page, filters))
            for each in found.items:
                if each.received_at < since:
                    return
                yield each
            following = found.following
            if following is None:
                return


def itself(ctx: Context) -> Context:
    """The same operation as the service's own doing, for steps that are no caller's to order."""
    return replace(ctx, principal=workload(ctx.operation.id, ctx.tenant))


def place_of(event: models.CollectedEvent) -> Position:
    """Where in the order of time an event stands."""
    return Position("occurredAt", utc_text(event.occurred_at), event.id)
