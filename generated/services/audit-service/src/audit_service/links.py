"""The links of a chain, and the first one that does not hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import chain, memory
from .generated.models import AuditRecord


@dataclass(frozen=True, slots=True)
class Fault:
    """The first link that does not hold, the hash that should be there and the one that is."""

    sequence: int
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Step:
    """One link: a record, or the hash that is left of one."""

    sequence: int
    previous: str
    hash: str
    record: AuditRecord | None = None


def steps_of(records: Iterable[AuditRecord]) -> list[Step]:
    """The links that records are."""
    return [Step(each.sequence, each.previous_hash, each.hash, each) for each in records]


def first_fault(hour: memory.Hour, steps: Sequence[Step]) -> Fault | None:
    """The first number of an hour that is missing, that is there twice or beyond its end, or
    whose record does not follow from the one before; steps by their numbers.
    """
    by_number = {each.sequence: each for each in steps}
    previous = hour.previous
    for number in range(hour.first, hour.last + 1):
        step = by_number.get(number)
        if step is None:
            later = by_number.get(number + 1)
            return Fault(number, later.previous if later else chain.FIRST, chain.FIRST)
        if step.previous != previous:
            return Fault(number, previous, step.previous)
        found = chain.digest(step.record) if step.record is not None else step.hash
        if found != step.hash:
            return Fault(number, step.hash, found)
        previous = step.hash
    known: set[int] = set()
    for each in steps:
        if each.sequence in known or not hour.first <= each.sequence <= hour.last:
            return Fault(each.sequence, chain.FIRST, each.hash)
        known.add(each.sequence)
    return None
