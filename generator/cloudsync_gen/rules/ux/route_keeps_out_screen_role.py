"""A screen admits a role that no way to it lets through.

What it does: for each screen with routes, wants every role that the screen demands to pass the
guard of one of them; a role passes that is one of the guard's, inherits from one, or meets a guard
without roles.

Why: the screen was made for these people, and they are turned away before they see it.

Example: a screen for `guest` and `brewer`, and one route to it with `requiredRoles: [… guest]`.

Use instead: both roles in the guard, or one role less at the screen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.navigation import Route
from cloudsync_gen.model.layers.security import Role
from cloudsync_gen.model.layers.ux import Screen
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray, misled
from cloudsync_gen.rules._permissions import above
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if astray(model, Route, "route-role") or astray(model, Role, "role-inherits"):
        return
    routes: defaultdict[str, list[Route]] = defaultdict(list)
    for route in model.all(Route):
        routes[route.screen or ""].append(route)
    for screen in model.all(Screen):
        ways = routes.get(screen.id, [])
        if not ways or misled(model, screen.id, "ux-required-role"):
            continue
        for role in screen.security.required_roles:
            if not any(_passes(model, role, each) for each in ways):
                yield RULE.at(
                    model.ref(ways[0].id, "guard", "requiredRoles"),
                    f"`{screen.id}` admits `{role}`, whom no route to it lets through",
                    "let the role through, or demand fewer at the screen",
                    element=ways[0].id,
                    related=(Related(model.ref(screen.id, "security"), "whom it admits"),),
                    facts=(role,),
                )


def _passes(model: Model, role: str, route: Route) -> bool:
    wanted = set(route.guard.required_roles)
    return route.guard.anonymous or not wanted or bool(wanted & above(model, role))


RULE = Rule(
    code="UX010",
    name="route-keeps-out-screen-role",
    family="screens and routes",
    check=check,
    whole=True,
)
