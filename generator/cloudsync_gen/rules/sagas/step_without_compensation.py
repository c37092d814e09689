"""A step of a saga cannot be undone, although a later one can.

What it does: reports steps without `compensation` that stand before a step with one, and sagas that
name what makes them fail but have nothing to undo. After the last step that can be undone (the
pivot) steps are repeated until they succeed and need no compensation.

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
        for index, step in enumerate(saga.steps):
            if step.compensation is None and undone and index < undone[-1]:
                place = model.ref(saga.id, "steps", undone[-1], "compensation")
                yield RULE.at(
                    model.ref(saga.id, "steps", index),
                    f"`{step.name}` has no `compensation`, but a later step can still be undone",
                    "name the command that undoes it",
                    element=saga.id,
                    related=(Related(place, "the later step"),),
                    facts=(step.name,),
                )


RULE = Rule(code="SAG001", name="step-without-compensation", family="sagas", check=check)
