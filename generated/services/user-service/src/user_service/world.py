"""What lies outside: each a port with an implementation that works on one machine.

`PORTS.md` says what takes their place in production.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

from cloudsync_chassis import files
from cloudsync_chassis.settings import Settings


class Mail(Protocol):
    """Mails what only the holder of an address may learn (queue notify-email-critical)."""

    def code(self, address: str, code: str, expires: datetime) -> None:
        """Eight digits that prove the address."""
        ...

    def undo(self, address: str, user: UUID, until: datetime) -> None:
        """That the account signs in with another address now, and how to take it back."""
        ...


class Archives(Protocol):
    """Puts archives together and mails the link to the verified address of their person."""

    def store(self, export: UUID, content: Mapping[str, Any]) -> None:
        """Store it, or see to it."""
        ...

    async def ready(self, export: UUID) -> bool:
        """Whether the link was sent."""
        ...


class Evidence(Protocol):
    """Signed reports of erasures."""

    def file(self, request: UUID, report: Mapping[str, Any]) -> str:
        """Sign and file a report; its address (https)."""
        ...


class HistoryKeys(Protocol):
    """The keys that seal the history of each person in the event store."""

    def destroy(self, user: UUID) -> None:
        """Destroy one; what it sealed is noise from then on."""
        ...


class MailFolder:
    """Leaves each mail as a JSON file that only this user can read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def code(self, address: str, code: str, expires: datetime) -> None:
        """See `Mail.code`."""
        self._leave({"to": address, "code": code, "expiresAt": expires.isoformat()})

    def undo(self, address: str, user: UUID, until: datetime) -> None:
        """See `Mail.undo`."""
        self._leave({"to": address, "userId": str(user), "undoableUntil": until.isoformat()})

    def _leave(self, mail: Mapping[str, str]) -> None:
        files.replace(self._folder / f"{uuid4()}.json", json.dumps(mail).encode())


class ArchiveFolder:
    """A file of mode 0600 per archive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def store(self, export: UUID, content: Mapping[str, Any]) -> None:
        """See `Archives.store`."""
        files.replace(self._path(export), json.dumps(content, indent=1).encode())

    async def ready(self, export: UUID) -> bool:
        """See `Archives.ready`."""
        return self._path(export).is_file()

    def _path(self, export: UUID) -> Path:
        return self._folder / f"{export}.json"


class EvidenceFolder:
    """A file per report, with its HMAC-SHA-256 under a key of this machine."""

    def __init__(self, folder: Path, key: Path) -> None:
        self._folder = folder
        self._key = key

    def file(self, request: UUID, report: Mapping[str, Any]) -> str:
        """See `Evidence.file`."""
        text = json.dumps(report, sort_keys=True)
        key = files.secret_bytes(self._key)
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        signed = {"report": report, "signature": signature}
        files.replace(self._folder / f"{request}.json", json.dumps(signed).encode())
        return f"https://evidence.cloudsync.example/erasures/{request}"


class KeyFolder:
    """A file per person's key, where the local event store keeps them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def destroy(self, user: UUID) -> None:
        """See `HistoryKeys.destroy`."""
        (self._folder / str(user)).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All ports of the service."""

    mail: Mail
    archives: Archives
    evidence: Evidence
    history_keys: HistoryKeys


def local(settings: Settings) -> World:
    """Everything on this machine, below the state folder."""
    place = settings.state_path("user-service")
    return World(
        mail=MailFolder(place / "mail"),
        archives=ArchiveFolder(place / "archives"),
        evidence=EvidenceFolder(place / "evidence", place / "evidence.key"),
        history_keys=KeyFolder(place / "history-keys"),
    )
