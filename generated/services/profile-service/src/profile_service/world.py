"""What lies outside: each a port with an implementation that works on one machine.

`PORTS.md` says what takes their place in production.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from cloudsync_chassis import files
from cloudsync_chassis.settings import Settings

_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
"""How PNG (RFC 2083), JPEG and GIF files begin."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An uploaded file: its length in bytes, a digest of its content, what it is."""

    size: int
    digest: str
    image: bool


class Pictures(Protocol):
    """Files that people have uploaded and that passed their scan."""

    async def of(self, owner: UUID, file_id: UUID) -> Picture | None:
        """The file, if it is the owner's and was found clean."""
        ...


class Signals(Protocol):
    """Tells the security team what looks wrong."""

    def impersonation(self, organization: UUID, user: UUID, other: UUID) -> None:
        """One member has taken the name and the picture of another."""
        ...


class Archives(Protocol):
    """Puts archives together and mails the link to the verified address of their person."""

    def store(
        self, export: UUID, user: UUID, content: Mapping[str, Any], expires: datetime
    ) -> None:
        """Store it, or see to it; the link works until `expires`."""
        ...

    async def ready(self, export: UUID) -> bool:
        """Whether the link was sent."""
        ...

    def forget(self, export: UUID) -> None:
        """Destroy it."""
        ...


class Numbers(Protocol):
    """Whose verified telephone numbers are."""

    async def holders(self, digest: str) -> tuple[UUID, ...]:
        """The people whose number (E.164) has the SHA-256 digest."""
        ...


class Teams(Protocol):
    """Who works together."""

    async def share(self, organization: UUID, one: UUID, other: UUID) -> bool:
        """Whether two people are in a team."""
        ...


class PictureFolder:
    """A folder per owner, with the clean files of that person by their ids."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def of(self, owner: UUID, file_id: UUID) -> Picture | None:
        """See `Pictures.of`."""
        path = self._folder / str(owner) / str(file_id)
        if not path.is_file():
            return None
        content = await asyncio.to_thread(path.read_bytes)
        image = content.startswith(_IMAGES) or _is_webp(content)
        return Picture(len(content), hashlib.sha256(content).hexdigest(), image)


def _is_webp(content: bytes) -> bool:
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"


class SignalFile:
    """A line per signal."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def impersonation(self, organization: UUID, user: UUID, other: UUID) -> None:
        """See `Signals.impersonation`."""
        files.private_folder(self._path.parent)
        with self._path.open("a") as file:
            file.write(f"impersonation {organization} {user} {other}\n")


class ArchiveFolder:
    """A file of mode 0600 per archive, with the moment from which nobody may have it any more."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def store(
        self, export: UUID, user: UUID, content: Mapping[str, Any], expires: datetime
    ) -> None:
        """See `Archives.store`."""
        archive = {"userId": str(user), "expiresAt": expires.isoformat(), **content}
        files.replace(self._path(export), json.dumps(archive, indent=1).encode())

    async def ready(self, export: UUID) -> bool:
        """See `Archives.ready`."""
        return self._path(export).is_file()

    def forget(self, export: UUID) -> None:
        """See `Archives.forget`."""
        self._path(export).unlink(missing_ok=True)

    def _path(self, export: UUID) -> Path:
        return self._folder / f"{export}.json"


class NumberFolder:
    """A file per digest; each line is the id of somebody with that number."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def holders(self, digest: str) -> tuple[UUID, ...]:
        """See `Numbers.holders`."""
        path = self._folder / digest
        lines = path.read_text().split() if path.is_file() else []
        return tuple(UUID(each) for each in lines)


class TeamFolder:
    """A file per organisation; each line is a team, as the ids of its people."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def share(self, organization: UUID, one: UUID, other: UUID) -> bool:
        """See `Teams.share`."""
        path = self._folder / str(organization)
        teams = path.read_text().splitlines() if path.is_file() else []
        return any({str(one), str(other)} <= set(each.split()) for each in teams)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All ports of the service."""

    pictures: Pictures
    signals: Signals
    archives: Archives
    numbers: Numbers
    teams: Teams


def local(settings: Settings) -> World:
    """Everything on this machine, below the state folder."""
    place = settings.state_path("profile-service")
    return World(
        pictures=PictureFolder(place / "pictures"),
        signals=SignalFile(place / "signals.txt"),
        archives=ArchiveFolder(place / "archives"),
        numbers=NumberFolder(place / "numbers"),
        teams=TeamFolder(place / "teams"),
    )
