"""One normal form for a schema: what all its parts demand together, whatever the spelling.

Covers the vocabularies of JSON Schema 2020-12 and the dialect of OpenAPI 3.0 (`nullable`, boolean
`exclusiveMinimum` and `exclusiveMaximum`), read side by side, so that a document may move from one
to the other. A keyword that nobody here interprets is kept as it stands in `opaque`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from msgspec import Struct

from cloudsync_gen.compat.arrays import ArrayPart, array_part
from cloudsync_gen.compat.nodes import (
    ANNOTATIONS,
    ATOMS,
    Group,
    Member,
    Node,
    Opaque,
    Seed,
    atoms,
    flatten,
    keep,
)
from cloudsync_gen.compat.objects import ObjectPart, object_part
from cloudsync_gen.compat.values import Digests, Raw, atom, count, number, text
from cloudsync_gen.model.changes import Pointer

_SMALLEST = ("minLength", "minItems", "minProperties")
_LARGEST = ("maxLength", "maxItems", "maxProperties")
_MATCHES_ALL = frozenset({"", ".*", "^", "^.*", "$", ".*$"})
"""Patterns that a search finds in every string (ECMA-262)."""

_NOTES = frozenset({"default", "deprecated", "discriminator", "xml"})
_TEXTS = ("contentEncoding", "contentMediaType")
_UNDERSTOOD = frozenset(
    {
        "$ref",
        "additionalItems",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "contains",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
        "default",
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
        "deprecated",
        "discriminator",
        "else",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "if",
        "items",
        "maxContains",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minContains",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "not",
        "nullable",
        "oneOf",
        "pattern",
        "patternProperties",
        "prefixItems",
        "properties",
        "propertyNames",
        "readOnly",
        "required",
        "then",
        "type",
        "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems",
        "writeOnly",
        "xml",
    }
)


class Bound(NamedTuple):
    """A limit of numbers; `exclusive` leaves the limit itself out."""

    value: Fraction
    exclusive: bool


class Condition(NamedTuple):
    """`if`, `then` and `else` of one schema; what is not written accepts everything."""

    test: Node
    then: Node | None
    otherwise: Node | None


class Normal(Struct):
    """What a schema demands. Every field holds for the conjunction of all parts."""

    objects: ObjectPart
    arrays: ArrayPart
    never: bool = False
    types: frozenset[str] = ATOMS
    loose_null: bool = False
    """`nullable: true` where no type says what it is beside."""
    values: dict[str, Raw] | None = None
    """Digest → value of the only values allowed."""
    lower: Bound | None = None
    upper: Bound | None = None
    multiples: frozenset[Fraction] = frozenset()
    sizes: dict[str, int] = {}
    unique: bool = False
    patterns: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    texts: dict[str, str] = {}
    content: Node | None = None
    groups: tuple[Group, ...] = ()
    refusals: tuple[Node, ...] = ()
    conditions: tuple[Condition, ...] = ()
    tangled: bool = False
    """What the schema demands is not told from its parts one by one: `unevaluated…` beside
    alternatives or conditions, or more patterns than are held against each other."""
    opaque: dict[str, str] = {}
    """Keyword → digest of what is only compared for equality."""
    notes: dict[str, Raw] = {}
    """Annotations that matter to people: default, readOnly, deprecated, discriminator, x-…"""
    spelled: frozenset[str] = frozenset()
    pointers: dict[str, Pointer] = {}
    pointer: Pointer = ()

    def at(self, keyword: str) -> Pointer:
        """Pointer to a keyword, or to the schema where nobody wrote it."""
        return self.pointers.get(keyword, self.pointer)


def normalise(node: Node, digests: Digests) -> Normal:
    """The normal form of a schema."""
    flat = flatten(node)
    members = flat.members
    normal = Normal(
        never=flat.never,
        objects=object_part(node.document, members, flat.opaque),
        arrays=array_part(node.document, members, flat.opaque),
        groups=tuple(flat.groups),
        pointer=node.pointer,
    )
    opaque = flat.opaque
    _types(normal, members, flat.types, opaque)
    _values(normal, members, digests, opaque)
    _numbers(normal, members, opaque)
    _sizes(normal, members, opaque)
    _strings(normal, members, opaque)
    _logic(normal, node, members)
    _annotations(normal, members, opaque)
    normal.opaque = {
        keyword: " ".join(sorted(set(map(digests.of, written))))
        for keyword, written in opaque.items()
    }
    return normal


def _types(
    normal: Normal, members: list[Member], unions: Iterable[frozenset[str]], opaque: Opaque
) -> None:
    found = ATOMS
    limits = list(unions)
    for member in members:
        nullable = member.raw.get("nullable") is True
        if "type" not in member.raw:
            normal.loose_null = normal.loose_null or nullable
            continue
        types = atoms(member.raw["type"])
        if not types:
            keep(opaque, "type", member.raw["type"])
            continue
        limits.append(types | {"null"} if nullable or member.nullable else types)
    for types in limits:
        found = types if found == ATOMS else found & types
    normal.never = normal.never or not found
    normal.types = found | {"null"} if normal.loose_null else found


def _values(normal: Normal, members: list[Member], digests: Digests, opaque: Opaque) -> None:
    for member in members:
        for keyword in ("enum", "const"):
            if keyword not in member.raw:
                continue
            written = member.raw[keyword]
            values = [written] if keyword == "const" else written
            if not isinstance(values, list):
                keep(opaque, keyword, written)
                continue
            allowed = {digests.of(value): value for value in values}
            if member.nullable:
                allowed.setdefault(digests.of(None), None)
            known = normal.values
            normal.values = {
                key: value for key, value in allowed.items() if known is None or key in known
            }
    if normal.values is None:
        return
    normal.never = normal.never or not normal.values
    if normal.types == ATOMS:
        normal.types = frozenset().union(*map(_atoms_of, normal.values.values()))
    if list(normal.values.values()) == [None]:
        normal.types, normal.values = normal.types & {"null"}, None


def _atoms_of(value: Raw) -> frozenset[str]:
    """What a listed value is; a list with a number in it says nothing about whole numbers."""
    name = atom(value)
    return frozenset({"integer", "fraction"} if name in ("integer", "fraction") else {name})


def _numbers(normal: Normal, members: list[Member], opaque: Opaque) -> None:
    for member in members:
        for keyword, sign in (("minimum", 1), ("maximum", -1)):
            for bound in _bounds(member.raw, keyword, opaque):
                known = normal.lower if sign > 0 else normal.upper
                if known is None or _tighter(bound, known, sign):
                    known = bound
                if sign > 0:
                    normal.lower = known
                else:
                    normal.upper = known
        if "multipleOf" in member.raw:
            step = number(member.raw["multipleOf"])
            if step is None or step <= 0:
                keep(opaque, "multipleOf", member.raw["multipleOf"])
            else:
                normal.multiples |= {step}


def _bounds(raw: Mapping[str, Raw], keyword: str, opaque: Opaque) -> list[Bound]:
    """Both spellings: a number of its own (2020-12), or a flag beside the limit (OpenAPI 3.0)."""
    exclusive_keyword = "exclusive" + keyword.capitalize()
    exclusive = raw.get(exclusive_keyword, False)
    found: list[Bound] = []
    for written, name, flag in (
        (raw.get(keyword), keyword, exclusive is True),
        (None if isinstance(exclusive, bool) else exclusive, exclusive_keyword, True),
    ):
        value = number(written)
        if value is not None:
            found.append(Bound(value, flag))
        elif written is not None:
            keep(opaque, name, written)
    return found


def _tighter(one: Bound, other: Bound, sign: int) -> bool:
    return (one.value * sign, one.exclusive) > (other.value * sign, other.exclusive)


def _sizes(normal: Normal, members: list[Member], opaque: Opaque) -> None:
    for member in members:
        for keyword in (*_SMALLEST, *_LARGEST):
            if keyword not in member.raw:
                continue
            size = count(member.raw[keyword])
            if size is None:
                keep(opaque, keyword, member.raw[keyword])
                continue
            known = normal.sizes.get(keyword, size)
            size = max(size, known) if keyword in _SMALLEST else min(size, known)
            if size > 0 or keyword in _LARGEST:
                normal.sizes[keyword] = size
        unique = member.raw.get("uniqueItems", False)
        if not isinstance(unique, bool):
            keep(opaque, "uniqueItems", unique)
        normal.unique = normal.unique or unique is True


def _strings(normal: Normal, members: list[Member], opaque: Opaque) -> None:
    patterns: set[str] = set()
    formats: set[str] = set()
    for member in members:
        for keyword, found in (("pattern", patterns), ("format", formats)):
            written = member.raw.get(keyword)
            if isinstance(written, str):
                found.add(written)
            elif written is not None:
                keep(opaque, keyword, written)
        for keyword in _TEXTS:
            if keyword in member.raw:
                known = normal.texts.get(keyword)
                written = text(member.raw[keyword])
                normal.texts[keyword] = (
                    written if known in (None, written) else f"{known} {written}"
                )
    normal.patterns = frozenset(patterns - _MATCHES_ALL)
    normal.formats = frozenset(formats - {""})


def _logic(normal: Normal, node: Node, members: list[Member]) -> None:
    document = node.document
    content: list[Seed] = []
    unevaluated = any(
        keyword in member.raw
        for member in members
        for keyword in ("unevaluatedProperties", "unevaluatedItems")
    )
    for member in members:
        raw = member.raw
        if "not" in raw:
            refusal = Node(document, [Seed(raw["not"], member.at("not"))])
            normal.refusals = (*normal.refusals, refusal)
        if "if" in raw and ("then" in raw or "else" in raw or unevaluated):
            test, then, otherwise = (
                Node(document, [Seed(raw[name], member.at(name))]) if name in raw else None
                for name in ("if", "then", "else")
            )
            if test is not None:
                normal.conditions = (*normal.conditions, Condition(test, then, otherwise))
        if "contentSchema" in raw:
            content.append(Seed(raw["contentSchema"], member.at("contentSchema")))
    normal.content = Node(document, content) if content else None
    branching = normal.groups or normal.conditions or normal.objects.dependent_schemas
    normal.tangled = unevaluated and bool(branching or normal.arrays.contains)
    normal.tangled = normal.tangled or normal.objects.crowded


def _annotations(normal: Normal, members: list[Member], opaque: Opaque) -> None:
    spelled: set[str] = set()
    for member in members:
        for keyword, value in member.raw.items():
            if not isinstance(keyword, str):
                continue
            spelled.add(keyword)
            normal.pointers.setdefault(keyword, member.at(keyword))
            if keyword.startswith("x-") or keyword in _NOTES:
                normal.notes.setdefault(keyword, value)
            elif keyword in ("readOnly", "writeOnly"):
                normal.notes[keyword] = value is True or normal.notes.get(keyword, False)
            elif keyword not in _UNDERSTOOD and keyword not in ANNOTATIONS:
                keep(opaque, keyword, value)
    normal.spelled = frozenset(spelled)
