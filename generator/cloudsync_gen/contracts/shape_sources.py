"""Shapes in GraphQL and proto sources: types and messages that say which entity they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec import structs

from cloudsync_gen.model.shapes import Base, FieldShape, Shape
from cloudsync_gen.model.sources import (
    GrpcSource,
    SourceField,
    SourceType,
    misnamed_values,
    value_prefix,
)
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import camel
from cloudsync_gen.source import Ref


class _Scalar(NamedTuple):
    base: Base
    format: str | None = None
    bits: int | None = None


_GRAPHQL: Mapping[str, _Scalar] = {
    "Int": _Scalar("integer", bits=32),
    "Float": _Scalar("number"),
    "String": _Scalar("string", ""),
    "Boolean": _Scalar("boolean"),
    "ID": _Scalar("string"),
    "UUID": _Scalar("string", "uuid"),
    "DateTime": _Scalar("string", "date-time"),
    "Date": _Scalar("string", "date"),
    "EmailAddress": _Scalar("string", "email"),
    **dict.fromkeys(("URL", "URI"), _Scalar("string", "uri")),
    **dict.fromkeys(("Long", "BigInt", "Int64"), _Scalar("integer", bits=64)),
}
"""Built-in scalars and those whose names are common; others say nothing about their base."""

_PROTO: Mapping[str, _Scalar] = {
    **dict.fromkeys(("double", "float"), _Scalar("number")),
    **dict.fromkeys(("int64", "uint64", "sint64"), _Scalar("integer", bits=64)),
    **dict.fromkeys(("fixed64", "sfixed64"), _Scalar("integer", bits=64)),
    **dict.fromkeys(("int32", "uint32", "sint32"), _Scalar("integer", bits=32)),
    **dict.fromkeys(("fixed32", "sfixed32"), _Scalar("integer", bits=32)),
    "bool": _Scalar("boolean"),
    "string": _Scalar("string"),
    "bytes": _Scalar("bytes"),
    "map": _Scalar("object"),
    "google.protobuf.Timestamp": _Scalar("string", "date-time"),
    "google.protobuf.Duration": _Scalar("any"),
    "google.protobuf.Struct": _Scalar("object"),
    "google.protobuf.Value": _Scalar("any"),
}


def graphql_shapes(model: Model) -> Iterator[Shape]:
    """Types with `@entity`. Fields of other entities' types are joins, not properties."""
    for source in model.sources.graphql:
        members = {each.name: each.members for each in source.types if each.kind == "enum"}
        entities = {each.name for each in source.types if each.schema and each.kind == "object"}
        for kind in source.types:
            if not kind.schema or kind.kind != "object":
                continue
            place = Ref(source.file, ("types", kind.name))
            fields = tuple(
                _graphql_field(field, place.at("fields", field.name), members)
                for field in kind.fields
                if field.type not in entities
            )
            yield Shape(
                entity=kind.schema, kind="graphql", name=kind.name, ref=place, fields=fields
            )


def _graphql_field(
    field: SourceField, ref: Ref, members: Mapping[str, tuple[str, ...]]
) -> FieldShape:
    known, names = _GRAPHQL.get(field.type, _Scalar("any")), None
    if field.type in members:
        known, names = _Scalar("string"), tuple(sorted({*map(camel, members[field.type])}))
    return structs.replace(_field(field, ref, known, field.optional, names), name=field.name)


def _field(
    field: SourceField,
    ref: Ref,
    scalar: _Scalar,
    optional: bool | None,
    members: tuple[str, ...] | None,
) -> FieldShape:
    return FieldShape(
        name=camel(field.name),
        base="array" if field.repeated else scalar.base,
        ref=ref,
        optional=optional,
        format=None if field.repeated else scalar.format,
        bits=None if field.repeated else scalar.bits,
        members=None if field.repeated else members,
        item=scalar.base if field.repeated else None,
    )


def proto_shapes(model: Model) -> Iterator[Shape]:
    """Messages with the option `(cloudsync_gen.entity)`."""
    enums = {
        f"{_package(source)}.{each.name}": each
        for source in model.sources.grpc
        for each in source.types
        if each.kind == "enum"
    }
    for source in model.sources.grpc:
        for kind in source.types:
            if kind.schema and kind.kind == "object":
                place = Ref(source.file, ("messages", kind.name))
                fields = tuple(
                    _proto_field(field, place.at("fields", field.name), _package(source), enums)
                    for field in kind.fields
                )
                yield Shape(
                    entity=kind.schema, kind="proto", name=kind.name, ref=place, fields=fields
                )


def _package(source: GrpcSource) -> str:
    return source.path.rpartition("/")[0].replace("/", ".")


def _proto_field(
    field: SourceField, ref: Ref, package: str, enums: Mapping[str, SourceType]
) -> FieldShape:
    """A field; messages and lists have no presence that a source could state."""
    scalar = _PROTO.get(field.type)
    if scalar is not None:
        message = field.type.startswith("google.") or field.type == "map"
        optional = None if message or field.repeated else field.optional
        return _field(field, ref, scalar, optional, None)
    enum = enums.get(f"{package}.{field.type}") or enums.get(field.type)
    if enum is None:
        return _field(field, ref, _Scalar("object"), None, None)
    optional = None if field.repeated else field.optional
    return _field(field, ref, _Scalar("string"), optional, _members(enum))


def _members(enum: SourceType) -> tuple[str, ...] | None:
    """Members without the prefix and the zero value that proto style asks for; none to compare
    where that style is not kept, since what a value stands for is not known then (PRT016).
    """
    if misnamed_values(enum):
        return None
    names = [each.removeprefix(value_prefix(enum)) for each in enum.members]
    return tuple(sorted({camel(each) for each in names if each != "UNSPECIFIED"}))
