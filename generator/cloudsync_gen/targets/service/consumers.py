"""Consumed events: the methods that handle them, and the commands that answer by default."""

from __future__ import annotations

from collections.abc import Mapping

from cloudsync_gen.model.event_names import event_type
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Command, Consumption, Event
from cloudsync_gen.model.layers.technology import Topic
from cloudsync_gen.naming import python_name
from cloudsync_gen.targets._text import summary
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.flow_views import CallView
from cloudsync_gen.targets.service.views import ConsumerView, MethodView

WHOLE = ""
"""Stands for the whole payload in a call's fields."""


def consumers_of(facts: ServiceFacts, methods: tuple[MethodView, ...]) -> tuple[ConsumerView, ...]:
    """One for each event that the service listens to, by name."""
    by_name = {method.name: method for method in methods}
    by_event: dict[str, list[Consumption]] = {}
    for each in facts.service.consumes:
        by_event.setdefault(each.event, []).append(each)
    listening = {each.id for each in facts.listening}
    found = []
    for identity, consumptions in sorted(by_event.items()):
        event = facts.model.get(Event, identity)
        topic = facts.model.get(Topic, event.topic) if event else None
        alone = len(facts.consumed[identity]) == 1 and facts.consumed[identity] <= listening
        if event is not None and topic is not None and not alone:
            calls = (_call(facts, event, each, by_name) for each in consumptions)
            found.append(
                ConsumerView(
                    name=facts.scope.take(f"on_{python_name(name_of(event.id)).rstrip('_')}"),
                    event=name_of(event.id),
                    about=summary(consumptions[0].effect, 80),
                    topic=topic.topic,
                    type=event_type(facts.model, event),
                    model=facts.class_of(event.payload),
                    calls=tuple(call for call in calls if call is not None),
                )
            )
    return tuple(found)


def _call(
    facts: ServiceFacts, event: Event, consumption: Consumption, methods: dict[str, MethodView]
) -> CallView | None:
    """The command called with what the payload holds; `None` where that is not enough."""
    command = facts.model.get(Command, consumption.command or "")
    if command is not None and command in facts.listening:
        return CallView(method=facts.methods[command.id], request="", fields=())
    method = methods.get(facts.methods.get(command.id, "")) if command else None
    if command is None or method is None or not method.default.verb:
        return None
    return call_of(facts, event, command, methods)


def call_of(
    facts: ServiceFacts,
    event: Event,
    command: Command,
    methods: Mapping[str, MethodView],
    whole: bool = False,
) -> CallView | None:
    """A command called with what an event holds, whether or not it has a default.

    `whole`: the event's data are an input of the command, although of another type.
    """
    method = methods.get(facts.methods.get(command.id, ""))
    if method is None:
        return None
    properties = facts.schema(event.payload).get("properties", {})
    fields: list[tuple[str, str]] = []
    for each in method.fields:
        if each.name == "body" and (whole or command.input == event.payload):
            fields.append((each.name, WHOLE))
        elif not each.default:
            name = next((n for n in properties if python_name(n) == each.name), None)
            name = name or (event.key if _is_key(facts, event, command) else None)
            if name is None or each.name == "body":
                return None
            fields.append((each.name, name))
    return CallView(method=method.name, request=method.request, fields=tuple(fields))


def _is_key(facts: ServiceFacts, event: Event, command: Command) -> bool:
    """Whether the event tells of an entity of the command's own aggregate."""
    return event.aggregate == command.aggregate
