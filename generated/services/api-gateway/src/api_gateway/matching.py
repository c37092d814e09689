"""Which route takes a request."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from .generated.models import GatewayRoute, RouteKind, RouteStatus

PROXIED = frozenset({RouteKind.rest, RouteKind.graphql})
"""Kinds that pass through here; of the others Kong sends the connection on itself."""

_LIVE = frozenset({RouteStatus.canary, RouteStatus.active, RouteStatus.deprecated})
_VARIABLE = re.compile(r"\{[A-Za-z0-9_.-]*\}")


def shape_of(pattern: str) -> str:
    """A path pattern without the names of its variables, by which alone two are the same."""
    return _VARIABLE.sub("{}", pattern)


@dataclass(frozen=True, slots=True)
class Way:
    """A route and the paths that it takes; `weight` sorts the most specific one first."""

    route: GatewayRoute
    path: re.Pattern[str]
    weight: tuple[int, ...]

    @classmethod
    def of(cls, route: GatewayRoute) -> Way:
        """A variable takes one segment of the path, or a part of one, and never nothing."""
        literals = _VARIABLE.split(route.path_pattern)
        path = re.compile("[^/]+".join(map(re.escape, literals)))
        # a longer literal beginning wins, then fewer variables, then more literal text
        weight = (-len(literals[0]), len(literals), -sum(map(len, literals)))
        return cls(route, path, weight)

    def takes(self, method: str) -> bool:
        """Whether the route takes a method; HEAD goes where GET goes (RFC 9110 §9.3.2)."""
        methods = {each.value for each in self.route.methods}
        return method in methods or (method == "head" and "get" in methods)


@dataclass(frozen=True, slots=True)
class Found:
    """The route that takes a request; without one, the methods of its path, and whether a route
    there has ended.
    """

    route: GatewayRoute | None
    methods: tuple[str, ...] = ()
    gone: bool = False


class Ways:
    """All routes, in the order in which they are tried."""

    def __init__(self, routes: Iterable[GatewayRoute]) -> None:
        ways = sorted((Way.of(e) for e in routes if e.kind in PROXIED), key=lambda e: e.weight)
        self._live = [each for each in ways if each.route.status in _LIVE]
        self._retired = [each for each in ways if each.route.status is RouteStatus.retired]

    def find(self, method: str, path: str, who: str) -> Found:
        """The route for a request; `who` falls on the same side of a canary each time."""
        ways = list(self._fitting(self._live, path))
        for way in ways:
            if way.takes(method.lower()) and in_share(way.route, who):
                return Found(way.route)
        methods = {each.value.upper() for way in ways for each in way.route.methods}
        if "GET" in methods:
            methods.add("HEAD")
        gone = any(self._fitting(self._retired, path))
        return Found(None, tuple(sorted(methods)), gone)

    def before(self, canary: GatewayRoute) -> GatewayRoute | None:
        """The route that takes those requests of a canary's which are not in its share."""
        sample = _VARIABLE.sub("x", canary.path_pattern)
        method = canary.methods[0].value
        for way in self._fitting(self._live, sample):
            if way.route.id != canary.id and way.takes(method):
                return way.route
        return None

    def _fitting(self, ways: Sequence[Way], path: str) -> Iterator[Way]:
        return (each for each in ways if each.path.fullmatch(path))


def in_share(route: GatewayRoute, who: str) -> bool:
    """Whether somebody is among those whose requests a canary takes."""
    if route.status is not RouteStatus.canary:
        return True
    return _place(route.id, who) < route.rollout_percent


def _place(route: UUID, who: str) -> int:
    """Somebody's place among a hundred, another one for each route."""
    digest = hashlib.sha256(f"{route}/{who}".encode()).digest()
    return int.from_bytes(digest[:8]) % 100
