"""A route leads to nothing.

What it does: reports routes of kind `api` without `service`, and other routes without `screen`.

Why: whoever takes it gets an answer that nobody wrote.

Example: `kind: api` with `path: /v1/recipes` alone.

Use instead: `service: application.service.recipe`; `screen: …` for pages.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.navigation import Route
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for route in model.all(Route):
        wanted = "service" if route.kind == "api" else "screen"
        if (route.service if route.kind == "api" else route.screen) is None:
            yield RULE.at(
                model.ref(route.id),
                f"the {route.kind} route `{route.path}` has no `{wanted}`",
                f"name the {wanted} that it leads to",
                element=route.id,
            )


RULE = Rule(code="UX004", name="route-of-nothing", family="screens and routes", check=check)
