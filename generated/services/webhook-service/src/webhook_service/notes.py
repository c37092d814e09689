"""Port: what the service remembers of a tenant besides its endpoints."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from cloudsync_chassis import files
from cloudsync_chassis.settings import Settings

_LIMITS = {"starter": 2, "team": 5, "business": 20, "enterprise": 100}
_DEFAULT = 5
_FAMILY = re.compile("[a-z]+")
_UPLOADS_KEPT = timedelta(days=1)


class Notes(Protocol):
    """Small facts by tenant and name; None where nothing was noted."""

    def keep(self, tenant: UUID, name: str, value: Any) -> None:
        """Note a JSON value."""
        ...

    def read(self, tenant: UUID, name: str) -> Any:
        """What was noted last."""
        ...

    def drop(self, tenant: UUID, name: str) -> None:
        """Forget it."""
        ...


class LocalNotes:
    """Files below the state folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def keep(self, tenant: UUID, name: str, value: Any) -> None:
        """See `Notes.keep`."""
        files.replace(self._path(tenant, name), json.dumps(value).encode())

    def read(self, tenant: UUID, name: str) -> Any:
        """See `Notes.read`."""
        path = self._path(tenant, name)
        return json.loads(path.read_bytes()) if path.exists() else None

    def drop(self, tenant: UUID, name: str) -> None:
        """See `Notes.drop`."""
        self._path(tenant, name).unlink(missing_ok=True)

    def _path(self, tenant: UUID, name: str) -> Path:
        return self._settings.state_path("webhook-notes", str(tenant), f"{name}.json")


def limit_of(plan_code: str | None) -> int:
    """How many endpoints a plan allows."""
    family = _FAMILY.match(plan_code or "")
    return _LIMITS.get(family[0], _DEFAULT) if family else _DEFAULT


def kept_upload(note: Any, now: datetime) -> dict[str, Any] | None:
    """The facts of an upload, if they were noted within a day."""
    if not isinstance(note, dict) or datetime.fromisoformat(note["at"]) + _UPLOADS_KEPT < now:
        return None
    data = note["data"]
    return data if isinstance(data, dict) else None
