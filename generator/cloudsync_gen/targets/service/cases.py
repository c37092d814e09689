"""Example requests for the contract tests of a service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.targets.service.facts import WORKLOAD, ServiceFacts
from cloudsync_gen.targets.service.requests import request_of
from cloudsync_gen.targets.service.samples import FORMATS, Unsampled, sample
from cloudsync_gen.targets.service.seeds import Arrangement
from cloudsync_gen.targets.service.views import CaseView, MethodView

_KEY = "#/components/parameters/IdempotencyKey"
_MATCH = "#/components/parameters/IfMatch"


def cases_of(facts: ServiceFacts, methods: tuple[MethodView, ...]) -> tuple[CaseView, ...]:
    """One case per operation of the contract, in the order of the paths."""
    found = []
    for performed, method in zip(facts.performed, methods, strict=True):
        operation = facts.operation(performed)
        if operation is not None:
            found.append(_case(facts, performed, method, operation))
    return tuple(sorted(found, key=lambda case: (case.path, case.method)))


def _case(
    facts: ServiceFacts, performed: Command | Query, method: MethodView, operation: Operation
) -> CaseView:
    compiled, schemas = facts.compiled(operation), facts.components(operation)
    media, body = _body(compiled, schemas)
    arrangement = Arrangement(facts, performed, request_of(facts, performed))
    parameters = arrangement.parameters(_examples(compiled, schemas, "path"))
    roles = _roles(facts, performed)
    return CaseView(
        operation=operation.operation_id,
        method=operation.method.upper(),
        path=operation.path,
        parameters=parameters,
        seeds=arrangement.seeds(parameters),
        query=_examples(compiled, schemas, "query"),
        headers=_headers(compiled),
        body=body,
        media=media,
        roles=roles,
        callers=method.callers,
        scopes=(method.permission,) if method.permission else (),
        access=_access(method, roles),
        custom=not method.default.verb,
    )


def _access(method: MethodView, roles: tuple[str, ...]) -> str:
    """Only workloads can call what no role holds."""
    if method.access == "authenticated" and method.permission and not roles:
        return WORKLOAD
    return method.access


def _roles(facts: ServiceFacts, performed: Command | Query) -> tuple[str, ...]:
    """All roles with which the operation may be called, those of its transitions included."""
    grants, permission = facts.system.grants, performed.permission or ""
    lifecycle = facts.system.lifecycles.get(performed.aggregate)
    moves = lifecycle.transitions if lifecycle else ()
    mine = [role for each in moves if each.command == performed.id for role in each.roles]
    held = grants.full.get(permission, set()) | grants.related.get(permission, set())
    return tuple(sorted((held | {grants.role_name(role) for role in mine}) - {WORKLOAD}))


def _body(compiled: Mapping[str, Any], schemas: Mapping[str, Any]) -> tuple[str, Any]:
    """(media type, example); nothing where no example was found."""
    for media, content in compiled.get("requestBody", {}).get("content", {}).items():
        try:
            return media, sample(content.get("schema", {}), schemas)
        except Unsampled:
            return media, None
    return "", None


def _examples(
    compiled: Mapping[str, Any], schemas: Mapping[str, Any], place: str
) -> dict[str, str]:
    """Examples of the parameters that must be sent."""
    found = {}
    for each in compiled["parameters"]:
        if each.get("in") == place and each.get("required"):
            try:
                value = sample(each.get("schema", {}), schemas, each["name"])
            except Unsampled:
                value = FORMATS["uuid"]
            found[each["name"]] = str(value).lower() if isinstance(value, bool) else str(value)
    return found


def _headers(compiled: Mapping[str, Any]) -> dict[str, str]:
    references = {each.get("$ref") for each in compiled["parameters"]}
    found = {"Idempotency-Key": "contract-test"} if _KEY in references else {}
    return {**found, "If-Match": '"1"'} if _MATCH in references else found
