"""Calls that the model names for the chassis to make: to a registry, to providers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudsync_chassis.client.call import Call

METHOD = "RPC"
"""`Call.method` of a call by gRPC; its path is `/<full name of the service>/<RPC>`."""

_FACT = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCall:
    """A call by gRPC.

    Attributes:
        path: of an RPC, `/<full service>/<RPC>`.
        stubs: the module of its messages.
        sends: property of the request, or a path of such with dots -> a text in which `{fact}`
            stands for what is known; one that is nothing else is sent as it is, a number as a
            number, and left out where nothing is known.
    """

    operation: str
    path: str
    stubs: str
    sends: Mapping[str, str]

    @property
    def facts(self) -> frozenset[str]:
        """Names of the facts that it tells."""
        return frozenset(name for text in self.sends.values() for name in _FACT.findall(text))

    def request(
        self,
        service: str,
        facts: Mapping[str, Any],
        headers: Mapping[str, str | None] | None = None,
    ) -> Call:
        """The request that tells these facts."""
        return Call(
            service=service,
            operation=self.operation,
            method=METHOD,
            path=self.path,
            headers=headers or {},
            body=self._body(facts),
            repeatable=True,
        )

    def _body(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {}
        for path, text in self.sends.items():
            value = filled(text, facts)
            if value is None:
                continue
            *within, last = path.split(".")
            part = body
            for name in within:
                part = part.setdefault(name, {})
            part[last] = value
        return body


def filled(text: str, facts: Mapping[str, Any]) -> Any:
    """The text with what is known in place of each `{fact}`; None where it is a fact alone, and
    nobody knows it.
    """
    whole = _FACT.fullmatch(text)
    if whole is not None:
        return facts.get(whole[1])
    return _FACT.sub(lambda found: str(facts.get(found[1], "")), text)
