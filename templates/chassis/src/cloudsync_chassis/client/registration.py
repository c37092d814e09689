"""What the generated tables say of the registry at which the copies of a service are known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from cloudsync_chassis.client.named import NamedCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(NamedCall):
    """A call to the registry."""

    kind: Literal["register", "renew", "leave"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Times in seconds. `key`: the property of the answer that names what was registered.

    `protocol`: how the registry calls what the service speaks.
    """

    service: str
    url: str
    every: float
    timeout: float
    retries: int = 0
    key: str = "id"
    protocol: str = ""
    steps: tuple[Step, ...]

    def speaking(self, protocol: str) -> Registration:
        """The same for a service that speaks so."""
        return replace(self, protocol=protocol)
