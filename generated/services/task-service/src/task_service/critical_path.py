"""The chain of tasks that decides when a board is finished (critical path method).

Everything is reckoned in minutes of work after the beginning of today; an edge's lag counts in days
of work. Days of rest come in only where minutes become dates.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Generic, TypeVar

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Edge(Generic[K]):
    """`after` waits for `before`; `lag` in minutes of work."""

    before: K
    after: K
    relation: str
    lag: int


@dataclass(frozen=True, slots=True)
class Step(Generic[K]):
    """A task of the path, in minutes of work from now."""

    task: K
    start: int
    finish: int


def critical_path(remaining: Mapping[K, int], edges: Iterable[Edge[K]]) -> list[Step[K]]:
    """The path from its first task to its last; `remaining` in minutes.

    Edges of tasks that are not in `remaining` hold nothing up. A task whose start no predecessor
    decides begins a path.
    """
    behind: dict[K, list[Edge[K]]] = {task: [] for task in remaining}
    waits = dict.fromkeys(remaining, 0)
    for edge in edges:
        if edge.before in remaining and edge.after in remaining:
            behind[edge.before].append(edge)
            waits[edge.after] += 1
    start = dict.fromkeys(remaining, 0)
    decided_by: dict[K, K] = {}
    free = [task for task, count in waits.items() if not count]
    for task in free:  # grows while it is gone through
        for edge in behind[task]:
            earliest = _earliest(edge, start[task], remaining)
            if earliest > start[edge.after]:
                start[edge.after], decided_by[edge.after] = earliest, task
            waits[edge.after] -= 1
            if not waits[edge.after]:
                free.append(edge.after)
    path: list[Step[K]] = []
    last = max(free, key=lambda each: start[each] + remaining[each], default=None)
    while last is not None:
        path.append(Step(last, start[last], start[last] + remaining[last]))
        last = decided_by.get(last)
    return path[::-1]


def _earliest(edge: Edge[K], start: int, remaining: Mapping[K, int]) -> int:
    """When the successor may start, for the sake of this edge."""
    if edge.relation == "startToStart":
        return start + edge.lag
    finish = start + remaining[edge.before]
    if edge.relation == "finishToFinish":
        return finish + edge.lag - remaining[edge.after]
    return finish + edge.lag


class WorkDays:
    """Which date a minute of work falls on; days of rest by their ISO number (1: Monday)."""

    def __init__(self, today: date, minutes: int, rest: Collection[int]) -> None:
        self._minutes = minutes
        self._rest = frozenset(rest)
        self._first = today
        while self._first.isoweekday() in self._rest:
            self._first += timedelta(days=1)
        week = (self._first + timedelta(days=each) for each in range(7))
        self._offsets = [n for n, each in enumerate(week) if each.isoweekday() not in self._rest]

    def start(self, minute: int) -> date:
        """The day on which the work after this minute is done."""
        return self._day(minute // self._minutes)

    def finish(self, start: int, minute: int) -> date:
        """The day whose work ends with this minute; of nothing, the day of its start."""
        return self._day((minute - 1) // self._minutes) if minute > start else self.start(start)

    def _day(self, number: int) -> date:
        weeks, day = divmod(number, len(self._offsets))
        try:
            return self._first + timedelta(days=7 * weeks + self._offsets[day])
        except OverflowError:
            return date.max
