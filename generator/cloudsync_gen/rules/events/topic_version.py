"""A topic says another version than the events on it, or none.

What it does: wants names of topics that carry events to end in `.v1` or the like, and the number to
be the `version` of each of its events.

Why: consumers subscribe to a topic by its name; events of a new version on the old one reach those
who cannot read them, and there is no way back.

Example: an event with `version: 2` on `zitrusgarten.brewing.recipe.v1`.

Use instead: a topic `zitrusgarten.brewing.recipe.v2` beside the old one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Event
from cloudsync_gen.model.layers.technology import Topic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule

_VERSION = re.compile(r"\.v([1-9][0-9]{0,4})$")


def check(model: Model) -> Iterator[Diagnostic]:
    carrying = {event.topic for event in model.all(Event)}
    for topic in model.all(Topic):
        if topic.id in carrying and not _VERSION.search(topic.topic):
            yield RULE.at(
                model.ref(topic.id, "topic"),
                f"`{topic.topic}` does not say which version of its events it carries",
                "end it with `.v1`",
                element=topic.id,
            )
    for event in model.all(Event):
        carrier = model.get(Topic, event.topic)
        match = _VERSION.search(carrier.topic) if carrier else None
        if carrier is not None and match is not None and int(match[1]) != event.version:
            yield RULE.at(
                model.ref(event.id, "topic"),
                f"version {event.version} of `{event.id}` is announced on `{carrier.topic}`",
                f"announce it on a topic that ends in `.v{event.version}`",
                element=event.id,
                related=(Related(model.ref(carrier.id, "topic"), "the topic's name"),),
            )


RULE = Rule(code="EVT015", name="topic-version", family="event definitions", check=check)
