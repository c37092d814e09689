"""What is said when operations, parameters, bodies, responses or headers come, go or change."""

from __future__ import annotations

from typing import Any

import pytest

from compat.documents import Json, compare, content, document, operation, parameter, said

STRING = {"type": "string"}
INTEGER = {"type": "integer"}
LIST = {"type": "array", "items": STRING}
LIMIT = {"in": "query", "name": "limit", "schema": INTEGER}
DONE = {"204": {"description": "done"}}


def answer(headers: Json | None = None, **more: Any) -> Json:
    return operation(responses={"200": {"description": "a", "headers": headers or {}, **more}})


def path(**operations: Any) -> Json:
    return document({"/parcels": operations})


# (name, old, new, said, said of the reverse)
Row = tuple[str, Any, Any, list[str], list[str]]

OPERATIONS: list[Row] = [
    (
        "operation",
        path(get={}, put={}),
        path(get={}),
        ["E api-removed-without-deprecation"],
        ["I endpoint-added"],
    ),
    (
        "path",
        document({"/a": {"get": {}}}),
        document(),
        ["E api-path-removed-without-deprecation"],
        ["I endpoint-added"],
    ),
    (
        "operationId and tags",
        path(get={"operationId": "a", "tags": ["x"]}),
        path(get={"tags": ["y"]}),
        ["I api-operation-id-removed", "I api-tag-added", "I api-tag-removed"],
        ["I api-operation-id-added", "I api-tag-added", "I api-tag-removed"],
    ),
    (
        "a draft promises nothing",
        path(get={"x-stability-level": "draft", "parameters": []}),
        path(get={"x-stability-level": "draft", "parameters": [{**LIMIT, "required": True}]}),
        ["I new-required-request-parameter"],
        ["I request-parameter-removed"],
    ),
    (
        "stability",
        path(get={"x-stability-level": "beta"}),
        path(get={"x-stability-level": "alpha"}),
        ["E api-stability-decreased"],
        ["I api-stability-increased"],
    ),
]

PARAMETERS: list[Row] = [
    (
        "optional parameter",
        operation(),
        operation(parameters=[LIMIT]),
        ["I new-optional-request-parameter"],
        ["W request-parameter-removed"],
    ),
    (
        "required parameter",
        operation(),
        operation(parameters=[{**LIMIT, "required": True}]),
        ["E new-required-request-parameter"],
        ["W request-parameter-removed"],
    ),
    (
        "required parameter at the path",
        document({"/a": {"get": {}}}),
        document({"/a": {"get": {}, "parameters": [{**LIMIT, "required": True}]}}),
        ["E new-required-request-default-parameter-to-existing-path"],
        ["W request-parameter-removed"],
    ),
    (
        "type of a parameter at the path",
        document({"/a": {"get": {}, "parameters": [LIMIT]}}),
        document({"/a": {"get": {}, "parameters": [{**LIMIT, "schema": {"type": "boolean"}}]}}),
        ["E request-parameter-type-changed"],
        ["E request-parameter-type-changed"],
    ),
    (
        "a parameter at the path is overridden",
        document({"/a": {"get": {}, "parameters": [LIMIT]}}),
        document(
            {"/a": {"get": {"parameters": [{**LIMIT, "required": True}]}, "parameters": [LIMIT]}}
        ),
        ["E request-parameter-became-required"],
        ["I request-parameter-became-optional"],
    ),
    (
        "name of a parameter",
        operation(parameters=[LIMIT]),
        operation(parameters=[{**LIMIT, "name": "max"}]),
        ["W request-parameter-removed", "I new-optional-request-parameter"],
        ["W request-parameter-removed", "I new-optional-request-parameter"],
    ),
    (
        "place of a parameter",
        operation(parameters=[{**LIMIT, "required": True}]),
        operation(parameters=[{**LIMIT, "required": True, "in": "header"}]),
        ["E new-required-request-parameter", "W request-parameter-removed"],
        ["E new-required-request-parameter", "W request-parameter-removed"],
    ),
    (
        "style",
        parameter(LIST, style="form", explode=False),
        parameter(LIST, style="pipeDelimited"),
        ["E request-parameter-style-changed"],
        ["E request-parameter-style-changed"],
    ),
    (
        "explode of a list",
        parameter(LIST),
        parameter(LIST, explode=False),
        ["E request-parameter-explode-changed"],
        ["E request-parameter-explode-changed"],
    ),
    (
        "reserved characters",
        parameter(STRING, allowReserved=True),
        parameter(STRING),
        ["E request-parameter-allow-reserved-changed"],
        [],
    ),
    (
        "serialised as JSON",
        parameter(STRING),
        operation(parameters=[{"in": "query", "name": "limit", **content(STRING)}]),
        ["E request-parameter-serialization-changed"],
        ["E request-parameter-serialization-changed"],
    ),
    (
        "a number travels as text",
        parameter(INTEGER),
        parameter(STRING),
        ["I request-parameter-type-generalized"],
        ["E request-parameter-type-specialized"],
    ),
    (
        "listed numbers travel as text",
        parameter({"enum": [1, 2]}),
        parameter({"type": "string", "enum": ["1", "2", "3"]}),
        [
            "I request-parameter-enum-value-added",
            "I request-parameter-enum-value-removed",
            "I request-parameter-type-changed",
        ],
        [
            "E request-parameter-enum-value-removed",
            "E request-parameter-type-changed",
            "I request-parameter-enum-value-added",
        ],
    ),
    (
        "default of a parameter that may be left out",
        parameter({"type": "integer", "default": 10}),
        parameter({"type": "integer", "default": 20}),
        ["E request-parameter-default-value-changed"],
        ["E request-parameter-default-value-changed"],
    ),
    (
        "default of a parameter that may not be left out",
        parameter({"type": "integer", "default": 10}, required=True),
        parameter({"type": "integer", "default": 20}, required=True),
        ["W request-parameter-default-value-changed"],
        ["W request-parameter-default-value-changed"],
    ),
    (
        "part of a header",
        operation(
            parameters=[{"in": "header", "name": "X", "schema": {"properties": {"a": STRING}}}]
        ),
        operation(
            parameters=[
                {
                    "in": "header",
                    "name": "X",
                    "schema": {"properties": {"a": STRING}, "required": ["a"]},
                }
            ]
        ),
        ["E request-header-property-became-required"],
        ["I request-parameter-property-became-optional"],
    ),
]

BODIES: list[Row] = [
    (
        "body",
        operation(),
        operation(requestBody=content(STRING)),
        ["I request-body-added-optional"],
        ["E request-body-removed"],
    ),
    (
        "required body",
        operation(),
        operation(requestBody={**content(STRING), "required": True}),
        ["E request-body-added-required"],
        ["E request-body-removed"],
    ),
    (
        "body became required",
        operation(requestBody=content(STRING)),
        operation(requestBody={**content(STRING), "required": True}),
        ["E request-body-became-required"],
        ["I request-body-became-optional"],
    ),
    (
        "media type",
        operation(requestBody={"content": {"text/plain": {}}}),
        operation(requestBody={"content": {"text/plain": {}, "text/csv": {}}}),
        ["I request-body-media-type-added"],
        ["E request-body-media-type-removed"],
    ),
    (
        "range of media types",
        operation(requestBody={"content": {"text/plain": {}}}),
        operation(requestBody={"content": {"text/*": {}}}),
        ["I request-body-media-type-name-generalized"],
        ["E request-body-media-type-name-specialized"],
    ),
    (
        "schema of a media type",
        operation(requestBody={"content": {"text/plain": {}}}),
        operation(requestBody={"content": {"text/plain": {"schema": STRING}}}),
        ["E request-body-media-type-schema-added"],
        ["I request-body-media-type-schema-removed"],
    ),
    (
        "encoding of a form",
        operation(requestBody=content({"type": "object"}, "multipart/form-data")),
        operation(
            requestBody={
                "content": {
                    "multipart/form-data": {
                        "schema": {"type": "object"},
                        "encoding": {"a": {"contentType": "image/png"}},
                    }
                }
            }
        ),
        ["E request-body-encoding-changed"],
        ["E request-body-encoding-changed"],
    ),
    (
        "name in XML",
        operation(requestBody=content({"type": "string"}, "application/xml")),
        operation(requestBody=content({"type": "string", "xml": {"name": "a"}}, "application/xml")),
        ["E request-body-xml-changed"],
        ["E request-body-xml-changed"],
    ),
]

RESPONSES: list[Row] = [
    (
        "success",
        operation(responses={"200": {}, "204": {}}),
        operation(responses={"200": {}}),
        ["E response-success-status-removed"],
        ["I response-success-status-added"],
    ),
    (
        "failure",
        operation(responses={"404": {}}),
        operation(responses={}),
        ["I response-non-success-status-removed"],
        ["I response-non-success-status-added"],
    ),
    (
        "failure unlike what all failures were",
        operation(responses={"default": content(STRING)}),
        operation(responses={"default": content(STRING), "404": content(INTEGER)}),
        ["E response-body-type-changed", "I response-non-success-status-added"],
        ["E response-body-type-changed", "I response-non-success-status-removed"],
    ),
    (
        "media type of an answer",
        answer(content={"text/plain": {}, "text/csv": {}}),
        answer(content={"text/plain": {}}),
        ["E response-media-type-removed"],
        ["I response-media-type-added"],
    ),
    (
        "range of media types of an answer",
        answer(content={"text/*": {}}),
        answer(content={"text/plain": {}}),
        ["I response-media-type-name-specialized"],
        ["E response-media-type-name-generalized"],
    ),
    (
        "schema of an answer",
        answer(content={"text/plain": {"schema": STRING}}),
        answer(content={"text/plain": {}}),
        ["E response-body-media-type-schema-removed"],
        ["I response-body-media-type-schema-added"],
    ),
    (
        "header",
        answer({"X-Total": {"schema": INTEGER}}),
        answer(),
        ["W optional-response-header-removed"],
        ["I response-header-added"],
    ),
    (
        "required header",
        answer({"X-Total": {"schema": INTEGER, "required": True}}),
        answer({"x-total": {"schema": INTEGER}}),
        ["E response-header-became-optional"],
        ["I response-header-became-required"],
    ),
    (
        "required header removed",
        answer({"X-Total": {"schema": INTEGER, "required": True}}),
        answer(),
        ["E required-response-header-removed"],
        ["I response-header-added"],
    ),
    (
        "type of a header",
        answer({"X-Total": {"schema": INTEGER}}),
        answer({"X-Total": {"schema": {"type": "boolean"}}}),
        ["E response-header-type-changed"],
        ["E response-header-type-changed"],
    ),
]

TABLE = OPERATIONS + PARAMETERS + BODIES + RESPONSES


@pytest.mark.parametrize(
    ("old", "new", "there", "back"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_a_changed_operation(old: Any, new: Any, there: list[str], back: list[str]) -> None:
    assert said(compare(old, new)) == there
    assert said(compare(new, old)) == back


def test_a_change_says_where_it_is_in_both_documents() -> None:
    size = {"type": "object", "properties": {"cm": {"type": "integer", "maximum": 9}}}
    old = operation(operationId="putParcel", requestBody=content({"type": "array", "items": size}))
    new = operation(
        operationId="putParcel",
        requestBody=content({"type": "array", "items": {"$ref": "#/components/schemas/Size"}}),
        components={
            "schemas": {"Size": {**size, "properties": {"cm": {"type": "integer", "maximum": 8}}}}
        },
    )
    (change,) = compare(old, new)
    assert (change.operation, change.operation_id) == ("PUT /parcels/{id}", "putParcel")
    assert change.where == "request body application/json: []/cm"
    assert (change.before, change.after) == ("9", "8")
    assert change.pointer_base[-3:] == ("properties", "cm", "maximum")
    assert change.pointer_revision == (
        "components",
        "schemas",
        "Size",
        "properties",
        "cm",
        "maximum",
    )
    assert change.message.endswith("[]/cm: the maximum was decreased from 9 to 8")


def test_a_change_that_many_paths_lead_to_is_said_once_by_the_shortest() -> None:
    schemas: Json = {
        "A": {"properties": {"x": {"$ref": "#/components/schemas/B"}, "y": {"maxLength": 3}}},
        "B": {"properties": {"a": {"$ref": "#/components/schemas/A"}}},
    }
    revised = {
        **schemas,
        "A": {"properties": {"x": schemas["A"]["properties"]["x"], "y": {"maxLength": 2}}},
    }
    body = content({"$ref": "#/components/schemas/B"})
    changes = compare(
        operation(requestBody=body, components={"schemas": schemas}),
        operation(requestBody=body, components={"schemas": revised}),
    )
    assert [change.where for change in changes] == ["request body application/json: a/y"]


def test_a_fingerprint_stays_when_level_or_place_in_the_file_change() -> None:
    old, new = operation(requestBody=content(STRING)), operation(requestBody=content(INTEGER))
    moved = document({"/": {"get": {}}, **new["paths"]})
    draft = operation(requestBody=content(STRING))
    draft["paths"]["/parcels/{id}"]["put"]["x-stability-level"] = "draft"
    prints = {
        change.fingerprint
        for base, revision in ((old, new), (old, moved), (draft, new))
        for change in compare(base, revision)
        if change.code == "request-body-type-changed"
    }
    assert len(prints) == 1
    assert all(len(each) == 12 for each in prints)
