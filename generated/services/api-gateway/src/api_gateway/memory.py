"""What the service keeps beside its aggregates, all of it under the platform's organisation."""

from __future__ import annotations

from datetime import date
from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field

from .generated.models import Edition


class Subscribed(Kept):
    """By which edition an organisation is counted."""

    subscriber: UUID
    edition: Edition
    told_at: Annotated[AwareDatetime, Field(alias="toldAt")]


class Spent(Kept):
    """Points that an organisation has spent on a day (UTC), over all replicas."""

    spender: UUID
    day: date
    points: int


class Traffic(Kept):
    """Requests to a route that began in some five minutes, and how many of them failed."""

    route: UUID
    since: AwareDatetime
    requests: int
    failures: int


class Excess(Kept):
    """Requests of an organisation that were refused in one minute, until that is announced."""

    spender: UUID
    minute: AwareDatetime
    plan_code: Annotated[Edition, Field(alias="planCode")]
    limit: int
    observed: int


class Purge(Kept):
    """A route or an organisation whose answers from before are not given again."""

    purged: UUID
    at: AwareDatetime


M = TypeVar("M", bound=Kept)


def _spec(name: str, model: type[M], *unique: str) -> AggregateSpec[M]:
    store = DocumentStore(collection=f"gateway-{name}", unique=(("organizationId", *unique),))
    return AggregateSpec(name=f"kept-{name}", model=model, store=store)


SUBSCRIBED = _spec("subscribed", Subscribed, "subscriber")
SPENT = _spec("spent", Spent, "spender", "day")
TRAFFIC = _spec("traffic", Traffic, "route", "since")
EXCESS = _spec("excess", Excess, "spender", "minute")
PURGE = _spec("purge", Purge, "purged")
