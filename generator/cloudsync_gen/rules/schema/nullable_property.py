"""A value may be null.

What it does: reports `null` among types, members and alternatives.

Why: "not there" then has two spellings, absent and null, and every consumer forgets one of them. In
changes null means "remove" (RFC 7396), which needs no schema of its own.

Example: `from: {type: [string, "null"]}`.

Use instead: `from: {type: string}`, left out of `required`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import elements, subschemas


def check(model: Model) -> Iterator[Diagnostic]:
    for element in elements(model):
        for pointer, schema in subschemas(element.schema):
            keyword = _null(schema)
            if keyword and "not" not in pointer:
                yield RULE.at(
                    model.ref(element.id, "schema", *pointer, keyword),
                    "the value may be null",
                    "leave the property out of `required` instead",
                    element=element.id,
                )


def _null(schema: Mapping[str, Any]) -> str:
    """The keyword that admits null, or an empty text."""
    given = schema.get("type")
    if given == "null" or (isinstance(given, list) and "null" in given):
        return "type"
    if "const" in schema and schema["const"] is None:
        return "const"
    members = schema.get("enum")
    return "enum" if isinstance(members, list) and None in members else ""


RULE = Rule(
    code="SCH008", name="nullable-property", family="schema validation", check=check, alone=True
)
