"""A property is not written in lowerCamelCase.

What it does: looks at the names of all properties in the data model.

Why: columns, fields and attributes are named after it in the style of each language, which works
one to one from lowerCamelCase alone.

Example: `created_at`, `DocumentID`.

Use instead: `createdAt`, `documentId`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import camel
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import elements, subschemas

_STYLE = re.compile(r"^[a-z][a-zA-Z0-9]*$")


def check(model: Model) -> Iterator[Diagnostic]:
    for element in elements(model):
        for pointer, schema in subschemas(element.schema):
            fields = schema.get("properties")
            for name in fields if isinstance(fields, dict) else ():
                if not _STYLE.match(name):
                    better = camel(name)
                    yield RULE.at(
                        model.ref(element.id, "schema", *pointer, "properties").name(name),
                        f"`{name}` is not written in lowerCamelCase",
                        f"write `{better}`" if better else "begin with a letter",
                        element=element.id,
                    )


RULE = Rule(
    code="SCH007", name="property-name-style", family="schema validation", check=check, alone=True
)
