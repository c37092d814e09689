"""An event carries a field that may not leave its service in the clear.

What it does: reports payload properties that have the name of a property of the event's entity
whose classification asks for field encryption.

Why: a topic is read by every consumer, kept for days and archived for ever.

Example: `primaryEmail` in the payload of `user-created`.

Use instead: the id, or a hash; consumers read the field where it is kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.application import Aggregate, Event
from cloudsync_gen.model.layers.security import Classification
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    closed = {name_of(c.id) for c in model.all(Classification) if c.encryption == "field"}
    for event in model.all(Event):
        aggregate = model.get(Aggregate, event.aggregate)
        fields = properties(model, aggregate.schema) if aggregate else {}
        for name in properties(model, event.payload):
            schema = fields.get(name)
            if aggregate is None or not isinstance(schema, dict):
                continue
            if str(schema.get("x-classification")) in closed:
                place = model.ref(aggregate.schema, "schema", "properties", name)
                yield RULE.at(
                    model.ref(event.payload, "schema", "properties", name),
                    f"`{name}` is {schema['x-classification']} and may not be published",
                    "publish an id or a hash instead",
                    element=event.payload,
                    related=(Related(place, "its class"),),
                    facts=(event.id, name),
                )


RULE = Rule(code="SEC007", name="restricted-in-event", family="zero trust", check=check)
