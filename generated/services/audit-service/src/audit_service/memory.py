"""What the service keeps beside its aggregates."""

from __future__ import annotations

from datetime import date
from typing import Annotated, TypeVar

from cloudsync_chassis.aggregate.spec import AggregateSpec
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.model import Model
from cloudsync_chassis.store.document import DocumentStore
from pydantic import AwareDatetime, Field


class Hour(Model):
    """The records of one hour: their first and last number, and the hash before the first.

    `sealed`: it is signed. `gone`: nothing is left of it but its seal.
    """

    hour: int
    first: int
    last: int
    previous: str
    sealed: bool = False
    gone: bool = False


class Day(Kept):
    """The chain of one organisation on one day (UTC): its head, and what is still to be done.

    `sequence`, `hash`, `recordedAt`: of the last record. `previousHash`: before the first one.
    `unsealedSince`: when the first hour without a seal was over. `…Due`: when that is next to be
    looked at; absent once it is done.
    """

    day: date
    sequence: int
    hash: str
    previous_hash: Annotated[str, Field(alias="previousHash")]
    recorded_at: Annotated[AwareDatetime, Field(alias="recordedAt")]
    hours: list[Hour]
    unsealed_since: Annotated[AwareDatetime | None, Field(alias="unsealedSince")] = None
    addresses_due: Annotated[AwareDatetime | None, Field(alias="addressesDue")] = None
    archive_due: Annotated[AwareDatetime | None, Field(alias="archiveDue")] = None
    expiry_due: Annotated[AwareDatetime | None, Field(alias="expiryDue")] = None


class Link(Kept):
    """The hash of a record that was dropped while others of its hour are still there."""

    day: date
    hour: int
    sequence: int
    previous_hash: Annotated[str, Field(alias="previousHash")]
    hash: str


class Reading(Kept):
    """How many records somebody of the platform read at a time, without an investigation."""

    reader: str
    records: int


class Break(Kept):
    """A link that did not hold; archiving and expiry stand still while it is `open`."""

    sequence: int
    expected_hash: Annotated[str, Field(alias="expectedHash")]
    found_hash: Annotated[str, Field(alias="foundHash")]
    open: bool


M = TypeVar("M", bound=Kept)


def _spec(name: str, model: type[M], *unique: str) -> AggregateSpec[M]:
    together = (("organizationId", *unique),) if unique else ()
    store = DocumentStore(collection=f"audit-{name}", unique=together)
    return AggregateSpec(name=f"kept-{name}", model=model, store=store)


DAY = _spec("day", Day, "day")
LINK = _spec("link", Link, "day", "sequence")
READING = _spec("reading", Reading)
BREAK = _spec("break", Break, "sequence", "expectedHash", "foundHash")
