"""A required property is not declared.

What it does: looks up each name of `required` among the `properties` of the same schema; schemas
that combine others (`allOf`, `$ref`, …) are left alone.

Why: with `additionalProperties: false` no value could ever be valid; without it, the property has
no type, no bound and no classification.

Example: `required: [titel]` beside `properties: {title: …}`.

Use instead: the name as the property spells it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._mends import MISSPELT, misspelt
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import elements, subschemas

_COMBINING = frozenset(("$ref", "allOf", "anyOf", "oneOf", "if", "patternProperties"))
_PARTS = frozenset(("allOf", "anyOf", "oneOf", "if", "then", "else", "not", "dependentSchemas"))
"""Below these a schema says something of properties that may be declared around it."""


def check(model: Model) -> Iterator[Diagnostic]:
    for element in elements(model):
        for pointer, schema in subschemas(element.schema):
            names, fields = schema.get("required"), schema.get("properties", {})
            if not isinstance(names, list) or not isinstance(fields, dict):
                continue
            if _COMBINING & schema.keys() or _PARTS & set(pointer):
                continue
            for index, name in enumerate(names):
                if isinstance(name, str) and name not in fields:
                    place = model.ref(element.id, "schema", *pointer, "required", index)
                    yield RULE.at(
                        place,
                        f"`{name}` is required, but no property",
                        offered(name, fields, otherwise="declare it in `properties`"),
                        element=element.id,
                        facts=(*map(str, pointer), name),
                        mends=misspelt(place, name, fields.keys() - set(map(str, names))),
                    )


RULE = Rule(
    code="SCH003",
    name="required-without-property",
    family="schema validation",
    check=check,
    alone=True,
    mends=MISSPELT,
)
