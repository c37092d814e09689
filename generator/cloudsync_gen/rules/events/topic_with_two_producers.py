"""Two services publish to one topic.

What it does: reports an event whose topic carries events of another service as well.

Why: order, schema and access of a topic need one owner.

Example: `order` and `billing` both publish to `technology.topic.orders`.

Use instead: a topic of its own for each producer.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Event
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    first: dict[str, Event] = {}
    for event in model.all(Event):
        owner = first.setdefault(event.topic, event)
        if owner.service != event.service and event.topic in model.elements:
            yield RULE.at(
                model.ref(event.id, "topic"),
                f"`{event.topic}` already carries events of `{owner.service}`",
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
