"""A permission names an action that its resource does not have.

What it does: looks up the second half of each `resource:action` among the actions of the resource;
`*` stands for all of them, in roles alone.

Why: nobody can ever be granted it, or it grants nothing.

Example: `permission: "recipe:aprove"`.

Use instead: an action of the resource; the hint names the nearest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cloudsync_gen.diagnostics import Diagnostic, Mend, Related
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.model.layers.navigation import Route
from cloudsync_gen.model.layers.security import Policy, Resource, Role
from cloudsync_gen.model.layers.ux import Component, Screen
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._mends import MISSPELT, misspelt
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer, Ref

Named = Iterator[tuple[str, Pointer, str]]


def check(model: Model) -> Iterator[Diagnostic]:
    for element, pointer, permission in _named(model):
        name, _, action = permission.partition(":")
        resource = model.get(Resource, f"security.resource.{name}")
        actions = [each.action for each in resource.actions] if resource else []
        if resource is None or action in actions:
            continue
        if action == "*" and model.get(Role, element) is not None:
            continue
        yield RULE.at(
            model.ref(element, *pointer),
            f"`{resource.id}` has no action `{action}`",
            offered(action, actions, f"{name}:", otherwise="declare the action"),
            element=element,
            related=(Related(model.ref(resource.id, "actions"), "its actions"),),
            facts=(permission,),
            mends=_mends(model.ref(element, *pointer), name, action, actions),
        )


def _mends(ref: Ref, name: str, action: str, actions: Iterable[str]) -> tuple[Mend, ...]:
    return misspelt(ref, f"{name}:{action}", (f"{name}:{each}" for each in actions))


def _named(model: Model) -> Named:
    performed: tuple[Command | Query, ...] = (*model.all(Command), *model.all(Query))
    for each in performed:
        if each.permission is not None:
            yield each.id, ("permission",), each.permission
    for role in model.all(Role):
        yield from _listed(role.id, ("permissions",), role.permissions)
        yield from _listed(role.id, ("relatedPermissions",), role.related_permissions)
    for policy in model.all(Policy):
        yield from _listed(policy.id, ("permissions",), policy.permissions)
    shown: tuple[Screen | Component, ...] = (*model.all(Screen), *model.all(Component))
    for view in shown:
        place = ("security", "requiredPermissions")
        yield from _listed(view.id, place, view.security.required_permissions)
    for route in model.all(Route):
        place = ("guard", "requiredPermissions")
        yield from _listed(route.id, place, route.guard.required_permissions)


def _listed(element: str, place: Pointer, permissions: tuple[str, ...]) -> Named:
    for index, permission in enumerate(permissions):
        yield element, (*place, index), permission


RULE = Rule(
    code="LNK003",
    name="unknown-permission-action",
    family="link validation",
    check=check,
    mends=MISSPELT,
)
