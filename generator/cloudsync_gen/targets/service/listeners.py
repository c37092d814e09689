"""Commands that take consumed events as they come, of many types, by one method each."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cloudsync_gen.model.event_names import event_type
from cloudsync_gen.model.exchanges import collected_by
from cloudsync_gen.model.layers.application import Command, Event
from cloudsync_gen.model.layers.technology import Topic
from cloudsync_gen.targets._text import summary
from cloudsync_gen.targets.service.facts import ServiceFacts

ANY = "*"
"""Every type of event on a topic (`cloudsync_chassis.events.consumer.ANY`)."""


class ListenerView(Struct, frozen=True, kw_only=True):
    """A method that takes the events of `sources`: (topic, type)."""

    name: str
    about: str
    sources: tuple[tuple[str, str], ...]


def listeners_of(facts: ServiceFacts) -> tuple[ListenerView, ...]:
    """One for each command that takes events, by id."""
    return tuple(
        ListenerView(
            name=facts.methods[command.id],
            about=summary(command.description, 80),
            sources=tuple(sorted(set(_sources(facts, command)))),
        )
        for command in facts.listening
    )


def _sources(facts: ServiceFacts, command: Command) -> Iterator[tuple[str, str]]:
    """Events that go to this command alone; others are passed on by their own method."""
    for event_id, commands in facts.consumed.items():
        event = facts.model.get(Event, event_id)
        topic = facts.model.get(Topic, event.topic) if event else None
        if event is not None and topic is not None and commands == {command.id}:
            yield topic.topic, event_type(facts.model, event)
    for event, collecting in collected_by(facts.model, facts.service):
        topic = facts.model.get(Topic, event.topic)
        if topic is not None and collecting.command == command.id:
            yield topic.topic, ANY
