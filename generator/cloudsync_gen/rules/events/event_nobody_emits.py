"""An event that no command emits.

What it does: reports events without a command that lists them in `emits`.

Why: consumers are written for a fact that nobody ever states.

Example: `application.event.order-paid`, and no command with it in `emits`.

Use instead: add it to the command after which the fact is true, or remove the event.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Command, Event
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import astray
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    if astray(model, Command, "emits-event"):
        return
    for event in model.all(Event):
        if not model.origins(event.id, "emits-event"):
            yield RULE.at(
                model.ref(event.id),
                f"no command emits `{event.id}`",
                "add it to `emits` of the command after which it is true",
                element=event.id,
            )


RULE = Rule(
    code="EVT001",
    name="event-nobody-emits",
    family="event-driven patterns",
    check=check,
    whole=True,
)
