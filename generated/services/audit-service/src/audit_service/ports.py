"""What no model can know: the key of the seals, the archive, the place of exports, who is woken."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from cloudsync_chassis import files
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class SealKeys(Protocol):
    """Signs hours with a key that nobody sees (Ed25519, RFC 8032)."""

    async def sign(self, statement: bytes) -> tuple[bytes, int]:
        """A signature of 64 bytes, and the version of the key."""
        ...

    async def verify(self, statement: bytes, signature: bytes, version: int) -> bool:
        """Whether a key of ours has signed it."""
        ...


class LocalSealKeys:
    """One key of version 1, in a file of mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def sign(self, statement: bytes) -> tuple[bytes, int]:
        """See `SealKeys.sign`."""
        key = await asyncio.to_thread(self._key)
        return key.sign(statement), 1

    async def verify(self, statement: bytes, signature: bytes, version: int) -> bool:
        """See `SealKeys.verify`."""
        key = await asyncio.to_thread(self._key)
        try:
            key.public_key().verify(signature, statement)
        except InvalidSignature:
            return False
        return version == 1

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(files.secret_bytes(self._path))


class Archive(Protocol):
    """Bodies of records where nobody can change them until their time is over."""

    async def put(self, organization: UUID, day: date, bodies: Mapping[UUID, bytes]) -> None:
        """Add bodies of one day; the same ones once more change nothing."""
        ...

    async def read(self, organization: UUID, day: date) -> dict[UUID, bytes]:
        """All bodies of a day."""
        ...

    async def hold(self, organization: UUID, day: date, record: UUID) -> None:
        """Keep a body beyond its time."""
        ...

    async def free(self, organization: UUID, day: date, record: UUID) -> None:
        """Give a body back to its time."""
        ...

    async def sweep(self, before: date) -> None:
        """Delete the days before one, but for those with something held."""
        ...


class FolderArchive:
    """For each organisation and day a folder of JSON lines, made once and never opened to write,
    and an empty file for each body that is held.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, organization: UUID, day: date, bodies: Mapping[UUID, bytes]) -> None:
        """See `Archive.put`."""
        lines = [json.dumps([str(key), body.decode()]) for key, body in sorted(bodies.items())]
        content = "".join(f"{each}\n" for each in lines).encode()
        name = f"{hashlib.sha256(content).hexdigest()}.jsonl"
        path = self._day(organization, day) / name
        await asyncio.to_thread(files.create_once, path, content)

    async def read(self, organization: UUID, day: date) -> dict[UUID, bytes]:
        """See `Archive.read`."""
        return await asyncio.to_thread(self._read, self._day(organization, day))

    async def hold(self, organization: UUID, day: date, record: UUID) -> None:
        """See `Archive.hold`."""
        path = self._day(organization, day) / f"{record}.held"
        await asyncio.to_thread(files.create_once, path, b"")

    async def free(self, organization: UUID, day: date, record: UUID) -> None:
        """See `Archive.free`."""
        path = self._day(organization, day) / f"{record}.held"
        await asyncio.to_thread(path.unlink, True)

    async def sweep(self, before: date) -> None:
        """See `Archive.sweep`."""
        await asyncio.to_thread(self._sweep, before.isoformat())

    def _day(self, organization: UUID, day: date) -> Path:
        return self._folder / str(organization) / day.isoformat()

    def _read(self, folder: Path) -> dict[UUID, bytes]:
        found = {}
        for path in sorted(folder.glob("*.jsonl")):
            for line in path.read_text("utf-8").splitlines():
                key, body = json.loads(line)
                found[UUID(key)] = body.encode()
        return found

    def _sweep(self, before: str) -> None:
        for folder in self._folder.glob("*/*"):
            if folder.name < before and not any(folder.glob("*.held")):
                for path in folder.iterdir():
                    path.unlink()
                folder.rmdir()


class Exports(Protocol):
    """Copies that wait to be fetched."""

    async def keep(self, name: str, until: datetime, content: AsyncIterator[bytes]) -> str:
        """Write a copy that may be fetched until then; its SHA-256 in hexadecimal.

        Raises:
            OSError: it could not be written.
        """
        ...

    async def sweep(self, now: datetime) -> None:
        """Delete those whose time is over."""
        ...


class FolderExports:
    """Files of mode 0600, each called by the second in which it ends and its name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def keep(self, name: str, until: datetime, content: AsyncIterator[bytes]) -> str:
        """See `Exports.keep`."""
        seconds = int(until.timestamp())
        await asyncio.to_thread(files.private_folder, self._folder)
        path = self._folder / f"{seconds}-{name}"
        staged = path.with_suffix(f"{path.suffix}.part")
        whole = hashlib.sha256()
        await asyncio.to_thread(staged.write_bytes, b"")
        await asyncio.to_thread(staged.chmod, 0o600)
        async for chunk in content:
            whole.update(chunk)
            await asyncio.to_thread(_append, staged, chunk)
        await asyncio.to_thread(staged.replace, path)
        return whole.hexdigest()

    async def sweep(self, now: datetime) -> None:
        """See `Exports.sweep`."""
        await asyncio.to_thread(self._sweep, now.timestamp())

    def _sweep(self, now: float) -> None:
        for path in self._folder.glob("*-*"):
            if int(path.name.partition("-")[0]) <= now:
                path.unlink(missing_ok=True)


class Pager(Protocol):
    """Wakes security."""

    async def wake(self, at: datetime, reason: str, organization: UUID) -> None:
        """Tell whoever is on call; `reason` is a word and never a text of somebody's."""
        ...


class PagerFile:
    """One line for each time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def wake(self, at: datetime, reason: str, organization: UUID) -> None:
        """See `Pager.wake`."""
        await asyncio.to_thread(files.private_folder, self._path.parent)
        line = f"{at.isoformat()} {reason} {organization}\n".encode()
        await asyncio.to_thread(_append, self._path, line)


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)
