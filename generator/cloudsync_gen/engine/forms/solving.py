"""Values with which CEL expressions come to what is asked: a local search, the same on every run.

Breakout local search (Morris, "The Breakout Method for Escaping from Local Minima", AAAI 1993):
the best change of one, two or three variables is made; where none helps, what is not met weighs
more from then on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import combinations, islice, product
from typing import Any

import cel
import msgspec

from cloudsync_gen.model.artefacts import Condition, Problem, Read
from cloudsync_gen.model.cel_cost import MOST_STEPS, steps

NOW = datetime(2027, 1, 1, tzinfo=UTC)
"""What `now` is while values are sought; whoever uses them fills in the time that it is then."""

_PEOPLE = {
    "{subject}": "01890a5d-0000-7000-8000-000000000001",
    "{organization}": "01890a5d-0000-7000-8000-000000000002",
}
_MARK = re.compile(r"\{now([+-]\d+)?\}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_WIDEST = 3
_MOST_ROUNDS = 12
_NOTHING = object()
_FAULTS = (ValueError, TypeError, KeyError, RuntimeError)

State = dict[str, int]


def native(value: Any) -> Any:
    """A JSON value as CEL takes it: times are times, marks are what they stand for."""
    if isinstance(value, str):
        return _native_text(value)
    if isinstance(value, dict):
        return {name: native(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [native(each) for each in value]
    return value


@lru_cache(maxsize=16_384)
def _native_text(value: str) -> Any:
    mark = _MARK.fullmatch(value)
    if mark:
        return NOW + timedelta(seconds=int(mark[1] or 0))
    if _MOMENT.fullmatch(value):
        return datetime.fromisoformat(value)
    if _DAY.fullmatch(value):
        found = date.fromisoformat(value)
        return datetime(found.year, found.month, found.day, tzinfo=UTC)
    return _PEOPLE.get(value, value)


class Solver:
    """Of problems that stand side by side: the outcomes of a condition that several of them have
    with the same values are worked out once. `absent` stands for a value that is not there.
    """

    def __init__(self, absent: str) -> None:
        self._absent = absent
        self._values: dict[int | str, tuple[tuple[Any, ...], list[Any]]] = {}
        self._outcomes: dict[_Key, _Outcomes] = {}

    def solve(self, problem: Problem) -> dict[str, Any] | None:
        """Variable -> value, of those that differ from their first one; `None`: none is found."""
        held = {name: self._held(values) for name, values in problem.values.items()}
        rules = [self._rule(each, held) for each in problem.conditions]
        return _Search(problem, rules).solution()

    def _held(self, values: tuple[Any, ...]) -> list[Any]:
        key = id(values) if len(values) > 1 else repr(values)
        if key not in self._values:
            self._values[key] = (values, [self._native(each) for each in values])
        return self._values[key][1]

    def _native(self, value: Any) -> Any:
        return _NOTHING if value == self._absent else native(value)

    def _rule(self, condition: Condition, held: Mapping[str, list[Any]]) -> _Rule:
        reads = [
            (root, field, read)
            for root, fields in condition.reads.items()
            for field, read in fields.items()
        ]
        names = tuple(dict.fromkeys(name for *_, read in reads for name in read.variables))
        said = msgspec.msgpack.encode((condition.expression, condition.reads))
        key: _Key = (said, tuple(id(held[name]) for name in names))
        outcomes = self._outcomes.setdefault(key, _Outcomes())
        return _Rule(condition, reads, names, held, outcomes)


_Key = tuple[bytes, tuple[int, ...]]


class _Outcomes:
    """Of an expression, by the places of the values that it reads; whether it can come to what
    is asked, by what is asked and the effort.
    """

    def __init__(self) -> None:
        self.known: dict[tuple[int, ...], Any] = {}
        self.possible: dict[tuple[bool, int], bool] = {}


@lru_cache(maxsize=1_024)
def _compiled(expression: str) -> cel.Program:
    return cel.compile(expression)


class _Rule:
    """A condition of a problem, and what it weighs there."""

    def __init__(
        self,
        condition: Condition,
        reads: Iterable[tuple[str, str, Read]],
        variables: tuple[str, ...],
        held: Mapping[str, list[Any]],
        outcomes: _Outcomes,
    ) -> None:
        self.variables = variables
        self.outcomes = outcomes
        self.weight = 1
        self.holds = condition.holds
        longest = max((_longest(each) for name in variables for each in held[name]), default=1)
        dear = steps(condition.expression, {}, undeclared=longest) > MOST_STEPS
        self._program = None if dear else _compiled(condition.expression)
        self._roots = tuple(condition.reads)
        self._reads = [
            (root, field, read, [(name, held[name]) for name in read.variables], native(read.value))
            for root, field, read in reads
        ]

    def met(self, state: State) -> bool:
        key = tuple([state[name] for name in self.variables])
        known = self.outcomes.known
        if key not in known:
            known[key] = self._outcome(state)
        return known[key] is self.holds

    def _outcome(self, state: State) -> Any:
        """What the expression comes to; None where it cannot be evaluated, or only for too long."""
        if self._program is None:
            return None
        known: dict[str, Any] = {root: {} for root in self._roots}
        for root, field, read, held, value in self._reads:
            given = [values[state[name]] for name, values in held]
            found = _read(read, [each for each in given if each is not _NOTHING], value)
            if found is not None:
                known[root][field] = found
        try:
            return self._program.execute({**known, "now": NOW})
        except _FAULTS:
            return None


def _longest(value: Any) -> int:
    """Entries of the longest list or map in a value, itself included."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return 1
    return max(len(value), *map(_longest, value), 1)


def _read(read: Read, given: list[Any], default: Any) -> Any:
    if not given:
        return default
    value = given[0]
    if read.merges and len(given) > 1 and isinstance(value, dict) and given[1] is not None:
        value = {n: v for n, v in {**given[1], **value}.items() if v is not None}
    for step in read.path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


class _Search:
    def __init__(self, problem: Problem, rules: list[_Rule]) -> None:
        self._problem = problem
        self._rules = rules
        self._sizes = {name: len(held) for name, held in problem.values.items()}
        self._by_variable: dict[str, list[_Rule]] = {}
        for rule in self._rules:
            for name in rule.variables:
                self._by_variable.setdefault(name, []).append(rule)

    def solution(self) -> dict[str, Any] | None:
        state = dict.fromkeys(self._sizes, 0)
        if not all(self._can_be_met(rule, state) for rule in self._rules):
            return None
        for _ in range(_MOST_ROUNDS):
            unmet = [rule for rule in self._rules if not rule.met(state)]
            if not unmet:
                return self._told(self._nearest(state))
            move = self._best(state, unmet)
            if move is None:
                for rule in unmet:
                    rule.weight += 1
            else:
                state |= move
        return None

    def _can_be_met(self, rule: _Rule, state: State) -> bool:
        """Whether anything meets the condition, were it the only one."""
        possible = rule.outcomes.possible
        key = (rule.holds, self._problem.effort)
        if key not in possible:
            possible[key] = rule.met(state) or any(
                rule.met({**state, **move})
                for width in range(1, _WIDEST + 1)
                for _, moves in self._moves(state, [rule], width)
                for move in moves
            )
        return possible[key]

    def _best(self, state: State, unmet: list[_Rule]) -> State | None:
        """The change that helps most, of as few variables as possible."""
        for width in range(1, _WIDEST + 1):
            best, gained = None, 0
            for names, moves in self._moves(state, unmet, width):
                concerned = self._concerned(names)
                hoped = [rule for rule in concerned if rule in unmet]
                held = [rule for rule in concerned if rule not in unmet]
                for move in moves:
                    after = {**state, **move}
                    gain = sum(rule.weight for rule in hoped if rule.met(after))
                    if gain > gained:
                        gain -= sum(rule.weight for rule in held if not rule.met(after))
                    if gain > gained:
                        best, gained = move, gain
            if best is not None:
                return best
        return None

    def _concerned(self, names: Iterable[str]) -> list[_Rule]:
        return list(
            dict.fromkeys(rule for name in names for rule in self._by_variable.get(name, ()))
        )

    def _moves(
        self, state: State, unmet: list[_Rule], width: int
    ) -> Iterator[tuple[tuple[str, ...], Iterator[State]]]:
        """Variables that change together, and what they change to."""
        groups: dict[tuple[str, ...], None] = {}
        for rule in unmet:
            open_ = [name for name in rule.variables if self._sizes[name] > 1]
            groups |= dict.fromkeys(combinations(open_, width))
        each = self._problem.effort // max(1, len(groups))
        for names in groups:
            others = ([i for i in range(self._sizes[n]) if i != state[n]] for n in names)
            chosen = islice(product(*others), each)
            yield names, (dict(zip(names, to, strict=True)) for to in chosen)

    def _nearest(self, state: State) -> State:
        """The same solution with as many first values as it can have."""
        for name, place in state.items():
            if place:
                tried = {**state, name: 0}
                if all(rule.met(tried) for rule in self._by_variable.get(name, ())):
                    state = tried
        return state

    def _told(self, state: State) -> dict[str, Any]:
        return {name: self._problem.values[name][at] for name, at in state.items() if at}
