"""A command takes events as they come, and is called in another way as well.

What it does: a command with `takes: event` is `custom`, has neither input nor output, is carried by
no operation, RPC, root field or queue, is no step of a saga, and some service maps an event to it.

Why: its one method is handed an event. Nobody else has one to hand it.

Example: `takes: event` with `input: data_model.message.note`.

Use instead: `takes: input`, where each event is handed over by a method of its own; or a second
command for the callers.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Command
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule

_CARRIERS = (
    *("operation-command", "rpc-command", "field-performs"),
    *("queue-handled-by", "saga-step-command", "saga-compensation"),
)


def check(model: Model) -> Iterator[Diagnostic]:
    for command in model.all(Command):
        fault = _fault(model, command) if command.takes == "event" else ""
        if fault:
            yield RULE.at(
                model.ref(command.id, "takes"),
                f"`{command.id}` takes events, but {fault}",
                "let it take input, or make a second command for whoever has no event",
                element=command.id,
            )


def _fault(model: Model, command: Command) -> str:
    if command.effect != "custom":
        return "no default can carry it out"
    if command.input or command.output:
        return "has an input or an output"
    for link in _CARRIERS:
        for origin in model.origins(command.id, link):
            return f"`{origin}` calls it"
    mapped = ("event-handled-by", "event-collected-by")
    if not any(model.origins(command.id, each) for each in mapped):
        return "no event is mapped to it"
    return ""


RULE = Rule(code="DDD023", name="event-taker", family="domain-driven design", check=check)
