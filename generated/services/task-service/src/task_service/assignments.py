"""How many people a caller has assigned within the hour, so that no script floods inboxes."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID

_HOUR = timedelta(hours=1)


class AssignmentLedger(Protocol):
    """Counts assignments by caller."""

    def within_the_hour(self, organization: UUID, caller: UUID, now: datetime) -> int:
        """How many people the caller has assigned in the hour before `now`."""
        ...

    def book(self, organization: UUID, caller: UUID, people: int, now: datetime) -> None:
        """The caller has assigned so many at `now`."""
        ...

    def forget(self, organization: UUID) -> None:
        """Nothing is known of the organisation any more."""
        ...


class FileLedger:
    """One small file per caller below `folder`, with the bookings of the last hour."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def within_the_hour(self, organization: UUID, caller: UUID, now: datetime) -> int:
        """See `AssignmentLedger`."""
        return sum(people for _, people in self._kept(organization, caller, now))

    def book(self, organization: UUID, caller: UUID, people: int, now: datetime) -> None:
        """See `AssignmentLedger`."""
        kept = [*self._kept(organization, caller, now), (now, people)]
        path = self._path(organization, caller)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps([[at.isoformat(), each] for at, each in kept]))
        os.replace(fresh, path)

    def forget(self, organization: UUID) -> None:
        """See `AssignmentLedger`."""
        folder = self._folder / str(organization)
        for path in folder.glob("*") if folder.is_dir() else ():
            path.unlink(missing_ok=True)

    def _kept(self, organization: UUID, caller: UUID, now: datetime) -> list[tuple[datetime, int]]:
        try:
            rows = json.loads(self._path(organization, caller).read_text())
        except FileNotFoundError:
            return []
        found = [(datetime.fromisoformat(at), int(people)) for at, people in rows]
        return [each for each in found if each[0] > now - _HOUR]

    def _path(self, organization: UUID, caller: UUID) -> Path:
        return self._folder / str(organization) / f"{caller}.json"
