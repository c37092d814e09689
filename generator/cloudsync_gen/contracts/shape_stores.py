"""Shapes in stores: columns, fields of indexes and keys of collections that name a property."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from cloudsync_gen.model.layers.application import Aggregate
from cloudsync_gen.model.layers.datastore import (
    Collection,
    Column,
    ColumnarColumn,
    ColumnarTable,
    SearchIndex,
    Table,
    WideTable,
)
from cloudsync_gen.model.shapes import Base, FieldShape, Kind, Shape
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Ref

_SIZED = re.compile(r"^(?:varchar|char)\(([0-9]+)\)$")
_NUMERIC = re.compile(r"^numeric\([0-9]+,([0-9]+)\)$")


class _Stored(NamedTuple):
    base: Base
    format: str | None = None
    bits: int | None = None
    max_length: int | None = None
    item: Base | None = None


_SQL: Mapping[str, _Stored] = {
    "uuid": _Stored("string", "uuid"),
    **dict.fromkeys(("text", "citext", "ltree", "inet"), _Stored("string")),
    "smallint": _Stored("integer", bits=16),
    "integer": _Stored("integer", bits=32),
    "bigint": _Stored("integer", bits=64),
    "boolean": _Stored("boolean"),
    "timestamptz": _Stored("string", "date-time"),
    "date": _Stored("string", "date"),
    "jsonb": _Stored("any"),
    "bytea": _Stored("bytes"),
    "double precision": _Stored("number"),
    **dict.fromkeys(("text[]", "uuid[]"), _Stored("array", item="string")),
    **dict.fromkeys(("integer[]", "bigint[]"), _Stored("array", item="integer")),
}
_CQL: Mapping[str, _Stored] = {
    **dict.fromkeys(("uuid", "timeuuid"), _Stored("string", "uuid")),
    **dict.fromkeys(("text", "inet"), _Stored("string")),
    "int": _Stored("integer", bits=32),
    "bigint": _Stored("integer", bits=64),
    "boolean": _Stored("boolean"),
    "timestamp": _Stored("string", "date-time"),
    "date": _Stored("string", "date"),
    "blob": _Stored("any"),
    "double": _Stored("number"),
    **dict.fromkeys(("list<text>", "set<text>"), _Stored("array", item="string")),
    "map<text, text>": _Stored("object"),
}
_COLUMNAR: Mapping[str, _Stored] = {
    "UUID": _Stored("string", "uuid"),
    "Bool": _Stored("boolean"),
    "Date": _Stored("string", "date"),
    **dict.fromkeys(("DateTime", "DateTime64(3)"), _Stored("string", "date-time")),
}
_WIDTH = re.compile(r"^U?Int([0-9]+)$")
_SEARCH: Mapping[str, _Stored] = {
    **dict.fromkeys(("keyword", "text"), _Stored("string")),
    "date": _Stored("string"),
    "long": _Stored("integer", bits=64),
    "integer": _Stored("integer", bits=32),
    "double": _Stored("number"),
    "boolean": _Stored("boolean"),
    "dense_vector": _Stored("array", item="number"),
    "object": _Stored("any"),
}


def store_shapes(model: Model, element: str) -> Iterator[Shape]:
    """Every table, wide table, index and collection that says that it stores a schema.

    Only the store of an aggregate holds the whole entity; any other is a projection of it.
    """
    for table in model.where(Table, "json_schema", element):
        whole = bool(model.where(Aggregate, "store", table.id))
        yield _table(model, table, element, partial=not whole)
    for wide in model.where(WideTable, "json_schema", element):
        yield _wide(model, wide, element)
    for columnar in model.where(ColumnarTable, "json_schema", element):
        yield _columnar(model, columnar, element)
    for index in model.where(SearchIndex, "json_schema", element):
        yield _index(model, index)
    for collection in model.where(Collection, "json_schema", element):
        yield _collection(model, collection)


def _table(model: Model, table: Table, schema: str, *, partial: bool) -> Shape:
    place = model.ref(table.id)
    fields = tuple(
        _column(column.property, column, place.at("columns", name))
        for name, column in table.columns.items()
        if column.property
    )
    return Shape(
        entity=schema,
        kind="table",
        name=table.table,
        ref=place,
        fields=fields,
        element=table.id,
        partial=partial,
    )


def _column(name: str, column: Column, ref: Ref) -> FieldShape:
    """An encrypted column holds ciphertext: only whether it may be absent can be compared."""
    stored = _Stored("any") if column.encrypted else _sql(column.type)
    return _field(name, stored, ref, column.nullable)


def _sql(kind: str) -> _Stored:
    sized = _SIZED.match(kind)
    if sized:
        return _Stored("string", max_length=int(sized[1]))
    numeric = _NUMERIC.match(kind)
    if numeric:
        return _Stored("number" if int(numeric[1]) else "any")
    return _SQL.get(kind, _Stored("any"))


def _field(name: str, stored: _Stored, ref: Ref, optional: bool | None) -> FieldShape:
    return FieldShape(
        name=name,
        base=stored.base,
        ref=ref,
        optional=optional,
        format=stored.format,
        bits=stored.bits,
        max_length=stored.max_length,
        item=stored.item,
    )


def _projection(
    place: Ref,
    kind: Kind,
    table: WideTable | ColumnarTable,
    schema: str,
    fields: Iterable[FieldShape],
) -> Shape:
    """A table made for one question: it may leave out what that does not ask for."""
    return Shape(
        entity=schema,
        kind=kind,
        name=table.table,
        ref=place,
        fields=tuple(fields),
        element=table.id,
        partial=True,
    )


def _columnar(model: Model, table: ColumnarTable, schema: str) -> Shape:
    place = model.ref(table.id)
    fields = (
        _field(each.property, _columnar_type(each), place.at("columns", name), None)
        for name, each in table.columns.items()
        if each.property
    )
    return _projection(place, "columnar-table", table, schema, fields)


def _columnar_type(column: ColumnarColumn) -> _Stored:
    """States of aggregate functions hold no value of their own."""
    wrapper, _, inner = column.type.removesuffix(")").partition("(")
    if wrapper in ("Nullable", "LowCardinality"):
        return _plain_columnar(inner)
    if wrapper == "SimpleAggregateFunction":
        return _plain_columnar(inner.partition(", ")[2])
    if wrapper == "Array":
        return _Stored("array", item=_plain_columnar(inner).base)
    if wrapper in ("Map", "AggregateFunction"):
        return _Stored("object" if wrapper == "Map" else "any")
    return _plain_columnar(column.type)


def _plain_columnar(kind: str) -> _Stored:
    integer = _WIDTH.match(kind)
    if integer:
        signed = not kind.startswith("U")
        return _Stored("integer", bits=int(integer[1]) if signed else _next_width(int(integer[1])))
    if kind.startswith(("Decimal", "Float")):
        return _Stored("number")
    return _COLUMNAR.get(kind, _Stored("string"))


def _next_width(bits: int) -> int:
    """Signed integers that hold all of an unsigned width; beyond 64 there is none to compare."""
    return min(bits * 2, 64)


def _wide(model: Model, table: WideTable, schema: str) -> Shape:
    place = model.ref(table.id)
    fields = (
        _field(column.property, _CQL[column.type], place.at("columns", name), None)
        for name, column in table.columns.items()
        if column.property
    )
    return _projection(place, "wide-table", table, schema, fields)


def _index(model: Model, index: SearchIndex) -> Shape:
    """A field of an index holds one value or many, and says neither how wide nor how optional."""
    place = model.ref(index.id)
    fields = tuple(
        FieldShape(
            name=each.property,
            base=_SEARCH[each.type].base,
            ref=place.at("fields", name),
            bits=_SEARCH[each.type].bits,
            item=_SEARCH[each.type].item,
            loose=each.type not in ("dense_vector", "object"),
        )
        for name, each in index.fields.items()
        if each.property
    )
    return Shape(
        entity=index.json_schema,
        kind="index",
        name=index.index,
        ref=place,
        fields=fields,
        element=index.id,
        partial=True,
    )


def _collection(model: Model, collection: Collection) -> Shape:
    """Documents are stored as they are; keys and encrypted fields must name properties."""
    place = model.ref(collection.id)
    named: dict[str, Ref] = {}
    for key in collection.shard_key:
        named.setdefault(_property(key), place.at("shardKey", key))
    for number, index in enumerate(collection.indexes):
        for key in index.keys:
            named.setdefault(_property(key), place.at("indexes", number, "keys", key))
    for number, name in enumerate(collection.encrypted_fields):
        named.setdefault(name, place.at("encryptedFields", number))
    return Shape(
        entity=collection.json_schema,
        kind="collection",
        name=collection.collection,
        ref=place,
        fields=tuple(
            FieldShape(name=name, base="any", ref=ref, loose=True) for name, ref in named.items()
        ),
        element=collection.id,
        partial=True,
    )


def _property(path: str) -> str:
    """The top-level property of a field path; MongoDB's `_id` is the entity's `id`."""
    first = path.partition(".")[0]
    return "id" if first == "_id" else first
