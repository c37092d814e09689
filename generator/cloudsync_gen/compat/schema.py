"""Containment of schemas: does one accept all that the other accepts, and where not.

The answer is three-valued: proven (no error among the deltas), broken at a path, or not proven,
which is reported as if it were broken. A comparison first looks at each keyword by itself. That is
enough for a proof, but accuses too much where the same values are only spelled differently; what it
accuses is therefore acquitted when taking the schema apart into its alternatives is a proof.
"""

from __future__ import annotations

import json
from datetime import date

from msgspec import Struct

from cloudsync_gen.compat.accept import Verdict, accepts
from cloudsync_gen.compat.annotations import compare_annotations
from cloudsync_gen.compat.array_changes import compare_arrays
from cloudsync_gen.compat.deltas import (
    Delta,
    Effect,
    Mode,
    Pair,
    Wire,
    bounded,
    proves,
)
from cloudsync_gen.compat.document import Document, Unchanged
from cloudsync_gen.compat.logic_changes import compare_logic
from cloudsync_gen.compat.nodes import ATOMS, MAX_ALTERNATIVES, OF_TYPE, Node, NodeKey, Seed
from cloudsync_gen.compat.normalise import Normal, normalise
from cloudsync_gen.compat.object_changes import compare_objects
from cloudsync_gen.compat.scalars import compare_scalars
from cloudsync_gen.compat.union_changes import compare_spread, compare_unions
from cloudsync_gen.compat.values import Raw, number, plain_number
from cloudsync_gen.model.changes import Direction, Level, Pointer

MAX_NESTING = 60

_Key = tuple[NodeKey, NodeKey, Mode]


class _Outcome(Struct):
    """What a comparison found; `lowest` as in `_Frame`, `None` when it rests on nothing open."""

    deltas: tuple[Delta, ...]
    lowest: int | None


class _Frame(Struct):
    """A comparison under way. `lowest` is the outermost comparison whose outcome it takes for
    granted; `provisional` are outcomes that hold only while this one is under way; `inside` is set
    while parts of values are compared, not the values themselves."""

    lowest: int
    provisional: list[_Key] = []
    inside: bool = False


class Schemas:
    """Compares schemas of two documents, remembering what it has judged.

    A pair of schemas that is met again inside itself is taken as contained there: every value is
    finite, so that a counter-example would have a smaller one inside (coinduction). Met again for
    the same value, the pair proves nothing. An outcome that rests on one under way is forgotten
    together with it. `budget` bounds the number of judgements, so that no input takes for ever.
    """

    def __init__(self, base: Document, revision: Document, today: date, budget: int) -> None:
        self.base = base
        self.revision = revision
        self.today = today
        self.budget = budget
        self.unchanged = Unchanged(base, revision)
        self.digests = base.digests
        self._normals: dict[NodeKey, Normal] = {}
        self._outcomes: dict[_Key, _Outcome] = {}
        self._open: dict[_Key, int] = {}
        self._frames: list[_Frame] = []

    def normal(self, node: Node) -> Normal:
        """Normal form of a schema."""
        known = self._normals.get(node.key)
        if known is None:
            known = self._normals[node.key] = normalise(node, self.digests)
        return known

    def other(self, document: Document) -> Document:
        """The other one of the two documents."""
        return self.revision if document is self.base else self.base

    def compare(self, old: Node, new: Node, mode: Mode) -> tuple[Delta, ...]:
        """Differences between two schemas."""
        if old.key == new.key or self._equal(old, new):
            return ()
        key = (old.key, new.key, mode)
        known = self._outcomes.get(key)
        if known is not None and (known.lowest is None or self._inside(known.lowest)):
            self._rest_on(known.lowest)
            return known.deltas
        under_way = self._open.get(key)
        if under_way is not None:
            self._rest_on(under_way)
            return () if self._inside(under_way) else (_limit_reached(old, new),)
        self.budget -= 1
        if self.budget < 0 or len(self._frames) >= MAX_NESTING:
            self._rest_on(0)
            return (_limit_reached(old, new),)
        return self._judge(key, old, new, mode)

    def _inside(self, index: int) -> bool:
        """Whether what is compared now lies inside the values of an outer comparison."""
        return any(frame.inside for frame in self._frames[index:])

    def _judge(self, key: _Key, old: Node, new: Node, mode: Mode) -> tuple[Delta, ...]:
        index = len(self._frames)
        frame = _Frame(lowest=index)
        self._frames.append(frame)
        self._open[key] = index
        try:
            outcome = bounded(self._differ(old, new, mode))
        finally:
            self._frames.pop()
            del self._open[key]
        for provisional in frame.provisional:
            self._outcomes.pop(provisional, None)
        lowest = frame.lowest if frame.lowest < index else None
        self._outcomes[key] = _Outcome(outcome, lowest)
        if lowest is not None:
            self._rest_on(lowest)
            self._frames[lowest].provisional.append(key)
        return outcome

    def _rest_on(self, index: int | None) -> None:
        """The innermost comparison takes the outcome of an outer one for granted."""
        if index is not None and self._frames:
            frame = self._frames[-1]
            frame.lowest = min(frame.lowest, index)

    def contains(self, sup: Node, sub: Node, wire: Wire = Wire.JSON) -> bool:
        """Whether it is proven that `sup` accepts every value that `sub` accepts."""
        return proves(self.compare(sub, sup, Mode(Direction.REQUEST, wire, strict=True)))

    def equivalent(self, one: Node, other: Node) -> bool:
        """Whether it is proven that two schemas accept the same values."""
        return self.contains(one, other) and self.contains(other, one)

    def _equal(self, old: Node, new: Node) -> bool:
        if len(old.seeds) != 1 or len(new.seeds) != 1 or old.document is new.document:
            return False
        one, other = old.seeds[0], new.seeds[0]
        flags = (one.bare, one.nullable) == (other.bare, other.nullable)
        forward = old.document is self.base
        pair = (one.raw, other.raw) if forward else (other.raw, one.raw)
        return flags and self.unchanged.same(*pair)

    def _differ(self, old: Node, new: Node, mode: Mode) -> list[Delta]:
        pair = Pair(self.normal(old), self.normal(new), mode)
        if pair.old.never or pair.new.never:
            return _nothing_accepted(pair)
        if mode.strict or not compare_spread(self, pair, old, new):
            self._keywords(pair, old, new)
        self._acquit(pair, old, new)
        if pair.deltas and (pair.old.tangled or pair.new.tangled):
            message = "what the unevaluated parts are may have changed"
            pair.say("unevaluated-changed", Effect.CHANGED, "unevaluatedProperties", message)
        if not mode.strict:
            compare_annotations(self, pair, old, new)
        _opaque(pair)
        return pair.deltas

    def _keywords(self, pair: Pair, old: Node, new: Node) -> None:
        compare_scalars(pair)
        frame = self._frames[-1]
        frame.inside = True
        compare_objects(self, pair)
        compare_arrays(self, pair)
        frame.inside = False
        compare_logic(self, pair)
        compare_unions(self, pair, old, new)

    def _acquit(self, pair: Pair, old: Node, new: Node) -> None:
        """Take back what was accused when the schema as a whole is proven to be contained, and all
        that was said of the schema itself when the reverse is proven too: it was only respelled."""
        sub, sup = (old, new) if pair.request else (new, old)
        own = any(not delta.path or delta.path[0].startswith("<") for delta in pair.deltas)
        if not own or pair.final or not self._proven(sub, sup, pair.mode):
            return
        if not pair.mode.strict and self._proven(sup, sub, pair.mode):
            pair.deltas = [
                delta for delta in pair.deltas if delta.path and not delta.path[0].startswith("<")
            ]
        pair.deltas = [
            delta.graded(Level.INFO) if delta.level is Level.ERROR else delta
            for delta in pair.deltas
        ]

    def _proven(self, sub: Node, sup: Node, mode: Mode) -> bool:
        """Proof by cases: every value of `sub` if they can be counted, else every alternative."""
        one, other = self.normal(sub), self.normal(sup)
        if one.opaque or other.opaque or one.tangled or not one.types | other.types <= ATOMS:
            return False
        if one.values is not None:
            return all(self._accepts(sup, value, mode.text, one) for value in one.values.values())
        cases = self._cases(sub, one, other)
        return bool(cases) and all(self.contains(sup, case, mode.wire) for case in cases)

    def _accepts(self, sup: Node, value: Raw, text: bool, given: Normal) -> bool:
        if accepts(self, sup, value, given) is Verdict.YES:
            return True
        if not text:
            return False
        exact = number(value)
        written = plain_number(exact) if exact is not None else json.dumps(value is True)
        scalar = exact is not None or isinstance(value, bool)
        return scalar and accepts(self, sup, written, given) is Verdict.YES

    def _cases(self, sub: Node, one: Normal, other: Normal) -> list[Node]:
        if one.groups and len(one.groups[0].branches) <= MAX_ALTERNATIVES:
            return [sub.bare().having(*branch.seeds) for branch in one.groups[0].branches]
        if not one.groups and other.groups and len(one.types) > 1:
            return [sub.having(Seed(OF_TYPE[atom], sub.pointer)) for atom in sorted(one.types)]
        return []


def _opaque(pair: Pair) -> None:
    old, new = pair.old.opaque, pair.new.opaque
    for keyword in sorted(old.keys() | new.keys()):
        if keyword == "$ref":
            message = "a reference leads out of the document or nowhere, and is not followed"
            pair.note("reference-not-followed", Level.ERROR, keyword, message)
        elif old.get(keyword) != new.get(keyword):
            message = "a keyword changed in a way that cannot be judged"
            pair.say("keyword-changed", Effect.CHANGED, keyword, message, after=keyword)


def _nothing_accepted(pair: Pair) -> list[Delta]:
    if pair.old.never != pair.new.never:
        effect = Effect.NARROWED if pair.new.never else Effect.WIDENED
        what = "no value is" if pair.new.never else "values are"
        pair.say("type-changed", effect, "type", f"{what} allowed now")
    return pair.deltas


def _limit_reached(old: Node, new: Node) -> Delta:
    message = "too deep or too large to be judged"
    where: tuple[Pointer, Pointer] = (old.pointer, new.pointer)
    return Delta("analysis-limit-reached", Level.ERROR, (), *where, "", "", message)
