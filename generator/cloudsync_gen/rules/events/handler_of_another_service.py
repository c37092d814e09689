"""An event is answered with a command of another service.

What it does: compares the service that consumes an event with that of the command it names.

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


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        for index, each in enumerate(service.consumes):
            command = model.get(Command, each.command or "")
            if command is None or command.service == service.id:
                continue
            if misled(model, command.id, "performed-by-service"):
                continue
            yield RULE.at(
                model.ref(service.id, "consumes", index, "command"),
                f"`{command.id}` is a command of `{command.service}`",
                f"name a command of `{service.id}`",
                element=service.id,
                related=(Related(model.ref(command.id, "service"), "its service"),),
                facts=(each.event, command.id),
            )


RULE = Rule(
    code="EVT009",
    name="handler-of-another-service",
    family="event-driven patterns",
    check=check,
)
