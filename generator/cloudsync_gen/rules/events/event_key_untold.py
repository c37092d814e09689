"""Nothing tells what an event is keyed by.

What it does: for each command that announces an event, looks for the event's `key` among the
properties of the entity, in the names of the aggregate and of what it is part of, in `keyFrom`, and
in the command's input and parameters.

Why: the event would be keyed by the id of whatever entity is at hand, so that its consumers read
another thing's id in the property, and its order is that of something else.

Example: `key: notificationId` of an event of `sms-message`, which has no such property.

Use instead: `keyFrom: id`, or a key that the entity holds or is called after.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import key_property, parameters_of
from cloudsync_gen.model.layers.application import Aggregate, Command, Event
from cloudsync_gen.model.schema_view import properties, required
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._known import draws_on_the_known, sound
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for event in model.all(Event):
        own = model.get(Aggregate, event.aggregate)
        if own is None or not properties(model, own.schema) or not sound(model, own.schema):
            continue
        if event.key not in required(model, event.payload) or misled(
            model, event.id, "event-aggregate"
        ):
            continue
        if event.key_from is not None and key_property(model, event, own) is None:
            yield RULE.at(
                model.ref(event.id, "keyFrom"),
                f"`{own.schema}` has no property `{event.key_from}`",
                "name the property that holds the key",
                element=event.id,
            )
            continue
        untold = next(_untold(model, event), None)
        if untold is not None:
            yield RULE.at(
                model.ref(event.id, "key"),
                f"nothing that `{untold.id}` works with tells `{event.key}`",
                "say in `keyFrom` which property of the entity holds it, or take it in the input",
                element=event.id,
                related=(Related(model.ref(untold.id, "emits"), "announced here"),),
                facts=(untold.id,),
            )


def _untold(model: Model, event: Event) -> Iterator[Command]:
    """Commands that announce the event and work with nothing that tells its key."""
    for each in model.origins(event.id, "emits-event"):
        command = model.get(Command, each)
        if command is None or _told(model, command, event):
            continue
        if draws_on_the_known(model, command):
            yield command


def _told(model: Model, command: Command, event: Event) -> bool:
    for each in (command.aggregate, event.aggregate):
        aggregate = model.get(Aggregate, each)
        if aggregate is not None and key_property(model, event, aggregate) is not None:
            return True
    given = set(properties(model, command.input)) if command.input else set()
    return event.key in given | parameters_of(model, command.id)


RULE = Rule(
    code="EVT012",
    name="event-key-untold",
    family="event-driven patterns",
    check=check,
    each=(Event,),
)
