"""A field that must be encrypted is stored in the clear.

What it does: for properties whose classification asks for field encryption, looks at the column
(`encrypted`) or the collection (`encryptedFields`) that stores them.

Why: who reads a disk, a backup or a replica reads the field.

Example: `primary_email: {type: text, property: primaryEmail}` for a restricted property.

Use instead: `type: bytea, encrypted: true`; for look-ups a column with `blindIndexOf`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.ids import ElementId, name_of
from cloudsync_gen.model.layers.data_model import Entity
from cloudsync_gen.model.layers.datastore import Collection, Table
from cloudsync_gen.model.layers.security import Classification
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    secret = {name_of(c.id) for c in model.all(Classification) if c.encryption == "field"}
    for entity in model.all(Entity):
        fields = {
            name
            for name, schema in properties(model, entity.id).items()
            if isinstance(schema, dict) and str(schema.get("x-classification")) in secret
        }
        for ref, name in _in_clear(model, entity.id, fields):
            yield RULE.at(
                ref,
                f"`{name}` must be encrypted, but is stored in the clear",
                "encrypt the field; add a blind index where it is looked up",
                element=entity.id,
                related=(Related(model.ref(entity.id, "schema", "properties", name), "its class"),),
                facts=(name,),
            )


def _in_clear(model: Model, entity: str, fields: set[str]) -> Iterator[tuple[Ref, str]]:
    for origin in model.origins(entity, "stores-schema"):
        stored = model.elements[ElementId(origin)]
        if isinstance(stored, Table):
            for column, each in stored.columns.items():
                if each.property in fields and not each.encrypted:
                    yield model.ref(stored.id, "columns", column), each.property
        elif isinstance(stored, Collection):
            for name in sorted(fields - set(stored.encrypted_fields)):
                yield model.ref(stored.id), name


RULE = Rule(code="SEC005", name="stored-in-clear", family="zero trust", check=check)
