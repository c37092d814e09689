"""A step of a saga waits for an event that its service does not listen to.

What it does: looks for the event in `on` among the `consumes` of the step's service, with the
step's command as its answer. Events of the service itself need no broker in between.

Why: in a choreography nobody else starts the step.

Example: `on: application.event.order-paid`, and shipping does not consume it.

Use instead: an entry in `consumes` with that event and the step's command.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Command, Event, Saga, Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for saga in model.all(Saga):
        for index, step in enumerate(saga.steps):
            service = model.get(Service, step.service)
            event = model.get(Event, step.on or "")
            command = model.get(Command, step.command)
            if service is None or event is None or command is None:
                continue
            if event.service == service.id or command.service != service.id:
                continue
            if misled(model, service.id, "consumes-event", "event-handled-by"):
                continue
            if misled(model, event.id, "event-producer"):
                continue
            if not any((c.event, c.command) == (event.id, command.id) for c in service.consumes):
                yield RULE.at(
                    model.ref(saga.id, "steps", index, "on"),
                    f"`{service.id}` does not answer `{event.id}` with `{command.id}`",
                    "add the event and the command to its `consumes`",
                    element=saga.id,
                    related=(Related(model.ref(service.id, "consumes"), "what it listens to"),),
                    facts=(step.name, event.id),
                )


RULE = Rule(code="SAG005", name="step-not-triggered", family="sagas", check=check)
