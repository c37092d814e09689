"""A property of an entity has no classification.

What it does: reports properties of entities without `x-classification`, or with one that is no
classification of layer security.

Why: masking, encryption and export follow from the class; a property without one is protected by
nothing.

Example: `birthday: {type: string}`.

Use instead: `x-classification: restricted`, or whichever of the classifications fits.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.data_model import Entity
from cloudsync_gen.model.layers.security import Classification
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    known = [name_of(each.id) for each in model.all(Classification)]
    for entity in model.all(Entity):
        for name, schema in properties(model, entity.id).items():
            place = model.ref(entity.id, "schema", "properties", name)
            given = schema.get("x-classification") if isinstance(schema, dict) else None
            if given is None:
                message = f"property `{name}` has no `x-classification`"
                yield RULE.at(place, message, f"one of {', '.join(known)}", element=entity.id)
            elif given not in known and not model.unread(f"security.classification.{given}"):
                yield RULE.at(
                    place.at("x-classification"),
                    f"`{given}` is no classification",
                    offered(str(given), known),
                    element=entity.id,
                )


RULE = Rule(code="SEC003", name="unclassified-property", family="zero trust", check=check)
