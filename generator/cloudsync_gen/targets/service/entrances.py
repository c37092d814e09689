"""The routes of the navigation layer, for a service that lets requests in by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.entrances import Entrances
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import GraphqlApi, Operation, RestApi
from cloudsync_gen.model.layers.navigation import Route
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.naming import kebab
from cloudsync_gen.targets.service.facts import ServiceFacts, SystemFacts

PUBLIC = "public"
"""Stands where others name a permission, for what nobody need say who they are."""

Row = tuple[Route, str, str]
"""An entrance, the name of a way, and the way: methods, path, service and operation, permission."""


def route_table_of(facts: ServiceFacts) -> dict[str, Any]:
    """All ways in, by entrance: its guard, and the operations and schemas that it leads to; beside
    them the gateway's `plans`. Empty where the service asks for no table.

    What workloads alone may ask has no way in, nor has the service's own schema.
    """
    if not facts.service.route_table:
        return {}
    system, entrances = facts.system, Entrances(facts.model)
    found: dict[str, dict[str, Any]] = {}
    for kind, rows in (
        ("rest", _to_operations(system, entrances)),
        ("graphql", _to_schemas(facts, entrances)),
    ):
        for entrance, name, row in sorted(rows, key=lambda each: each[1]):
            told = found.setdefault(name_of(entrance.id), _guard(system, entrance))
            told.setdefault(kind, {})[name] = row
    gateway = system.gateway
    return {
        "plans": [
            {"edition": each.edition, "perSecond": each.per_second, "burst": each.burst}
            for each in (gateway.plans if gateway else ())
        ],
        "entrances": dict(sorted(found.items())),
    }


def _to_operations(system: SystemFacts, entrances: Entrances) -> Iterator[Row]:
    upstreams = {each.document: each.archimate_ref for each in system.model.all(RestApi)}
    for operation in system.model.all(Operation):
        entrance, upstream = entrances.of(operation), upstreams.get(operation.document)
        performed = performed_by(system.model, operation.command)
        if entrance is None or upstream is None or performed is None:
            continue
        if performed.access == "workload":
            continue
        public = performed.access == "public" and entrance.guard.anonymous
        asked = PUBLIC if public else performed.permission or ""
        led = f"{name_of(upstream)}.{operation.operation_id}"
        row = f"{operation.method} {operation.path} {led} {asked}"
        yield entrance, kebab(name_of(operation.id)), row.rstrip()


def _to_schemas(facts: ServiceFacts, entrances: Entrances) -> Iterator[Row]:
    for schema in facts.model.all(GraphqlApi):
        entrance = entrances.to(schema)
        if entrance is None or schema.service in (None, facts.service.id):
            continue
        guard = entrance.guard
        asked = PUBLIC if guard.anonymous else next(iter(guard.required_permissions), "")
        row = f"get,post {entrance.path} {name_of(schema.service)}.{schema.document} {asked}"
        yield entrance, f"{schema.document}-schema", row.rstrip()


def _guard(system: SystemFacts, route: Route) -> dict[str, Any]:
    """Whom an entrance lets in: roles of which the caller must have one, for each permission the
    roles that hold it at all, and the age of their second factor in seconds, 0 for any.
    """
    guard = route.guard
    within = route.step_up_within
    return {
        "anonymous": guard.anonymous,
        "roles": sorted(system.grants.heirs(guard.required_roles)),
        "permissions": {
            each: _holders(system, each) for each in sorted(guard.required_permissions)
        },
        "stepUpSeconds": milliseconds(within) // 1000 if within else 0,
    }


def _holders(system: SystemFacts, permission: str) -> list[str]:
    holding: Iterable[dict[str, set[str]]] = (system.grants.full, system.grants.related)
    return sorted({role for each in holding for role in each.get(permission, ())})
