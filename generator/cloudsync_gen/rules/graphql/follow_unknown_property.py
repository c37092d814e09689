"""A subscription is asked for by something that the event it follows does not say.

What it does: looks for each argument of a field with `@follows` among the properties of the event's
payload.

Why: a listener is told of the events whose properties are as their arguments say; of one that is
nowhere nobody would ever be told.

Example: `brewed(recipe: UUID!)` that follows an event with `recipeId`.

Use instead: `brewed(recipeId: UUID!)`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.api import RootField
from cloudsync_gen.model.layers.application import Event
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for field in model.all(RootField):
        event = model.get(Event, field.follows or "")
        if event is None:
            continue
        known = properties(model, event.payload)
        for each in field.arguments:
            if known and each not in known:
                yield RULE.at(
                    model.ref(field.id, "arguments", each),
                    f"`{event.id}` has no property `{each}`",
                    offered(each, known),
                    element=field.id,
                    facts=(each,),
                    related=(Related(model.ref(event.payload), "what it says"),),
                )


RULE = Rule(code="GQL022", name="follow-unknown-property", family="GraphQL contracts", check=check)
