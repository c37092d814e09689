"""What the service remembers beside its texts, kept as documents in the same database."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime


class Compiled(Kept):
    """Published words of this channel. `pieces`: texts and names of variables in turn."""

    template_key: str
    language: str
    revision: int
    pieces: list[str]


class PreferenceCopy(Kept):
    """Which topics a person wants as texts, and when nothing may arrive."""

    user_id: UUID
    wanted: list[str]
    unwanted: list[str]
    quiet_from: str | None = None
    quiet_to: str | None = None
    time_zone: str | None = None


class TextOrder(Kept):
    """A text that a fact asks for, until its recipient's number is known and its time has come."""

    user_id: UUID
    source_event_id: UUID
    purpose: str
    topic: str
    template_key: str
    variables: dict[str, str]
    due_at: AwareDatetime
    expires_at: AwareDatetime
    tries: int = 0


class Sent(Kept):
    """Which texts went to which person, so that they can be erased."""

    user_id: UUID
    sms_id: UUID


class Attempt(Kept):
    """A submission to a route; kept in the platform's tenant, as receipts name no other.

    `ok`: what its receipt said, if there was one; `latency_ms`: how long that took.
    """

    route: str
    carrier_reference: str
    destination: str
    sms_id: UUID
    tenant: UUID
    submitted_at: AwareDatetime
    ok: bool | None = None
    latency_ms: int | None = None


class Numbered(Kept):
    """That an organisation wrote to a number."""

    phone_hash: str
    tenant: UUID


class Bucket(Kept):
    """A bucket of tokens: how many it held at a moment."""

    name: str
    tokens: float
    at: AwareDatetime


class Count(Kept):
    """How often something happened in a stretch that began then."""

    name: str
    since: AwareDatetime
    number: int


M = TypeVar("M", bound=Kept)


def _kept(
    name: str,
    model: type[M],
    *unique: tuple[str, ...],
    encrypted: frozenset[str] = frozenset(),
) -> AggregateSpec[M]:
    within = tuple(("organizationId", *each) for each in unique)
    store = DocumentStore(collection=name, unique=within, encrypted=encrypted)
    return AggregateSpec(name=name, model=model, store=store, unique=unique)


COMPILED = _kept("compiled-words", Compiled, ("templateKey", "language"))
PREFERENCE_COPIES = _kept("preference-copy", PreferenceCopy, ("userId",))
ORDERS = _kept(
    "text-order",
    TextOrder,
    ("userId", "sourceEventId", "templateKey"),
    encrypted=frozenset({"variables"}),
)
SENT = _kept("sent-text", Sent, ("smsId",))
ATTEMPTS = _kept("attempt", Attempt, ("route", "carrierReference"))
NUMBERED = _kept("numbered", Numbered, ("phoneHash", "tenant"))
BUCKETS = _kept("bucket", Bucket, ("name",))
COUNTS = _kept("count", Count, ("name",))
