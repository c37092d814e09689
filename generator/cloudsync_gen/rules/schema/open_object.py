"""An entity, message or payload admits properties that it does not declare.

What it does: reports such schemas unless they are `type: object` with `additionalProperties: false`
(or `unevaluatedProperties: false`).

Why: what is not declared has no type, no bound and no classification, and is stored, logged and
published all the same.

Example: `schema: {type: object, properties: {…}}`.

Use instead: `additionalProperties: false` beside the properties.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.data_model import DataElement, Entity, Message, Payload
from cloudsync_gen.model.schema_view import resolved
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._known import sound
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    elements: tuple[DataElement, ...]
    elements = (*model.all(Entity), *model.all(Message), *model.all(Payload))
    for element in elements:
        _, schema = resolved(model, element.id, element.schema)
        if not schema and element.schema:
            continue
        closed = False in (schema.get("additionalProperties"), schema.get("unevaluatedProperties"))
        if (schema.get("type") == "object" and closed) or not sound(model, element.id):
            continue
        wanted = "additionalProperties: false" if schema.get("type") == "object" else "type: object"
        yield RULE.at(
            model.ref(element.id, "schema"),
            f"the schema lacks `{wanted}`",
            f"add `{wanted}`",
            element=element.id,
        )


RULE = Rule(code="SCH009", name="open-object", family="schema validation", check=check)
