"""A screen calls an operation that no route of the gateway reaches.

What it does: in a model with a gateway, wants a route of `kind: api` whose contract has the
operation that a screen or component calls, with a path at or above its own; for a field of a
GraphQL schema one to that schema. What a field of such a schema resolves is reached by it.

Why: the gateway lets in what its routes reach. The screen works where nothing stands between it and
the service, and answers 404 for its users.

Example: a screen that calls `approveRecipe` of `/v1/approvals`, and a route to `/v1/recipes` only.

Use instead: a route to `/v1/approvals`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.entrances import Entrances, leads_to
from cloudsync_gen.model.layers.api import Gateway, GraphqlApi, Operation, RootField
from cloudsync_gen.model.layers.navigation import Route
from cloudsync_gen.model.layers.ux import Component, Screen
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    entrances = Entrances(model)
    expected = bool(entrances.routes) or bool(model.all(Gateway))
    if not expected or _unfinished(model, entrances):
        return
    asked = {each.document for each in model.all(GraphqlApi) if entrances.to(each) is not None}
    fields = [each for each in model.all(RootField) if each.document in asked]
    resolved = {each.resolves for each in fields}
    views: tuple[Screen | Component, ...] = (*model.all(Screen), *model.all(Component))
    for view in views:
        for index, name in enumerate(view.operations):
            operation, field = model.get(Operation, name), model.get(RootField, name)
            lost = operation is not None and _is_lost(entrances, operation)
            if name in resolved or not (lost or (field is not None and field not in fields)):
                continue
            yield RULE.at(
                model.ref(view.id, "operations", index),
                f"no route of the gateway reaches `{name}`",
                "add a `navigation.route` of kind `api` to it, or have a GraphQL field resolve it",
                element=view.id,
                facts=(name,),
            )


def _is_lost(entrances: Entrances, operation: Operation) -> bool:
    """A path that does not begin with a slash is none, of which another rule tells."""
    return operation.path.startswith("/") and entrances.of(operation) is None


def _unfinished(model: Model, entrances: Entrances) -> bool:
    """Whether some route leads nowhere, of which other rules tell."""
    if astray(model, Route, "route-contract"):
        return True
    paths: dict[str, list[str]] = {}
    for each in model.all(Operation):
        paths.setdefault(each.document, []).append(each.path)
    return any(
        not route.contracts
        or not any(
            contract.rpartition(".")[2] not in paths
            or any(leads_to(route, path) for path in paths[contract.rpartition(".")[2]])
            for contract in route.contracts
        )
        for route in entrances.routes
    )


RULE = Rule(
    code="UX008",
    name="operation-out-of-reach",
    family="screens and routes",
    check=check,
    whole=True,
)
