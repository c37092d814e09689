"""No route leads to a screen.

What it does: reports screens that no `navigation.route` names.

Why: nobody can ever see it.

Example: `ux.screen.archive` without a route.

Use instead: a route with `screen: ux.screen.archive`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.navigation import Route
from cloudsync_gen.model.layers.ux import Screen
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    unfinished = any(each.kind != "api" and each.screen is None for each in model.all(Route))
    if unfinished or astray(model, Route, "route-screen"):
        return
    for screen in model.all(Screen):
        if not model.origins(screen.id, "route-screen"):
            yield RULE.at(
                model.ref(screen.id),
                f"no route leads to `{screen.id}`",
                "add a `navigation.route` to it",
                element=screen.id,
            )


RULE = Rule(
    code="UX003",
    name="screen-without-route",
    family="screens and routes",
    check=check,
    whole=True,
)
