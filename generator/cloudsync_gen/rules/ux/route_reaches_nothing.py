"""A route of the gateway leads to no operation of its contracts.

What it does: for routes with `kind: api`, wants a path at or below theirs (`/**` at the end apart)
in one of their REST contracts.

Why: requests below it reach the service, which answers 404 to all of them; the paths that were
meant are led elsewhere, or nowhere.

Example: a route `/v1/recipies` to a contract whose paths begin with `/v1/recipes`.

Use instead: `/v1/recipes`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.entrances import base_of, leads_to
from cloudsync_gen.model.layers.navigation import Route
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import table


def check(model: Model) -> Iterator[Diagnostic]:
    written = {each.id: [*map(str, table(each.data.get("paths")))] for each in model.sources.rest}
    for route in model.all(Route):
        paths = [path for each in route.contracts for path in written.get(each, ())]
        meant = base_of(route)
        if route.kind != "api" or not paths:
            continue
        if not any(leads_to(route, each) for each in paths):
            yield RULE.at(
                model.ref(route.id, "path"),
                f"no operation of `{route.contracts[0]}` is at or below `{meant}`",
                offered(meant, paths),
                element=route.id,
                facts=(route.path,),
            )


RULE = Rule(code="UX007", name="route-reaches-nothing", family="screens and routes", check=check)
