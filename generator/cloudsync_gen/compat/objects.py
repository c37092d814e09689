"""What a schema demands of an object: its properties, and what may stand beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from cloudsync_gen.compat.document import Document
from cloudsync_gen.compat.nodes import Member, Node, Opaque, Seed, keep
from cloudsync_gen.compat.values import entries, name_of

MAX_HELD_AGAINST = 100_000
_METACHARACTERS = frozenset(".^$*+?()[]{}|\\")


class ObjectPart(Struct):
    """Keywords for objects, merged over the parts of a schema."""

    properties: dict[str, Node] = {}
    required: frozenset[str] = frozenset()
    rest: Node | None = None
    """Schema of every property that is not named; `None`: whatever it is, nobody promised it."""
    patterns: dict[str, Node] = {}
    crowded: bool = False
    """Too many names or patterns for all to be held against each other: nothing is proven."""
    names: Node | None = None
    dependent_required: dict[str, frozenset[str]] = {}
    dependent_schemas: dict[str, Node] = {}


class _Known(Struct):
    """What one member says about properties, and what the parts that it brought in say."""

    own: dict[str, Seed]
    patterns: dict[str, Seed]
    below: set[str]
    others_evaluate_all: bool = False


def object_part(document: Document, members: list[Member], opaque: Opaque) -> ObjectPart:
    """Merge `properties`, `required`, `additionalProperties` and the rest.

    `additionalProperties` sees the properties written beside it, `unevaluatedProperties` also those
    of the parts that its schema combines (JSON Schema 2020-12, core, 10.3.2.3 and 11.3).
    """
    known = [_known(member, opaque) for member in members]
    for index in range(len(members) - 1, -1, -1):
        parent = members[index].parent
        if parent >= 0:
            known[parent].below |= known[index].below | known[index].own.keys()
            evaluates = known[index].others_evaluate_all or _closes(members[index])
            known[parent].others_evaluate_all = known[parent].others_evaluate_all or evaluates
    part = ObjectPart()
    seeds: dict[str, list[Seed]] = {}
    names = sorted({name for entry in known for name in entry.own})
    closing = sum(map(_closes, members)) + sum(len(entry.patterns) for entry in known)
    part.crowded = len(names) * closing > MAX_HELD_AGAINST
    for name in names:
        seeds[name] = [
            seed
            for member, entry in zip(members, known, strict=True)
            if name in entry.own or not part.crowded
            for seed in _governing(member, entry, name, opaque)
        ]
    part.properties = {name: Node(document, seeds[name]) for name in names}
    rest = [
        seed
        for member, entry in zip(members, known, strict=True)
        for seed in (_additional(member), _unevaluated(member, entry))
        if seed is not None and seed.raw is not True and seed.raw != {}
    ]
    part.rest = Node(document, rest) if rest else None
    _patterns(part, document, known)
    _demands(part, document, members, opaque)
    return part


def _known(member: Member, opaque: Opaque) -> _Known:
    tables: list[dict[str, Seed]] = []
    for keyword in ("properties", "patternProperties"):
        written = member.raw.get(keyword)
        if written is not None and not isinstance(written, Mapping):
            keep(opaque, keyword, written)
        tables.append({n: Seed(raw, member.at(keyword, key)) for n, raw, key in entries(written)})
    return _Known(own=tables[0], patterns=tables[1], below=set())


def _closes(member: Member) -> bool:
    return "additionalProperties" in member.raw or "unevaluatedProperties" in member.raw


def _additional(member: Member) -> Seed | None:
    if "additionalProperties" not in member.raw:
        return None
    return Seed(member.raw["additionalProperties"], member.at("additionalProperties"))


def _unevaluated(member: Member, entry: _Known) -> Seed | None:
    keyword = "unevaluatedProperties"
    if keyword not in member.raw or "additionalProperties" in member.raw:
        return None
    return None if entry.others_evaluate_all else Seed(member.raw[keyword], member.at(keyword))


def _governing(member: Member, entry: _Known, name: str, opaque: Opaque) -> Iterable[Seed]:
    """The schemas that one member applies to a property of this name."""
    if name in entry.own:
        yield entry.own[name]
        return
    additional, unevaluated = _additional(member), _unevaluated(member, entry)
    if additional is None and (unevaluated is None or name in entry.below):
        return
    if any(surely_matches(pattern, name) for pattern in entry.patterns):
        return
    if any(may_match(pattern, name) for pattern in entry.patterns):
        keep(opaque, "patternProperties", [name, member.raw.get("patternProperties")])
        return
    if additional is not None:
        yield additional
    elif unevaluated is not None:
        yield unevaluated


def may_match(pattern: str, name: str) -> bool:
    """Whether a pattern could match a name; patterns of strangers are never executed."""
    literal = _literal_start(pattern)
    return literal is None or name.startswith(literal)


def surely_matches(pattern: str, name: str) -> bool:
    """Whether a pattern matches a name for sure."""
    literal = _literal_start(pattern)
    return literal is not None and name.startswith(literal)


def _literal_start(pattern: str) -> str | None:
    """`x-` of `^x-`; `None` for every pattern that says more."""
    literal = pattern.removeprefix("^")
    plain = pattern.startswith("^") and _METACHARACTERS.isdisjoint(literal)
    return literal if plain else None


def _patterns(part: ObjectPart, document: Document, known: list[_Known]) -> None:
    found: dict[str, list[Seed]] = {}
    for entry in known:
        for pattern, seed in entry.patterns.items():
            found.setdefault(pattern, []).append(seed)
    part.patterns = {pattern: Node(document, found[pattern]) for pattern in sorted(found)}


def _demands(part: ObjectPart, document: Document, members: list[Member], opaque: Opaque) -> None:
    names: list[Seed] = []
    schemas: dict[str, list[Seed]] = {}
    for member in members:
        written = member.raw.get("required")
        if isinstance(written, list):
            part.required |= set(map(name_of, written))
        elif written is not None and not isinstance(written, bool):
            keep(opaque, "required", written)
        if "propertyNames" in member.raw:
            names.append(Seed(member.raw["propertyNames"], member.at("propertyNames")))
        for keyword in ("dependentRequired", "dependentSchemas", "dependencies"):
            for name, raw, key in entries(member.raw.get(keyword)):
                if keyword != "dependentSchemas" and isinstance(raw, list):
                    wanted = set(map(name_of, raw))
                    known = part.dependent_required.get(name, frozenset())
                    part.dependent_required[name] = known | wanted
                else:
                    schemas.setdefault(name, []).append(Seed(raw, member.at(keyword, key)))
    if "" not in part.properties:
        part.required -= {""}  # what people leave behind when they empty the list
    part.names = Node(document, names) if names else None
    part.dependent_schemas = {name: Node(document, found) for name, found in schemas.items()}
