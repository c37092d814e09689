"""A form of an entity has a field that the entity does not have.

What it does: looks up the fields of GraphQL types, proto messages, columns, indexes and collections
among the properties of the schema that they stand for.

Why: nothing ever fills it.

Example: `property: ownerID` where the schema has `ownerId`.

Use instead: the property as the schema spells it; no `property` for technical columns.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import KINDS
from cloudsync_gen.rules.shapes._aspects import differs, form, single


def check(model: Model) -> Iterator[Diagnostic]:
    for each, field in single(model, "extra"):
        message = f"`{each.shape.entity}` has no property `{field.name}`, but {form(each)} has"
        yield differs(RULE, each, message, "spell it as the schema does, or remove it")


RULE = Rule(
    code="SHP002", name="extra-field", family="agreement of shapes", check=check, each=KINDS
)
