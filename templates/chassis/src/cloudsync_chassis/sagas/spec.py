"""What the generated tables say of a saga."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from cloudsync_chassis.context import Context

Undo = Callable[[Context, Mapping[str, Any]], Awaitable[None]]
"""Carries out a compensation from the data that its step began with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A local transaction of one service; of another's, name, key and compensation are enough.

    Attributes:
        on: type of the event that starts it; empty: somebody's call does.
        outcomes: types of the events by which it says that it is done; without any it is done once
            it has been carried out.
        compensation: the command that undoes it, empty for none.
        undone_on: types of the events that its service answers with the compensation.
        timeout: seconds that it may take.
        optional: the command may find nothing to do; then the step is done, and with it the saga
            where its outcome would have completed it.
        repeatable: doing it twice has the effect of doing it once, so that a later event with the
            same key is handled as well.
        key: the property of `on`, or of the trigger, by which a second start is recognised.
    """

    name: str
    service: str
    command: str = ""
    on: str = ""
    outcomes: tuple[str, ...] = ()
    compensation: str = ""
    undone_on: tuple[str, ...] = ()
    timeout: float = 0.0
    optional: bool = False
    repeatable: bool = False
    key: str


def elsewhere(name: str, service: str, key: str, compensation: str = "") -> Step:
    """A step of another service."""
    return Step(name=name, service=service, key=key, compensation=compensation)


def steps_of(*steps: Step | tuple[str, ...]) -> tuple[Step, ...]:
    """Steps in order; a tuple holds the arguments of `elsewhere`."""
    return tuple(each if isinstance(each, Step) else elsewhere(*each) for each in steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saga:
    """A transaction over services; steps in the order in which they are undone.

    `topic`: of the log that all who take part read in the same order. `deadline`: seconds after
    which a run that has not completed is undone. `awaited`: numbers of the steps that must all be
    done before a run is complete, the one that announces `completes_on` first; without any that
    event alone completes it. `decided_by`: the number of the step with which a run is decided (the
    pivot of Garcia-Molina and Salem's theory as Richardson names it), where the model says it.
    """

    name: str
    topic: str
    trigger: str
    steps: tuple[Step, ...]
    completes_on: str
    fails_on: tuple[str, ...] = ()
    deadline: float
    awaited: tuple[int, ...] = ()
    decided_by: int | None = None

    @property
    def pivot(self) -> int:
        """The step that decides, else the last that can be undone. What goes wrong with those after
        it takes nothing back: they are repeated until they succeed.
        """
        if self.decided_by is not None:
            return self.decided_by
        return max((at for at, each in enumerate(self.steps) if each.compensation), default=-1)

    def is_decided(self, done: Collection[int]) -> bool:
        """Whether, these steps done, nothing but an event of `fails_on` takes a run back: the one
        that decides is, or else any after the last that can be undone.
        """
        first = self.pivot if self.decided_by is not None else self.pivot + 1
        return any(at >= first for at in done)

    @property
    def keys(self) -> tuple[str, ...]:
        """Properties that tell which run an event belongs to, that of the first step first."""
        return tuple(dict.fromkeys(each.key for each in self.steps))
