"""A permission that no role has.

What it does: reports commands and queries whose permission no role holds, directly, by `*` or only
for related things although the command names no relation.

Why: nobody could ever use the operation.

Example: `permission: document:shred`, and no role with it.

Use instead: grant it to a role, or use a permission that is granted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.model.layers.security import Resource, Role
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray, misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if astray(model, Role, "role-permission") or astray(model, Role, "role-related-permission"):
        return
    always = {each for role in model.all(Role) for each in role.permissions}
    related = {each for role in model.all(Role) for each in role.related_permissions}
    granted = _by_resource(always | related)
    performed: tuple[Command | Query, ...] = (*model.all(Command), *model.all(Query))
    for each in performed:
        if each.permission is None or each.access != "authenticated":
            continue
        if misled(model, each.id, "requires-permission"):
            continue
        name, _, action = each.permission.partition(":")
        actions = _actions(model, name)
        misspelt = granted.get(name, set()) - actions - {"*"}  # a role grants what there is not
        if action not in actions or misspelt:
            continue
        wanted = {each.permission, f"{name}:*"}
        if wanted & always or (each.relations and wanted & related):
            continue
        hint = "grant it to a role in layer security"
        if wanted & related:
            hint = "roles have it for related things alone: name `relations`, or grant it fully"
        yield RULE.at(
            model.ref(each.id, "permission"),
            f"no role may `{each.permission}`",
            hint,
            element=each.id,
        )


def _actions(model: Model, name: str) -> frozenset[str]:
    resource = model.get(Resource, f"security.resource.{name}")
    return frozenset(each.action for each in resource.actions) if resource else frozenset()


def _by_resource(permissions: Iterable[str]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in permissions:
        name, _, action = each.partition(":")
        found.setdefault(name, set()).add(action)
    return found


RULE = Rule(
    code="SEC002",
    name="permission-granted-to-nobody",
    family="zero trust",
    check=check,
    whole=True,
)
