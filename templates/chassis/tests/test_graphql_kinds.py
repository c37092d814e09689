"""Unions and interfaces: values of JSON are of the types that a property of theirs says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphql import build_schema, lexicographic_sort_schema, parse, print_schema, validate

from bookshop import SERVICE, BookSettings
from cloudsync_chassis.graphql.asker import GraphqlAsker, selection
from cloudsync_chassis.graphql.endpoint import Endpoint
from cloudsync_chassis.graphql.fields import Fields
from cloudsync_chassis.graphql.schema import printed, strawberry_schema
from cloudsync_chassis.graphql.spec import GraphqlSpec
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import running
from cloudsync_chassis.web.app import create_app

SDL = """
    interface Drink { kind: String! millilitres: Int! }
    type Lemonade implements Drink { kind: String! millilitres: Int! sugar: Int! }
    type Water implements Drink { kind: String! millilitres: Int! sugar: String }
    type Ice { kind: String! cubes: [Int!]! }
    union Served = Lemonade | Water | Ice
    type Table { served: [Served!]! drink: Drink }
    type Query { table: Table! }
"""
TYPES = {"lemonade": "Lemonade", "still": "Water", "ice": "Ice"}
KINDS = {"Served": {"kind": TYPES}, "Drink": {"kind": TYPES}}
TABLE = {
    "served": [
        {"kind": "lemonade", "millilitres": 200, "sugar": 9},
        {"kind": "still", "millilitres": 100, "sugar": "none"},
        {"kind": "ice", "cubes": [1, 2]},
    ],
    "drink": {"kind": "still", "millilitres": 50},
}


async def answered(query: str, table: Any = TABLE) -> Any:
    async def answer(*_: Any) -> Any:
        return table

    made = strawberry_schema(build_schema(SDL), {"Query.table": answer}, kinds=KINDS)
    return await made.execute(query)


async def test_values_are_of_the_types_that_they_say() -> None:
    found = await answered(
        "{ table { drink { __typename millilitres } served { __typename "
        "... on Drink { millilitres } ... on Lemonade { sweet: sugar } ... on Ice { cubes } } } }"
    )
    assert found.errors is None
    assert found.data == {
        "table": {
            "drink": {"__typename": "Water", "millilitres": 50},
            "served": [
                {"__typename": "Lemonade", "millilitres": 200, "sweet": 9},
                {"__typename": "Water", "millilitres": 100},
                {"__typename": "Ice", "cubes": [1, 2]},
            ],
        }
    }


async def test_a_value_of_no_known_type_is_an_error() -> None:
    found = await answered("{ table { drink { kind } } }", {"drink": {"kind": "tea"}, "served": []})
    assert found.data == {"table": {"drink": None}}
    assert len(found.errors) == 1


def test_nothing_of_the_contract_is_lost() -> None:
    contract = build_schema(SDL)
    made = build_schema(printed(strawberry_schema(contract, kinds=KINDS)))
    assert print_schema(lexicographic_sort_schema(made)) == print_schema(
        lexicographic_sort_schema(contract)
    )


async def test_a_service_tells_all_of_them_at_once(settings: BookSettings, tmp_path: Path) -> None:
    """Fields of one name and two types are asked for by names of their own, and come back as they
    were.
    """

    async def lay() -> Any:
        return TABLE

    path = tmp_path / "table.graphql"
    path.write_text(SDL)
    runtime = Runtime(SERVICE, settings)
    fields = Fields(runtime, GraphqlSpec(path="/graphql/table", contract=path, kinds=KINDS))
    fields.other("Query.table", lay, access="public")
    query = f"{{ table {selection(fields.schema.type_map['Table'], fields.schema)} }}"
    assert validate(fields.schema, parse(query)) == []
    async with running(create_app(runtime, Endpoint(fields).router())) as started:
        asker = GraphqlAsker(fields, started.http)
        answer = await asker.ask("query.table", {}, None, {})
        assert (answer.status_code, answer.json()) == (200, TABLE)
