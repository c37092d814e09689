"""Contract sources: what people write in layer 06, as text and as parsed data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from cloudsync_gen.naming import screaming

_CAPITALS = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


class RestSource(Struct, frozen=True, kw_only=True):
    """An OpenAPI 3.1 source: paths, operations, `$ref`s into the data model, link fields."""

    document: str
    id: str
    file: str
    data: Mapping[str, Any]


class WebhookSource(Struct, frozen=True, kw_only=True):
    """An OpenAPI 3.1 source with `webhooks` alone."""

    document: str
    file: str
    data: Mapping[str, Any]


class SourceField(Struct, frozen=True, kw_only=True):
    """A field of a GraphQL type or proto message: its named type and how it may be absent.

    `arguments`: names of what a field of GraphQL takes.
    """

    name: str
    type: str
    repeated: bool = False
    optional: bool = False
    arguments: tuple[str, ...] = ()


class SourceType(Struct, frozen=True, kw_only=True):
    """A type of a source; `schema` is the entity that it is a form of, if it is one.

    `input`: what GraphQL takes as an argument, unless it is a form of an entity. `name` of a proto
    type is its name within the package (`Page.State`), with the package where a
    field names a type of another file.
    """

    name: str
    kind: Literal["object", "input", "enum", "union"]
    schema: str = ""
    fields: tuple[SourceField, ...] = ()
    members: tuple[str, ...] = ()


def value_prefix(enum: SourceType) -> str:
    """What values of a proto enumeration begin with: `WOOD_`."""
    return screaming(enum.name.rpartition(".")[2]) + "_"


def misnamed_values(enum: SourceType) -> tuple[str, ...]:
    """Values of a proto enumeration that are not called after it, in capitals; the first has to be
    `<ENUM>_UNSPECIFIED`.
    """
    prefix = value_prefix(enum)
    return tuple(
        value
        for index, value in enumerate(enum.members)
        if (index == 0 and value != f"{prefix}UNSPECIFIED")
        or not value.startswith(prefix)
        or not _CAPITALS.fullmatch(value)
    )


class GraphqlSource(Struct, frozen=True, kw_only=True):
    """A GraphQL SDL source."""

    document: str
    id: str
    file: str
    text: str
    types: tuple[SourceType, ...] = ()


LINK_DIRECTIVES = """
directive @contract(
  id: String!
  service: String
  adHoc: String
  introspection: Boolean
  maxDepth: Int
  maxCost: Int
  maxSubscriptions: Int
) on SCHEMA
directive @resolves(operation: String!, by: String) on FIELD_DEFINITION
directive @performs(action: String!) on FIELD_DEFINITION
directive @follows(event: String!) on FIELD_DEFINITION
directive @entity(schema: String!) on OBJECT | INPUT_OBJECT | INTERFACE | ENUM
"""
"""Directives that link a GraphQL source to the model: built in, and stripped from the contract."""

LINK_NAMES = ("contract", "resolves", "performs", "follows", "entity")
"""Names of the link directives."""

LINK_OPTIONS = "cloudsync_gen/options.proto"
"""The import that gives a proto source its link options; stripped from the contract."""


PROTO_SCALARS: Mapping[int, str] = {
    1: "double",
    2: "float",
    3: "int64",
    4: "uint64",
    5: "int32",
    6: "fixed64",
    7: "fixed32",
    8: "bool",
    9: "string",
    12: "bytes",
    13: "uint32",
    15: "sfixed32",
    16: "sfixed64",
    17: "sint32",
    18: "sint64",
}
"""google.protobuf.FieldDescriptorProto.Type -> keyword."""


class GrpcSource(Struct, frozen=True, kw_only=True):
    """A proto3 source with its serialized FileDescriptorProto, options included, comments not.

    `path` is where importers find it, its package as folders. `comments` maps a name within the
    package (`Reader.GetPage`, empty for the file) to the comment before it: text for people, which
    must never reach a code generator as it stands. `id` is empty for a file without a service.
    """

    document: str
    id: str
    file: str
    text: str
    descriptor: bytes
    path: str = ""
    comments: Mapping[str, str] = {}
    types: tuple[SourceType, ...] = ()


class Sources(Struct, frozen=True, kw_only=True):
    """All contract sources, each kind ordered by document."""

    rest: tuple[RestSource, ...] = ()
    webhooks: tuple[WebhookSource, ...] = ()
    graphql: tuple[GraphqlSource, ...] = ()
    grpc: tuple[GrpcSource, ...] = ()
