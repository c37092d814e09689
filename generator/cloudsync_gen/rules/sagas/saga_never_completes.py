"""Nothing in a saga makes it complete.

What it does: looks for a step whose command emits the event in `completesOn`.

Why: every run would end at its deadline and be undone, or stay open for ever.

Example: `completesOn: application.event.order-shipped`, and no step emits it.

Use instead: the event of the last step, or a step that emits it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Command, Event, Saga
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray, misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if astray(model, Command, "emits-event"):
        return
    for saga in model.all(Saga):
        if model.get(Event, saga.completes_on) is None or misled(
            model, saga.id, "saga-step-command"
        ):
            continue
        commands = [model.get(Command, step.command) for step in saga.steps]
        if not any(saga.completes_on in command.emits for command in commands if command):
            yield RULE.at(
                model.ref(saga.id, "completesOn"),
                f"no step emits `{saga.completes_on}`",
                "name an event that the last step emits",
                element=saga.id,
            )


RULE = Rule(
    code="SAG004",
    name="saga-never-completes",
    family="sagas",
    check=check,
    whole=True,
)
