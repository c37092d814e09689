"""Differences of two schemas, relative to where the schemas are used.

A delta's code has a hole (`{p}-max-length-decreased`) for the place that the schema describes,
since the same pair of schemas is judged once however many operations refer to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from cloudsync_gen.compat.normalise import Normal
from cloudsync_gen.compat.values import Raw, brief
from cloudsync_gen.model.changes import Direction, Level, Pointer

PLACE = "{p}"
MAX_DELTAS = 300


class Wire(Enum):
    """How values travel: as JSON, as XML, or as text (parameters, headers, forms)."""

    JSON = "json"
    XML = "xml"
    TEXT = "text"


class Mode(NamedTuple):
    """How two schemas are compared.

    `strict`: as a proof of containment by JSON Schema alone; otherwise a property that an open
    object did not name is taken as never sent, as every consumer of an open object assumes.
    """

    direction: Direction
    wire: Wire = Wire.JSON
    strict: bool = False

    @property
    def text(self) -> bool:
        """Whether any scalar is written as text, so that a string takes it in."""
        return self.wire is not Wire.JSON


class Effect(Enum):
    """What a change does to the set of values that a schema accepts."""

    NARROWED = "narrowed"
    WIDENED = "widened"
    CHANGED = "changed"
    """Neither direction is proven."""


class Delta(Struct, frozen=True):
    """One difference. `path` leads from the compared schemas to the part that differs."""

    code: str
    level: Level
    path: tuple[str, ...]
    base: Pointer
    revision: Pointer
    before: str
    after: str
    message: str

    def below(self, step: str) -> Delta:
        """The same difference, seen from one step further out."""
        return Delta(
            self.code,
            self.level,
            (step, *self.path),
            self.base,
            self.revision,
            self.before,
            self.after,
            self.message,
        )

    def graded(self, level: Level, place: str = PLACE) -> Delta:
        """The same difference with another level, and with its place filled in."""
        return Delta(
            self.code.replace(PLACE, place) if not self.path else self.code,
            level,
            self.path,
            self.base,
            self.revision,
            self.before,
            self.after,
            self.message,
        )


def grade(mode: Mode, effect: Effect) -> Level:
    """What requests accept may only grow, what responses contain may only shrink."""
    harmless = Effect.WIDENED if mode.direction is Direction.REQUEST else Effect.NARROWED
    return Level.INFO if effect is harmless else Level.ERROR


def broken(deltas: Iterable[Delta]) -> bool:
    """Whether any delta hurts, or is not proven harmless."""
    return any(delta.level is Level.ERROR for delta in deltas)


def proves(deltas: Iterable[Delta]) -> bool:
    """Whether a strict comparison that ended in these deltas is a proof."""
    return all(delta.level is Level.INFO for delta in deltas)


def bounded(deltas: Iterable[Delta]) -> tuple[Delta, ...]:
    """One delta for each difference, the one with the shortest path to it; at most `MAX_DELTAS`,
    the gravest when some have to go."""
    found: dict[tuple[object, ...], Delta] = {}
    for delta in deltas:
        fact = (delta.code, delta.level, delta.base, delta.revision, delta.before, delta.after)
        known = found.get(fact)
        if known is None or (len(delta.path), delta.path) < (len(known.path), known.path):
            found[fact] = delta
    if len(found) <= MAX_DELTAS:
        return tuple(found.values())
    return tuple(sorted(found.values(), key=lambda delta: delta.level.rank)[:MAX_DELTAS])


class Pair:
    """Two normal forms under comparison, and the deltas found so far."""

    def __init__(self, old: Normal, new: Normal, mode: Mode) -> None:
        self.old = old
        self.new = new
        self.mode = mode
        self.deltas: list[Delta] = []
        self.final = False
        """Whether something was found that no proof about values can take back."""

    @property
    def request(self) -> bool:
        """Whether the consumer sends these values."""
        return self.mode.direction is Direction.REQUEST

    @property
    def sub(self) -> Normal:
        """The side whose values must all be accepted by `sup`."""
        return self.old if self.request else self.new

    @property
    def sup(self) -> Normal:
        """The side that must accept."""
        return self.new if self.request else self.old

    def idle(self, atoms: frozenset[str]) -> bool:
        """Whether keywords for these types cannot matter: no value of theirs needs accepting.

        Keywords for a type that neither side allows are compared all the same: whoever changed
        them meant something by it.
        """
        return not self.sub.types & atoms and bool(self.sup.types & atoms)

    def say(
        self,
        aspect: str,
        effect: Effect,
        keyword: str,
        message: str,
        *,
        before: Raw = None,
        after: Raw = None,
    ) -> None:
        """Record a difference in what is accepted; the level follows from effect and direction."""
        self.note(
            f"{PLACE}-{aspect}",
            grade(self.mode, effect),
            keyword,
            message,
            before=before,
            after=after,
        )

    def note(
        self,
        code: str,
        level: Level,
        keyword: str,
        message: str,
        *,
        before: Raw = None,
        after: Raw = None,
        path: tuple[str, ...] = (),
        base: Pointer | None = None,
        revision: Pointer | None = None,
    ) -> None:
        """Record a difference with a level of its own."""
        facts = ("" if before is None else brief(before), "" if after is None else brief(after))
        delta = Delta(
            code,
            level,
            path,
            self.old.at(keyword) if base is None else base,
            self.new.at(keyword) if revision is None else revision,
            *facts,
            worded(message, *facts),
        )
        self.deltas.append(delta)

    def nest(self, step: str, deltas: Iterable[Delta]) -> None:
        """Record the differences of a part."""
        self.deltas.extend(delta.below(step) for delta in deltas)


def worded(message: str, before: str, after: str) -> str:
    """A message with the values that it is about."""
    if before and after:
        return f"{message} from {before} to {after}"
    return f"{message}: {before or after}" if before or after else message


def change_of(old_fits: bool, new_fits: bool) -> Effect | None:
    """Effect of a change, given whether the new side accepts the old one and the reverse."""
    if old_fits:
        return None if new_fits else Effect.WIDENED
    return Effect.NARROWED if new_fits else Effect.CHANGED
