"""All ways in from outside, for a service that lets requests in by them (`routeTable`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import resources
from types import ModuleType
from typing import Any, Literal

from cloudsync_chassis.problem import FORBIDDEN, UNAUTHENTICATED, Problem
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import refused

FILE = "routes.json"

_PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Entrance:
    """A route of the navigation layer and its guard.

    The caller needs one of `roles`, where there are any; one of the roles that hold each of
    `permissions`, or for a key that permission among its scopes; and a second factor that was shown
    in the last `step_up` seconds, where that is not 0. Workloads have neither roles nor factors:
    each operation names those that may call it. What it asks of people besides its service decides.
    """

    name: str
    anonymous: bool = False
    roles: frozenset[str] = frozenset()
    permissions: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)
    step_up: int = 0

    def admit(self, principal: Principal, now: datetime) -> None:
        """Refuse a caller whom the guard keeps out.

        Raises:
            Problem: `unauthenticated`, where a second factor is too old with what is wanted (RFC
                9470 §3), or `forbidden`.
        """
        if self.anonymous:
            return
        if not principal.authenticated:
            raise refused()
        if principal.kind == "workload":
            return
        if self.roles and not self.roles & principal.roles:
            raise FORBIDDEN(f"{self.name} is for others")
        for permission, holders in self.permissions.items():
            scoped = permission in principal.scopes
            if not (scoped if principal.scopes else holders & principal.roles):
                raise FORBIDDEN(f"{self.name} is for those with {permission}")
        if self.step_up and not self._shown_lately(principal, now):
            raise Problem(
                UNAUTHENTICATED,
                "a second factor has to be shown again",
                headers={
                    "WWW-Authenticate": 'Bearer error="insufficient_user_authentication", '
                    f"max_age={self.step_up}"
                },
            )

    def _shown_lately(self, principal: Principal, now: datetime) -> bool:
        at = principal.authenticated_at
        shown = at is not None and "mfa" in principal.factors
        return shown and now.timestamp() - (at or 0) <= self.step_up


@dataclass(frozen=True, slots=True)
class Entry:
    """A way to one operation of a service, or to its GraphQL schema, which `operation` names then.

    `path`: as the contract has it, variables in braces. `public`: whether nobody need say who they
    are; `permission`: what the operation asks, empty where it names none.
    """

    name: str
    kind: Literal["rest", "graphql"]
    path: str
    methods: tuple[str, ...]
    service: str
    operation: str
    entrance: Entrance
    public: bool
    permission: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an edition may spend."""

    edition: str
    per_second: int
    burst: int


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All ways in, and what editions may spend.

    `entrances`: (service, operation) → the entrance by which the model reaches it.
    """

    entries: tuple[Entry, ...]
    plans: tuple[Plan, ...]
    entrances: Mapping[tuple[str, str], Entrance]


@cache
def route_table(generated: ModuleType) -> RouteTable:
    """The table of the model; `generated`: the service's package of that name.

    Raises:
        FileNotFoundError: the model hands the service no routes.
    """
    told = json.loads(resources.files(generated).joinpath(FILE).read_text())
    entries = tuple(_entries(told["entrances"]))
    return RouteTable(
        entries=entries,
        plans=tuple(Plan(e["edition"], e["perSecond"], e["burst"]) for e in told["plans"]),
        entrances={(each.service, each.operation): each.entrance for each in entries},
    )


def _entries(told: Mapping[str, Any]) -> Iterator[Entry]:
    """Each way is `methods path service.operation permission`, `public` or nothing for the last."""
    kinds: tuple[Literal["rest", "graphql"], ...] = ("rest", "graphql")
    for called, each in told.items():
        entrance = _entrance(called, each)
        for kind in kinds:
            for name, row in each.get(kind, {}).items():
                methods, path, led, *asked = row.split(" ")
                service, _, operation = led.rpartition(".")
                yield Entry(
                    name=name,
                    kind=kind,
                    path=path,
                    methods=tuple(methods.split(",")),
                    service=service,
                    operation=operation,
                    entrance=entrance,
                    public=asked == [_PUBLIC],
                    permission="" if asked == [_PUBLIC] else "".join(asked),
                )


def _entrance(name: str, told: Mapping[str, Any]) -> Entrance:
    return Entrance(
        name=name,
        anonymous=told["anonymous"],
        roles=frozenset(told["roles"]),
        permissions={each: frozenset(held) for each, held in told["permissions"].items()},
        step_up=told["stepUpSeconds"],
    )
