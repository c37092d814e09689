"""What the service keeps beside its aggregates: what subjects did, rows to learn from, bands."""

from __future__ import annotations

from typing import Annotated, TypeVar

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.model import Model
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class Mark(Model):
    """Something that happened to a subject."""

    at: AwareDatetime
    kind: str
    value: float = 0.0
    label: str = ""


class Trace(Kept):
    """The last marks of a subject, oldest first, under its pseudonym."""

    entity_ref: Annotated[str, Field(alias="entityRef")]
    marks: list[Mark]


class Sample(Kept):
    """Features as they were at a moment, and what turned out to be true; `about` names the thing
    that was judged, by a digest.
    """

    model_key: Annotated[str, Field(alias="modelKey")]
    entity_ref: Annotated[str, Field(alias="entityRef")]
    about: str
    at: AwareDatetime
    features: dict[str, float]
    label: float
    disputed_at: Annotated[AwareDatetime | None, Field(alias="disputedAt")] = None


class Band(Kept):
    """The band of an account that others were told of."""

    entity_ref: Annotated[str, Field(alias="entityRef")]
    band: str
    valid_until: Annotated[AwareDatetime, Field(alias="validUntil")]


class Forgotten(Kept):
    """A pseudonym that nothing may learn from."""

    entity_ref: Annotated[str, Field(alias="entityRef")]


class Switch(Kept):
    """Whether a model key is answered by its default."""

    model_key: Annotated[str, Field(alias="modelKey")]
    off: bool


M = TypeVar("M", bound=Kept)


def _spec(name: str, model: type[M], *unique: str) -> AggregateSpec[M]:
    store = DocumentStore(collection=f"ml-{name}", unique=(("organizationId", *unique),))
    return AggregateSpec(name=f"kept-{name}", model=model, store=store)


TRACES = _spec("trace", Trace, "entityRef")
SAMPLES = _spec("sample", Sample, "modelKey", "about")
BANDS = _spec("band", Band, "entityRef")
FORGOTTEN = _spec("forgotten", Forgotten, "entityRef")
SWITCHES = _spec("switch", Switch, "modelKey")
