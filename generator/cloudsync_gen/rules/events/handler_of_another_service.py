"""An event or queue is answered with a command of another service.

What it does: compares the service that consumes an event, or takes from a queue, with that of the
command it names.

Why: the command is a method of the other service's port; the consumer cannot carry it out.

Example: `search` consumes `document-created` with `application.command.create-version`.

Use instead: a command of the consuming service; or let the other service consume the event.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Command, Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        for pointer, source, name in _answers(service):
            command = model.get(Command, name)
            if command is None or command.service == service.id:
                continue
            if misled(model, command.id, "performed-by-service"):
                continue
            yield RULE.at(
                model.ref(service.id, *pointer, "command"),
                f"`{command.id}` is a command of `{command.service}`",
                f"name a command of `{service.id}`",
                element=service.id,
                related=(Related(model.ref(command.id, "service"), "its service"),),
                facts=(source, command.id),
            )


def _answers(service: Service) -> Iterator[tuple[Pointer, str, str]]:
    """(place, event or queue, command) of all that a service takes in by itself."""
    for index, each in enumerate(service.consumes):
        yield ("consumes", index), each.event, each.command or ""
    for index, collecting in enumerate(service.collects):
        yield ("collects", index), "", collecting.command
    for index, use in enumerate(service.queues):
        yield ("queues", index), use.queue, use.command


RULE = Rule(
    code="EVT009",
    name="handler-of-another-service",
    family="event-driven patterns",
    check=check,
)
