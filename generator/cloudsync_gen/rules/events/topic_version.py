"""A topic does not say of which version it is.

What it does: wants names of topics that carry events to end in `.v1` or the like.

Why: the version of an event is part of its type, so that topics can carry several. What cannot
change in place, such as the key that orders them or the number of partitions, needs a topic beside
the old one, and a name for it.

Example: `topic: zitrusgarten.brewing.recipe`.

Use instead: `topic: zitrusgarten.brewing.recipe.v1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Event
from cloudsync_gen.model.layers.technology import Topic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule

_VERSION = re.compile(r"\.v[1-9][0-9]{0,4}$")


def check(model: Model) -> Iterator[Diagnostic]:
    carrying = {event.topic for event in model.all(Event)}
    for topic in model.all(Topic):
        if topic.id in carrying and not _VERSION.search(topic.topic):
            yield RULE.at(
                model.ref(topic.id, "topic"),
                f"`{topic.topic}` does not say of which version it is",
                "end it with `.v1`",
                element=topic.id,
            )


RULE = Rule(code="EVT015", name="topic-version", family="event-driven patterns", check=check)
