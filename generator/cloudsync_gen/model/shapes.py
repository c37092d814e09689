"""Shapes: one form of an entity, normalised so that forms of different languages can be compared.

Where a language cannot say something, the shape says `None` (or base `any`): nothing is compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Literal

from msgspec import Struct

from cloudsync_gen.naming import words
from cloudsync_gen.source import Ref

Kind = Literal[
    "json-schema",
    "openapi",
    "graphql",
    "proto",
    "table",
    "wide-table",
    "columnar-table",
    "collection",
    "index",
    "payload",
]
Base = Literal["string", "integer", "number", "boolean", "object", "array", "bytes", "any"]

_PUBLISHED = ("openapi", "graphql", "proto")
_TABLES = ("table", "wide-table", "columnar-table")
_TYPED = ("uuid", "date-time", "date")
"""Formats for which GraphQL's usual scalars and the types of tables have one of their own."""

_AS_WRITTEN = (*_TABLES, "collection", "graphql")
"""Forms whose fields are those of the schema by the very name: by it code and database find them.
Proto's own style differs, and a payload's names are judged as those of any schema.
"""

_CAMEL = re.compile(r"[a-z][A-Za-z0-9]*")


class FieldShape(Struct, frozen=True, kw_only=True):
    """A field of a shape. `name` is lowerCamelCase where the language has a style of its own.

    `format` is the JSON Schema format (`uuid`, `date-time`, …), empty for plain text; `bits` the
    width of an integer (16, 32, 64), of the schema the least that will do; `members` are those of
    an enumeration, in lowerCamelCase, sorted; `max_length` in characters; `item` the base of an
    array's items. `optional`: may be absent or null. `loose`: the language does not tell one value
    from a list of them. `restricted`: so secret that published forms may leave it out.
    """

    name: str
    base: Base
    ref: Ref
    optional: bool | None = None
    format: str | None = None
    bits: int | None = None
    members: tuple[str, ...] | None = None
    max_length: int | None = None
    item: Base | None = None
    loose: bool = False
    restricted: bool = False


class Shape(Struct, frozen=True, kw_only=True):
    """One form of an entity.

    `element` is the id of the element that has it, empty within a contract source. `partial`: the
    form may leave fields out (a read model); `open`: it may have fields of its own (an event).
    """

    entity: str
    kind: Kind
    name: str
    ref: Ref
    fields: tuple[FieldShape, ...]
    element: str = ""
    partial: bool = False
    open: bool = False


class ShapeSet(Struct, frozen=True):
    """All shapes of one entity; the first is its JSON Schema, against which the others are held."""

    canonical: Shape
    others: tuple[Shape, ...]


Aspect = Literal["missing", "extra", "type", "optional", "format", "width", "members", "length"]


class Difference(Struct, frozen=True, kw_only=True):
    """What a shape says otherwise than the entity's schema.

    `meant` is the schema's field, absent for an `extra` one; `found` the shape's, absent for a
    `missing` one.
    """

    aspect: Aspect
    shape: Shape
    meant: FieldShape | None
    found: FieldShape | None

    @property
    def ref(self) -> Ref:
        """Where the shape says it: its field, or the shape where that is missing."""
        return self.found.ref if self.found else self.shape.ref


def differences(shapes: ShapeSet) -> Iterator[Difference]:
    """All differences of one entity's shapes, in the order of shapes and fields.

    A field that is missing where another is too many and reads like it is one misspelt field.
    """
    meant = {words(each.name): each for each in shapes.canonical.fields}
    for shape in shapes.others:
        found = {words(each.name): each for each in shape.fields}
        for key, field in meant.items():
            if key in found or _may_be_left_out(shape, field):
                continue
            if not _is_misspelt(field.name, (o.name for k, o in found.items() if k not in meant)):
                yield Difference(aspect="missing", shape=shape, meant=field, found=None)
        for other in shape.fields:
            key = words(other.name)
            if key in meant and not _is_written_otherwise(shape, meant[key], other):
                for aspect in _aspects(meant[key], other, shape.kind):
                    yield Difference(aspect=aspect, shape=shape, meant=meant[key], found=other)
            elif not shape.open:
                yield Difference(aspect="extra", shape=shape, meant=None, found=other)


def _is_written_otherwise(shape: Shape, meant: FieldShape, found: FieldShape) -> bool:
    """Whether the words are the same and the name is not (`ownerID`); what breaks the style of
    GraphQL is told as that.
    """
    if shape.kind not in _AS_WRITTEN or found.name == meant.name:
        return False
    return shape.kind != "graphql" or _CAMEL.fullmatch(found.name) is not None


def _is_misspelt(name: str, others: Iterable[str]) -> bool:
    return bool(get_close_matches(name, others, n=1, cutoff=0.8))


def _may_be_left_out(shape: Shape, field: FieldShape) -> bool:
    return shape.partial or (field.restricted and shape.kind in _PUBLISHED)


def _aspects(meant: FieldShape, found: FieldShape, kind: Kind) -> Iterator[Aspect]:
    """Aspects in which two fields differ; after another type nothing more is compared.

    What is stored may have room to spare; what a payload announces says what is meant.
    """
    as_list = meant.base == "array" and not found.loose
    base = meant.item if meant.base == "array" and found.loose else meant.base
    if "any" not in (base, found.base) and base is not None and base != found.base:
        yield "type"
        return
    if as_list and _differ(meant.item, found.item) and "any" not in (meant.item, found.item):
        yield "type"
        return
    if _differ(meant.optional, found.optional):
        yield "optional"
    if _differ(meant.format, found.format or None) or _is_plain(meant, found, kind):
        yield "format"
    if meant.bits is not None and found.bits is not None and found.bits < meant.bits:
        yield "width"
    if _differ(meant.members, found.members):
        yield "members"
    longest, room = meant.max_length, found.max_length
    if room is not None and (
        (longest or 0) > room or (kind == "payload" and _differ(longest, room))
    ):
        yield "length"


def _is_plain(meant: FieldShape, found: FieldShape, kind: Kind) -> bool:
    """Whether a text stands where the language has a type for what the schema means."""
    text = found.base == "string" and found.members is None
    plain = found.format == "" or (kind in _TABLES and found.format is None)
    return text and plain and meant.format in _TYPED


def _differ(meant: object, found: object) -> bool:
    return meant is not None and found is not None and meant != found
