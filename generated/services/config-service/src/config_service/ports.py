"""What no model can know: whether an abort query yields something, where snapshots lie."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from cloudsync_chassis import files

_NAME = "%Y%m%dT%H%M%S%fZ"


class AbortQueries(Protocol):
    """Asks the monitoring."""

    async def fires(self, query: str) -> bool:
        """Whether a PromQL query yields something at this moment."""
        ...


class FiringFile:
    """The queries that yield something are the lines of a file; without it, none does."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def fires(self, query: str) -> bool:
        """See `AbortQueries.fires`."""
        return query.strip() in await asyncio.to_thread(self._lines)

    def _lines(self) -> set[str]:
        try:
            return {each.strip() for each in self._path.read_text("utf-8").splitlines()}
        except FileNotFoundError:
            return set()


class Backups(Protocol):
    """Keeps snapshots of what is live."""

    async def keep(
        self, organization: UUID, environment: str, at: datetime, content: bytes
    ) -> None:
        """Keep one more."""
        ...

    async def newest(self) -> datetime | None:
        """When the newest of all was taken; None if there is none."""
        ...


class FolderBackups:
    """Files of mode 0600 below a folder, the newest `most` of each organisation and environment."""

    def __init__(self, folder: Path, most: int = 12) -> None:
        self._folder, self._most = folder, most

    async def keep(
        self, organization: UUID, environment: str, at: datetime, content: bytes
    ) -> None:
        """See `Backups.keep`."""
        await asyncio.to_thread(self._keep, organization, environment, at, content)

    def _keep(self, organization: UUID, environment: str, at: datetime, content: bytes) -> None:
        folder = self._folder / str(organization) / environment
        files.replace(folder / f"{at.astimezone(UTC).strftime(_NAME)}.json", content)
        for each in sorted(folder.glob("*.json"))[: -self._most]:
            each.unlink(missing_ok=True)

    async def newest(self) -> datetime | None:
        """See `Backups.newest`."""
        names = await asyncio.to_thread(lambda: [e.stem for e in self._folder.rglob("*.json")])
        return datetime.strptime(max(names), _NAME).replace(tzinfo=UTC) if names else None
