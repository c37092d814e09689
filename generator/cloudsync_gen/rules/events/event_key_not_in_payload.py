"""The partition key of an event is not in its payload.

What it does: looks up `key` among the required properties of the payload.

Why: the key decides the partition and so the order of events; consumers read it from the data.

Example: `key: documentId`, and a payload that has `id`.

Use instead: a required property of the payload, normally the aggregate's id.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Event
from cloudsync_gen.model.schema_view import properties, required
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._known import sound
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for event in model.all(Event):
        if not properties(model, event.payload) or event.key in required(model, event.payload):
            continue
        if not sound(model, event.payload):
            continue
        yield RULE.at(
            model.ref(event.id, "key"),
            f"`{event.payload}` has no required property `{event.key}`",
            "name a required property of the payload, or require this one",
            element=event.id,
            related=(Related(model.ref(event.payload, "schema"), "the payload"),),
        )


RULE = Rule(
    code="EVT002",
    name="event-key-not-in-payload",
    family="event-driven patterns",
    check=check,
)
