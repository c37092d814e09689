"""Text of the model cannot leave its place: whatever it holds, the contract keeps its structure."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from graphql import GraphQLSchema, build_schema

from cloudsync_gen.contracts.graphql_check import graphql_faults
from cloudsync_gen.contracts.proto_check import proto_faults

PAYLOADS = [
    *('"""', '\\"""', '" + x + "', "'''", "\\", "*/ rpc X(A) returns (A); /*", "*/", "#", "//"),
    *("{{ x }}", "{% x %}", "${x}", "$(x)", "`x`", "%s", "{0}", "\u202egnp.exe", "a\u2028b"),
    *("a\x85b", "a\u200bb", "\ufeffx", "-->", "</script>", "- &a *a", "';--", "__import__('os')"),
    *('"""\ntype Mutation { a: Int }\n"""', 'x"\n}\nmessage Evil {', "x\r\noption java_package"),
]
SDL = "model/api/graphql-apis/desk.graphql"
PROTO = "model/api/grpc-services/seat.proto"


def _quoted(payload: str) -> str:
    """A GraphQL or proto string literal of a payload."""
    escaped = payload.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'


def _bones(schema: GraphQLSchema) -> dict[str, list[str]]:
    """Type -> names of what it holds."""
    return {
        name: sorted(getattr(kind, "fields", None) or getattr(kind, "values", None) or ())
        for name, kind in schema.type_map.items()
    }


@pytest.mark.parametrize("payload", PAYLOADS)
def test_descriptions_and_reasons_of_graphql_stay_text(
    library: Any, library_with: Any, payload: str
) -> None:
    edits = {
        '"What the desk shows."': _quoted(payload),
        '"One book."': _quoted(payload),
        '"nobody asks"': _quoted(payload),
    }
    compiled = library_with({SDL: edits})
    text = compiled.contracts.graphql["desk"].text
    assert list(graphql_faults(text)) == []
    meant = build_schema(library.contracts.graphql["desk"].text)
    assert _bones(build_schema(text)) == _bones(meant)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_comments_and_options_of_proto_stay_text(
    library: Any, library_with: Any, payload: str
) -> None:
    comment = "".join(f"// {line}\n" for line in payload.splitlines())
    edits = {
        "// Seats of the reading room.\n": comment,
        "  // Nobody there.\n": comment,
        'import "google': f'option java_package = {_quoted(payload)};\nimport "google',
        'reserved "colour";': "",
    }
    compiled = library_with({PROTO: edits})
    assert list(proto_faults(compiled.contracts.grpc.values())) == []
    before, after = (
        descriptor_pb2.FileDescriptorSet.FromString(each.contracts.grpc["seat"].descriptors).file[
            -1
        ]
        for each in (library, compiled)
    )
    assert after.options.java_package == payload
    assert [each.name for each in after.message_type] == [each.name for each in before.message_type]
    text = compiled.contracts.grpc["seat"].text
    assert all(line.isprintable() for line in text.splitlines())
    comments = [line for line in text.splitlines() if line.lstrip().startswith("//")]
    assert not any('"' in line or "\\" in line or "*/" in line for line in comments)
