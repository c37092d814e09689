"""How two schemas differ in their alternatives (`oneOf`, `anyOf`).

Alternatives have no order. They are paired by the name that they refer to, then by what they
accept, and pairs are compared; an alternative left over on the side whose values must be accepted
is an error unless another alternative provably takes it in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from cloudsync_gen.compat.accept import disjoint
from cloudsync_gen.compat.deltas import PLACE, Delta, Effect, Pair, Wire, grade
from cloudsync_gen.compat.judge import Judge
from cloudsync_gen.compat.nodes import MAX_ALTERNATIVES, Group, Kind, Node
from cloudsync_gen.compat.scalars import describe
from cloudsync_gen.compat.values import mapping
from cloudsync_gen.model.changes import Level

_ASPECTS: dict[Kind, str] = {"oneOf": "one-of", "anyOf": "any-of"}


class Branch(NamedTuple):
    """One alternative, the reference that it is (or an empty string), and a label for people."""

    node: Node
    name: str
    label: str


_Matcher = Callable[[Branch, Branch], bool]


def compare_unions(judge: Judge, pair: Pair, old: Node, new: Node) -> None:
    """Record differences in alternatives."""
    olds, news = list(pair.old.groups), list(pair.new.groups)
    keys = {
        id(group): {branch.name or branch.label for branch in _branches(judge, group)}
        for group in (*olds, *news)
    }
    for group in tuple(olds):
        match = _counterpart(group, news, keys)
        if match is not None:
            olds.remove(group)
            news.remove(match)
            _Union(judge, pair, group, match).run()
    sub = old if pair.request else new
    for group in olds:
        _lone(judge, pair, group, sub, appeared=False)
    for group in news:
        _lone(judge, pair, group, sub, appeared=True)


def compare_spread(judge: Judge, pair: Pair, old: Node, new: Node) -> bool:
    """Compare a schema without alternatives with one that has some, and say whether that was so.

    What stands beside the alternatives holds for each of them, so that the plain schema is compared
    with each as a whole.
    """
    olds, news = pair.old.groups, pair.new.groups
    if len(olds) + len(news) != 1 or pair.old.tangled or pair.new.tangled:
        return False
    if len((*olds, *news)[0].branches) > MAX_ALTERNATIVES:
        return False
    groups = [_spread(old, olds, (*olds, *news)[0]), _spread(new, news, (*olds, *news)[0])]
    _Union(judge, pair, groups[0], groups[1]).run()
    return True


def _spread(node: Node, groups: Sequence[Group], like: Group) -> Group:
    if not groups:
        return Group(like.kind, (node,), ("",))
    rest = node.bare()
    return like._replace(branches=tuple(rest.having(*branch.seeds) for branch in like.branches))


def _counterpart(group: Group, others: Sequence[Group], keys: dict[int, set[str]]) -> Group | None:
    """The group on the other side that has most alternatives in common with this one."""

    def likeness(other: Group) -> tuple[int, bool]:
        return len(keys[id(group)] & keys[id(other)]), other.kind == group.kind

    return max(others, key=likeness, default=None)


def _branches(judge: Judge, group: Group) -> list[Branch]:
    return [
        Branch(node, name, _label(judge, node, name))
        for node, name in zip(group.branches, group.names, strict=True)
    ]


def _label(judge: Judge, node: Node, name: str) -> str:
    if name:
        return name.rpartition("/")[2]
    title = mapping(node.seeds[-1].raw).get("title") if node.seeds else None
    if isinstance(title, str) and title:
        return title
    normal = judge.normal(node)
    for name, schema in normal.objects.properties.items():
        values = judge.normal(schema).values or {}
        if len(values) == 1:
            return f"{name}={next(iter(values.values()))}"[:80]
    return describe(normal)


def _lone(judge: Judge, pair: Pair, group: Group, sub: Node, *, appeared: bool) -> None:
    """Alternatives on one side only: there, one of them must hold."""
    level = grade(pair.mode, Effect.NARROWED if appeared else Effect.WIDENED)
    if level is Level.ERROR and _within(judge, group.kind, group.branches, sub, pair.mode.wire):
        level = Level.INFO
    action = "wrapped-in" if appeared else "unwrapped-from"
    message = f"alternatives {'were introduced' if appeared else 'are gone'}"
    pair.note(f"{PLACE}-{action}-{_ASPECTS[group.kind]}", level, group.kind, message)


def _within(judge: Judge, kind: Kind, branches: Iterable[Node], sub: Node, wire: Wire) -> bool:
    """Whether alternatives provably accept a schema, by one of them."""
    nodes = list(branches)
    if len(nodes) > 10 * MAX_ALTERNATIVES:
        return False
    for node in nodes:
        if judge.contains(node, sub, wire):
            others = (other for other in nodes if other is not node)
            return kind == "anyOf" or all(disjoint(judge, other, sub) for other in others)
    return False


class _Union:
    """The comparison of two groups of alternatives."""

    def __init__(self, judge: Judge, pair: Pair, old: Group, new: Group) -> None:
        self.judge = judge
        self.pair = pair
        self.old, self.new = old, new
        self.sub, self.sup = (old, new) if pair.request else (new, old)
        self.subs = _branches(judge, self.sub)
        self.sups = _branches(judge, self.sup)
        self.paired: list[tuple[Branch, Branch]] = []
        self.crowded = len(self.subs) + len(self.sups) > 2 * MAX_ALTERNATIVES
        """Too many alternatives to compare each with each: then nothing is proven."""

    def run(self) -> None:
        if self.old.kind != self.new.kind:
            self._kind()
        subs, sups = self._pair_by_text()
        if not self.crowded:
            subs, sups = self._pair(self._identical, subs, sups)
            subs, sups = self._pair(self._alike, subs, sups)
            subs, sups = self._pair(self._one_left(subs, sups), subs, sups)
        for sub, sup in self.paired:
            old = sub if self.pair.request else sup
            self.pair.nest(f"<{old.label}>", self._deltas(sub, sup))
            self._overlap(sub, sup)
        for sub in subs:
            self._lost(sub)
        for sup in sups:
            self._gained(sup)

    def _pair(
        self, matches: _Matcher, subs: list[Branch], sups: list[Branch]
    ) -> tuple[list[Branch], list[Branch]]:
        """Pair what matches; returns what is left over."""
        left, rest = [], list(sups)
        for sub in subs:
            found = next((sup for sup in rest if matches(sub, sup)), None)
            if found is None:
                left.append(sub)
            else:
                rest.remove(found)
                self.paired.append((sub, found))
        return left, rest

    def _pair_by_text(self) -> tuple[list[Branch], list[Branch]]:
        """Pair what has the same name, or no name and the same text; returns what is left over."""
        known: dict[str, list[Branch]] = {}
        for sup in self.sups:
            known.setdefault(self._text(sup), []).append(sup)
        left = []
        for sub in self.subs:
            same = known.get(self._text(sub))
            if same:
                self.paired.append((sub, same.pop(0)))
            else:
                left.append(sub)
        taken = {id(sup) for _, sup in self.paired}
        return left, [sup for sup in self.sups if id(sup) not in taken]

    def _text(self, branch: Branch) -> str:
        raw = branch.node.seeds[-1].raw if branch.node.seeds else True
        return branch.name or self.judge.digests.of(raw)

    def _identical(self, sub: Branch, sup: Branch) -> bool:
        return self._exchangeable(sub, sup) and not self._deltas(sub, sup)

    def _alike(self, sub: Branch, sup: Branch) -> bool:
        """Whether one may stand for the other, and accepts what it did."""
        return self._exchangeable(sub, sup) and all(
            delta.level is Level.INFO for delta in self._deltas(sub, sup)
        )

    def _deltas(self, sub: Branch, sup: Branch) -> tuple[Delta, ...]:
        old, new = (sub, sup) if self.pair.request else (sup, sub)
        return self.judge.compare(old.node, new.node, self.pair.mode)

    def _exchangeable(self, sub: Branch, sup: Branch) -> bool:
        """A named alternative is replaced by another name only when it was renamed.

        Where both documents know both names, they are two things, and clients know them apart.
        """
        if not sub.name or not sup.name:
            return True
        there = self.judge.other(sub.node.document).resolve(sub.name)
        here = self.judge.other(sup.node.document).resolve(sup.name)
        return there is None and here is None

    def _one_left(self, subs: list[Branch], sups: list[Branch]) -> _Matcher:
        """What is left over is the same thing changed when only one of a type is left."""
        known = self.judge.normal
        counts = [Counter(known(branch.node).types for branch in side) for side in (subs, sups)]

        def matches(sub: Branch, sup: Branch) -> bool:
            types = known(sub.node).types
            alone = all(count[types] == 1 for count in counts)
            return alone and known(sup.node).types == types and self._exchangeable(sub, sup)

        return matches

    def _kind(self) -> None:
        exclusive = self.old if self.old.kind == "oneOf" else self.new
        nodes = exclusive.branches
        if not self.crowded and all(
            disjoint(self.judge, node, other)
            for index, node in enumerate(nodes)
            for other in nodes[index + 1 :]
        ):
            return
        narrowed = self.new.kind == "oneOf"
        effect = Effect.NARROWED if narrowed else Effect.WIDENED
        message = f"{self.old.kind} became {self.new.kind}, and alternatives may overlap"
        self.pair.say(f"became-{_ASPECTS[self.new.kind]}", effect, self.new.kind, message)

    def _lost(self, sub: Branch) -> None:
        """An alternative whose values must be accepted has no counterpart."""
        level = Level.INFO if self._taken_in(sub) else Level.ERROR
        if len(self.subs) > 1:
            self._say(level, sub.label, removed=self.pair.request)
            return
        action = "wrapped-in" if self.pair.request else "unwrapped-from"
        message = f"alternatives {'were introduced' if self.pair.request else 'are gone'}"
        code = f"{PLACE}-{action}-{_ASPECTS[self.sup.kind]}"
        self.pair.note(code, level, self.sup.kind, message)

    def _taken_in(self, sub: Branch) -> bool:
        if self.crowded:
            self.pair.final = True
            return False
        candidates = [sup.node for sup in self.sups if self._exchangeable(sub, sup)]
        told_apart = len(candidates) < len(self.sups)
        self.pair.final = self.pair.final or (told_apart and not candidates)
        kind, wire = self.sup.kind, self.pair.mode.wire
        possible = not told_apart or kind == "anyOf"
        return possible and _within(self.judge, kind, candidates, sub.node, wire)

    def _gained(self, sup: Branch) -> None:
        """An alternative that only the accepting side has."""
        self._say(self._claims(sup, self.subs), sup.label, removed=not self.pair.request)

    def _overlap(self, sub: Branch, sup: Branch) -> None:
        """An alternative of a `oneOf` that accepts more may claim what was another's alone."""
        if self.sup.kind == "anyOf" or self.judge.contains(sub.node, sup.node):
            return
        level = self._claims(sup, [other for other in self.subs if other is not sub])
        if level is not Level.INFO:
            message = "alternatives may overlap now, and a value of two alternatives is refused"
            code = f"{PLACE}-one-of-overlap"
            self.pair.note(code, level, "oneOf", message, before=sub.label, after=sup.label)

    def _claims(self, sup: Branch, subs: Iterable[Branch]) -> Level:
        """What it means that an alternative on the accepting side may take in values of others: in
        a `oneOf`, a value that two alternatives accept is refused."""
        if self.sup.kind == "anyOf" or self.crowded:
            return Level.INFO if self.sup.kind == "anyOf" else Level.WARNING
        levels = (self._claim(sup, sub) for sub in subs)
        return min(levels, key=lambda level: level.rank, default=Level.INFO)

    def _claim(self, sup: Branch, sub: Branch) -> Level:
        """The same for one of the others: grave where alternatives excluded each other before."""
        if disjoint(self.judge, sub.node, sup.node):
            return Level.INFO
        if "discriminator" in self.pair.sup.notes and not self.pair.mode.strict:
            return Level.INFO
        others = (other for other in self.subs if other is not sub)
        alone = all(disjoint(self.judge, sub.node, other.node) for other in others)
        return Level.ERROR if alone else Level.WARNING

    def _say(self, level: Level, label: str, *, removed: bool) -> None:
        kind = self.old.kind if removed else self.new.kind
        action = "removed" if removed else "added"
        message = f"an alternative was {action}"
        before, after = (label, None) if removed else (None, label)
        code = f"{PLACE}-{_ASPECTS[kind]}-{action}"
        self.pair.note(code, level, kind, message, before=before, after=after)
