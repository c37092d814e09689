"""What the service is told by the world, behind a small protocol; `PORTS.md` says what replaces it."""

from __future__ import annotations

import csv
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Protocol


class Countries(Protocol):
    """In which country a network is."""

    def of(self, prefix: str) -> str | None:
        """The ISO 3166-1 code for a /24 or /48; None where it is not known."""
        ...


class ListedCountries:
    """A file of lines `network,code`, the narrowest network wins; without it nothing is known.

    It is read anew when it has changed.
    """

    def __init__(self, place: Path) -> None:
        self._place = place
        self._read_at = -1.0
        self._known: dict[IPv4Network | IPv6Network, str] = {}

    def of(self, prefix: str) -> str | None:
        """See `Countries.of`."""
        try:
            network = ip_network(prefix)
        except ValueError:
            return None
        known = self._table()
        for length in range(network.prefixlen, -1, -1):
            found = known.get(network.supernet(new_prefix=length))
            if found is not None:
                return found
        return None

    def _table(self) -> dict[IPv4Network | IPv6Network, str]:
        changed = self._place.stat().st_mtime if self._place.exists() else -1.0
        if changed != self._read_at:
            self._known = {}
            if changed >= 0:
                with self._place.open(newline="", encoding="utf-8") as lines:
                    self._known = {ip_network(net): code for net, code in csv.reader(lines)}
            self._read_at = changed
        return self._known
