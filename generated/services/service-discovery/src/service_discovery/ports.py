"""What no model can know: where calls come from, how far regions grow, the roots of the mesh."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol

from cloudsync_chassis import files


class Addresses(Protocol):
    """Holds an address that a copy claims against where its call comes from."""

    def fits(self, claimed: str, source: str | None) -> bool:
        """Whether the call comes from there."""
        ...


class OwnOrLoopback:
    """From the address itself; or from this machine, whose copies have no addresses of their own."""

    def fits(self, claimed: str, source: str | None) -> bool:
        """See `Addresses.fits`."""
        if source is None:
            return False
        try:
            found = ip_address(source)
        except ValueError:
            return False
        return found.is_loopback or found == ip_address(claimed)


class Capacities(Protocol):
    """Knows how far a service can grow in a region."""

    async def largest(self, service: str, region: str, copies: int) -> int:
        """How many copies there can be, where there are `copies` now."""
        ...


class Twofold:
    """Each service can grow to twice its copies."""

    async def largest(self, service: str, region: str, copies: int) -> int:
        """See `Capacities.largest`."""
        return 2 * copies


class TrustRoots(Protocol):
    """What certificates of the mesh are held against."""

    async def take(self, path: str, version: int, former_until: datetime) -> None:
        """Use a new version of a bundle beside the former, which holds until a moment."""
        ...


class TrustFile:
    """The versions of each bundle in use, and until when, as JSON in a file of mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = asyncio.Lock()

    async def take(self, path: str, version: int, former_until: datetime) -> None:
        """See `TrustRoots.take`."""
        async with self._turn:
            await asyncio.to_thread(self._write, path, version, former_until)

    def _write(self, path: str, version: int, former_until: datetime) -> None:
        known: dict[str, dict[str, str | None]] = {}
        if self._path.exists():
            known = json.loads(self._path.read_text("utf-8"))
        versions = known.setdefault(path, {})
        if max(map(int, versions), default=0) >= version:
            return
        for number, until in versions.items():
            versions[number] = until or former_until.isoformat()
        versions[str(version)] = None
        files.replace(self._path, json.dumps(known, indent=1).encode())
