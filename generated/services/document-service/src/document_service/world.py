"""Ports: what the model of document-service cannot know. PORTS.md says what to put in their place.

What `local` chooses works on one machine, without a network.
"""

from __future__ import annotations

import os
import time
import zlib
from collections import OrderedDict, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from cloudsync_chassis import files, traced
from cloudsync_chassis.settings import Settings
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .generated import models

_NONCE = 12
_CALLERS_REMEMBERED = 10_000


class SealKeys(Protocol):
    """The organisations' own keys, under which bodies of restricted documents lie."""

    def seal(self, organization: UUID, plain: bytes) -> bytes:
        """Ciphertext that only the same organisation's key opens."""
        ...

    def open(self, organization: UUID, sealed: bytes) -> bytes:
        """The plain text.

        Raises:
            cryptography.exceptions.InvalidTag: altered, or sealed under another key.
        """
        ...

    def destroy(self, organization: UUID) -> None:
        """Make all that was sealed unreadable for good."""
        ...


class FileSealKeys:
    """AES-256-GCM under a file of mode 0600 per organisation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def seal(self, organization: UUID, plain: bytes) -> bytes:
        """See `SealKeys.seal`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._key(organization).encrypt(nonce, plain, organization.bytes)

    def open(self, organization: UUID, sealed: bytes) -> bytes:
        """See `SealKeys.open`."""
        nonce, text = sealed[:_NONCE], sealed[_NONCE:]
        return self._key(organization).decrypt(nonce, text, organization.bytes)

    def destroy(self, organization: UUID) -> None:
        """See `SealKeys.destroy`."""
        self._path(organization).unlink(missing_ok=True)

    def _key(self, organization: UUID) -> AESGCM:
        return AESGCM(files.secret_bytes(self._path(organization)))

    def _path(self, organization: UUID) -> Path:
        return self._folder / f"{organization}.key"


class Shelf(Protocol):
    """Bodies where version-service and search-service read them; sealed ones are not for others."""

    def put(self, body_ref: str, content: bytes) -> None:
        """Lay a body there, as canonical JSON of its blocks; nothing if it is there."""
        ...

    def drop(self, body_ref: str) -> None:
        """Take it away; nothing if it is not there."""
        ...


class FolderShelf:
    """A folder in place of the collection, a file by each reference."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, body_ref: str, content: bytes) -> None:
        """See `Shelf.put`."""
        files.replace(self._folder / body_ref, content)

    def drop(self, body_ref: str) -> None:
        """See `Shelf.drop`."""
        (self._folder / body_ref).unlink(missing_ok=True)


class VersionPayloads(Protocol):
    """The bucket of version-service, where contents of old versions lie."""

    def read(self, content_ref: str) -> bytes | None:
        """JSON of a body's blocks; None where there is no such object."""
        ...


class FolderPayloads:
    """A folder in place of the bucket; objects are zlib streams (RFC 1950)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def read(self, content_ref: str) -> bytes | None:
        """See `VersionPayloads.read`."""
        path = (self._folder / content_ref.removeprefix("payload:")).resolve()
        if not path.is_relative_to(self._folder) or not path.is_file():
            return None
        return zlib.decompress(path.read_bytes())


class Custodians(Protocol):
    """Who keeps the documents of those who are gone."""

    def of(self, organization: UUID) -> UUID:
        """The account of the organisation's content custodian."""
        ...


class FileCustodians:
    """A file per organisation with the custodian's id; without one the organisation's own id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, organization: UUID) -> UUID:
        """See `Custodians.of`."""
        path = self._folder / str(organization)
        return UUID(path.read_text().strip()) if path.is_file() else organization


class LinkRules(Protocol):
    """What an organisation allows of links, and where they lead."""

    def allowed(self, organization: UUID, sensitivity: models.Sensitivity) -> bool:
        """Whether documents of this sensitivity may have links."""
        ...

    def address(self, token: str) -> str:
        """The page that opens a link."""
        ...


class UsualLinkRules:
    """Links to everything but what is restricted, for every organisation."""

    def allowed(self, organization: UUID, sensitivity: models.Sensitivity) -> bool:
        """See `LinkRules.allowed`."""
        del organization
        return sensitivity != models.Sensitivity.restricted

    def address(self, token: str) -> str:
        """The token is a fragment, which browsers send to no server (RFC 9110, section 4.2.5)."""
        return f"https://app.cloudsync.example/links#{token}"


class Throttle(Protocol):
    """Counts what somebody does within a while."""

    def admit(self, who: str, most: int, seconds: float) -> bool:
        """Count one more unless there were `most` within the last `seconds`; whether it may be."""
        ...

    def full(self, who: str, most: int, seconds: float) -> bool:
        """Whether there were `most` already, without counting."""
        ...


class LocalThrottle:
    """Sliding windows in memory, for those who were last seen."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def admit(self, who: str, most: int, seconds: float) -> bool:
        """See `Throttle.admit`."""
        if self.full(who, most, seconds):
            return False
        self._seen.setdefault(who, deque()).append(time.monotonic())
        self._seen.move_to_end(who)
        while len(self._seen) > _CALLERS_REMEMBERED:
            self._seen.popitem(last=False)
        return True

    def full(self, who: str, most: int, seconds: float) -> bool:
        """See `Throttle.full`."""
        moments = self._seen.get(who)
        if moments is None:
            return False
        while moments and moments[0] <= time.monotonic() - seconds:
            moments.popleft()
        return len(moments) >= most


@dataclass
class World:
    """All ports of the service."""

    keys: SealKeys
    shelf: Shelf
    payloads: VersionPayloads
    custodians: Custodians
    links: LinkRules
    throttle: Throttle


def local(settings: Settings) -> World:
    """Implementations for one machine."""
    folder = settings.state_path("document-service")
    return World(
        keys=FileSealKeys(folder / "tenant-keys"),
        shelf=traced.calls(
            FolderShelf(settings.state_path("buckets", "bodies")), "object-storage", "put", "drop"
        ),
        payloads=traced.calls(
            FolderPayloads(settings.state_path("buckets", "versions")), "object-storage", "read"
        ),
        custodians=FileCustodians(folder / "custodians"),
        links=UsualLinkRules(),
        throttle=LocalThrottle(),
    )
