"""Webhooks, GraphQL, proto, JSON Schemas and the index."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
from google.protobuf import descriptor_pb2, descriptor_pool

from cloudsync_gen.contracts.proto_text import comment_lines

BUF = Path(sys.executable).parent / "buf"


def test_a_webhook_says_how_a_delivery_is_proven_genuine(library: Any) -> None:
    document = library.contracts.webhooks["lending"].data
    post = document["webhooks"]["book.lent"]["post"]
    assert post["x-event"] == "city-library.lending.book-lent.v1"
    assert set(post["responses"]) == {"2XX", "410", "429", "503"}
    headers = document["components"]["parameters"]
    assert [each["name"] for each in headers.values()] == [
        "City-Library-Webhook-Id",
        "City-Library-Webhook-Signature",
        "City-Library-Webhook-Timestamp",
    ]
    assert "120 seconds" in headers["WebhookTimestamp"]["description"]
    assert "HMAC-SHA256" in headers["WebhookSignature"]["description"]
    assert sorted(document["components"]["schemas"]) == ["BookLent", "Uuid"]


def test_a_webhook_has_the_headers_and_the_promise_of_the_gateway(library_with: Any) -> None:
    said = (
        "  webhookDelivery: {service: application.service.catalogue, idHeader: X-Id,"
        " timestampHeader: X-At, signatureHeader: X-Proof, connectTimeout: 1s, timeout: 4s,"
        " attempts: [0s, 1m], jitterPercent: 10, retryAfterAtMost: 2h}\n"
    )
    edit = {"webhookReplayWindow: 2m\n": f"webhookReplayWindow: 2m\n{said}"}
    document = library_with({"model/api/gateway.yaml": edit}).contracts.webhooks["lending"].data
    headers = document["components"]["parameters"]
    assert {key: each["name"] for key, each in headers.items()} == {
        "WebhookId": "X-Id",
        "WebhookSignature": "X-Proof",
        "WebhookTimestamp": "X-At",
    }
    assert "over `X-Id`, a dot, `X-At`, a dot" in headers["WebhookSignature"]["description"]
    assert document["x-delivery"] == {
        "algorithm": "hmac-sha256",
        "attempts": ["0s", "1m"],
        "jitterPercent": 10,
        "retryAfterAtMost": "2h",
        "connectTimeout": "1s",
        "timeout": "4s",
    }


def test_graphql_is_sorted_merged_and_without_links(library: Any) -> None:
    text = library.contracts.graphql["desk"].text
    assert "@contract" not in text
    assert "@resolves" not in text
    assert "@entity" not in text
    assert "extend" not in text
    assert 'old: String @deprecated(reason: "nobody asks")' in text
    assert "state: BookState = ON_SHELF" in text
    assert text.index("type Book") < text.index("type Query") < text.index("type Shelf")


def test_proto_is_without_links_and_its_comments_are_harmless(library: Any) -> None:
    text = library.contracts.grpc["seat"].text
    assert "cloudsync_gen" not in text
    assert '"""' not in text
    assert "*/" not in text
    assert "\\" not in text
    assert "// Says who sits where. '''" in text
    assert "option idempotency_level = NO_SIDE_EFFECTS;" in text
    assert "// who sits there\n  optional string reader_id = 2;" in text


def test_what_generators_get_of_proto_is_complete_and_has_no_comments(library: Any) -> None:
    contract = library.contracts.grpc["seat"]
    assert (contract.service, contract.package) == ("SeatService", "library.reading.seat.v1")
    files = descriptor_pb2.FileDescriptorSet.FromString(contract.descriptors).file
    assert [each.name for each in files] == [
        "google/protobuf/timestamp.proto",
        "library/reading/common/v1/common.proto",
        "library/reading/seat/v1/seat.proto",
    ]
    pool = descriptor_pool.DescriptorPool()
    for each in files:
        assert not each.HasField("source_code_info")
        pool.AddSerializedFile(each.SerializeToString())
    found = pool.FindServiceByName("library.reading.seat.v1.SeatService")
    assert [method.name for method in found.methods] == ["GetSeat", "WatchSeats"]


def test_hidden_characters_of_a_comment_are_shown() -> None:
    lines = list(comment_lines("a\u202eb\u2028c\x85d\x00e\\", "  "))
    assert all(line.isprintable() and line.startswith("  // ") for line in lines)
    assert "<U+202E>" in lines[0]


def test_buf_has_nothing_to_say_of_the_module(library: Any, tmp_path: Path) -> None:
    (tmp_path / "buf.yaml").write_text("version: v2\nlint:\n  use: [STANDARD]\n")
    for each in library.contracts.grpc.values():
        path = tmp_path / each.import_path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(each.text)
    done = subprocess.run([BUF, "lint"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    bad = next(tmp_path.rglob("seat.proto"))
    bad.write_text(bad.read_text().replace("service SeatService", "service Seats"))
    done = subprocess.run([BUF, "lint"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "suffixed" in done.stdout


def test_a_json_schema_is_self_contained_and_judges_values(library: Any) -> None:
    document = library.contracts.jsonschema["data_model.entity.book"]
    assert document.path == "jsonschema/entity-book.json"
    data = document.data
    assert data["$id"] == "urn:schema:city-library:data_model.entity.book"
    assert sorted(data["$defs"]) == ["Book", "BookShelf", "BookState", "Timestamp", "Uuid"]
    validator = jsonschema_rs.Draft202012Validator(data)
    book = {
        "id": "0190b6c5-7b0a-7c3e-8a2f-0d9e8c7b6a51",
        "version": 1,
        "createdAt": "2026-01-02T03:04:05Z",
        "title": "A",
        "state": "lent",
        "tags": [],
        "shelf": {"row": 3},
    }
    assert validator.is_valid({**book, "sequel": book})
    assert not validator.is_valid({**book, "sequel": {**book, "state": "burnt"}})
    assert not validator.is_valid({**book, "shelf": {"row": 100}})


def test_every_json_schema_satisfies_the_metaschema(library: Any) -> None:
    assert library.contracts.jsonschema
    for each in library.contracts.jsonschema.values():
        assert jsonschema_rs.meta.is_valid(each.data), each.path


def test_the_index_keeps_what_was_taken_out(library: Any) -> None:
    index = library.contracts.index
    assert index["operations"]["api.operation.catalogue-add-book"] == {
        "file": "openapi/catalogue.yaml",
        "method": "post",
        "path": "/v1/books",
        "operationId": "addBook",
        "access": "authenticated",
        "permission": "book:add",
        "idempotency": "key",
        "service": "application.service.catalogue",
        "owner": "business.actor.shelf-team",
        "links": {"operation-command": ["application.command.add-book"]},
    }
    assert index["fields"]["api.field.desk-book"]["links"] == {
        "field-resolves": ["api.operation.catalogue-get-book"]
    }
    assert index["operations"]["api.operation.catalogue-get-book"]["usedBy"] == {
        "resolvedBy": ["api.field.desk-book"]
    }
    rpc = index["rpcs"]["api.rpc.seat-get-seat"]
    assert (rpc["rpc"], rpc["file"]) == (
        "library.reading.seat.v1.SeatService/GetSeat",
        "proto/library/reading/seat/v1/seat.proto",
    )
    event = index["events"]["application.event.book-lent"]
    assert (event["type"], event["topic"], event["consumers"]) == (
        "city-library.lending.book-lent.v1",
        "library.books.v1",
        ["application.service.reading-room"],
    )
    assert index["webhooks"]["api.webhook.book-lent"]["webhook"] == "book.lent"
    assert index["schemas"]["data_model.entity.book"]["name"] == "Book"
    json.dumps(index)
