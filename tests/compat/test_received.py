"""Webhooks and callbacks: the provider calls, so that what it sends is what consumers receive."""

from __future__ import annotations

from typing import Any

import pytest

from compat.documents import Json, compare, content, document, operation, said

STRING = {"type": "string"}
EVENT = {"type": "object", "properties": {"id": STRING, "at": STRING}, "required": ["id"]}
LESS = {"type": "object", "properties": {"at": STRING}}
MORE = {
    "type": "object",
    "properties": {"id": STRING, "at": STRING, "by": STRING},
    "required": ["id"],
}


def webhook(**call: Any) -> Json:
    return document(webhooks={"parcelLost": {"post": call}})


def callback(**call: Any) -> Json:
    return operation(callbacks={"onLost": {"{$request.query.url}": {"post": call}}})


# (name, old call, new call, said, said of the reverse)
TABLE: list[tuple[str, Json, Json, list[str], list[str]]] = [
    (
        "a property that consumers rely on",
        {"requestBody": content(EVENT)},
        {"requestBody": content(LESS)},
        ["E response-required-property-removed"],
        ["I response-required-property-added"],
    ),
    (
        "one more property",
        {"requestBody": content(EVENT)},
        {"requestBody": content(MORE)},
        ["I response-optional-property-added"],
        ["W response-optional-property-removed"],
    ),
    (
        "the body may be missing",
        {"requestBody": {**content(EVENT), "required": True}},
        {"requestBody": content(EVENT)},
        ["E response-body-became-optional"],
        ["I response-body-became-required"],
    ),
    (
        "another media type, which nobody asked for",
        {"requestBody": content(EVENT)},
        {"requestBody": {"content": {"application/json": {"schema": EVENT}, "text/csv": {}}}},
        ["E response-media-type-added"],
        ["W response-media-type-removed"],
    ),
    (
        "a header that consumers rely on",
        {
            "parameters": [
                {"in": "header", "name": "X-Signature", "required": True, "schema": STRING}
            ]
        },
        {"parameters": [{"in": "header", "name": "X-Signature", "schema": STRING}]},
        ["E response-header-became-optional"],
        ["I response-header-became-required"],
    ),
    (
        "an answer that the provider no longer takes",
        {"responses": {"200": {}, "410": {}}},
        {"responses": {"200": {}}},
        ["E response-non-success-status-removed"],
        ["I response-non-success-status-added"],
    ),
    (
        "what the provider expects in the answer",
        {"responses": {"200": content(LESS)}},
        {"responses": {"200": content({**LESS, "required": ["at"]})}},
        ["E request-property-became-required"],
        ["I request-property-became-optional"],
    ),
]


@pytest.mark.parametrize("calls", [webhook, callback])
@pytest.mark.parametrize(
    ("old", "new", "there", "back"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_a_changed_call(
    calls: Any, old: Json, new: Json, there: list[str], back: list[str]
) -> None:
    assert said(compare(calls(**old), calls(**new))) == there
    assert said(compare(calls(**new), calls(**old))) == back


def test_a_call_that_is_no_longer_made() -> None:
    assert said(compare(webhook(), document())) == ["E webhook-removed"]
    assert said(compare(document(), webhook())) == ["I webhook-added"]
    assert said(compare(callback(), operation())) == ["E callback-removed"]
    assert said(compare(operation(), callback())) == ["I callback-added"]


def test_a_call_is_named_with_the_operation_that_it_belongs_to() -> None:
    (change,) = compare(callback(requestBody=content(EVENT)), callback(requestBody=content(LESS)))
    assert change.operation == "PUT /parcels/{id} POST callback onLost {$request.query.url}"
    (change,) = compare(webhook(requestBody=content(EVENT)), webhook(requestBody=content(LESS)))
    assert change.operation == "POST webhook parcelLost"


def test_a_callback_of_a_callback_flows_as_the_operation_does() -> None:
    def nested(schema: Any) -> Json:
        inner = {"onAnswer": {"{$request.query.url}": {"post": {"requestBody": content(schema)}}}}
        return callback(callbacks=inner)

    assert said(compare(nested(EVENT), nested(LESS))) == ["W request-property-removed"]
    assert said(compare(nested(LESS), nested(EVENT))) == ["E new-required-request-property"]


def test_callbacks_that_refer_to_themselves_come_to_an_end() -> None:
    def endless(schema: Any) -> Json:
        call = {
            "requestBody": content(schema),
            "callbacks": {"x": {"$ref": "#/components/callbacks/X"}},
        }
        return operation(
            callbacks={"x": {"$ref": "#/components/callbacks/X"}},
            components={"callbacks": {"X": {"{$url}": {"post": call}}}},
        )

    assert compare(endless(EVENT), endless(EVENT)) == ()
    assert "E response-required-property-removed" in said(compare(endless(EVENT), endless(LESS)))
