"""A number is allowed that JSON does not carry.

What it does: reports bounds, defaults, constants and members of integers beyond 2^53 - 1 in either
direction (RFC 8259, section 6: beyond that, implementations do not agree on the value).

Why: JavaScript reads 9007199254740993 as 9007199254740992; the id or amount that comes back is
another one, and nobody is told.

Example: `{ type: integer, format: int64, maximum: 9223372036854775807 }`.

Use instead: `maximum: 9007199254740991`, or a string of digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import elements, subschemas
from cloudsync_gen.source import Pointer

_MOST = 2**53 - 1
_KEYWORDS = frozenset(
    ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "default", "const")
)


def check(model: Model) -> Iterator[Diagnostic]:
    for element in elements(model):
        for pointer, schema in subschemas(element.schema):
            if schema.get("type") != "integer":
                continue
            for tail, value in _values(schema):
                if isinstance(value, int | float) and abs(value) > _MOST:
                    ref = model.ref(element.id, "schema", *pointer, *tail)
                    yield RULE.at(
                        ref,
                        f"{value} is beyond what JSON carries exactly",
                        f"stay within {_MOST}, or make it a string of digits",
                        element=element.id,
                        facts=map(str, ref.pointer),
                    )


def _values(schema: Mapping[str, Any]) -> Iterator[tuple[Pointer, object]]:
    """(place in the schema, value) of each number that it names."""
    for name in schema.keys() & _KEYWORDS:
        yield (name,), schema[name]
    members = schema.get("enum")
    for index, each in enumerate(members if isinstance(members, list) else ()):
        yield ("enum", index), each


RULE = Rule(
    code="SCH017", name="integer-beyond-json", family="schema validation", check=check, alone=True
)
