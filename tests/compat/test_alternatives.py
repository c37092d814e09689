"""Alternatives (`oneOf`, `anyOf`): which of them count as the same, and what a lost one means."""

from __future__ import annotations

from typing import Any

import pytest

from compat.documents import Json, compare, request, response, said

VAN = {"type": "object", "properties": {"wheels": {"type": "integer"}}, "required": ["wheels"]}
BIKE = {"type": "object", "properties": {"gears": {"type": "integer"}}, "required": ["gears"]}
SCHEMAS: Json = {"Van": VAN, "Bike": BIKE, "Twin": VAN}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def kind(name: str, **more: Any) -> Json:
    """An object that says what it is, as alternatives should."""
    properties = {"kind": {"const": name}, **more}
    return {"type": "object", "properties": properties, "required": ["kind"]}


TABLE: list[tuple[str, Any, Any, list[str], list[str]]] = [
    (
        "added",
        {"anyOf": [ref("Van"), {"type": "string"}]},
        {"anyOf": [ref("Van"), {"type": "string"}, {"type": "integer", "minimum": 1}]},
        ["I request-body-any-of-added"],
        ["E response-body-any-of-added"],
    ),
    (
        "added, unlike the others",
        {"oneOf": [kind("van"), kind("bike")]},
        {"oneOf": [kind("van"), kind("bike"), kind("ship")]},
        ["I request-body-one-of-added"],
        ["E response-body-one-of-added"],
    ),
    (
        "added, and may claim what another one accepts",
        {"oneOf": [kind("van"), kind("bike")]},
        {"oneOf": [kind("van"), kind("bike"), {"type": "object"}]},
        ["E request-body-one-of-added"],
        ["E response-body-one-of-added"],
    ),
    (
        "replaced by another thing of the same form, known to both",
        {"anyOf": [ref("Van"), ref("Bike")]},
        {"anyOf": [ref("Twin"), ref("Bike")]},
        ["E request-body-any-of-removed", "I request-body-any-of-added"],
        ["E response-body-any-of-added", "I response-body-any-of-removed"],
    ),
    (
        "taken in by another",
        {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "number", "maximum": 9}]},
        {"anyOf": [{"type": "number"}, {"type": "boolean", "const": True}]},
        [
            "I request-body-any-of-added",
            "I request-body-any-of-removed",
            "I request-body-min-unset",
            "I request-body-type-generalized",
        ],
        [
            "E response-body-any-of-added",
            "E response-body-max-unset",
            "I response-body-any-of-removed",
        ],
    ),
    (
        "a part of one changed",
        {"oneOf": [kind("van", load={"maximum": 9}), kind("bike")]},
        {"oneOf": [kind("bike"), kind("van", load={"maximum": 8})]},
        ["E request-property-max-decreased"],
        ["I response-property-max-decreased"],
    ),
    (
        "introduced, the old form among them",
        kind("van"),
        {"oneOf": [kind("van"), kind("bike")]},
        ["I request-body-one-of-added"],
        ["E response-body-one-of-added"],
    ),
    (
        "introduced, and a van with gears is neither",
        ref("Van"),
        {"oneOf": [ref("Van"), ref("Bike")]},
        ["E request-body-one-of-added"],
        ["E response-body-one-of-added"],
    ),
    (
        "introduced without the old form",
        kind("van"),
        {"oneOf": [kind("ship"), kind("bike")]},
        ["E request-body-wrapped-in-one-of", "I request-body-one-of-added"],
        ["E response-body-one-of-added", "I response-body-one-of-removed"],
    ),
    (
        "given up for one of them",
        {"oneOf": [kind("van"), kind("bike")]},
        kind("bike"),
        ["E request-body-one-of-removed"],
        ["I response-body-one-of-removed"],
    ),
    (
        "anyOf became oneOf though values may be both",
        {"anyOf": [VAN, BIKE]},
        {"oneOf": [VAN, BIKE]},
        ["E request-body-became-one-of"],
        ["I response-body-became-one-of"],
    ),
    (
        "anyOf became oneOf of things that exclude each other",
        {"anyOf": [kind("van"), kind("bike")]},
        {"oneOf": [kind("van"), kind("bike")]},
        [],
        [],
    ),
    (
        "discriminator",
        {"oneOf": [ref("Van"), ref("Bike")], "discriminator": {"propertyName": "kind"}},
        {"oneOf": [ref("Van"), ref("Bike")], "discriminator": {"propertyName": "type"}},
        ["W request-body-discriminator-property-name-changed"],
        ["W response-body-discriminator-property-name-changed"],
    ),
    (
        "discriminator mapping",
        {
            "oneOf": [ref("Van"), ref("Bike")],
            "discriminator": {"propertyName": "k", "mapping": {"v": "Van", "b": "Bike"}},
        },
        {
            "oneOf": [ref("Van"), ref("Bike")],
            "discriminator": {
                "propertyName": "k",
                "mapping": {"v": "#/components/schemas/Van", "w": "Bike"},
            },
        },
        [
            "W request-body-discriminator-mapping-deleted",
            "I request-body-discriminator-mapping-added",
        ],
        [
            "W response-body-discriminator-mapping-added",
            "I response-body-discriminator-mapping-deleted",
        ],
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "of_request", "of_response"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_changed_alternatives(
    old: Any, new: Any, of_request: list[str], of_response: list[str]
) -> None:
    assert said(compare(request(old, SCHEMAS), request(new, SCHEMAS))) == of_request
    assert said(compare(response(old, SCHEMAS), response(new, SCHEMAS))) == of_response


def test_alternatives_are_called_by_name_title_or_what_they_say_they_are() -> None:
    old = {"oneOf": [ref("Van"), {"title": "a bike", **BIKE}, kind("ship"), {"type": "null"}]}
    changes = compare(request(old, SCHEMAS), request(kind("train"), SCHEMAS))
    lost = {change.before for change in changes if change.code == "request-body-one-of-removed"}
    assert lost == {'"Van"', '"a bike"', '"kind=ship"', '"null"'}
