"""AsyncAPI documents: judged by the specification's own schema, and complete."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from support.node import package


@pytest.fixture(scope="session")
def specification() -> jsonschema_rs.Validator:
    folder = package("@asyncapi/specs", needed_for="AsyncAPI documents against @asyncapi/specs")
    schema = json.loads((folder / "schemas" / "3.0.0-without-$id.json").read_text("utf-8"))
    return jsonschema_rs.Draft7Validator(schema)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "$ref":
                yield each
            else:
                yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _at(data: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        data = data[step]
    return data


@pytest.mark.parametrize("domain", ["lending", "reading"])
def test_the_document_is_valid_by_the_specification(
    library: Any, specification: jsonschema_rs.Validator, domain: str
) -> None:
    data = library.contracts.asyncapi[domain].data
    assert [error.message for error in specification.iter_errors(data)] == []
    broken = {**data, "channels": {"x": {"address": 1}}}
    assert not specification.is_valid(broken)


def test_every_reference_leads_somewhere_within_the_document(library: Any) -> None:
    for document in library.contracts.asyncapi.values():
        references = list(_references(document.data))
        assert references
        assert all(_at(document.data, each) for each in references)


def test_a_topic_is_a_channel_with_its_dead_letters_and_bindings(library: Any) -> None:
    channels = library.contracts.asyncapi["lending"].data["channels"]
    assert {name: each["address"] for name, each in channels.items()} == {
        "books": "library.books.v1",
        "books-dlq": "library.books.v1.dlq",
    }
    kafka = channels["books"]["bindings"]["kafka"]
    assert (kafka["partitions"], kafka["replicas"]) == (6, 3)
    assert kafka["topicConfiguration"]["retention.ms"] == 7 * 24 * 3600 * 1000
    queue = library.contracts.asyncapi["reading"].data["channels"]["seats"]["bindings"]
    assert queue["amqp"]["queue"]["name"] == "library.seats"


def test_producers_send_and_consumers_of_any_domain_receive(library: Any) -> None:
    operations = library.contracts.asyncapi["lending"].data["operations"]
    assert {
        name: (each["action"], each["messages"][0]["$ref"]) for name, each in operations.items()
    } == {
        "catalogueSendsBooks": ("send", "#/channels/books/messages/BookLent"),
        "readingRoomReceivesBooks": ("receive", "#/channels/books/messages/BookLent"),
    }
    group = operations["readingRoomReceivesBooks"]["bindings"]["kafka"]["groupId"]
    assert group["enum"] == ["reading-room"]


def test_a_message_is_a_cloud_event_around_the_payload(library: Any) -> None:
    data = library.contracts.asyncapi["lending"].data
    message = data["components"]["messages"]["BookLent"]
    assert message["name"] == "city-library.lending.book-lent.v1"
    components = {"components": {"schemas": data["components"]["schemas"]}}
    validator = jsonschema_rs.Draft202012Validator({**message["payload"], **components})
    event = {
        "specversion": "1.0",
        "id": "0190b6c5-7b0a-7c3e-8a2f-0d9e8c7b6a51",
        "type": "city-library.lending.book-lent.v1",
        "source": "/city-library/catalogue",
        "subject": "b1",
        "time": "2026-01-02T03:04:05Z",
        "datacontenttype": "application/json",
        "data": {"bookId": "0190b6c5-7b0a-7c3e-8a2f-0d9e8c7b6a52", "readerId": "x"},
    }
    assert validator.is_valid(event)
    assert not validator.is_valid({**event, "type": "another"})
    assert not validator.is_valid({**event, "data": {"readerId": "x"}})
