"""Schemas as conjunctions: a node is a set of raw schemas that must all hold, references followed.

`$ref`, `allOf`, a `oneOf` of one and `anyOf: [X, {type: null}]` are spellings; flattening a node
removes them. The set is kept by identity of the raw values, so that two spellings of the same
conjunction are one node, and endless recursion through references stays a finite set of nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from cloudsync_gen.compat.document import Document, reference_to
from cloudsync_gen.compat.values import Raw, mapping, sequence
from cloudsync_gen.model.changes import Pointer

MAX_MEMBERS = 256
MAX_ALTERNATIVES = 100
"""Of more alternatives than this, each is not taken together with what stands beside them."""

_MAX_FOLDS = 32

ATOMS = frozenset({"null", "boolean", "object", "array", "string", "integer", "fraction"})
"""What a JSON value can be; `number` is `integer` or `fraction`, so that sets tell containment."""

SCALARS = frozenset({"boolean", "integer", "fraction"})
NULL: Mapping[str, Raw] = {"type": "null"}
OF_TYPE: Mapping[str, Mapping[str, Raw]] = {
    atom: {"type": "number" if atom == "fraction" else atom} for atom in sorted(ATOMS)
}
ANNOTATIONS = frozenset(
    {
        "$anchor",
        "$comment",
        "$defs",
        "$dynamicAnchor",
        "$id",
        "$schema",
        "$vocabulary",
        "definitions",
        "description",
        "example",
        "examples",
        "externalDocs",
        "id",
        "title",
    }
)
_IN_PLACE = ("oneOf", "anyOf", "not", "if", "dependentSchemas", "dependencies")

Kind = Literal["oneOf", "anyOf"]

Opaque = dict[str, list[Raw]]
"""Keyword → what was written there and cannot be interpreted; only ever compared for equality."""


NodeKey = tuple[int, frozenset[tuple[int, bool, bool]]]
"""Identity of a node: its document and its seeds."""


def keep(opaque: Opaque, keyword: str, written: Raw) -> None:
    """Remember what cannot be interpreted."""
    opaque.setdefault(keyword, []).append(written)


class Seed(NamedTuple):
    """A raw schema as part of a node. `bare` leaves its `oneOf` and `anyOf` out (which only ever
    accepts more); `nullable` accepts null beside what the schema accepts."""

    raw: Raw
    pointer: Pointer
    bare: bool = False
    nullable: bool = False

    @property
    def key(self) -> tuple[int, bool, bool]:
        """Identity of the raw value, with the flags."""
        return id(self.raw), self.bare, self.nullable


class Node:
    """A schema: all of its seeds must hold; no seed at all accepts everything."""

    __slots__ = ("document", "key", "seeds")

    def __init__(self, document: Document, seeds: Iterable[Seed]) -> None:
        followed = (_followed(document, seed) for seed in seeds)
        kept = {seed.key: seed for seed in followed if seed.raw is not True}
        self.document = document
        self.seeds = tuple(kept.values())
        self.key: NodeKey = (id(document), frozenset(kept))

    @property
    def pointer(self) -> Pointer:
        """Where the schema stands (its first part)."""
        return self.seeds[0].pointer if self.seeds else ()

    def having(self, *seeds: Seed) -> Node:
        """This schema and more."""
        return Node(self.document, (*self.seeds, *seeds))

    def bare(self) -> Node:
        """This schema without the alternatives that stand in it: accepts the same or more."""
        return Node(self.document, (seed._replace(bare=True) for seed in self.seeds))


def _followed(document: Document, seed: Seed) -> Seed:
    """What a seed that is nothing but a reference refers to, so that it is the same node."""
    for _ in range(MAX_MEMBERS):
        raw = seed.raw
        if not isinstance(raw, Mapping) or raw.keys() - ANNOTATIONS != {"$ref"}:
            break
        target = document.resolve(raw["$ref"])
        if target is None or target[0] is raw:
            break
        seed = seed._replace(raw=target[0], pointer=target[1])
    return seed


class Member(NamedTuple):
    """One raw schema of a flattened node; `parent` is the member that brought it in."""

    raw: Mapping[str, Raw]
    pointer: Pointer
    bare: bool
    nullable: bool
    parent: int

    def at(self, *steps: str | int) -> Pointer:
        """Pointer to a part of this schema."""
        return (*self.pointer, *steps)


class Group(NamedTuple):
    """A `oneOf` or `anyOf` with at least two alternatives."""

    kind: Kind
    branches: tuple[Node, ...]
    names: tuple[str, ...]
    """The reference that each branch is, or an empty string for one written in place."""


class Flat(Struct):
    """A node's raw schemas without the spellings that only combine them."""

    members: list[Member] = []
    groups: list[Group] = []
    types: list[frozenset[str]] = []
    never: bool = False
    opaque: Opaque = {}


def flatten(node: Node) -> Flat:
    """The members of a node, parents before children."""
    flat = Flat()
    seen: dict[tuple[int, bool, bool], int] = {}
    work: list[tuple[Seed, int]] = [(seed, -1) for seed in reversed(node.seeds)]
    while work:
        seed, parent = work.pop()
        if seed.raw is True:
            continue
        if not isinstance(seed.raw, Mapping):
            flat.never = flat.never or seed.raw is False
            if seed.raw is not False:
                keep(flat.opaque, "schema", seed.raw)
            continue
        if seed.key in seen:
            if _is_ancestor(flat.members, seen[seed.key], parent):
                keep(flat.opaque, "allOf", "a schema that is its own part")
            continue
        if len(flat.members) >= MAX_MEMBERS:
            keep(flat.opaque, "allOf", "too many parts")
            break
        index = seen[seed.key] = len(flat.members)
        member = Member(seed.raw, seed.pointer, seed.bare, seed.nullable, parent)
        flat.members.append(member)
        children = list(_children(node.document, member, flat))
        work.extend((child, index) for child in reversed(children))
    return flat


def _is_ancestor(members: list[Member], wanted: int, index: int) -> bool:
    while index >= 0:
        if index == wanted:
            return True
        index = members[index].parent
    return False


def _children(document: Document, member: Member, flat: Flat) -> Iterator[Seed]:
    raw, flags = member.raw, (member.bare, member.nullable)
    if "$ref" in raw:
        target = document.resolve(raw["$ref"])
        if target is None:
            keep(flat.opaque, "$ref", raw["$ref"])
        else:
            yield Seed(*target, *flags)
    if "allOf" in raw:
        if not isinstance(raw["allOf"], list):
            keep(flat.opaque, "allOf", raw["allOf"])
        for index, part in enumerate(sequence(raw["allOf"])):
            yield Seed(part, member.at("allOf", index), *flags)
    yield from _alternatives(document, member, "oneOf", flat)
    yield from _alternatives(document, member, "anyOf", flat)


def _alternatives(document: Document, member: Member, kind: Kind, flat: Flat) -> Iterator[Seed]:
    """Fold alternatives that are only a spelling; the others become a group."""
    if kind not in member.raw:
        return
    written = member.raw[kind]
    if not isinstance(written, list) or not written:
        keep(flat.opaque, kind, written)
        return
    seeds = [Seed(raw, member.at(kind, i)) for i, raw in enumerate(written)]
    if kind == "anyOf":
        seeds = _spliced(document, seeds)
    loose = member.raw.get("nullable") is True and "type" not in member.raw
    if (loose or member.nullable) and not any(_is_null(document, seed) for seed in seeds):
        seeds.append(Seed(NULL, member.at(kind)))
    if len(seeds) == 1:
        yield seeds[0]._replace(bare=member.bare, nullable=member.nullable)
        return
    types = _union_of_types(kind, [_only_types(document, seed.raw) for seed in seeds])
    if types is not None:
        flat.types.append(types)
        return
    only = _null_beside(document, kind, seeds)
    if only is not None:
        yield only._replace(bare=member.bare)
        return
    if member.bare:
        return
    branches = tuple(Node(document, [seed]) for seed in seeds)
    names = tuple(
        reference_to(node.pointer) if node.pointer != seed.pointer and node.seeds else ""
        for node, seed in zip(branches, seeds, strict=True)
    )
    flat.groups.append(Group(kind, branches, names))


def _spliced(document: Document, seeds: list[Seed]) -> list[Seed]:
    """`anyOf: [A, {anyOf: [B, C]}]` is `anyOf: [A, B, C]`, behind references too."""
    found: list[Seed] = []
    taken: set[int] = set()
    work = list(reversed(seeds))
    while work:
        seed = work.pop()
        raw, pointer = document.follow(seed.raw, seed.pointer)
        inner = mapping(raw).get("anyOf")
        only = mapping(raw).keys() - ANNOTATIONS == {"anyOf"} and mapping(seed.raw).keys() in (
            {"$ref"},
            mapping(raw).keys(),
        )
        if only and isinstance(inner, list) and inner and id(raw) not in taken:
            taken.add(id(raw))
            parts = [Seed(part, (*pointer, "anyOf", i)) for i, part in enumerate(inner)]
            work.extend(reversed(parts))
        else:
            found.append(seed)
    return found


def _is_null(document: Document, seed: Seed) -> bool:
    return _only_types(document, seed.raw) == frozenset({"null"})


def _only_types(document: Document, raw: Raw, depth: int = 0) -> frozenset[str] | None:
    """The types of a schema that says nothing else; `const: null` and `enum: [null]` are a type."""
    raw = _followed(document, Seed(raw, ())).raw
    if not isinstance(raw, Mapping) or depth > _MAX_FOLDS:
        return None
    if id(raw) not in document.types:
        document.types[id(raw)] = None  # a schema within itself is more than its types
        document.types[id(raw)] = _types_of(document, raw, depth)
    return document.types[id(raw)]


def _types_of(document: Document, raw: Mapping[str, Raw], depth: int) -> frozenset[str] | None:
    says = {key: value for key, value in raw.items() if key not in ANNOTATIONS}
    if says in ({"const": None}, {"enum": [None]}, {"enum": [None], "nullable": True}):
        return frozenset({"null"})
    if len(says) != 1:
        return None
    ((keyword, value),) = says.items()
    if keyword == "type":
        return atoms(value)
    parts = value if isinstance(value, list) else []
    if keyword not in ("allOf", "anyOf", "oneOf") or not parts:
        return None
    sets = [_only_types(document, part, depth + 1) for part in parts]
    if len(sets) == 1:
        return sets[0]
    return None if keyword == "allOf" else _union_of_types(keyword, sets)


def _union_of_types(keyword: str, sets: Sequence[frozenset[str] | None]) -> frozenset[str] | None:
    known = [types for types in sets if types is not None]
    union = frozenset[str]().union(*known)
    if len(known) < len(sets):
        return None
    exclusive = keyword == "anyOf" or sum(map(len, known)) == len(union)
    return union if exclusive else None


def _null_beside(document: Document, kind: Kind, seeds: list[Seed]) -> Seed | None:
    """`X` of `anyOf: [X, {type: null}]` when null can simply be added to what X accepts."""
    others = [seed for seed in seeds if not _is_null(document, seed)]
    if len(others) != 1 or len(seeds) != 2:
        return None
    parts = _plain_parts(document, others[0].raw)
    if parts is None:
        return None
    types = [found for part in parts if (found := atoms(part.get("type"))) is not None]
    refuses_null = any("null" not in found for found in types)
    says_nullable = any(part.get("nullable") is True for part in parts)
    if kind == "oneOf" and (says_nullable or not refuses_null):
        return None
    return others[0]._replace(nullable=True)


def _plain_parts(document: Document, raw: Raw) -> list[Mapping[str, Raw]] | None:
    """A schema and the parts it combines, or `None` if any of them has conditions of its own."""
    parts: dict[int, Mapping[str, Raw]] = {}
    work = [raw]
    while work:
        part = work.pop()
        if not isinstance(part, Mapping) or any(keyword in part for keyword in _IN_PLACE):
            return None
        if id(part) in parts:
            continue
        if len(parts) > MAX_MEMBERS:
            return None
        parts[id(part)] = part
        if "$ref" in part:
            target = document.resolve(part["$ref"])
            if target is None:
                return None
            work.append(target[0])
        work.extend(sequence(part.get("allOf")))
    return list(parts.values())


def atoms(written: Raw) -> frozenset[str] | None:
    """The set that a `type` keyword allows; a name nobody knows stands for itself. `None`: not a
    type at all."""
    names = [written] if isinstance(written, str) else written
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    found: set[str] = set()
    for name in names:
        if name == "number":
            found |= {"integer", "fraction"}
        else:
            found.add(name if name in ATOMS and name != "fraction" else f"?{name}")
    return frozenset(found)
