"""Whether GraphQL types fit what the data model says, and what is told of it."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_schema

from cloudsync_gen.targets.service_graphql.fit import Fit, Unfitting, holds

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
    found: Any = build_schema(SDL).get_type(kind)
    found.fields = {name: found.fields[name] for name in fields.split()}
    fit = Fit()
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
        (changed(either={"type": "object"}), "either", "which of its types `Either` is"),
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
    fit = Fit()
    fit.answer(kind, STATES, {}, "state")
    assert fit.irregular() == {}
    assert fit.members == {
        "State": {"DRAFT": "draft", "IN_REVIEW": "inReview", "DONE400D": "done400d"}
    }
    other = Fit()
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
