"""A topic that somebody reads has no dead-letter topic.

What it does: reports topics with events, words of a saga or queued calls whose `deadLetter` is
missing.

Why: one message that cannot be handled then stops its partition, or is lost.

Example: `technology.topic.orders` without `deadLetter`.

Use instead: `deadLetter: technology.topic.orders-dlq`, a topic of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.technology import Topic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule

_CARRIED = (
    ("event-topic", "events"),
    ("saga-topic", "a saga"),
    ("queued-calls-topic", "queued calls"),
)


def check(model: Model) -> Iterator[Diagnostic]:
    for topic in model.all(Topic):
        carried = [what for kind, what in _CARRIED if model.origins(topic.id, kind)]
        if topic.dead_letter is None and carried:
            yield RULE.at(
                model.ref(topic.id),
                f"`{topic.id}` carries {carried[0]} but has no `deadLetter`",
                "name a topic for messages that cannot be handled",
                element=topic.id,
            )


RULE = Rule(
    code="EVT003",
    name="topic-without-dead-letter",
    family="event-driven patterns",
    check=check,
)
