"""A property or a value does not say what it holds.

What it does: reports properties, and elements of the data model, whose schema has no `type`,
`$ref`, `enum`, `const`, nor a combination of schemas that could have one.

Why: a schema without them admits everything; models, columns and messages made from it hold
anything, and no validation stands before the store.

Example: `title: {maxLength: 80}`.

Use instead: `title: {type: string, maxLength: 80}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import elements, subschemas
from cloudsync_gen.rules.schema.unknown_keyword import KEYWORDS

_TELLING = frozenset(
    ("type", "$ref", "enum", "const", "allOf", "anyOf", "oneOf", "not", "if", "$dynamicRef")
)
_APART = frozenset(("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"))
"""Below these a schema adds to one that stands around it."""


def check(model: Model) -> Iterator[Diagnostic]:
    for element in elements(model):
        for pointer, schema in subschemas(element.schema):
            named = pointer[-2:-1] == ("properties",) or not pointer
            if not named or schema.keys() & _TELLING:
                continue
            if schema.keys() - KEYWORDS:  # `type` may be what was meant
                continue
            if not _APART & set(pointer):
                what = pointer[-1] if pointer else name_of(element.id)
                yield RULE.at(
                    model.ref(element.id, "schema", *pointer).name(),
                    f"`{what}` may hold anything: it has no `type`",
                    "add `type`, or a `$ref` to what it is",
                    element=element.id,
                    facts=(".".join(map(str, pointer)),),
                )


RULE = Rule(
    code="SCH011", name="property-without-type", family="schema validation", check=check, alone=True
)
