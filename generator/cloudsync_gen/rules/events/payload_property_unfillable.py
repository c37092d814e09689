"""A default handler cannot fill a required property of the event that it emits.

What it does: for commands that are not custom, compares the required properties of each emitted
event's payload with what the entity, the body and the parameters have.

Why: the event would be published without a fact that its consumers rely on.

Example: `required: [orderId, reason]`, and neither the entity nor the body has `reason`.

Use instead: take it in the body, keep it in the entity, or make the property optional.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import payload_sources
from cloudsync_gen.model.layers.application import Command, Event
from cloudsync_gen.model.schema_view import required
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._known import draws_on_the_known, sound
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for command in model.all(Command):
        if command.effect == "custom":
            continue
        for index, name in enumerate(command.emits):
            event = model.get(Event, name)
            if event is None or not sound(model, event.payload):
                continue
            if event.key not in required(model, event.payload):
                continue
            left = required(model, event.payload) - payload_sources(model, command, event.key)
            if not left or not draws_on_the_known(model, command):
                continue
            for each in sorted(left):
                yield RULE.at(
                    model.ref(command.id, "emits", index),
                    f"nothing fills the required property `{each}` of `{event.payload}`",
                    "take it in the body, keep it in the entity, or make it optional",
                    element=command.id,
                    related=(Related(model.ref(event.payload, "schema", "required"), "required"),),
                    facts=(event.id, each),
                )


RULE = Rule(
    code="EVT005",
    name="payload-property-unfillable",
    family="event-driven patterns",
    check=check,
    each=(Command,),
)
