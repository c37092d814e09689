"""Two services publish to one topic.

What it does: reports an event whose topic carries events of another service, the one that has most
there.

Why: order, schema and access of a topic need one owner.

Example: `order` and `billing` both publish to `technology.topic.orders`.

Use instead: a topic of its own for each producer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Event
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    carried: defaultdict[str, list[Event]] = defaultdict(list)
    for event in model.all(Event):
        if not misled(model, event.id, "event-producer", "event-topic"):
            carried[event.topic].append(event)
    for topic, events in carried.items():
        count = Counter(event.service for event in events)
        owner = min(events, key=lambda event: -count[event.service])
        for event in events:
            if event.service != owner.service:
                yield RULE.at(
                    model.ref(event.id, "topic"),
                    f"`{topic}` carries events of `{owner.service}`",
                    "publish to a topic of this service",
                    element=event.id,
                    related=(Related(model.ref(owner.id, "topic"), "the other producer"),),
                )


RULE = Rule(
    code="EVT004",
    name="topic-with-two-producers",
    family="event-driven patterns",
    check=check,
)
