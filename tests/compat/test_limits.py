"""No document makes a comparison fail, hang or follow a reference out of it."""

from __future__ import annotations

import copy
import random
from datetime import date
from typing import Any

import pytest

from cloudsync_gen.compat.openapi import compare_openapi
from cloudsync_gen.compat.payloads import compare_payloads
from cloudsync_gen.model.changes import Change, Direction
from compat.documents import TODAY, Json, compare, content, document, operation, request, said

STRING = {"type": "string"}
INTEGER = {"type": "integer"}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize(
    "reference",
    [
        "other.yaml#/Size",
        "../secret.yaml",
        "file:///etc/hostname",
        "http://169.254.169.254/latest",
        "//host/a",
        "\\\\host\\a",
        "#Size",
        "#/components/schemas/Missing",
        "#/paths/%2Fa/get/0/nothing",
        "",
        7,
        None,
    ],
)
def test_a_reference_that_leads_nowhere_is_reported_not_followed(reference: Any) -> None:
    changes = compare(request(STRING), request({"$ref": reference}))
    assert said(changes)[0].startswith("E ")
    body = operation(requestBody={"$ref": reference})
    if reference is not None:
        assert said(compare(operation(), body)) == ["E reference-not-followed"]


def test_a_reference_that_is_not_followed_is_not_safe_because_it_stayed() -> None:
    old = request({"$ref": "other.yaml#/Size"})
    assert said(compare(old, copy.deepcopy(old))) == ["E reference-not-followed"]


def graph(count: int, leaf: Json) -> Json:
    """Schemas that all refer to each other."""
    names = [f"T{index}" for index in range(count)]
    schemas: Json = {name: {"properties": {each: ref(each) for each in names}} for name in names}
    schemas["T3"]["properties"]["leaf"] = leaf
    return request(ref("T0"), schemas)


def ladder(count: int, leaf: Json) -> Json:
    """Schemas that refer twice to the next one: 2^count paths lead to the last."""
    schemas: Json = {
        f"T{index}": {"properties": {side: ref(f"T{index + 1}") for side in "lr"}}
        for index in range(count)
    }
    return request(ref("T0"), {**schemas, f"T{count}": leaf})


def nested(keyword: str, count: int, leaf: Json) -> Json:
    schema = leaf
    for index in range(count):
        schema = {keyword: [schema, {"properties": {"a": schema}}, {"required": [f"r{index}"]}]}
    return request(schema)


def tower(count: int, leaf: Json) -> Json:
    """Alternatives that all refer to the next floor: 10^count ways down."""
    floors = {
        f"T{n}": {"anyOf": [ref(f"T{n + 1}")] * 9 + [{"type": "boolean"}]} for n in range(count)
    }
    return {**floors, f"T{count}": leaf}


def wide(keyword: str, count: int, leaf: Json) -> Json:
    """A great many alternatives, each of them changed."""
    names = [f"k{index}" for index in range(count)]
    return request({keyword: [{"required": [name], "properties": {name: leaf}} for name in names]})


def patterned(count: int, leaf: Json) -> Json:
    """A great many names and patterns that could match each of them."""
    names = {f"p{index}": {"maxLength": 9} for index in range(count)}
    patterns = {f"p.*{index}": leaf for index in range(count)}
    return request({"properties": names, "patternProperties": patterns})


def deep(count: int, leaf: Json) -> Json:
    schema = leaf
    for _ in range(count):
        schema = {"type": "array", "items": schema}
    return request(schema)


@pytest.mark.parametrize(
    "make",
    [
        lambda leaf: graph(30, leaf),
        lambda leaf: ladder(30, leaf),
        lambda leaf: ladder(90, leaf),
        lambda leaf: nested("anyOf", 8, leaf),
        lambda leaf: request(ref("T0"), tower(25, leaf)),
        lambda leaf: nested("oneOf", 8, leaf),
        lambda leaf: wide("anyOf", 1500, leaf),
        lambda leaf: wide("oneOf", 1500, leaf),
        lambda leaf: patterned(600, leaf),
        lambda leaf: deep(40, leaf),
        lambda leaf: deep(90, leaf),
        lambda leaf: deep(20_000, leaf),
    ],
    ids=[
        "graph",
        "ladder",
        "long ladder",
        "anyOf",
        "tower",
        "oneOf",
        "wide anyOf",
        "wide oneOf",
        "patterns",
        "deep",
        "deeper",
        "deepest",
    ],
)
def test_a_change_far_inside_is_reported_or_called_unjudged(make: Any) -> None:
    changes = compare(make(STRING), make({"type": "integer", "minimum": 3}))
    assert any(change.level.value == "error" for change in changes)
    assert len(changes) < 1000


def test_a_schema_that_is_its_own_alternative_proves_nothing() -> None:
    def loop(leaf: Json) -> Json:
        return request(
            ref("A"), {"A": {"anyOf": [ref("A"), ref("B")]}, "B": {"oneOf": [ref("A"), leaf]}}
        )

    assert compare(loop(STRING), loop(STRING)) == ()
    assert any(change.level.value == "error" for change in compare(loop(STRING), loop(INTEGER)))


def test_shared_and_cyclic_values_come_to_an_end() -> None:
    bomb: Any = STRING
    values: Any = ["x"]
    for _ in range(60):
        bomb = {"properties": {"a": bomb, "b": bomb}}
        values = [values, values]
    cyclic: Json = {"type": "object"}
    cyclic["properties"] = {"a": cyclic}
    assert said(
        compare(request({"enum": [values], "default": values}), request({"enum": [[values]]}))
    )
    assert compare(request(bomb), request(bomb)) == ()
    assert said(compare(request(cyclic), request(cyclic))) == ["E analysis-limit-reached"]


@pytest.mark.parametrize(
    "version", ["2.0", "4.0.0", "", None, 7, ["3.1.0"]], ids=lambda version: repr(version)
)
def test_other_kinds_of_document_are_not_judged(version: Any) -> None:
    (change,) = compare_openapi(document(), {"openapi": version, "paths": {}}, today=TODAY)
    assert change.code == "document-version-unsupported"


JUNK: list[Any] = [
    None, 0, 1.5, True, "", "x", "#", "{", [], {}, [None], {"$ref": "#"}, {"$ref": 5}, {"type": []},
    float("nan"), float("inf"), 10**4000, date(2026, 1, 1), b"x", {1: 2}, {None: {}}, "\ud800",
    {"\udfff": STRING}, {"allOf": [{"$ref": "#/paths"}]}, -1, [[[]]],
]  # fmt: skip


def whole() -> Json:
    """A document with one of everything."""
    size = {
        "type": "object",
        "properties": {"a": {"type": "string", "enum": ["x"], "default": "x"}, "self": ref("Size")},
        "required": ["a"],
        "patternProperties": {"^x-": {"oneOf": [STRING, {"allOf": [INTEGER, {"minimum": 1}]}]}},
        "if": {"required": ["a"]},
        "then": {"not": {"maxProperties": 0}},
        "unevaluatedProperties": False,
    }
    call = {
        "operationId": "a",
        "tags": ["t"],
        "deprecated": True,
        "x-sunset": "2027-01-01",
        "parameters": [
            {"in": "query", "name": "q", "style": "form", "schema": {"prefixItems": [STRING]}}
        ],
        "requestBody": {**content(ref("Size")), "required": True},
        "responses": {
            "200": {
                "headers": {"X-A": {"schema": INTEGER}},
                **content({"anyOf": [ref("Size"), STRING]}),
            }
        },
        "security": [{"key": ["a"]}],
    }
    call["callbacks"] = {"c": {"{$url}": {"post": {"requestBody": content(ref("Size"))}}}}
    schemes = {"key": {"type": "oauth2", "flows": {"implicit": {"scopes": {"a": "b"}}}}}
    components = {"schemas": {"Size": size}, "securitySchemes": schemes}
    return document(
        {"/a/{id}": {"put": call}}, components=components, webhooks={"w": {"post": call}}
    )


def corrupted(chance: random.Random) -> Json:
    """The whole document with some of its values replaced by what does not belong there."""
    made = copy.deepcopy(whole())
    for _ in range(chance.choice([1, 1, 2, 4])):
        places: list[tuple[Any, Any]] = []
        work: list[Any] = [made]
        while work:
            value = work.pop()
            if isinstance(value, dict | list):
                keys = list(value) if isinstance(value, dict) else list(range(len(value)))
                places.extend((value, key) for key in keys)
                work.extend(value[key] for key in keys)
        container, key = chance.choice(places)
        container[key] = copy.deepcopy(chance.choice(JUNK))
    return made


@pytest.mark.parametrize("seed", range(4))
def test_documents_with_anything_anywhere_are_compared(seed: int, effort: Any) -> None:
    chance = random.Random(seed)
    for _ in range(effort.count(small=40, full=800)):
        old, new = corrupted(chance), corrupted(chance)
        changes = compare_openapi(old, new, today=TODAY)
        assert all(len(change.fingerprint) == 12 for change in changes)
        assert changes == compare_openapi(old, new, today=TODAY)


def payloads(old: Json, new: Json, direction: Direction) -> list[str]:
    changes: tuple[Change, ...] = compare_payloads(
        old, new, today=TODAY, direction=direction, name="event parcel-lost"
    )
    assert all(change.where.startswith("event parcel-lost") for change in changes)
    return said(changes)


def test_payloads_of_events_are_judged_without_a_document_around_them() -> None:
    old = {
        "$ref": "#/$defs/Lost",
        "$defs": {"Lost": {"properties": {"id": STRING}, "required": ["id"]}},
    }
    new = {"properties": {"id": STRING, "by": STRING}}
    assert payloads(old, new, Direction.RESPONSE) == [
        "E response-property-became-optional",
        "I response-optional-property-added",
    ]
    assert payloads(old, new, Direction.REQUEST) == [
        "I new-optional-request-property",
        "I request-property-became-optional",
    ]
    assert payloads(old, copy.deepcopy(old), Direction.RESPONSE) == []
