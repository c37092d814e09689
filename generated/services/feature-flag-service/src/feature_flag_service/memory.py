"""What the service keeps beside its aggregates: salts, subscriptions, days of evaluations."""

from __future__ import annotations

from datetime import date
from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field

from .generated.models import Edition


class Salt(Kept):
    """What hangs the buckets of a flag; nobody outside of the service reads it."""

    flag_id: Annotated[UUID, Field(alias="flagId")]
    salt: str


class Seen(Kept):
    """The last day (UTC) on which somebody asked for a flag."""

    flag_id: Annotated[UUID, Field(alias="flagId")]
    day: date


class Subscribed(Kept):
    """What a subscription of the organisation gives it, by the last word of `at`.

    From `later_from` on it is `later`: what was paid for is not taken away before. Without an
    edition the subscription has ended.
    """

    subscription_id: Annotated[UUID, Field(alias="subscriptionId")]
    at: AwareDatetime
    seats: int
    edition: Edition | None = None
    later: Edition | None = None
    later_from: Annotated[AwareDatetime | None, Field(alias="laterFrom")] = None


M = TypeVar("M", bound=Kept)


def _spec(name: str, model: type[M], unique: str) -> AggregateSpec[M]:
    store = DocumentStore(collection=f"flag-{name}", unique=(("organizationId", unique),))
    return AggregateSpec(name=f"kept-{name}", model=model, store=store)


SALTS = _spec("salt", Salt, "flagId")
SEEN = _spec("seen", Seen, "flagId")
SUBSCRIBED = _spec("subscribed", Subscribed, "subscriptionId")
