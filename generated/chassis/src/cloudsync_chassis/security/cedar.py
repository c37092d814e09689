"""Policies in Cedar (cedarpolicy.com), evaluated by `cedarpy`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from pydantic_core import to_jsonable_python

from cloudsync_chassis.expressions import ExpressionError
from cloudsync_chassis.lean import emptied
from cloudsync_chassis.security.policies import Policy, Request

with emptied("cedarpy.pst"):  # policies as trees, for who edits them
    import cedarpy

_LET_IN = "permit(principal, action, resource);\n"
_LONGEST = 2**63
_PRINCIPAL, _RESOURCE = {"type": "Principal", "id": "it"}, {"type": "Resource", "id": "it"}


class CedarCondition:
    """One statement of Cedar. A forbid stands beside a permit of everything, to be told apart."""

    def __init__(self, policy: Policy, inherits: Mapping[str, frozenset[str]]) -> None:
        """Compile.

        Raises:
            ValueError: no Cedar.
        """
        self._forbids = policy.effect == "forbid"
        text = _LET_IN + policy.condition if self._forbids else policy.condition
        self._policies = cedarpy.PolicySet.from_str(text)
        self._inherits = inherits

    def applies(self, request: Request) -> bool:
        """Whether the statement is satisfied.

        Raises:
            ExpressionError: it cannot be evaluated; Cedar itself would pass over it.
        """
        asked = {
            "principal": _PRINCIPAL,
            "action": {"type": "Action", "id": request.action},
            "resource": _RESOURCE,
            "context": cedar_record(request.attributes["context"]),
        }
        entities = json.dumps(list(self._entities(request)))
        try:
            answer = cedarpy.is_authorized(asked, self._policies, entities)
        except ValueError as error:
            raise ExpressionError(str(error)) from error
        if answer.diagnostics.errors or answer.decision is cedarpy.Decision.NoDecision:
            raise ExpressionError("; ".join(answer.diagnostics.errors))
        return answer.allowed is not self._forbids

    def _entities(self, request: Request) -> Iterator[dict[str, Any]]:
        """The caller within its roles, the roles within those that they inherit, the entity."""
        for uid, part, roles in (
            (_PRINCIPAL, "principal", request.roles),
            (_RESOURCE, "resource", frozenset[str]()),
        ):
            attributes = cedar_record(request.attributes[part])
            yield {"uid": uid, "attrs": attributes, "parents": _roles(roles)}
        known = set(request.roles)
        pending = sorted(known)
        while pending:
            role = pending.pop()
            inherited = self._inherits.get(role, frozenset())
            yield {"uid": _role(role), "attrs": {}, "parents": _roles(inherited)}
            pending += sorted(inherited - known)
            known |= inherited


def _role(name: str) -> dict[str, str]:
    return {"type": "Role", "id": name}


def _roles(names: frozenset[str]) -> list[dict[str, str]]:
    return [_role(each) for each in sorted(names)]


def cedar_record(values: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes in Cedar's JSON; what Cedar has no value for is left out."""
    made = {name: cedar_value(each) for name, each in values.items()}
    return {name: each for name, each in made.items() if each is not None}


def cedar_value(value: Any) -> Any:
    """A value in Cedar's JSON: times and addresses by extension, numbers with up to four decimals.

    None where Cedar has no such value.
    """
    if isinstance(value, bool | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int):
        return value if -_LONGEST <= value < _LONGEST else None
    if isinstance(value, float):
        return _extension("decimal", f"{value:.4f}") if round(value, 4) == value else None
    if isinstance(value, date):
        at = value if isinstance(value, datetime) else datetime(*value.timetuple()[:3], tzinfo=UTC)
        text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        return _extension("datetime", f"{text}Z")
    if isinstance(value, IPv4Address | IPv6Address):
        return _extension("ip", str(value))
    if isinstance(value, Mapping):
        return cedar_record(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [each for each in map(cedar_value, value) if each is not None]
    return to_jsonable_python(value)


def _extension(function: str, argument: str) -> dict[str, Any]:
    return {"__extn": {"fn": function, "arg": argument}}
