"""A service listens to an event of its own about the same aggregate.

What it does: reports consumptions whose event the service itself publishes, unless the command
works on another aggregate than the event is of: that is how two aggregates are kept in step.

Why: the fact takes the way over the broker to come back to where it was known, later and perhaps
twice; and two such commands can wake each other for ever.

Example: `order` consumes `application.event.order-placed` of `order`.

Use instead: do it in the command that emits the event, or in a saga's step.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related, Severity
from cloudsync_gen.model.layers.application import Command, Event, Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for service in model.all(Service):
        for index, each in enumerate(service.consumes):
            event = model.get(Event, each.event)
            if event is None or event.service != service.id:
                continue
            command = model.get(Command, each.command or "")
            if command is None or command.aggregate == event.aggregate:
                yield RULE.at(
                    model.ref(service.id, "consumes", index, "event"),
                    f"`{service.id}` publishes `{event.id}` itself",
                    "do it in the command that emits the event",
                    element=service.id,
                    related=(Related(model.ref(event.id, "service"), "the event"),),
                    facts=(event.id,),
                )


RULE = Rule(
    code="EVT006",
    name="consumer-of-own-event",
    family="event-driven patterns",
    severity=Severity.WARNING,
    check=check,
)
