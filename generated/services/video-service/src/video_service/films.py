"""From what was captured to a film: raw tracks of a recording, and whoever composes them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from cloudsync_chassis import files

_MP4, _M4A = b"isom", b"M4A "
_HEAD = 8


class TracksMissingError(Exception):
    """Nothing was captured, or it is gone."""


@dataclass(frozen=True, slots=True)
class Film:
    """A composed film; `size` in bytes, `sha256` in lower-case hexadecimal digits."""

    key: str
    size: int
    sha256: str


class Tracks(Protocol):
    """What the media nodes write while they capture. Repeating a call does no harm."""

    async def begin(self, recording: UUID, people: Iterable[UUID], at: datetime) -> None:
        """Capture the room, of which these people may be seen and heard."""
        ...

    async def let_in(self, recording: UUID, person: UUID, at: datetime) -> None:
        """Show somebody from now on."""
        ...

    async def leave_out(self, recording: UUID, person: UUID, at: datetime) -> None:
        """Go on without somebody from the next frame on."""
        ...

    async def end(self, recording: UUID, at: datetime) -> None:
        """Capture no more."""
        ...

    async def read(self, recording: UUID) -> bytes:
        """All tracks.

        Raises:
            TracksMissingError: there are none.
        """
        ...

    async def drop(self, recording: UUID) -> None:
        """Delete them."""
        ...

    async def sweep(self, before: datetime) -> None:
        """Delete all that was last written to before a moment."""
        ...


class Composer(Protocol):
    """Makes films and keeps them until they are files."""

    async def compose(self, recording: UUID, key: str) -> Film:
        """Make the film and lay it into the bucket; again, it makes the same one.

        Raises:
            TracksMissingError: there is nothing to make it of.
        """
        ...

    async def drop(self, key: str) -> None:
        """Delete a film from the bucket."""
        ...


class FolderTracks:
    """Who was shown when, in one file a recording: there is no picture without media."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def begin(self, recording: UUID, people: Iterable[UUID], at: datetime) -> None:
        """See `Tracks.begin`."""
        if not self._place(recording).is_file():
            await self._note(recording, *({"shown": str(each)} for each in people), at=at)

    async def let_in(self, recording: UUID, person: UUID, at: datetime) -> None:
        """See `Tracks.let_in`."""
        await self._note(recording, {"shown": str(person)}, at=at)

    async def leave_out(self, recording: UUID, person: UUID, at: datetime) -> None:
        """See `Tracks.leave_out`."""
        await self._note(recording, {"hidden": str(person)}, at=at)

    async def end(self, recording: UUID, at: datetime) -> None:
        """See `Tracks.end`."""
        await self._note(recording, {"ended": True}, at=at)

    async def read(self, recording: UUID) -> bytes:
        """See `Tracks.read`."""
        try:
            return await asyncio.to_thread(self._place(recording).read_bytes)
        except FileNotFoundError as error:
            raise TracksMissingError(str(recording)) from error

    async def drop(self, recording: UUID) -> None:
        """See `Tracks.drop`."""
        self._place(recording).unlink(missing_ok=True)

    async def sweep(self, before: datetime) -> None:
        """See `Tracks.sweep`."""
        for place in self._folder.glob("*.jsonl"):
            if place.stat().st_mtime < before.timestamp():
                place.unlink(missing_ok=True)

    def _place(self, recording: UUID) -> Path:
        return self._folder / f"{recording}.jsonl"

    async def _note(self, recording: UUID, *facts: dict[str, Any], at: datetime) -> None:
        place = self._place(recording)
        known = place.read_bytes() if place.is_file() else b""
        lines = [json.dumps({**each, "at": at.isoformat()}) + "\n" for each in facts]
        await asyncio.to_thread(files.replace, place, known + "".join(lines).encode())


class FolderComposer:
    """Films as files: a container of ISO base media (ISO/IEC 14496-12) without frames."""

    def __init__(self, folder: Path, tracks: Tracks) -> None:
        self._folder = folder
        self._tracks = tracks

    async def compose(self, recording: UUID, key: str) -> Film:
        """See `Composer.compose`."""
        tracks = await self._tracks.read(recording)
        brand = _M4A if key.endswith(".m4a") else _MP4
        film = _box(b"ftyp", brand + bytes(4) + brand) + _box(b"free", tracks)
        await asyncio.to_thread(files.replace, self._folder / key, film)
        return Film(key, len(film), hashlib.sha256(film).hexdigest())

    async def drop(self, key: str) -> None:
        """See `Composer.drop`."""
        (self._folder / key).unlink(missing_ok=True)


def _box(kind: bytes, content: bytes) -> bytes:
    """A box of the container: its size, its kind, its content."""
    return (_HEAD + len(content)).to_bytes(4, "big") + kind + content
