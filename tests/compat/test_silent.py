"""What is only spelled differently is not reported at all, whichever way the data flows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from compat.documents import compare, content, document, operation, request, response

STRING = {"type": "string"}
INTEGER = {"type": "integer"}
SIZE = {"type": "object", "properties": {"cm": INTEGER}, "required": ["cm"]}
NODE = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


# (name, schema, the same schema, components of the first, components of the second)
SPELLINGS: list[tuple[str, Any, Any, dict[str, Any], dict[str, Any]]] = [
    ("reference for what was written in place", SIZE, ref("Size"), {}, {"Size": SIZE}),
    ("reference through another", ref("A"), ref("B"), {"A": SIZE}, {"B": ref("C"), "C": SIZE}),
    (
        "recursive schema renamed",
        ref("Node"),
        ref("Knot"),
        {"Node": NODE},
        {"Knot": json.loads(json.dumps(NODE).replace("Node", "Knot"))},
    ),
    (
        "recursive schema unrolled once",
        ref("Node"),
        {"type": "object", "properties": {"next": ref("Node")}},
        {"Node": NODE},
        {"Node": NODE},
    ),
    (
        "object split into allOf",
        {"type": "object", "properties": {"a": STRING, "b": INTEGER}, "required": ["a", "b"]},
        {
            "allOf": [
                {"type": "object", "properties": {"a": STRING}, "required": ["a"]},
                {"properties": {"b": INTEGER}, "required": ["b"]},
            ]
        },
        {},
        {},
    ),
    (
        "closed object split into allOf",
        {
            "type": "object",
            "properties": {"a": STRING, "b": INTEGER},
            "additionalProperties": False,
        },
        {
            "type": "object",
            "allOf": [{"properties": {"a": STRING}}, {"properties": {"b": INTEGER}}],
            "unevaluatedProperties": False,
        },
        {},
        {},
    ),
    (
        "limits spread over allOf",
        {"minimum": 1, "maximum": 5},
        {"allOf": [{"minimum": 1}, {"maximum": 5}]},
        {},
        {},
    ),
    ("an allOf of nothing new", SIZE, {"allOf": [SIZE, {"properties": {"cm": INTEGER}}]}, {}, {}),
    (
        "oneOf in another order",
        {"oneOf": [STRING, SIZE, {"type": "array", "items": STRING}]},
        {"oneOf": [{"type": "array", "items": STRING}, SIZE, STRING]},
        {},
        {},
    ),
    ("oneOf of one", SIZE, {"oneOf": [SIZE]}, {}, {}),
    (
        "alternatives renamed",
        {"anyOf": [ref("A"), STRING]},
        {"anyOf": [STRING, ref("B")]},
        {"A": SIZE},
        {"B": SIZE},
    ),
    (
        "types as alternatives",
        {"type": ["string", "integer"]},
        {"oneOf": [INTEGER, STRING]},
        {},
        {},
    ),
    (
        "types as alternatives with their limits",
        {"type": ["string", "integer"], "maxLength": 5, "minimum": 2},
        {"anyOf": [{"type": "integer", "minimum": 2}, {"type": "string", "maxLength": 5}]},
        {},
        {},
    ),
    ("types in another order", {"type": ["string", "null"]}, {"type": ["null", "string"]}, {}, {}),
    ("enum of one value", {"enum": ["a"]}, {"const": "a"}, {}, {}),
    ("enum in another order", {"enum": ["a", 1, None]}, {"enum": [None, "a", 1.0]}, {}, {}),
    ("nullable", {"type": "string", "nullable": True}, {"type": ["string", "null"]}, {}, {}),
    (
        "nullable as an alternative",
        {"type": "string", "nullable": True},
        {"anyOf": [STRING, {"type": "null"}]},
        {},
        {},
    ),
    (
        "nullable reference",
        {"allOf": [ref("Size")], "nullable": True},
        {"oneOf": [{"type": "null"}, ref("Size")]},
        {"Size": SIZE},
        {"Size": SIZE},
    ),
    (
        "nullable alternatives",
        {"anyOf": [SIZE, STRING], "nullable": True},
        {"anyOf": [SIZE, STRING, {"enum": [None]}]},
        {},
        {},
    ),
    (
        "exclusive limit of 3.0",
        {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        {"type": "number", "exclusiveMinimum": 0},
        {},
        {},
    ),
    (
        "a limit of whole numbers",
        {"type": "integer", "minimum": 1},
        {"type": "integer", "exclusiveMinimum": 0},
        {},
        {},
    ),
    ("a step of whole numbers", INTEGER, {"type": "integer", "multipleOf": 1}, {}, {}),
    (
        "what is assumed anyway",
        {"type": "object"},
        {
            "type": "object",
            "properties": {},
            "required": [],
            "additionalProperties": True,
            "minProperties": 0,
            "uniqueItems": False,
            "minLength": 0,
            "pattern": "",
        },
        {},
        {},
    ),
    (
        "a prefix that says what the items say",
        {"type": "array", "items": STRING},
        {"type": "array", "items": STRING, "minItems": 0},
        {},
        {},
    ),
    (
        "words for people",
        {"type": "string", "title": "A", "description": "a", "examples": ["x"], "$comment": "y"},
        {"type": "string", "example": "z", "externalDocs": {"url": "https://example.org"}},
        {},
        {},
    ),
]


@pytest.mark.parametrize(
    ("one", "other", "components", "others"),
    [row[1:] for row in SPELLINGS],
    ids=[row[0] for row in SPELLINGS],
)
def test_the_same_schema_in_other_words(
    one: Any, other: Any, components: dict[str, Any], others: dict[str, Any]
) -> None:
    for place in (request, response):
        first, second = place(one, components), place(other, others)
        assert compare(first, second) == ()
        assert compare(second, first) == ()


ITEM = {"in": "path", "name": "id", "required": True, "schema": STRING}
LIMIT = {"in": "query", "name": "limit", "schema": INTEGER}
DOCUMENTS: list[tuple[str, Any, Any]] = [
    (
        "parameter at the path",
        document({"/a/{id}": {"get": {"parameters": [ITEM, LIMIT]}}}),
        document({"/a/{id}": {"parameters": [LIMIT, ITEM], "get": {}}}),
    ),
    (
        "parameter by reference",
        operation(parameters=[LIMIT]),
        operation(
            parameters=[{"$ref": "#/components/parameters/Limit"}],
            components={"parameters": {"Limit": LIMIT}},
        ),
    ),
    (
        "a name in the path is not sent",
        document({"/a/{id}/b/{no}": {"get": {"parameters": [ITEM, {**ITEM, "name": "no"}]}}}),
        document({"/a/{key}/b/{id}": {"get": {"parameters": [ITEM, {**ITEM, "name": "key"}]}}}),
    ),
    (
        "defaults of a parameter",
        operation(parameters=[LIMIT]),
        operation(parameters=[{**LIMIT, "style": "form", "explode": True, "required": False}]),
    ),
    (
        "explode of a scalar",
        operation(parameters=[LIMIT]),
        operation(parameters=[{**LIMIT, "explode": False}]),
    ),
    (
        "case of a header",
        operation(parameters=[{"in": "header", "name": "X-Trace", "schema": STRING}]),
        operation(parameters=[{"in": "header", "name": "x-trace", "schema": STRING}]),
    ),
    (
        "the charset of JSON, and case",
        operation(requestBody=content(SIZE)),
        operation(requestBody=content(SIZE, "Application/JSON; charset=utf-8")),
    ),
    (
        "status codes as numbers",
        operation(responses={"200": {"description": "done"}}),
        operation(responses={200: {"description": "fine"}}),
    ),
    (
        "servers, words and components",
        document({"/a": {"get": {"summary": "A"}}}, servers=[{"url": "https://a.example"}]),
        document({"/a": {"get": {"description": "B"}}}, components={"schemas": {"Size": SIZE}}),
    ),
    (
        "a path item by reference",
        document({"/a": {"get": {"parameters": [LIMIT]}}}),
        document(
            {"/a": {"$ref": "#/components/pathItems/A"}},
            components={"pathItems": {"A": {"get": {"parameters": [LIMIT]}}}},
        ),
    ),
    (
        "a security scheme renamed, and what is demanded said elsewhere",
        document(
            {"/a": {"get": {}}},
            security=[{"jwt": []}],
            components={"securitySchemes": {"jwt": {"type": "http", "scheme": "bearer"}}},
        ),
        document(
            {"/a": {"get": {"security": [{"token": []}]}}},
            components={"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        ),
    ),
]


@pytest.mark.parametrize(
    ("one", "other"), [row[1:] for row in DOCUMENTS], ids=[row[0] for row in DOCUMENTS]
)
def test_the_same_document_in_other_words(one: Any, other: Any) -> None:
    assert compare(one, other) == ()
    assert compare(other, one) == ()


def test_a_document_moves_from_3_0_to_3_1() -> None:
    old = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "nullable": True},
            "size": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
            "kind": {"type": "string", "enum": ["van"], "example": "van"},
        },
    }
    new = {
        "type": "object",
        "properties": {
            "name": {"type": ["string", "null"]},
            "size": {"type": "number", "exclusiveMinimum": 0},
            "kind": {"const": "van", "type": "string", "examples": ["van"]},
        },
    }
    base = {**request(old), "openapi": "3.0.3"}
    assert compare(base, request(new)) == ()
    assert compare(base, request({**new, "required": ["name"]})) != ()
