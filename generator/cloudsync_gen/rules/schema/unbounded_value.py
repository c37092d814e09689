"""A text or list has no upper bound.

What it does: reports strings without `maxLength` and arrays without `maxItems`, unless enumeration,
constant, format (`uuid`, `date-time`, …) or pattern limit them.

Why: what has no bound is filled by somebody until memory, a column or an index gives in.

Example: `title: {type: string}`.

Use instead: `title: {type: string, maxLength: 80}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import elements, subschemas

_BOUNDED = ("uuid", "date-time", "date", "time", "duration", "ipv4", "ipv6")
_ENDLESS = re.compile(r"(?<!\\)[*+]|\{\d+,\}")
_APART = frozenset(
    ("allOf", "not", "if", "then", "else", "contains", "propertyNames", "dependentSchemas")
)
"""Below these a schema adds to one that stands around it, or describes what is not there."""


def check(model: Model) -> Iterator[Diagnostic]:
    for element in elements(model):
        for pointer, schema in subschemas(element.schema):
            wanted = _wanted(schema)
            if not wanted or _APART & set(pointer):
                continue
            yield RULE.at(
                model.ref(element.id, "schema", *pointer),
                f"this {schema['type']} has no `{wanted}`",
                f"add `{wanted}`",
                element=element.id,
                facts=(".".join(map(str, pointer)),),
            )


def _wanted(schema: Mapping[str, Any]) -> str:
    """The keyword that is missing, or an empty text."""
    if schema.keys() & {"enum", "const", "allOf", "$ref"}:
        return ""
    if schema.get("type") == "array":
        closed = "prefixItems" in schema and schema.get("items") is False
        return "" if "maxItems" in schema or closed else "maxItems"
    if schema.get("type") != "string" or "maxLength" in schema:
        return ""
    if any(schema.get("format") == each for each in _BOUNDED):
        return ""
    pattern = schema.get("pattern")
    anchored = isinstance(pattern, str) and pattern[:1] == "^" and pattern[-1:] == "$"
    return "" if anchored and not _ENDLESS.search(str(pattern)) else "maxLength"


RULE = Rule(
    code="SCH004", name="unbounded-value", family="schema validation", check=check, alone=True
)
