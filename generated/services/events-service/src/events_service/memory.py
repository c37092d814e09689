"""What the service keeps beside its aggregates: keys, whose event is whose, streams, refusals."""

from __future__ import annotations

from typing import Annotated, TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class PseudonymKey(Kept):
    """A tenant's key for pseudonyms: 32 bytes in hex. One is current, the others have ended."""

    number: int
    state: str
    secret: str
    ended_at: Annotated[AwareDatetime | None, Field(alias="endedAt")] = None


class SubjectKey(Kept):
    """The key of one person's payloads: 32 bytes in hex, gone once it is destroyed."""

    subject_id: Annotated[UUID, Field(alias="subjectId")]
    key_id: Annotated[str, Field(alias="keyId")]
    state: str
    secret: str | None = None


class SealedEvent(Kept):
    """That an event was sealed with a key."""

    key_id: Annotated[str, Field(alias="keyId")]
    collected_event_id: Annotated[UUID, Field(alias="collectedEventId")]


class Stream(Kept):
    """Whose stream it is, and the sequence of its last event."""

    stream_id: Annotated[str, Field(alias="streamId")]
    owner: str
    head: int


class Producer(Kept):
    """How many events the clients of a person have sent in a minute."""

    person: str
    minute: AwareDatetime
    events: int


class Refusals(Kept):
    """Events of a type that were set apart within a minute for one reason, not yet told of."""

    event_type: Annotated[str, Field(alias="eventType")]
    reason: str
    minute: AwareDatetime
    count: int
    samples: list[UUID]


class ReplayPlace(Kept):
    """Up to where a replay has come: of a tenant's events the moment and the id of the last."""

    replay_id: Annotated[UUID, Field(alias="replayId")]
    total: int
    seen: int
    tenant: UUID | None = None
    at: str | None = None
    last_id: Annotated[UUID | None, Field(alias="lastId")] = None


class Purge(Kept):
    """That the tenant is purged: what is left is removed, what still comes is not kept."""

    state: str


M = TypeVar("M", bound=Kept)


def _spec(
    name: str, model: type[M], *unique: str, encrypted: tuple[str, ...] = ()
) -> AggregateSpec[M]:
    store = DocumentStore(
        collection=f"events-{name}",
        unique=(("organizationId", *unique),),
        encrypted=frozenset(encrypted),
    )
    return AggregateSpec(name=f"kept-{name}", model=model, store=store)


PSEUDONYM_KEYS = _spec("pseudonym-key", PseudonymKey, "number", encrypted=("secret",))
SUBJECT_KEYS = _spec("subject-key", SubjectKey, "subjectId", encrypted=("subjectId", "secret"))
SEALED_EVENTS = _spec("sealed-event", SealedEvent, "collectedEventId")
STREAMS = _spec("stream", Stream, "streamId")
PRODUCERS = _spec("producer", Producer, "person")
REFUSALS = _spec("refusals", Refusals, "eventType", "reason", "minute")
REPLAY_PLACES = _spec("replay-place", ReplayPlace, "replayId")
PURGES = _spec("purge", Purge)
