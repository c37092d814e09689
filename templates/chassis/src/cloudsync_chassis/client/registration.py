"""What the generated tables say of the registry at which the copies of a service are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A call to the registry.

    Attributes:
        path: of an RPC, `/<full service>/<RPC>`.
        stubs: the module of its messages.
        sends: property of the request -> a text in which `{fact}` stands for what is known; one
            that is nothing else is sent as it is, a number as a number.
    """

    kind: Literal["register", "renew", "leave"]
    operation: str
    path: str
    stubs: str
    sends: Mapping[str, str]


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
