"""A saga has to end before its steps may.

What it does: adds up the time-outs of steps that wait for each other, by the event that each waits
for, and compares the longest such chain with the saga's deadline.

Why: the saga would be undone while a step is still within its time.

Example: steps of `10m` and `10m`, one after the other, and `deadline: 15m`.

Use instead: a deadline of at least that sum, or shorter time-outs.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Command, Saga
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.values import milliseconds
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for saga in model.all(Saga):
        longest = max((_end(model, saga, i, ()) for i in range(len(saga.steps))), default=0)
        if longest > milliseconds(saga.deadline):
            yield RULE.at(
                model.ref(saga.id, "deadline"),
                f"the steps may take {longest // 1000} s, the saga {saga.deadline}",
                "lengthen the deadline, or shorten the time-outs",
                element=saga.id,
            )


def _end(model: Model, saga: Saga, index: int, after: tuple[int, ...]) -> int:
    """When a step has ended at the latest, in ms after the trigger.

    It begins with the earliest step that emits the event it waits for; at once where no step does.
    """
    step = saga.steps[index]
    before = [
        number
        for number, other in enumerate(saga.steps)
        if step.on is not None
        and number not in (index, *after)
        and _emits(model, other.command, step.on)
    ]
    start = 0
    if step.on not in (None, saga.trigger) and before:
        start = min(_end(model, saga, number, (*after, index)) for number in before)
    return start + milliseconds(step.timeout)


def _emits(model: Model, command: str, event: str) -> bool:
    found = model.get(Command, command)
    return found is not None and event in found.emits


RULE = Rule(code="SAG003", name="saga-deadline", family="sagas", check=check)
