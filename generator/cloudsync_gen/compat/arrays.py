"""What a schema demands of an array: its first items, the others, and what it must contain."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from cloudsync_gen.compat.document import Document
from cloudsync_gen.compat.nodes import Member, Node, Opaque, Seed, keep
from cloudsync_gen.compat.values import count

_MAX_PREFIX = 1000


class Contains(NamedTuple):
    """`contains` with its limits; `most` is `None` without `maxContains`."""

    schema: Node
    least: int
    most: int | None


class ArrayPart(Struct):
    """Keywords for arrays, merged over the parts of a schema."""

    prefix: tuple[Node, ...] = ()
    rest: Node | None = None
    """Schema of the items after the prefix; `None` accepts everything."""
    contains: tuple[Contains, ...] = ()

    def item(self, index: int) -> Node | None:
        """Schema of the item at an index."""
        return self.prefix[index] if index < len(self.prefix) else self.rest


class _Items(Struct):
    """What one member says about items; `start` is where its `rest` begins."""

    prefix: list[Seed]
    rest: Seed | None
    unevaluated: Seed | None = None
    start: int = 0


def array_part(document: Document, members: list[Member], opaque: Opaque) -> ArrayPart:
    """Merge `prefixItems`, `items`, `unevaluatedItems` and `contains`."""
    known = [_items(member, opaque) for member in members]
    _unevaluated(members, known)
    length = max((len(entry.prefix) for entry in known), default=0)
    prefix: list[Node] = []
    for index in range(length):
        seeds = [seed for entry in known for seed in _at(entry, index)]
        prefix.append(Node(document, seeds))
    rest = [seed for entry in known for seed in _at(entry, length) if seed.raw != {}]
    seen = any("unevaluatedItems" in member.raw for member in members)
    contains = [found for member in members for found in _contains(document, member, opaque, seen)]
    return ArrayPart(
        prefix=tuple(prefix),
        rest=Node(document, rest) if rest else None,
        contains=tuple(contains),
    )


def _items(member: Member, opaque: Opaque) -> _Items:
    raw, prefix_keyword, rest_keyword = member.raw, "prefixItems", "items"
    if isinstance(raw.get("items"), list):
        prefix_keyword, rest_keyword = "items", "additionalItems"
    written = raw.get(prefix_keyword, [])
    if not isinstance(written, list) or len(written) > _MAX_PREFIX:
        keep(opaque, prefix_keyword, written)
        written = []
    prefix = [Seed(item, member.at(prefix_keyword, i)) for i, item in enumerate(written)]
    rest = Seed(raw[rest_keyword], member.at(rest_keyword)) if rest_keyword in raw else None
    return _Items(prefix=prefix, rest=rest, start=len(prefix))


def _unevaluated(members: list[Member], known: list[_Items]) -> None:
    """`unevaluatedItems` sees the items of the parts that its schema combines as well."""
    keyword = "unevaluatedItems"
    evaluates_all = [entry.rest is not None for entry in known]
    reach = [len(entry.prefix) for entry in known]
    for index in range(len(members) - 1, -1, -1):
        member, parent = members[index], members[index].parent
        if keyword in member.raw:
            if not evaluates_all[index]:
                known[index].unevaluated = Seed(member.raw[keyword], member.at(keyword))
                known[index].start = reach[index]
            evaluates_all[index] = True
        if parent >= 0:
            evaluates_all[parent] = evaluates_all[parent] or evaluates_all[index]
            reach[parent] = max(reach[parent], reach[index])


def _at(entry: _Items, index: int) -> list[Seed]:
    if index < len(entry.prefix):
        return [entry.prefix[index]]
    found = entry.rest or (entry.unevaluated if index >= entry.start else None)
    return [] if found is None or found.raw is True else [found]


def _contains(document: Document, member: Member, opaque: Opaque, seen: bool) -> list[Contains]:
    """`contains` of one member; without effect it is kept where `unevaluatedItems` sees it."""
    if "contains" not in member.raw:
        return []
    least, most = member.raw.get("minContains", 1), member.raw.get("maxContains")
    lower, upper = count(least), None if most is None else count(most)
    if lower is None or (most is not None and upper is None):
        keep(opaque, "contains", [least, most])
        return []
    if lower == 0 and upper is None and not seen:
        return []
    node = Node(document, [Seed(member.raw["contains"], member.at("contains"))])
    return [Contains(node, lower, upper)]
