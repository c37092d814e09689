"""A step of a saga cannot be undone, although the run may still go back after it.

What it does: reports steps without `compensation` that stand before the pivot, and sagas that name
what makes them fail but have nothing to undo. The pivot is the step that says so, else the last one
that can be undone; steps after it are repeated until they succeed and need no compensation.

Why: when a later step fails, everything before it has to be taken back; a gap leaves money taken
and nothing delivered.

Example: *reserve* without `compensation`, then *charge* with `compensation: …refund`.

Use instead: `compensation: application.command.release-reservation`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Saga
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for saga in model.all(Saga):
        undone = [index for index, step in enumerate(saga.steps) if step.compensation is not None]
        if not undone and saga.fails_on and len(saga.steps) > 1:
            yield RULE.at(
                model.ref(saga.id, "failsOn"),
                "the saga can fail, but no step has a `compensation`",
                "name the commands that undo its steps",
                element=saga.id,
            )
        named = [index for index, step in enumerate(saga.steps) if step.pivot]
        pivot = named[0] if named else (undone or [0])[-1]
        for index, step in enumerate(saga.steps[:pivot]):
            if step.compensation is None:
                place = model.ref(saga.id, "steps", pivot, "pivot" if named else "compensation")
                yield RULE.at(
                    model.ref(saga.id, "steps", index),
                    f"`{step.name}` has no `compensation`, but the run may go back after it",
                    "name the command that undoes it",
                    element=saga.id,
                    related=(Related(place, "until this is done"),),
                    facts=(step.name,),
                )


RULE = Rule(code="SAG001", name="step-without-compensation", family="sagas", check=check)
