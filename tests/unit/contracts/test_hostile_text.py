"""Text of the model cannot leave its place: whatever it holds, the contract keeps its structure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from google.protobuf import descriptor_pb2
from graphql import GraphQLSchema, build_schema

from cloudsync_gen.contracts.graphql_check import graphql_faults
from cloudsync_gen.contracts.proto_check import proto_faults
from support.compiled import Compiled, Refused
from support.effort import Effort
from support.payloads import PAYLOADS
from support.positions import proto_comment, proto_string, sdl_string

SDL = "model/api/graphql-apis/desk.graphql"
PROTO = "model/api/grpc-services/seat.proto"
Edits = Mapping[str, str]
Taken = Iterator[tuple[str, Compiled]]


def _bones(schema: GraphQLSchema) -> dict[str, list[str]]:
    """Type -> names of what it holds."""
    return {
        name: sorted(getattr(kind, "fields", None) or getattr(kind, "values", None) or ())
        for name, kind in schema.type_map.items()
    }


def taken(library_with: Any, file: str, effort: Effort, edits: Callable[[str], Edits]) -> Taken:
    """Text and the library with it, of those that the reader of the file takes."""
    texts = PAYLOADS[:: effort.count(small=5, full=1)]
    refused: list[set[str]] = []
    for text in texts:
        try:
            yield text, library_with({file: edits(text)})
        except Refused as error:
            refused.append({each.ref.file for each in error.findings})
    assert refused == [{file}] * len(refused)
    assert len(refused) < len(texts) // 8


def test_descriptions_and_reasons_of_graphql_stay_text(
    library: Any, library_with: Any, effort: Effort
) -> None:
    meant = build_schema(library.contracts.graphql["desk"].text)
    places = ('"What the desk shows."', '"One book."', '"nobody asks"')

    def edits(payload: str) -> Edits:
        return dict.fromkeys(places, sdl_string(payload))

    for payload, compiled in taken(library_with, SDL, effort, edits):
        text = compiled.contracts.graphql["desk"].text
        assert list(graphql_faults(text)) == [], payload
        assert _bones(build_schema(text)) == _bones(meant), payload


def test_comments_and_options_of_proto_stay_text(
    library: Any, library_with: Any, effort: Effort
) -> None:
    before = _file(library)

    def edits(payload: str) -> Edits:
        option = f"option java_package = {proto_string(payload)};"
        comments = ("// Seats of the reading room.\n", "  // Nobody there.\n")
        others = {'import "google': f'{option}\nimport "google', 'reserved "colour";': ""}
        return {**dict.fromkeys(comments, proto_comment(payload)), **others}

    for payload, compiled in taken(library_with, PROTO, effort, edits):
        assert list(proto_faults(compiled.contracts.grpc.values())) == [], payload
        after = _file(compiled)
        assert after.options.java_package == payload
        assert [e.name for e in after.message_type] == [e.name for e in before.message_type]
        text = compiled.contracts.grpc["seat"].text
        assert all(line.isprintable() for line in text.splitlines()), payload
        comments = [line for line in text.splitlines() if line.lstrip().startswith("//")]
        assert not any('"' in line or "\\" in line or "*/" in line for line in comments)


def _file(compiled: Any) -> descriptor_pb2.FileDescriptorProto:
    """The seat's own file, behind those that it imports."""
    whole = descriptor_pb2.FileDescriptorSet.FromString(compiled.contracts.grpc["seat"].descriptors)
    return whole.file[-1]
