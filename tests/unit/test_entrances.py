"""What the routes of the navigation layer reach, as a service is handed it that asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cloudsync_gen import pipeline
from cloudsync_gen.contracts.compile import compile_contracts
from cloudsync_gen.targets.service.units import units
from cloudsync_gen.targets.service.views import ServiceView
from support.trees import read_tree

BASE = Path(__file__).parents[1] / "models" / "lemonade"
PRESS = "model/04_application/selling/lambda.yaml"
ROUTES = "model/10_navigation/routes.yaml"
BOARD = """
board-schema:
  id: navigation.route.board-schema
  name: The board by GraphQL
  description: The board's schema.
  path: /graphql/board
  kind: api
  service: application.service.recipe
  contracts: [api.graphql-api.board]
  guard: { requiredRoles: [security.role.brewer] }
  stepUpWithin: 5m
"""
APPROVALS = """
approvals:
  id: navigation.route.approvals
  name: Approvals
  description: What brewers alone ask.
  path: /v1/recipes/{recipeId}/approve
  kind: api
  service: application.service.recipe
  contracts: [api.rest-api.recipe]
  guard: { requiredPermissions: ["recipe:approve"] }
"""
GUARD = 'guard: { requiredPermissions: ["recipe:read"] }'


def tables(routes: str = "", guard: str = GUARD) -> dict[str, dict[str, Any]]:
    """Service -> its table, where the press asks for one and these routes are there besides."""
    files = dict(read_tree(BASE))
    files[PRESS] = files[PRESS].replace(b"  style: grpc\n", b"  style: grpc\n  routeTable: true\n")
    written = files[ROUTES].decode()
    assert GUARD in written
    assert b"routeTable" in files[PRESS]
    files[ROUTES] = (written.replace(GUARD, guard) + routes).encode()
    model = pipeline.check(files).model
    assert model is not None
    found = (unit.view for unit in units(model, compile_contracts(model).value))
    return {each.name: each.route_table for each in found if isinstance(each, ServiceView)}


def test_only_who_asks_is_handed_the_table() -> None:
    assert [name for name, each in tables().items() if each] == ["lambda"]


def test_a_route_reaches_what_lies_at_or_below_it() -> None:
    (called, told), *others = tables()["lambda"]["entrances"].items()
    assert (called, others) == ("recipes", [])
    assert told["permissions"] == {"recipe:read": ["brewer", "guest"]}
    assert (told["roles"], told["anonymous"], told["stepUpSeconds"]) == ([], False, 0)
    rows = told["rest"]
    assert rows["recipe-list-recipes"] == "get /v1/recipes recipe.listRecipes recipe:read"
    assert rows["recipe-approve-recipe"].startswith("post /v1/recipes/{recipeId}/approve ")
    assert len(rows) == 6


def test_of_two_routes_the_longer_one_takes_an_operation() -> None:
    entrances = tables(APPROVALS)["lambda"]["entrances"]
    assert [*entrances["approvals"]["rest"]] == ["recipe-approve-recipe"]
    assert entrances["approvals"]["permissions"] == {"recipe:approve": ["brewer"]}
    assert "recipe-approve-recipe" not in entrances["recipes"]["rest"]


def test_a_schema_is_asked_at_the_path_of_its_route() -> None:
    told = tables(BOARD)["lambda"]["entrances"]["board-schema"]
    assert told["graphql"] == {"board-schema": "get,post /graphql/board recipe.board"}
    assert (told["roles"], told["stepUpSeconds"]) == (["brewer"], 300)


@pytest.mark.parametrize("guard", ["guard: { anonymous: true }", "guard: {}"])
def test_an_operation_that_asks_for_a_caller_still_does(guard: str) -> None:
    """Whoever may take the route: what is asked of callers the operation says."""
    told = tables(guard=guard)["lambda"]["entrances"]["recipes"]
    assert told["anonymous"] is ("anonymous" in guard)
    assert all(not row.endswith(" public") for row in told["rest"].values())


def test_the_plans_are_those_of_the_gateway() -> None:
    plans = tables()["lambda"]["plans"]
    assert plans
    assert all(each.keys() == {"edition", "perSecond", "burst"} for each in plans)
