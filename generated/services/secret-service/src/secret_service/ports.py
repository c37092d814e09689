"""What no model can know: who issues values, database users, pods, quarantine, backups."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from cloudsync_chassis import files

from .generated.models import RotationStrategy, SecretKind


class IssuerError(Exception):
    """No new value could be had; `code` says why (a failure code of the model)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Issuers(Protocol):
    """Makes new values, at whoever accepts them."""

    async def issue(self, kind: SecretKind, path: str, strategy: RotationStrategy | None) -> bytes:
        """A new value, which is accepted beside the present one from now on.

        Raises:
            IssuerError: not now.
        """
        ...


class Drawn:
    """Draws values of 256 bits: bytes for encryption keys, else their base64url.

    Certificates come from an authority; there is none here.
    """

    async def issue(self, kind: SecretKind, path: str, strategy: RotationStrategy | None) -> bytes:
        """See `Issuers.issue`."""
        if kind is SecretKind.tls_certificate:
            raise IssuerError("no-certificate-authority")
        if kind is SecretKind.encryption_key:
            return secrets.token_bytes(32)
        return secrets.token_urlsafe(32).encode()


class Users(Protocol):
    """Users of stores that live as long as a lease."""

    async def create(self, path: str, user: str, password: str) -> None:
        """Create one with the rights of the credential at `path`."""
        ...

    async def drop(self, user: str) -> None:
        """Drop one and what it is connected by; nothing if it is gone."""
        ...

    async def names(self) -> list[str]:
        """All that there are."""
        ...


class UserFiles:
    """One file for each user, with the path and a digest of the password (scrypt, RFC 7914)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def create(self, path: str, user: str, password: str) -> None:
        """See `Users.create`."""
        await asyncio.to_thread(self._create, path, user, password)

    def _create(self, path: str, user: str, password: str) -> None:
        salt = secrets.token_bytes(16)
        digest = hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1)
        told = {"path": path, "salt": salt.hex(), "digest": digest.hex()}
        files.create_once(self._folder / f"{user}.json", json.dumps(told).encode())

    async def drop(self, user: str) -> None:
        """See `Users.drop`."""
        await asyncio.to_thread((self._folder / f"{user}.json").unlink, True)

    async def names(self) -> list[str]:
        """See `Users.names`."""
        return await asyncio.to_thread(lambda: [e.stem for e in self._folder.glob("*.json")])


class Pods(Protocol):
    """Knows which pod has which address."""

    async def fits(self, service: str, pod: str, address: str | None) -> bool:
        """Whether a pod is one of the service's, and has the address."""
        ...


class PodsByName:
    """Pods are called by their service, as those of a Deployment are; addresses are not looked at,
    since all that run on one machine have the same.
    """

    async def fits(self, service: str, pod: str, address: str | None) -> bool:
        """See `Pods.fits`."""
        return pod == service or pod.startswith(f"{service}-")


class Quarantine(Protocol):
    """Keeps what walks through paths away from everything."""

    async def confine(self, service: str, at: datetime) -> None:
        """Put the caller's pods into quarantine, and wake somebody."""
        ...


class QuarantineFile:
    """One line for each time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def confine(self, service: str, at: datetime) -> None:
        """See `Quarantine.confine`."""
        await asyncio.to_thread(self._write, f"{at.isoformat()} {service}\n")

    def _write(self, line: str) -> None:
        files.private_folder(self._path.parent)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line)


class Backups(Protocol):
    """Keeps sealed snapshots."""

    async def keep(self, organization: UUID, at: datetime, sealed: bytes) -> None:
        """Keep one more."""
        ...


class FolderBackups:
    """Files of mode 0600 below a folder, the newest `most` of each organisation."""

    def __init__(self, folder: Path, most: int = 12) -> None:
        self._folder, self._most = folder, most

    async def keep(self, organization: UUID, at: datetime, sealed: bytes) -> None:
        """See `Backups.keep`."""
        await asyncio.to_thread(self._keep, organization, at, sealed)

    def _keep(self, organization: UUID, at: datetime, sealed: bytes) -> None:
        folder = self._folder / str(organization)
        files.replace(folder / f"{at:%Y%m%dT%H%M%S%f}Z.sealed", sealed)
        for each in sorted(folder.glob("*.sealed"))[: -self._most]:
            each.unlink(missing_ok=True)
