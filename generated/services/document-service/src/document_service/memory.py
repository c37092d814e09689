"""What the service keeps beside its tables, as documents: bodies, and what events have told."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class KeptBody(Kept):
    """The content at one sequence number; `sealed` (Base64) in place of `blocks` if restricted.

    Blocks are encrypted like any field that the model says so of, restricted ones under the key of
    their organisation alone.
    """

    body_ref: Annotated[str, Field(alias="bodyRef")]
    document_id: Annotated[UUID, Field(alias="documentId")]
    sequence: int
    checksum: str
    blocks: list[dict[str, Any]] | None = None
    sealed: str | None = None
    superseded_at: Annotated[AwareDatetime | None, Field(alias="supersededAt")] = None


class PendingUpdate(Kept):
    """What a document's next DocumentUpdated will tell, and when the last one was told."""

    document_id: Annotated[UUID, Field(alias="documentId")]
    told_at: Annotated[AwareDatetime, Field(alias="toldAt")]
    waiting: bool
    from_sequence: Annotated[int, Field(alias="fromSequence")]
    editor_ids: Annotated[list[UUID], Field(alias="editorIds")]
    attached_file_ids: Annotated[list[UUID], Field(alias="attachedFileIds")]
    detached_file_ids: Annotated[list[UUID], Field(alias="detachedFileIds")]


class Standing(Kept):
    """The last word on something by events, which may come twice and in any order."""

    about: str
    at: AwareDatetime
    word: str


class FormerRetention(Kept):
    """Until when a document was to be kept before holds fell upon it; absent: not at all."""

    document_id: Annotated[UUID, Field(alias="documentId")]
    retain_until: Annotated[AwareDatetime | None, Field(alias="retainUntil")] = None


class TransferTries(Kept):
    """How many steps of a hand-over were begun since one went well."""

    document_transfer_id: Annotated[UUID, Field(alias="documentTransferId")]
    count: int


M = TypeVar("M", bound=Kept)


def _spec(
    name: str, model: type[M], *unique: str, encrypted: frozenset[str] = frozenset()
) -> AggregateSpec[M]:
    store = DocumentStore(
        collection=f"document-{name}",
        unique=(("organizationId", *unique),),
        encrypted=encrypted,
    )
    return AggregateSpec(name=f"kept-{name}", model=model, store=store)


BODIES = _spec("body", KeptBody, "documentId", "sequence", encrypted=frozenset({"blocks"}))
PENDING_UPDATES = _spec("pending-update", PendingUpdate, "documentId")
STANDINGS = _spec("standing", Standing, "about")
FORMER_RETENTIONS = _spec("former-retention", FormerRetention, "documentId")
TRANSFER_TRIES = _spec("transfer-tries", TransferTries, "documentTransferId")
