"""A route lets in somebody whom its screen keeps out.

What it does: compares the roles in the guard of each route with those that its screen demands; a
role that inherits from one of these is let in by both.

Why: they are led to a page that refuses them, or, where only the route is checked, to one that they
should not see.

Example: `guard: {requiredRoles: [… guest, brewer]}` before a screen for `brewer`.

Use instead: the screen's roles, or fewer.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.navigation import Route
from cloudsync_gen.model.layers.security import Role
from cloudsync_gen.model.layers.ux import Screen
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._permissions import above
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for route in model.all(Route):
        screen = model.get(Screen, route.screen or "")
        if screen is None or misled(model, screen.id, "ux-required-role"):
            continue
        demanded = set(screen.security.required_roles)
        related = (Related(model.ref(screen.id, "security"), "what the screen demands"),)
        if route.guard.anonymous and not screen.security.anonymous:
            yield RULE.at(
                model.ref(route.id, "guard", "anonymous"),
                f"everybody may take the route, not everybody may see `{screen.id}`",
                "demand the roles of the screen",
                element=route.id,
                related=related,
            )
        for index, role in enumerate(route.guard.required_roles):
            if demanded and model.get(Role, role) is not None and not demanded & above(model, role):
                yield RULE.at(
                    model.ref(route.id, "guard", "requiredRoles", index),
                    f"`{screen.id}` does not admit `{role}`",
                    "leave the role out, or admit it to the screen",
                    element=route.id,
                    related=related,
                    facts=(role,),
                )


RULE = Rule(
    code="UX002",
    name="route-admits-more-than-screen",
    family="screens and routes",
    check=check,
)
