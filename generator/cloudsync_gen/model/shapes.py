"""Shapes: one form of an entity, normalised so that forms of different languages can be
compared.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from cloudsync_gen.source import Ref

Kind = Literal[
    "json-schema", "openapi", "graphql", "proto", "table", "collection", "index", "payload"
]
Base = Literal["string", "integer", "number", "boolean", "object", "array", "bytes", "any"]


class FieldShape(Struct, frozen=True, kw_only=True):
    """A field of a shape. `name` is lowerCamelCase whatever the language writes.

    `format` is the JSON Schema format (`uuid`, `date-time`, …) or empty; `bits` of an integer 32
    or 64 (0: not said); `members` are those of an enumeration, in lowerCamelCase, sorted;
    `max_length` in characters. `optional`: may be absent or null.
    """

    name: str
    base: Base
    optional: bool
    ref: Ref
    format: str = ""
    bits: int = 0
    members: tuple[str, ...] = ()
    max_length: int | None = None
    item: Base | None = None


class Shape(Struct, frozen=True, kw_only=True):
    """One form of an entity. `partial`: the form may leave fields out (an index, a read model)."""

    entity: str
    kind: Kind
    name: str
    ref: Ref
    fields: tuple[FieldShape, ...]
    partial: bool = False


class ShapeSet(Struct, frozen=True):
    """All shapes of one entity; the first is its JSON Schema, against which the others are held."""

    canonical: Shape
    others: tuple[Shape, ...]
