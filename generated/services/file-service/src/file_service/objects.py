"""Object storage: where the bytes lie, as far as this service has to know it.

No byte passes through the service. Clients put parts to, and fetch objects from, addresses that the
store signs; what happens to an object after that follows from the state of its file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


class PartsMissingError(Exception):
    """A part has not arrived, or is another than the one that was announced."""


class ObjectMissingError(Exception):
    """There are no such bytes."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part by its number from 1 and the SHA-256 that the client computed of it."""

    number: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Assembled:
    """What an object holds: bytes, and the SHA-256 over them in lower-case hexadecimal digits."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """What an address allows: `grant` names who was handed it, `network` (CIDR) where it works."""

    organization: UUID
    grant: UUID
    until: datetime
    disposition: str
    media_type: str
    file_name: str
    network: str | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """An address was used: `name` tells the line of the account apart, `size` is in bytes."""

    name: str
    grant: UUID
    at: datetime
    size: int
    disposition: str


class Objects(Protocol):
    """The buckets of the region. Keys look like `<region>/<2 hex digits>/<uuid>`.

    All that changes something may be repeated without harm.
    """

    def part_address(self, key: str, number: int, size: int, until: datetime) -> str:
        """Where one part of exactly `size` bytes may be put until then."""
        ...

    def object_address(self, key: str, fetch: Fetch) -> str:
        """Where the object can be fetched until then."""
        ...

    async def present(self, key: str) -> bool:
        """Whether the object lies where addresses lead."""
        ...

    async def assemble(self, key: str, parts: Sequence[Part]) -> Assembled:
        """Make the object of its parts, in order; the parts go once `drop_parts` is called.

        Raises:
            PartsMissingError: one has not arrived or differs.
        """
        ...

    async def drop_parts(self, key: str) -> None:
        """Forget what has arrived of an upload."""
        ...

    async def copy(self, bucket: str, source: str, key: str) -> Assembled:
        """Copy an object of this bucket (`files`), of `versions` or of `meetings`.

        Raises:
            ObjectMissingError: there is none.
        """
        ...

    async def put(self, key: str, content: bytes) -> None:
        """Store something small that was derived."""
        ...

    async def head(self, key: str, length: int) -> bytes:
        """The first `length` bytes, condemned objects included.

        Raises:
            ObjectMissingError: there is none.
        """
        ...

    async def delete(self, key: str) -> None:
        """Destroy the object wherever it lies, in all regions."""
        ...

    async def lock_away(self, key: str) -> None:
        """Move it to the quarantine bucket: no address leads there."""
        ...

    async def bring_back(self, key: str) -> None:
        """Move it back."""
        ...

    async def uses(self, organization: UUID, most: int) -> Sequence[Use]:
        """The oldest uses of an organisation's addresses that are not settled yet."""
        ...

    async def settle_uses(self, organization: UUID, names: Sequence[str]) -> None:
        """Strike lines off the account."""
        ...

    async def retained(self, key: str) -> bool:
        """Whether a retention lock keeps the object."""
        ...

    async def retrieve(self, key: str, now: datetime) -> int:
        """Have an archived object fetched; seconds until it can be had, 0 once it can."""
        ...


class DataKeys(Protocol):
    """The keys under which the objects of an organisation are sealed."""

    async def reference(self, organization: UUID) -> str:
        """The name of the organisation's key, made where there is none."""
        ...

    async def destroy(self, organization: UUID) -> None:
        """Destroy it for good; what it sealed cannot be read by anybody any more."""
        ...


def bytes_of_part(size: int, part_size: int, number: int) -> int:
    """How many bytes part `number` of a file of `size` bytes has."""
    return min(part_size, size - (number - 1) * part_size)
