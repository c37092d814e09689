"""A screen admits a role that may not use one of its operations.

What it does: for each role that a screen or component demands, looks up the permissions of the
operations that it calls. A screen for everybody may call nothing but public operations.

Why: people open the screen and are refused by what is on it.

Example: a screen for `guest` that calls `approveRecipe`, which asks for `recipe:approve`.

Use instead: the operation on a screen for those who may use it, or the permission for the role.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import carried_by
from cloudsync_gen.model.layers.security import Role
from cloudsync_gen.model.layers.ux import Component, Screen
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray, misled
from cloudsync_gen.rules._permissions import asks_for, grants, is_granted
from cloudsync_gen.rules._rule import Rule

_GRANTS = ("role-permission", "role-related-permission", "role-inherits")


def check(model: Model) -> Iterator[Diagnostic]:
    if any(astray(model, Role, each) for each in _GRANTS):
        return
    roles = grants(model)
    views: tuple[Screen | Component, ...] = (*model.all(Screen), *model.all(Component))
    for view in views:
        for index, name in enumerate(view.operations):
            performed = carried_by(model, name)
            if performed is None or misled(model, performed.id, "requires-permission"):
                continue
            place = model.ref(view.id, "operations", index)
            related = (Related(model.ref(performed.id), "what it carries"),)
            if view.security.anonymous and performed.access != "public":
                message = f"everybody may open `{view.id}`, but `{performed.id}` is not public"
                hint = "call it on a screen for those who may use it"
                yield RULE.at(place, message, hint, element=view.id, related=related)
                continue
            permission = asks_for(performed)
            if not permission or not is_granted(permission, roles):
                continue
            for role in view.security.required_roles:
                if role in roles and not roles[role].allow(permission, performed.relations):
                    yield RULE.at(
                        place,
                        f"`{role}` may open `{view.id}`, but not `{permission}`",
                        "grant it to the role, or call it on another screen",
                        element=view.id,
                        related=related,
                        facts=(performed.id, role),
                    )


RULE = Rule(
    code="UX001",
    name="screen-roles-lack-permission",
    family="screens and routes",
    check=check,
)
