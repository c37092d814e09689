"""What a saga says of the step that decides it contradicts itself.

What it does: wants one `pivot` at most; of the steps before it, that none waits for an event that
only the pivot or a later step announces, and that none announces what completes the saga.

Why: steps before the pivot are undone if they fail, those after it are repeated until they are done
(compensatable, pivot and retriable transactions of a saga). A step that can only begin once the run
is decided would take back what has been decided.

Example: *charge* with `pivot: true`, and before it *thank* with `on: …order-charged`.

Use instead: *thank* after *charge*.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Command, Saga, SagaStep
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for saga in model.all(Saga):
        pivots = [index for index, step in enumerate(saga.steps) if step.pivot]
        for index in pivots[1:]:
            yield RULE.at(
                model.ref(saga.id, "steps", index, "pivot"),
                "a saga is decided once, and an earlier step decides this one",
                "leave `pivot` with the step after which nothing is to be taken back",
                element=saga.id,
                related=(Related(model.ref(saga.id, "steps", pivots[0], "pivot"), "the earlier"),),
                facts=(saga.steps[index].name,),
            )
        if pivots:
            yield from _before(model, saga, pivots[0])


def _before(model: Model, saga: Saga, pivot: int) -> Iterator[Diagnostic]:
    decided = {each for step in saga.steps[pivot:] for each in _announced(model, step)}
    early = {each for step in saga.steps[:pivot] for each in _announced(model, step)}
    related = (Related(model.ref(saga.id, "steps", pivot, "pivot"), "what decides"),)
    for index, step in enumerate(saga.steps[:pivot]):
        if step.on in decided - early - {saga.trigger}:
            yield RULE.at(
                model.ref(saga.id, "steps", index, "on"),
                f"`{step.name}` stands before the pivot and begins only after it",
                "move the step behind the pivot",
                element=saga.id,
                related=related,
                facts=(step.name,),
            )
        elif saga.completes_on in _announced(model, step):
            yield RULE.at(
                model.ref(saga.id, "steps", index),
                f"`{step.name}` completes the saga before it is decided",
                "move the pivot to this step or before it",
                element=saga.id,
                related=related,
                facts=(step.name,),
            )


def _announced(model: Model, step: SagaStep) -> tuple[str, ...]:
    command = model.get(Command, step.command)
    return command.emits if command else ()


RULE = Rule(code="SAG008", name="pivot-contradicted", family="sagas", check=check)
