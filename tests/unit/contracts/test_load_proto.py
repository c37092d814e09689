"""Reading proto sources: elements, positions, what protoc says, what never gets far."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from cloudsync_gen.load import proto
from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.load.proto import grpc_sources, locate
from cloudsync_gen.model.layers.api import GrpcApi, Rpc
from cloudsync_gen.model.sources import SourceField
from cloudsync_gen.source import Ref, SourceMap

FILE = "model/06_api/grpc-services/shelf.proto"
TEXT = """// Shelves of one house.
syntax = "proto3";

package acme.library.shelf.v1;

import "google/protobuf/timestamp.proto";
import "cloudsync_gen/options.proto";

option (cloudsync_gen.contract) = {
  id: "api.grpc-service.shelf"
  service: "application.service.shelf-service"
};

// Keeps shelves.
service ShelfService {
  // Gets one.
  rpc GetShelf(GetShelfRequest) returns (GetShelfResponse) {
    option (cloudsync_gen.rpc).command = "application.query.get-shelf";
  }
  rpc WatchShelf(GetShelfRequest) returns (stream GetShelfResponse);
}

message GetShelfRequest { string shelf_id = 1; }
message GetShelfResponse { Shelf shelf = 1; }

/* A shelf. */
message Shelf {
  option (cloudsync_gen.entity) = {schema: "data_model.entity.shelf"};
  enum State { STATE_UNSPECIFIED = 0; STATE_FULL = 1; }
  string id = 1;
  optional string label = 2;
  State state = 3;
  google.protobuf.Timestamp created_at = 4;
  repeated string tags = 5;
  map<string, int32> counts = 6;
  oneof place { string room = 7; int64 number = 8; }
}
"""
HEAD = 'syntax = "proto3";\npackage acme.v1;\n'


def _load(text: str, **more: str) -> tuple[list[str], list[tuple[str, int]]]:
    """(ids of elements, (code, line) of findings) of a file and others beside it."""
    protos = {FILE: text.encode()}
    protos |= {f"model/06_api/{name}.proto": each.encode() for name, each in more.items()}
    _, (elements, found) = grpc_sources(protos, ParseCache())
    sources = SourceMap(protos, {".proto": locate})
    return [e.id for e in elements], [(d.code, (d.span or sources.span(d.ref)).line) for d in found]


def test_the_service_and_every_method_become_elements_with_links() -> None:
    (source,), (elements, found) = grpc_sources({FILE: TEXT.encode()}, ParseCache())
    assert found == []
    api, get, watch = (each.value for each in elements)
    assert isinstance(api, GrpcApi)
    assert (api.id, api.service) == ("api.grpc-service.shelf", "application.service.shelf-service")
    assert (api.package, api.service_name) == ("acme.library.shelf.v1", "ShelfService")
    assert isinstance(get, Rpc)
    assert (get.id, get.command) == ("api.rpc.shelf-get-shelf", "application.query.get-shelf")
    assert get.description == "Gets one."
    assert isinstance(watch, Rpc)
    assert (watch.server_streaming, watch.client_streaming, watch.command) == (True, False, None)
    assert source.path == "acme/library/shelf/v1/shelf.proto"


def test_what_is_kept_for_plug_ins_has_no_comments() -> None:
    (source,), _ = grpc_sources({FILE: TEXT.encode()}, ParseCache())
    kept = descriptor_pb2.FileDescriptorProto.FromString(source.descriptor)
    assert not kept.HasField("source_code_info")
    assert b"Keeps shelves" not in source.descriptor
    assert source.comments["ShelfService"] == "Keeps shelves."
    assert source.comments[""] == "Shelves of one house."


def test_forms_of_entities_and_enumerations_are_outlined() -> None:
    (source,), _ = grpc_sources({FILE: TEXT.encode()}, ParseCache())
    names = ["GetShelfRequest", "GetShelfResponse", "Shelf", "Shelf.State"]
    assert [each.name for each in source.types] == names
    *_, shelf, state = source.types
    assert (shelf.name, shelf.schema) == ("Shelf", "data_model.entity.shelf")
    assert (state.name, state.members) == ("Shelf.State", ("STATE_UNSPECIFIED", "STATE_FULL"))
    fields = {each.name: each for each in shelf.fields}
    assert fields["label"].optional
    assert not fields["id"].optional
    assert fields["tags"] == SourceField(name="tags", type="string", repeated=True)
    assert fields["counts"] == SourceField(name="counts", type="map")
    assert fields["created_at"].type == "google.protobuf.Timestamp"
    assert fields["room"].optional


@pytest.mark.parametrize(
    ("pointer", "text"),
    [
        (("contract", "service"), '"application.service.shelf-service"'),
        (("rpcs", "GetShelf", "command"), '"application.query.get-shelf"'),
        (("rpcs", "WatchShelf", "id"), "WatchShelf"),
        (("messages", "Shelf", "schema"), '"data_model.entity.shelf"'),
        (("messages", "Shelf", "fields", "room"), "room"),
        (("enums", "Shelf.State", "values", "STATE_FULL"), "STATE_FULL"),
        (("imports", "cloudsync_gen/options.proto"), '"cloudsync_gen/options.proto"'),
    ],
)
def test_a_pointer_leads_to_its_text(pointer: tuple[str, ...], text: str) -> None:
    span = SourceMap({FILE: TEXT.encode()}, {".proto": locate}).span(Ref(FILE, pointer))
    assert TEXT.splitlines()[span.line - 1][span.column - 1 :].startswith(text)


def test_files_of_the_model_import_each_other_by_their_package() -> None:
    page = 'syntax = "proto3";\npackage acme.common.v1;\nmessage Page { int32 size = 1; }\n'
    text = TEXT.replace(
        'import "cloud', 'import "acme/common/v1/page.proto";\nimport "cloud'
    ).replace("string shelf_id = 1;", "acme.common.v1.Page page = 1;")
    ids, found = _load(text, page=page)
    assert (len(ids), found) == (3, [])


def test_only_what_changed_is_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stored: dict[str, bytes] = {}
    cache = ParseCache(stored.get, stored.__setitem__)
    protos = {FILE: TEXT.encode(), "model/06_api/b.proto": (HEAD + "message B {}").encode()}
    first = grpc_sources(protos, cache)
    asked: list[list[str]] = []
    real = proto._protoc

    def spied(root: Path, output: Path, missing: list[str]) -> str | None:
        asked.append(missing)
        return real(root, output, missing)

    monkeypatch.setattr(proto, "_protoc", spied)
    assert grpc_sources(protos, cache) == first
    protos["model/06_api/b.proto"] = (HEAD + "message C {}").encode()
    sources, _ = grpc_sources(protos, cache)
    assert asked == [["acme/v1/b.proto"]]
    assert len(sources) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + "message A {\n  string a = 1\n}", [("SRC001", 5)]),
        (HEAD + "message A {\n  Nope a = 1;\n}", [("PRT003", 4)]),
        (HEAD + "message A { string a = 1; int32 b = 1; }", [("PRT003", 3)]),
        ('syntax = "proto3";\nmessage A {}', [("PRT001", 1)]),
        ('syntax = "proto3";\npackage google.protobuf;\n', [("PRT001", 2)]),
        ('syntax = "proto3";\npackage a.B;\n', [("PRT001", 2)]),
        ('syntax = "proto2";\npackage a.v1;\nmessage A { optional int32 a = 1; }', [("PRT001", 1)]),
        (HEAD + 'import "../../secret.proto";\n', [("PRT002", 3)]),
        (HEAD + 'import "/etc/passwd";\n', [("PRT002", 3)]),
        (HEAD + 'import "google/protobuf/../../x.proto";\n', [("PRT002", 3)]),
        (HEAD + "message A {}\nservice S { rpc B(A) returns (A); }", [("PRT001", 4)]),
        (HEAD + 'import "google/protobuf/descriptor.proto";\n', [("PRT002", 3)]),
        (TEXT + "extend Shelf { string x = 50001; }", [("PRT003", 38)]),
        (TEXT.replace('"application.query.get-shelf"', '"x"'), [("PRT004", 18)]),
        (TEXT.replace('  service: "application.service.shelf-service"\n', ""), [("PRT004", 9)]),
        (TEXT.replace(").command", ").nope"), [("PRT003", 18)]),
        (HEAD + '"unclosed', [("SRC001", 3)]),
        (HEAD + "message A { " * 100, [("SRC001", 3)]),
    ],
)
def test_what_is_no_usable_proto_is_refused_where_it_is_wrong(
    text: str, expected: list[tuple[str, int]]
) -> None:
    assert _load(text)[1] == expected


def test_two_files_that_would_be_one_are_refused() -> None:
    text = HEAD + "message A {}"
    protos = {"model/06_api/a/x.proto": text.encode(), "model/06_api/b/x.proto": text.encode()}
    _, (_, found) = grpc_sources(protos, ParseCache())
    assert [d.code for d in found] == ["PRT001"]


def test_a_broken_import_is_told_once_where_it_is_broken() -> None:
    page = 'syntax = "proto3";\npackage acme.common.v1;\nmessage Page { Nope a = 1; }\n'
    protos = {
        FILE: (HEAD + 'import "acme/common/v1/page.proto";\n').encode(),
        "model/06_api/page.proto": page.encode(),
    }
    _, (_, found) = grpc_sources(protos, ParseCache())
    assert [(d.code, d.ref.file) for d in found] == [("PRT003", "model/06_api/page.proto")]


def test_bytes_that_are_no_text_and_too_many_of_them_are_refused() -> None:
    assert [d.code for d in grpc_sources({FILE: b"\xff"}, ParseCache())[1][1]] == ["SRC007"]
    large = b"a" * (proto.MAX_BYTES + 1)
    assert [d.code for d in grpc_sources({FILE: large}, ParseCache())[1][1]] == ["SRC005"]


def test_protoc_has_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proto, "TIMEOUT_SECONDS", 0.001)
    _, (_, found) = grpc_sources({FILE: TEXT.encode()}, ParseCache())
    assert [d.code for d in found] == ["PRT003"]
    assert "longer than" in found[0].message
