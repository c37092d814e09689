"""An entity lacks a property that every entity has.

What it does: looks for `id`, `organizationId`, `createdAt`, `updatedAt` and `version`, each of them
required and `readOnly`.

Why: identity, tenant, times and version are set by the service itself; storage, isolation, entity
tags and events rely on them.

Example: an entity without `version`, or with a writable one.

Use instead: `version: {$ref: …, readOnly: true}`, and its name in `required`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.effects import ENVELOPE
from cloudsync_gen.model.layers.data_model import Entity
from cloudsync_gen.model.schema_view import properties, required
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._known import sound
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    for entity in model.all(Entity):
        for name in ENVELOPE:
            ref, message, hint = _problem(model, entity, name)
            if message and sound(model, entity.id):
                yield RULE.at(ref, message, hint, element=entity.id, facts=(name,))


def _problem(model: Model, entity: Entity, name: str) -> tuple[Ref, str, str]:
    schema = properties(model, entity.id).get(name)
    place = model.ref(entity.id, "schema")
    if schema is None:
        return place, f"the entity has no `{name}`", "add it with `readOnly: true`, and require it"
    if name not in required(model, entity.id):
        return place.at("required"), f"`{name}` is not required", f"add `{name}` to `required`"
    if not isinstance(schema, dict) or schema.get("readOnly") is not True:
        return place.at("properties", name), f"`{name}` is not `readOnly`", "add `readOnly: true`"
    return place, "", ""


RULE = Rule(
    code="SCH006", name="entity-envelope", family="schema validation", check=check, each=(Entity,)
)
