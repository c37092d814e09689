"""What the service keeps beside its aggregates."""

from __future__ import annotations

from datetime import date
from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class Raised(Kept):
    """A day or month of a metric whose hours have changed since it was computed."""

    metric_key: Annotated[str, Field(alias="metricKey")]
    granularity: str
    bucket_start: Annotated[AwareDatetime, Field(alias="bucketStart")]


class Subscribed(Kept):
    """A subscription as far as its movements are told by it: seats, and what a month brings."""

    subscription_id: Annotated[UUID, Field(alias="subscriptionId")]
    plan_code: Annotated[str | None, Field(alias="planCode")] = None
    seats: int
    mrr_minor: Annotated[int, Field(alias="mrrMinor")]
    currency: str | None = None
    order_ids: Annotated[list[UUID], Field(alias="orderIds")]


class Attempt(Kept):
    """How often a day of a backfill was tried without getting through."""

    backfill_run_id: Annotated[UUID, Field(alias="backfillRunId")]
    day: date
    attempts: int


class Judged(Kept):
    """Up to where a rule's buckets were held against their bands."""

    metric_key: Annotated[str, Field(alias="metricKey")]
    through: AwareDatetime


class Purge(Kept):
    """That the tenant is purged: what is left is removed, what still comes is not kept."""

    state: str


M = TypeVar("M", bound=Kept)


def _spec(name: str, model: type[M], *unique: str) -> AggregateSpec[M]:
    store = DocumentStore(collection=f"metrics-{name}", unique=(("organizationId", *unique),))
    return AggregateSpec(name=f"kept-{name}", model=model, store=store)


RAISED = _spec("raised", Raised, "metricKey", "granularity", "bucketStart")
SUBSCRIBED = _spec("subscribed", Subscribed, "subscriptionId")
ATTEMPTS = _spec("attempt", Attempt, "backfillRunId")
JUDGED = _spec("judged", Judged, "metricKey")
PURGES = _spec("purge", Purge)
