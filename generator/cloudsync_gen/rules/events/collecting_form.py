"""A service collects events in a way in which none would arrive, or some twice.

What it does: the command of `collects` takes events as they come (`takes: event`), and no event
that is collected is named under `consumes` with the same command.

Why: what is collected is of many types and of none that is known, so only its envelope can be
handed over; what is named besides would be handed over by two entries that may come to differ.

Example: `collects: [{command: application.command.note, …}]` with a command that has an input.

Use instead: `takes: event` in the command.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.exchanges import collected_by
from cloudsync_gen.model.layers.application import Command, Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        for index, each in enumerate(service.collects):
            command = model.get(Command, each.command)
            if command is not None and command.takes != "event":
                yield RULE.at(
                    model.ref(service.id, "collects", index, "command"),
                    f"`{command.id}` does not take events as they come",
                    "write `takes: event` there, or name the events under `consumes`",
                    element=service.id,
                    related=(Related(model.ref(command.id), "the command"),),
                    facts=(command.id,),
                )
        collected = {(event.id, each.command) for event, each in collected_by(model, service)}
        for index, named in enumerate(service.consumes):
            if (named.event, named.command) in collected:
                yield RULE.at(
                    model.ref(service.id, "consumes", index),
                    f"`{named.event}` is collected with the same command",
                    "take this entry out",
                    element=service.id,
                    related=(Related(model.ref(service.id, "collects"), "what collects it"),),
                    facts=(named.event,),
                )


RULE = Rule(code="EVT017", name="collecting-form", family="event-driven patterns", check=check)
