"""What the service is told by the world and keeps outside of its tables, behind small protocols.

The implementations here need no network and keep what they know below the state folder; `PORTS.md`
says what replaces them.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID

from cloudsync_chassis import files, traced
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_KEY = re.compile(r"[0-9a-f-]{36}/[0-9a-f-]{36}\.(pdf|csv|xlsx|parquet|json)")


class Bucket(Protocol):
    """Where the files lie, sealed with the key of their tenant. Keys begin with the tenant."""

    def put(self, key: str, content: bytes) -> None:
        """Write a file, or write it anew."""
        ...

    def read(self, key: str) -> bytes | None:
        """A file as it was written; None if there is none."""
        ...

    def remove(self, key: str) -> None:
        """Remove a file if it is there."""
        ...

    def empty(self, tenant: UUID) -> None:
        """Remove all files of a tenant."""
        ...

    def sign(self, key: str, until: datetime) -> str:
        """An https address at which whoever has it may fetch the file until then."""
        ...


class SharingPolicy(Protocol):
    """What a tenant has decided about links for people without an account."""

    def admits_outsiders(self, tenant: UUID) -> bool:
        """Whether such links may be made."""
        ...


class Administrators(Protocol):
    """Who administers a tenant, for what has to belong to somebody."""

    def seen(self, tenant: UUID, user: UUID) -> None:
        """Somebody with an administrator's role was at work."""
        ...

    def one_of(self, tenant: UUID, but: UUID) -> UUID | None:
        """An administrator other than `but`, if any is known."""
        ...

    def forget(self, tenant: UUID) -> None:
        """Nobody of the tenant is known any more."""
        ...


class SealedFiles:
    """A bucket in a folder: AES-256-GCM under a key for each tenant, bound to the file's name.

    The keys come from a secret beside the folder and stay the same as long as the files: the
    service's field keys are retired when no row is under them any more. Its addresses lead nowhere on the network; `fetch` answers them as a bucket would.
    """

    def __init__(self, folder: Path, secret: bytes) -> None:
        self._folder = folder
        self._secret = secret

    def put(self, key: str, content: bytes) -> None:
        """See `Bucket.put`."""
        nonce = os.urandom(_NONCE)
        sealed = self._sealing(key).encrypt(nonce, content, key.encode())
        files.replace(self._path(key), nonce + sealed)

    def read(self, key: str) -> bytes | None:
        """See `Bucket.read`."""
        path = self._path(key)
        if not path.exists():
            return None
        kept = path.read_bytes()
        return self._sealing(key).decrypt(kept[:_NONCE], kept[_NONCE:], key.encode())

    def remove(self, key: str) -> None:
        """See `Bucket.remove`."""
        self._path(key).unlink(missing_ok=True)

    def empty(self, tenant: UUID) -> None:
        """See `Bucket.empty`."""
        for each in (self._folder / str(tenant)).glob("*"):
            each.unlink(missing_ok=True)

    def sign(self, key: str, until: datetime) -> str:
        """See `Bucket.sign`."""
        end = int(until.timestamp())
        return f"https://reports.localhost/{quote(key)}?until={end}&mark={self._mark(key, end)}"

    def fetch(self, url: str, now: datetime) -> bytes | None:
        """The file behind an address; None if the address is not ours, altered or too old."""
        parts, said = urlsplit(url), parse_qs(urlsplit(url).query)
        key, end = parts.path.removeprefix("/"), said.get("until", [""])[0]
        if not end.isdigit() or not _KEY.fullmatch(key):
            return None
        good = hmac.compare_digest(self._mark(key, int(end)), said.get("mark", [""])[0])
        if not good or now >= datetime.fromtimestamp(int(end), UTC):
            return None
        return self.read(key)

    def _sealing(self, key: str) -> AESGCM:
        tenant = key.partition("/")[0]
        return AESGCM(hmac.digest(self._secret, f"files of {tenant}".encode(), "sha256"))

    def _mark(self, key: str, end: int) -> str:
        return hmac.new(self._secret, f"{key}\n{end}".encode(), hashlib.sha256).hexdigest()

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError("no key of a report")
        return self._folder / key


class MarkedTenants:
    """A file per tenant that forbids links to outsiders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def admits_outsiders(self, tenant: UUID) -> bool:
        """See `SharingPolicy.admits_outsiders`."""
        return not (self._folder / str(tenant)).exists()


class SeenAdministrators:
    """Remembers the last two administrators of each tenant who used this service."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def seen(self, tenant: UUID, user: UUID) -> None:
        """See `Administrators.seen`."""
        known = self._known(tenant)
        if user not in known:
            text = "\n".join(str(each) for each in (user, *known[:1]))
            files.replace(self._folder / str(tenant), text.encode())

    def one_of(self, tenant: UUID, but: UUID) -> UUID | None:
        """See `Administrators.one_of`."""
        return next((each for each in self._known(tenant) if each != but), None)

    def forget(self, tenant: UUID) -> None:
        """See `Administrators.forget`."""
        (self._folder / str(tenant)).unlink(missing_ok=True)

    def _known(self, tenant: UUID) -> list[UUID]:
        path = self._folder / str(tenant)
        return [UUID(each) for each in path.read_text().split()] if path.exists() else []


class World:
    """All of them, as they work on one machine. `at` names a place below the service's state."""

    def __init__(self, at: Callable[..., Path]) -> None:
        secret = files.secret_bytes(at("bucket.key"))
        self.bucket: Bucket = traced.calls(
            SealedFiles(at("bucket"), secret), "object-storage", "put", "read", "remove", "empty"
        )
        self.sharing: SharingPolicy = MarkedTenants(at("no-outside-links"))
        self.administrators: Administrators = SeenAdministrators(at("administrators"))
