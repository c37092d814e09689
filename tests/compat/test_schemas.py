"""What is said when a schema changes: once where consumers send it, once where they receive it."""

from __future__ import annotations

from typing import Any

import pytest

from compat.documents import compare, request, response, said

STRING = {"type": "string"}
INTEGER = {"type": "integer"}
NUMBER = {"type": "number"}

# (name, old, new, said of a request, said of a response)
TABLE: list[tuple[str, Any, Any, list[str], list[str]]] = [
    (
        "type",
        STRING,
        INTEGER,
        ["E request-body-type-changed"],
        ["E response-body-type-changed"],
    ),
    (
        "number to integer",
        NUMBER,
        INTEGER,
        ["E request-body-type-specialized"],
        ["I response-body-type-specialized"],
    ),
    (
        "integer to number",
        INTEGER,
        NUMBER,
        ["I request-body-type-generalized"],
        ["E response-body-type-generalized"],
    ),
    (
        "one more type",
        STRING,
        {"type": ["string", "integer"]},
        ["I request-body-list-of-types-widened"],
        ["E response-body-list-of-types-widened"],
    ),
    (
        "null allowed",
        STRING,
        {"type": ["string", "null"]},
        ["I request-body-became-nullable"],
        ["E response-body-became-nullable"],
    ),
    (
        "null refused",
        {"type": "string", "nullable": True},
        STRING,
        ["E request-body-became-not-nullable"],
        ["I response-body-became-not-nullable"],
    ),
    (
        "format added",
        STRING,
        {"type": "string", "format": "uuid"},
        ["E request-body-type-specialized"],
        ["I response-body-type-specialized"],
    ),
    (
        "format widened",
        {"type": "integer", "format": "int32"},
        {"type": "integer", "format": "int64"},
        ["I request-body-type-generalized"],
        ["E response-body-type-generalized"],
    ),
    (
        "a date is no date-time",
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time"},
        ["E request-body-type-changed"],
        ["E response-body-type-changed"],
    ),
    (
        "enum values",
        {"enum": ["a", "b"]},
        {"enum": ["b", "c"]},
        ["E request-body-enum-value-removed", "I request-body-enum-value-added"],
        ["E response-body-enum-value-added", "I response-body-enum-value-removed"],
    ),
    (
        "enum introduced",
        STRING,
        {"type": "string", "enum": ["a"]},
        ["E request-body-became-enum"],
        ["I response-body-became-enum"],
    ),
    (
        "enum dropped",
        {"type": "string", "enum": ["a"]},
        STRING,
        ["I request-body-enum-removed"],
        ["E response-body-enum-removed"],
    ),
    (
        "an enum that lists what its type allows",
        {"type": "boolean"},
        {"type": "boolean", "enum": [True, False]},
        ["E request-body-became-enum"],
        ["I response-body-became-enum"],
    ),
    (
        "values that new limits still take in",
        {"type": "string", "enum": ["a", "bc"]},
        {"type": "string", "maxLength": 2},
        ["I request-body-enum-removed", "I request-body-max-length-set"],
        ["E response-body-enum-removed", "I response-body-max-length-set"],
    ),
    (
        "const changed",
        {"const": 1},
        {"const": 2},
        ["E request-body-const-changed"],
        ["E response-body-const-changed"],
    ),
    (
        "minimum",
        {"type": "number", "minimum": 1},
        {"type": "number", "minimum": 2},
        ["E request-body-min-increased"],
        ["I response-body-min-increased"],
    ),
    (
        "exclusive maximum of 3.1",
        {"type": "number", "exclusiveMaximum": 9},
        {"type": "number", "exclusiveMaximum": 8.5},
        ["E request-body-exclusive-max-decreased"],
        ["I response-body-exclusive-max-decreased"],
    ),
    (
        "a limit that becomes exclusive",
        {"type": "number", "maximum": 9},
        {"type": "number", "maximum": 9, "exclusiveMaximum": True},
        ["E request-body-exclusive-max-decreased"],
        ["I response-body-exclusive-max-decreased"],
    ),
    (
        "multipleOf widened to a divisor",
        {"type": "number", "multipleOf": 0.3},
        {"type": "number", "multipleOf": 0.1},
        ["I request-body-multiple-of-changed"],
        ["E response-body-multiple-of-changed"],
    ),
    (
        "multipleOf narrowed",
        {"type": "integer", "multipleOf": 2},
        {"type": "integer", "multipleOf": 6},
        ["E request-body-multiple-of-changed"],
        ["I response-body-multiple-of-changed"],
    ),
    (
        "maxLength",
        {"type": "string", "maxLength": 9},
        {"type": "string", "maxLength": 8},
        ["E request-body-max-length-decreased"],
        ["I response-body-max-length-decreased"],
    ),
    (
        "minLength set",
        STRING,
        {"type": "string", "minLength": 1},
        ["E request-body-min-length-set"],
        ["I response-body-min-length-set"],
    ),
    (
        "pattern added",
        STRING,
        {"type": "string", "pattern": "^[a-z]+$"},
        ["E request-body-pattern-added"],
        ["I response-body-pattern-added"],
    ),
    (
        "pattern changed: nobody knows",
        {"type": "string", "pattern": "^a"},
        {"type": "string", "pattern": "^b"},
        ["E request-body-pattern-changed"],
        ["E response-body-pattern-changed"],
    ),
    (
        "encoding",
        {"type": "string", "contentEncoding": "base64"},
        {"type": "string", "contentEncoding": "base32"},
        ["E request-body-content-encoding-changed"],
        ["E response-body-content-encoding-changed"],
    ),
    (
        "items",
        {"type": "array", "items": STRING},
        {"type": "array", "items": INTEGER},
        ["E request-property-type-changed"],
        ["E response-property-type-changed"],
    ),
    (
        "maxItems set",
        {"type": "array"},
        {"type": "array", "maxItems": 3},
        ["E request-body-max-items-set"],
        ["I response-body-max-items-set"],
    ),
    (
        "uniqueItems",
        {"type": "array"},
        {"type": "array", "uniqueItems": True},
        ["E request-body-unique-items-added"],
        ["I response-body-unique-items-added"],
    ),
    (
        "prefix that the items allowed anyway",
        {"type": "array", "items": NUMBER},
        {"type": "array", "items": NUMBER, "prefixItems": [INTEGER]},
        ["E request-property-prefix-items-added"],
        ["I response-property-prefix-items-added"],
    ),
    (
        "prefix in another order",
        {"type": "array", "prefixItems": [STRING, INTEGER]},
        {"type": "array", "prefixItems": [INTEGER, STRING]},
        ["E request-property-type-changed"],
        ["E response-property-type-changed"],
    ),
    (
        "minContains",
        {"type": "array", "contains": STRING},
        {"type": "array", "contains": STRING, "minContains": 2},
        ["E request-body-min-contains-increased"],
        ["I response-body-min-contains-increased"],
    ),
    (
        "contains removed",
        {"type": "array", "contains": STRING},
        {"type": "array"},
        ["I request-body-contains-removed"],
        ["E response-body-contains-removed"],
    ),
    (
        "minProperties",
        {"type": "object"},
        {"type": "object", "minProperties": 1},
        ["E request-body-min-properties-set"],
        ["I response-body-min-properties-set"],
    ),
    (
        "propertyNames",
        {"type": "object"},
        {"type": "object", "propertyNames": {"maxLength": 8}},
        ["E request-body-property-names-added"],
        ["I response-body-property-names-added"],
    ),
    (
        "dependentRequired",
        {"type": "object"},
        {"type": "object", "dependentRequired": {"to": ["from"]}},
        ["E request-body-dependent-required-added"],
        ["I response-body-dependent-required-added"],
    ),
    (
        "not",
        {"type": "string"},
        {"type": "string", "not": {"const": "lost"}},
        ["E request-body-not-added"],
        ["I response-body-not-added"],
    ),
    (
        "not refuses less",
        {"type": "integer", "not": {"minimum": 5}},
        {"type": "integer", "not": {"minimum": 9}},
        ["I request-body-not-changed"],
        ["E response-body-not-changed"],
    ),
    (
        "then",
        {"type": "object", "if": {"required": ["a"]}, "then": {"maxProperties": 4}},
        {"type": "object", "if": {"required": ["a"]}, "then": {"maxProperties": 3}},
        ["E request-property-max-properties-decreased"],
        ["I response-property-max-properties-decreased"],
    ),
    (
        "else removed",
        {"type": "object", "if": {"required": ["a"]}, "then": {}, "else": {"maxProperties": 4}},
        {"type": "object", "if": {"required": ["a"]}, "then": {}},
        ["I request-body-else-removed"],
        ["E response-body-else-removed"],
    ),
    (
        "a keyword that nobody knows",
        {"type": "object", "mustShine": 1},
        {"type": "object", "mustShine": 2},
        ["E request-body-keyword-changed"],
        ["E response-body-keyword-changed"],
    ),
    (
        "nothing is a value any more",
        STRING,
        False,
        ["E request-body-type-changed"],
        ["I response-body-type-changed"],
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "of_request", "of_response"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_a_changed_schema(
    old: Any, new: Any, of_request: list[str], of_response: list[str]
) -> None:
    assert said(compare(request(old), request(new))) == of_request
    assert said(compare(response(old), response(new))) == of_response


A = {"type": "object", "properties": {"a": STRING}}
CLOSED = {**A, "additionalProperties": False}
AB = {"type": "object", "properties": {"a": STRING, "b": INTEGER}}

OBJECTS: list[tuple[str, Any, Any, list[str], list[str]]] = [
    (
        "optional property added",
        A,
        AB,
        ["I new-optional-request-property"],
        ["I response-optional-property-added"],
    ),
    (
        "required property added",
        A,
        {**AB, "required": ["b"]},
        ["E new-required-request-property"],
        ["I response-required-property-added"],
    ),
    (
        "a default does not send a property",
        A,
        {
            "type": "object",
            "properties": {"a": STRING, "b": {"default": 1}},
            "required": ["b"],
        },
        ["E new-required-request-property-with-default"],
        ["I response-required-property-added"],
    ),
    (
        "property added to a closed object",
        CLOSED,
        {**AB, "additionalProperties": False},
        ["I new-optional-request-property"],
        ["E response-optional-property-added"],
    ),
    (
        "property removed",
        AB,
        A,
        ["W request-property-removed"],
        ["W response-optional-property-removed"],
    ),
    (
        "property removed from a closed object",
        {**AB, "additionalProperties": False},
        CLOSED,
        ["E request-property-removed"],
        ["W response-optional-property-removed"],
    ),
    (
        "required property removed",
        {**AB, "required": ["b"]},
        A,
        ["W request-property-removed"],
        ["E response-required-property-removed"],
    ),
    (
        "property became required",
        A,
        {**A, "required": ["a"]},
        ["E request-property-became-required"],
        ["I response-property-became-required"],
    ),
    (
        "property with a default became required",
        {"type": "object", "properties": {"a": {"default": "x"}}},
        {"type": "object", "properties": {"a": {"default": "x"}}, "required": ["a"]},
        ["E request-property-became-required-with-default"],
        ["I response-property-became-required"],
    ),
    (
        "an empty name in the list of those required",
        A,
        {**A, "required": [""]},
        [],
        [],
    ),
    (
        "required, though nobody declares it",
        A,
        {**A, "required": ["z"]},
        ["E request-property-became-required"],
        ["I response-property-became-required"],
    ),
    (
        "closed",
        A,
        CLOSED,
        ["E request-body-additional-properties-narrowed"],
        ["I response-body-additional-properties-narrowed"],
    ),
    (
        "opened",
        {**A, "unevaluatedProperties": False},
        A,
        ["I request-body-unevaluated-properties-removed"],
        ["E response-body-unevaluated-properties-removed"],
    ),
    (
        "property of a map, as its values are",
        {"type": "object", "additionalProperties": INTEGER},
        {"type": "object", "additionalProperties": INTEGER, "properties": {"n": NUMBER}},
        ["I new-optional-request-property"],
        ["E response-optional-property-added"],
    ),
    (
        "property of a map, unlike its values",
        {"type": "object", "additionalProperties": NUMBER},
        {"type": "object", "additionalProperties": NUMBER, "properties": {"n": INTEGER}},
        ["E new-optional-request-property"],
        ["I response-optional-property-added"],
    ),
    (
        "pattern",
        {"type": "object"},
        {"type": "object", "patternProperties": {"^x-": STRING}},
        ["E request-body-pattern-property-added"],
        ["I response-body-pattern-property-added"],
    ),
    (
        "pattern where nothing else was allowed",
        {"type": "object", "additionalProperties": False},
        {"type": "object", "additionalProperties": False, "patternProperties": {"^x-": STRING}},
        ["I request-body-pattern-property-added"],
        ["E response-body-pattern-property-added"],
    ),
    (
        "became readOnly",
        A,
        {"type": "object", "properties": {"a": {"type": "string", "readOnly": True}}},
        ["W request-optional-property-became-read-only"],
        [],
    ),
    (
        "required and no longer readOnly",
        {"type": "object", "properties": {"a": {"readOnly": True}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {}}, "required": ["a"]},
        ["E request-required-property-became-not-read-only"],
        [],
    ),
    (
        "required and became writeOnly",
        {"type": "object", "properties": {"a": {}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"writeOnly": True}}, "required": ["a"]},
        [],
        ["E response-required-property-became-write-only"],
    ),
    (
        "limits of what is not sent",
        {"type": "object", "properties": {"a": {"maximum": 9, "readOnly": True}}},
        {"type": "object", "properties": {"a": {"maximum": 8, "readOnly": True}}},
        ["I request-read-only-property-max-decreased"],
        ["I response-property-max-decreased"],
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "of_request", "of_response"),
    [row[1:] for row in OBJECTS],
    ids=[row[0] for row in OBJECTS],
)
def test_a_changed_object(
    old: Any, new: Any, of_request: list[str], of_response: list[str]
) -> None:
    assert said(compare(request(old), request(new))) == of_request
    assert said(compare(response(old), response(new))) == of_response
