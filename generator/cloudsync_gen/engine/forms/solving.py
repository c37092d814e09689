"""Values with which CEL expressions come to what is asked: a local search, the same on every run.

Breakout local search (Morris, "The Breakout Method for Escaping from Local Minima", AAAI 1993):
the best change of one, two or three variables is made; where none helps, what is not met weighs
more from then on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import combinations, islice, product
from typing import Any

import cel

from cloudsync_gen.model.artefacts import Condition, Problem, Read

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
_FAULTS = (ValueError, TypeError, KeyError, RuntimeError)

State = dict[str, int]


def native(value: Any) -> Any:
    """A JSON value as CEL takes it: times are times, marks are what they stand for."""
    if isinstance(value, Mapping):
        return {name: native(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [native(each) for each in value]
    if not isinstance(value, str):
        return value
    mark = _MARK.fullmatch(value)
    if mark:
        return NOW + timedelta(seconds=int(mark[1] or 0))
    if _MOMENT.fullmatch(value):
        return datetime.fromisoformat(value)
    if _DAY.fullmatch(value):
        found = date.fromisoformat(value)
        return datetime(found.year, found.month, found.day, tzinfo=UTC)
    return _PEOPLE.get(value, value)


def solve(problem: Problem, absent: str) -> dict[str, Any] | None:
    """Variable -> value, of those that differ from their first one; `None` where none is found."""
    return _Search(problem, absent).solution()


@cache
def _compiled(expression: str) -> cel.Program:
    return cel.compile(expression)


class _Rule:
    """A condition whose outcome is remembered for each combination of what it reads."""

    def __init__(self, condition: Condition, values: Mapping[str, list[Any]], absent: str) -> None:
        self._condition = condition
        self._program = _compiled(condition.expression)
        self._values = values
        self._absent = absent
        reads = (read for fields in condition.reads.values() for read in fields.values())
        self.variables = tuple(dict.fromkeys(name for read in reads for name in read.variables))
        self._known: dict[tuple[int, ...], bool] = {}
        self.weight = 1

    def met(self, state: State) -> bool:
        key = tuple(state[name] for name in self.variables)
        if key not in self._known:
            self._known[key] = self._outcome(state) is self._condition.holds
        return self._known[key]

    def _outcome(self, state: State) -> Any:
        known: dict[str, Any] = {
            root: self._record(fields, state) for root, fields in self._condition.reads.items()
        }
        try:
            return self._program.execute({**known, "now": NOW})
        except _FAULTS:
            return None

    def _record(self, fields: Mapping[str, Read], state: State) -> dict[str, Any]:
        found = {name: self._value(read, state) for name, read in fields.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _value(self, read: Read, state: State) -> Any:
        given = [self._values[name][state[name]] for name in read.variables]
        given = [each for each in given if each != self._absent]
        if not given:
            return native(read.value)
        value = given[0]
        if read.merges and len(given) > 1 and isinstance(value, dict) and given[1] is not None:
            value = {n: v for n, v in {**given[1], **value}.items() if v is not None}
        for step in read.path:
            value = value.get(step) if isinstance(value, dict) else None
        return value


class _Search:
    def __init__(self, problem: Problem, absent: str) -> None:
        self._problem = problem
        self._absent = absent
        values = {name: [native(v) for v in held] for name, held in problem.values.items()}
        self._rules = [_Rule(each, values, absent) for each in problem.conditions]
        self._sizes = {name: len(held) for name, held in values.items()}
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
        if rule.met(state):
            return True
        return any(
            rule.met({**state, **move})
            for width in range(1, _WIDEST + 1)
            for move in self._moves(state, [rule], width)
        )

    def _best(self, state: State, unmet: list[_Rule]) -> State | None:
        """The change that helps most, of as few variables as possible."""
        for width in range(1, _WIDEST + 1):
            best, gained = None, 0
            for move in self._moves(state, unmet, width):
                gain = self._gain(state, move)
                if gain > gained:
                    best, gained = move, gain
            if best is not None:
                return best
        return None

    def _moves(self, state: State, unmet: list[_Rule], width: int) -> Iterator[State]:
        groups: dict[tuple[str, ...], None] = {}
        for rule in unmet:
            open_ = [name for name in rule.variables if self._sizes[name] > 1]
            groups |= dict.fromkeys(combinations(open_, width))
        each = self._problem.effort // max(1, len(groups))
        for names in groups:
            others = ([i for i in range(self._sizes[n]) if i != state[n]] for n in names)
            for chosen in islice(product(*others), each):
                yield dict(zip(names, chosen, strict=True))

    def _gain(self, state: State, move: State) -> int:
        after = {**state, **move}
        concerned = {id(rule): rule for name in move for rule in self._by_variable.get(name, ())}
        return sum(rule.weight * (rule.met(after) - rule.met(state)) for rule in concerned.values())

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
