"""A route of the gateway keeps out somebody who may use an operation behind it.

What it does: for each operation that a route of `kind: api` reaches, compares the guard with what
the operation asks, and tells of the first one that does not fit: a route to one for everybody lets
everybody in, and a role that holds the permission of the operation is one of the guard's roles and
holds the guard's permissions.

Why: the gateway refuses whom the service would let in. Who reads the permissions of roles finds the
right that people do not have.

Example: `requiredPermissions: ["recipe:approve"]` before `listRecipes`, which guests may use.

Use instead: the weakest permission that any operation behind the route asks for, or a route of its
own for the operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.entrances import Entrances
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.model.layers.navigation import Route
from cloudsync_gen.model.layers.security import Role
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray, misled
from cloudsync_gen.rules._permissions import Grants, above, asks_for, grants, is_granted
from cloudsync_gen.rules._rule import Rule

_GRANTS = ("role-permission", "role-related-permission", "role-inherits")


def check(model: Model) -> Iterator[Diagnostic]:
    if any(astray(model, Role, each) for each in _GRANTS):
        return
    entrances, held = Entrances(model), _people(model)
    told: set[str] = set()
    for operation in model.all(Operation):
        route = entrances.of(operation)
        performed = performed_by(model, operation.command)
        if route is None or performed is None or route.guard.anonymous or route.id in told:
            continue
        if misled(model, route.id, "route-role", "route-permission"):
            continue
        out = (
            "everybody"
            if performed.access == "public"
            else _kept_out(model, route, performed, held)
        )
        if out:
            told.add(route.id)
            yield RULE.at(
                model.ref(route.id, "guard"),
                f"the guard keeps out {out}, who may use `{operation.id}`",
                "ask for less at the route, or give the operation a route of its own",
                element=route.id,
                related=(Related(model.ref(performed.id), "what it carries"),),
                facts=(operation.id, out),
            )


def _people(model: Model) -> Mapping[str, Grants]:
    """What roles of people permit; workloads pass no guard."""
    holders = {each.id for each in model.all(Role) if each.holder != "workload"}
    return {role: each for role, each in grants(model).items() if role in holders}


def _kept_out(
    model: Model, route: Route, performed: Command | Query, held: Mapping[str, Grants]
) -> str:
    """The first role that may use the operation, and does not pass; empty without one."""
    permission, guard = asks_for(performed), route.guard
    if not permission or misled(model, performed.id, "requires-permission"):
        return ""
    wanted = [each for each in guard.required_permissions if is_granted(each, held)]
    for role, may in sorted(held.items()):
        if not may.allow(permission, performed.relations):
            continue
        demanded = guard.required_roles
        named = not demanded or bool(set(demanded) & above(model, role))
        if not named or not all(may.allow(each, ("any",)) for each in wanted):
            return f"`{role}`"
    return ""


RULE = Rule(
    code="UX009",
    name="route-keeps-out-permitted",
    family="screens and routes",
    check=check,
)
