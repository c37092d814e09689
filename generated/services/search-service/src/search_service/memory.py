"""What the service must remember beside its entries, kept as documents in the same database."""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class Standing(Kept):
    """When the last event was sent that told how something stands; older ones come too late.

    `holds`: what it told, where that is yes or no.
    """

    about: str
    at: AwareDatetime
    holds: bool = True


class Belonging(Kept):
    """Somebody is a principal of something, or was until `at`."""

    user_id: Annotated[UUID, Field(alias="userId")]
    principal: str
    at: AwareDatetime
    holds: bool


class FileFacts(Kept):
    """What was told of a file; its readers are those of what it hangs on."""

    file_id: Annotated[UUID, Field(alias="fileId")]
    name: str = ""
    media_type: Annotated[str, Field(alias="mediaType")] = "application/octet-stream"
    text_key: Annotated[str | None, Field(alias="textKey")] = None
    findable: bool = False
    targets: list[str] = []


class BodyPlace(Kept):
    """Where the words of a document lie, for the day when it comes back from the bin."""

    document_id: Annotated[UUID, Field(alias="documentId")]
    body_ref: Annotated[str, Field(alias="bodyRef")]


class AskedQuery(Kept):
    """A query that was answered: whose, its words, how it was ranked, which hits were opened."""

    query_id: Annotated[UUID, Field(alias="queryId")]
    user_id: Annotated[UUID, Field(alias="userId")]
    text: str
    hits: int
    profile_key: Annotated[str, Field(alias="profileKey")]
    opened: list[str] = []


class Opens(Kept):
    """How often something was opened from hits, by the day (ISO 8601)."""

    source_kind: Annotated[str, Field(alias="sourceKind")]
    source_id: Annotated[UUID, Field(alias="sourceId")]
    days: dict[str, int]


class Tries(Kept):
    """How often the writing of an entry was begun since it was queued."""

    entry_id: Annotated[UUID, Field(alias="entryId")]
    count: int


class Copied(Kept):
    """Up to which organisation, by id, a rebuild has come."""

    job_id: Annotated[UUID, Field(alias="jobId")]
    through: UUID


M = TypeVar("M", bound=Kept)


def _spec(name: str, model: type[M], *unique: str) -> AggregateSpec[M]:
    store = DocumentStore(collection=f"search-{name}", unique=(("organizationId", *unique),))
    return AggregateSpec(name=f"remembered-{name}", model=model, store=store)


STANDINGS = _spec("standing", Standing, "about")
BELONGINGS = _spec("belonging", Belonging, "userId", "principal")
FILE_FACTS = _spec("file-facts", FileFacts, "fileId")
BODY_PLACES = _spec("body-place", BodyPlace, "documentId")
ASKED = _spec("asked-query", AskedQuery, "queryId")
OPENS = _spec("opens", Opens, "sourceKind", "sourceId")
TRIES = _spec("tries", Tries, "entryId")
COPIED = _spec("copied", Copied, "jobId")
