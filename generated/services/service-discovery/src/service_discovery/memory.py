"""What the service keeps beside its aggregates."""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class Generation(Kept):
    """How often the endpoint set of a service has changed."""

    service: str
    number: int


class Measured(Kept):
    """The slowest hundredth of an instance's answers, in milliseconds; of twenty the slowest."""

    instance_id: Annotated[UUID, Field(alias="instanceId")]
    service: str
    region: str
    p99_ms: Annotated[int, Field(alias="p99Ms")]


class Draining(Kept):
    """An instance that drains, and when it is taken out though it is not done."""

    instance_id: Annotated[UUID, Field(alias="instanceId")]
    until: AwareDatetime


class Moving(Kept):
    """How much of a shift is carried out, in per cent of all traffic, and since when."""

    shift_id: Annotated[UUID, Field(alias="shiftId")]
    percent: int
    since: AwareDatetime


M = TypeVar("M", bound=Kept)


def _spec(name: str, model: type[M], unique: str) -> AggregateSpec[M]:
    store = DocumentStore(collection=f"discovery-{name}", unique=(("organizationId", unique),))
    return AggregateSpec(name=f"kept-{name}", model=model, store=store)


GENERATIONS = _spec("generation", Generation, "service")
MEASURED = _spec("measured", Measured, "instanceId")
DRAINING = _spec("draining", Draining, "instanceId")
MOVING = _spec("moving", Moving, "shiftId")
