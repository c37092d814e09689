"""What the service must remember beside its tables, kept as documents in the same database."""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class Standing(Kept):
    """When the last event was sent that told how something stands; older ones come too late."""

    about: str
    at: AwareDatetime


class Rescan(Kept):
    """A file that is to be judged again."""

    file_id: Annotated[UUID, Field(alias="fileId")]


class Failure(Kept):
    """The engine that could not make a rendition."""

    rendition_id: Annotated[UUID, Field(alias="renditionId")]
    engine: str


M = TypeVar("M", bound=Kept)


def _spec(name: str, model: type[M], *unique: str) -> AggregateSpec[M]:
    store = DocumentStore(collection=f"file-{name}", unique=(("organizationId", *unique),))
    return AggregateSpec(name=f"remembered-{name}", model=model, store=store)


STANDINGS = _spec("standing", Standing, "about")
RESCANS = _spec("rescan", Rescan, "fileId")
FAILURES = _spec("failure", Failure, "renditionId")
