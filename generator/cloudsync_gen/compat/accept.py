"""Whether a schema accepts one given value, as far as that can be told without running patterns.

Patterns and formats come from strangers' documents; a pattern is never executed (it may take for
ever), so that the answer is three-valued.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from fractions import Fraction

from cloudsync_gen.compat.judge import Judge
from cloudsync_gen.compat.nodes import ATOMS, Group, Node
from cloudsync_gen.compat.normalise import Normal
from cloudsync_gen.compat.values import Raw, atom, entries, number, sequence

_MAX_DEPTH = 12


class Verdict(Enum):
    """Accepted, refused, or not known."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def accepts(
    judge: Judge, node: Node, value: Raw, given: Normal | None = None, depth: int = 0
) -> Verdict:
    """Whether the schema accepts the value; `given` is a schema that is known to accept it."""
    if depth > _MAX_DEPTH:
        return Verdict.UNKNOWN
    normal = judge.normal(node)
    if normal.never or atom(value) not in normal.types:
        return Verdict.NO
    if normal.values is not None and judge.digests.of(value) not in normal.values:
        return Verdict.NO
    return every(_checks(judge, normal, value, given, depth))


def every(verdicts: Iterable[Verdict]) -> Verdict:
    """YES when all are, NO as soon as one is."""
    answer = Verdict.YES
    for verdict in verdicts:
        if verdict is Verdict.NO:
            return verdict
        if verdict is Verdict.UNKNOWN:
            answer = verdict
    return answer


def _checks(
    judge: Judge, normal: Normal, value: Raw, given: Normal | None, depth: int
) -> Iterator[Verdict]:
    if normal.opaque or normal.conditions or normal.tangled:
        yield Verdict.UNKNOWN
    exact = number(value)
    if exact is not None:
        yield _in_range(normal, exact)
        known = given.formats if given is not None else frozenset()
        yield _sure(normal.formats <= known)
    elif isinstance(value, str):
        yield _in_sizes(normal, "Length", len(value))
        patterns = given.patterns if given is not None else frozenset()
        formats = given.formats if given is not None else frozenset()
        yield _sure(normal.patterns <= patterns and normal.formats <= formats)
        yield _sure(not normal.texts or (given is not None and normal.texts == given.texts))
    elif isinstance(value, list | tuple):
        yield from _in_array(judge, normal, value, depth)
    elif not isinstance(value, bool) and value is not None:
        yield from _in_object(judge, normal, value, depth)
    for refusal in normal.refusals:
        yield _opposite(accepts(judge, refusal, value, None, depth + 1))
    for group in normal.groups:
        yield _in_group(judge, group, value, given, depth)


def _sure(holds: bool) -> Verdict:
    return Verdict.YES if holds else Verdict.UNKNOWN


def _opposite(verdict: Verdict) -> Verdict:
    if verdict is Verdict.UNKNOWN:
        return verdict
    return Verdict.NO if verdict is Verdict.YES else Verdict.YES


def _holds(holds: bool) -> Verdict:
    return Verdict.YES if holds else Verdict.NO


def _in_range(normal: Normal, value: Fraction) -> Verdict:
    lower, upper = normal.lower, normal.upper
    if lower is not None and (value < lower.value or (lower.exclusive and value == lower.value)):
        return Verdict.NO
    if upper is not None and (value > upper.value or (upper.exclusive and value == upper.value)):
        return Verdict.NO
    return _holds(all((value / step).denominator == 1 for step in normal.multiples))


def _in_sizes(normal: Normal, what: str, size: int) -> Verdict:
    most = normal.sizes.get(f"max{what}", size)
    return _holds(normal.sizes.get(f"min{what}", 0) <= size <= most)


def _in_array(judge: Judge, normal: Normal, value: Raw, depth: int) -> Iterator[Verdict]:
    items = sequence(value)
    yield _in_sizes(normal, "Items", len(items))
    if normal.unique:
        yield _holds(len({judge.digests.of(item) for item in items}) == len(items))
    if normal.arrays.contains:
        yield Verdict.UNKNOWN
    for index, item in enumerate(items):
        schema = normal.arrays.item(index)
        if schema is not None:
            yield accepts(judge, schema, item, None, depth + 1)


def _in_object(judge: Judge, normal: Normal, value: Raw, depth: int) -> Iterator[Verdict]:
    part, fields = normal.objects, entries(value)
    yield _in_sizes(normal, "Properties", len(fields))
    yield _holds(part.required <= {name for name, _, _ in fields})
    if part.patterns or part.names or part.dependent_required or part.dependent_schemas:
        yield Verdict.UNKNOWN
    for name, item, _ in fields:
        schema = part.properties.get(name, part.rest)
        if schema is not None:
            yield accepts(judge, schema, item, None, depth + 1)


def _in_group(judge: Judge, group: Group, value: Raw, given: Normal | None, depth: int) -> Verdict:
    verdicts = [accepts(judge, branch, value, given, depth + 1) for branch in group.branches]
    accepted, unknown = verdicts.count(Verdict.YES), verdicts.count(Verdict.UNKNOWN)
    if group.kind == "anyOf":
        return Verdict.YES if accepted else Verdict.UNKNOWN if unknown else Verdict.NO
    if accepted > 1:
        return Verdict.NO
    return Verdict.UNKNOWN if unknown else _holds(accepted == 1)


def disjoint(judge: Judge, one: Node, other: Node, depth: int = 0) -> bool:
    """Whether it is proven that no value is accepted by both schemas."""
    if depth > _MAX_DEPTH:
        return False
    first, second = judge.normal(one), judge.normal(other)
    if first.never or second.never or not _share_types(first, second):
        return True
    for values, schema in ((first.values, other), (second.values, one)):
        if values is not None:
            return all(
                accepts(judge, schema, value, None, depth + 1) is Verdict.NO
                for value in values.values()
            )
    shared = first.types & second.types & ATOMS
    return shared == {"object"} and _disjoint_objects(judge, first, second, depth)


def _share_types(first: Normal, second: Normal) -> bool:
    unknown = (first.types | second.types) - ATOMS
    return bool(unknown or first.types & second.types)


def _disjoint_objects(judge: Judge, first: Normal, second: Normal, depth: int) -> bool:
    one, other = first.objects, second.objects
    for name in sorted(one.required | other.required):
        mine, yours = one.properties.get(name, one.rest), other.properties.get(name, other.rest)
        refused = any(schema is not None and judge.normal(schema).never for schema in (mine, yours))
        if refused and not (one.patterns or other.patterns):
            return True
        if mine is not None and yours is not None and disjoint(judge, mine, yours, depth + 1):
            return not (one.patterns or other.patterns)
    return False
