"""A route of the gateway names none of its service's contracts.

What it does: wants `contracts` of each route with `kind: api`.

Why: requests on it are validated, limited and documented by the contract; without one the gateway
lets through whatever comes.

Example: a route to `application.service.recipe` without `contracts`.

Use instead: `contracts: [api.rest-api.recipe]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.navigation import Route
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for route in model.all(Route):
        if route.kind == "api" and not route.contracts:
            yield RULE.at(
                model.ref(route.id),
                "this route of the gateway names no contract",
                "name the contract whose operations it leads to",
                element=route.id,
            )


RULE = Rule(code="UX006", name="route-without-contract", family="screens and routes", check=check)
