"""Whether GraphQL types fit what the data model says, and what is told of it."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_schema

from cloudsync_gen.targets.service_graphql.fit import Fit, holds
from cloudsync_gen.targets.service_graphql.unfitting import Unfitting

SDL = """
    scalar Long
    enum State { DRAFT IN_REVIEW DONE400D }
    type Part { name: String! }
    union Either = Part | Book
    type Book {
      id: ID!
      pages: Int!
      long: Long
      state: State
      parts: [Part!]
      either: Either
      counted(by: Int): Int
    }
    input BookInput { state: State pages: Int! }
    type Query { book(ids: [ID!], one: Int, all: [Int!], word: String, state: State): Book }
"""
STATES = {"type": "string", "enum": ["draft", "inReview", "done400d"]}
SCHEMAS = {"Part": {"type": "object", "properties": {"name": {"type": "string"}}}}
GOOD: dict[str, Any] = {
    "type": "object",
    "required": ["id", "pages"],
    "properties": {
        "id": {"type": "string"},
        "pages": {"type": "integer"},
        "long": {"type": "integer"},
        "state": STATES,
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
    },
}


def faults(kind: str, schema: dict[str, Any], fields: str, *, told: bool = True) -> str:
    """What is wrong with some fields of a type."""
    contract = build_schema(SDL)
    found: Any = contract.get_type(kind)
    found.fields = {name: found.fields[name] for name in fields.split()}
    fit = Fit(contract)
    schemas = {**SCHEMAS, "Part": {**SCHEMAS["Part"], "required": ["name"]}}
    try:
        (fit.answer if told else fit.argument)(found, schema, schemas, kind)
    except Unfitting as error:
        return str(error)
    return ""


def changed(**properties: Any) -> dict[str, Any]:
    return {**GOOD, "properties": {**GOOD["properties"], **properties}}


@pytest.mark.parametrize(
    ("schema", "fields", "expected"),
    [
        (GOOD, "id pages long state parts", ""),
        ({**GOOD, "required": ["id"]}, "id pages", "Book.pages may be absent"),
        (changed(id={"type": "integer"}), "id", "Book.id is a `ID`, in the data model"),
        (changed(pages={"type": "number"}), "pages", "Book.pages is a `Int`"),
        (changed(long={"type": "object"}), "long", ""),
        (changed(parts={"type": "object"}), "parts", "Book.parts is a list"),
        (changed(state={"enum": ["draft", "lost"]}), "state", "has no value for `lost`"),
        (changed(state={"enum": ["draft"]}), "state", ""),
        (changed(either={"type": "object"}), "either", "the data model has no `oneOf`"),
        (changed(counted={"type": "integer"}), "counted", "Book.counted has arguments"),
        ({**GOOD, "properties": {}}, "id", "Book.id is no property"),
    ],
)
def test_answers(schema: dict[str, Any], fields: str, expected: str) -> None:
    found = faults("Book", schema, fields)
    assert found.count(expected) == 1 if expected else found == ""


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (changed(), "has no field `id`, which the data model requires"),
        ({**GOOD, "required": ["pages"]}, ""),
        ({**changed(state={"enum": ["draft"]}), "required": []}, ""),
        ({**changed(state={"enum": ["lost"]}), "required": []}, "has no value of `State`"),
    ],
)
def test_arguments(schema: dict[str, Any], expected: str) -> None:
    found = faults("BookInput", schema, "state pages", told=False)
    assert found.count(expected) == 1 if expected else found == ""


def test_only_members_that_do_not_follow_are_told() -> None:
    kind = build_schema(SDL).get_type("State")
    fit = Fit(build_schema(SDL))
    fit.answer(kind, STATES, {}, "state")
    assert fit.irregular() == {}
    assert fit.members == {
        "State": {"DRAFT": "draft", "IN_REVIEW": "inReview", "DONE400D": "done400d"}
    }
    other = Fit(build_schema(SDL))
    other.answer(kind, {"enum": ["draft", "in-review", "DONE400D"]}, {}, "state")
    assert other.irregular() == {"State": {"DONE400D": "DONE400D", "IN_REVIEW": "in-review"}}
    with pytest.raises(Unfitting, match=r"State\.IN_REVIEW` is `in-review` elsewhere"):
        other.answer(kind, STATES, {}, "state")


@pytest.mark.parametrize(
    ("argument", "parameters", "others"),
    [
        ("ids", ["list[str]", "list[UUID]", "Any"], ["str", "list[int]"]),
        ("one", ["int", "float", "list[int]"], ["str", "bool", "UUID"]),
        ("all", ["list[int]"], ["int", "list[str]"]),
        ("word", ["str", "UUID", "models.State"], ["int", "bool", "float"]),
        ("state", ["models.State", "str", "list[models.State]"], ["int"]),
    ],
)
def test_arguments_for_parameters(argument: str, parameters: list[str], others: list[str]) -> None:
    schema = build_schema(SDL)
    assert schema.query_type is not None
    kind = schema.query_type.fields["book"].args[argument].type
    assert [each for each in parameters if not holds(each, kind)] == []
    assert [each for each in others if holds(each, kind)] == []


KINDS = """
    interface Drink { kind: String! millilitres: Int! }
    type Lemonade implements Drink { kind: String! millilitres: Int! sugar: Int! }
    type Water implements Drink { kind: String! millilitres: Int! }
    type Ice { kind: String! cubes: Int }
    union Served = Lemonade | Water | Ice
    type Table { drinks: [Drink!]! served: Served }
    type Query { table: Table }
"""


def kind_of(value: str, **properties: str) -> dict[str, Any]:
    held = {name: {"type": each} for name, each in properties.items()}
    told = {"kind": {"type": "string", "const": value}, **held}
    return {"type": "object", "required": [*told], "properties": told}


def served(*names: str) -> dict[str, Any]:
    return {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}


SERVED = {
    "Lemonade": kind_of("lemonade", millilitres="integer", sugar="integer"),
    "Water": kind_of("still-water", millilitres="integer"),
    "Ice": kind_of("ice", cubes="integer"),
}


def told_of(field: str, schema: Any, **schemas: Any) -> Any:
    """What tells the types of a field apart, or what is wrong with it."""
    contract = build_schema(KINDS)
    table: Any = contract.get_type("Table")
    fit = Fit(contract)
    try:
        fit.answer(table.fields[field].type, schema, {**SERVED, **schemas}, field)
    except Unfitting as error:
        return str(error)
    return fit.kinds


def test_types_of_unions_and_interfaces_are_told_by_a_constant() -> None:
    assert told_of("served", served("Lemonade", "Water", "Ice")) == {
        "Served": {"kind": {"ice": "Ice", "lemonade": "Lemonade", "still-water": "Water"}}
    }
    drinks = {"type": "array", "items": served("Water", "Lemonade")}
    assert told_of("drinks", drinks) == {
        "Drink": {"kind": {"lemonade": "Lemonade", "still-water": "Water"}}
    }
    one = {"type": "string", "enum": ["ice"]}
    ice = {**SERVED["Ice"], "properties": {**SERVED["Ice"]["properties"], "kind": one}}
    assert told_of("served", served("Ice", "Water"), Ice=ice) == {
        "Served": {"kind": {"ice": "Ice", "still-water": "Water"}}
    }


@pytest.mark.parametrize(
    ("field", "schema", "schemas", "fault"),
    [
        ("served", {"type": "object"}, {}, "no `oneOf`"),
        ("served", served("Lemonade", "Cake"), {"Cake": {}}, "no type is called as `Cake`"),
        ("drinks", {"type": "array", "items": served("Ice")}, {}, "called as `Ice`"),
        ("served", {"oneOf": [{"type": "object"}]}, {}, "an alternative without a name"),
        (
            "served",
            served("Lemonade", "Ice"),
            {"Ice": kind_of("lemonade", cubes="integer")},
            "no required property has another `const`",
        ),
        (
            "served",
            served("Lemonade", "Ice"),
            {"Ice": {**SERVED["Ice"], "required": ["cubes"]}},
            "no required property has another `const`",
        ),
        ("served", served("Ice"), {"Ice": kind_of("ice", cubes="string")}, "served.Ice.cubes"),
    ],
)
def test_types_that_cannot_be_told_apart_are_refused(
    field: str, schema: Any, schemas: dict[str, Any], fault: str
) -> None:
    assert fault in told_of(field, schema, **schemas)


def test_one_union_is_told_in_one_way() -> None:
    contract = build_schema(KINDS)
    fit = Fit(contract)
    kind = contract.type_map["Served"]
    fit.answer(kind, served("Ice"), SERVED, "one")
    with pytest.raises(Unfitting, match="told otherwise elsewhere"):
        fit.answer(kind, served("Ice", "Water"), SERVED, "other")
