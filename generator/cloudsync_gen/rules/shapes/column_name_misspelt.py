"""The name of a column is nearly its property's.

What it does: reports columns whose name differs from that of their property in snake_case by a
letter or so. A name of its own (`sweetness` for `class`) is none of its business.

Why: queries are written by the name that everybody expects.

Example: `aproved_at: {type: timestamptz, property: approvedAt}`.

Use instead: `approved_at: {type: timestamptz, property: approvedAt}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import snake
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules._stores import tables

_NEAR = 0.85
"""Share of letters in common from which on two names are meant to be one."""


def check(model: Model) -> Iterator[Diagnostic]:
    for table in tables(model):
        known = properties(model, table.json_schema)
        for name, column in table.columns.items():
            expected = snake(column.property or name)
            if name == expected or column.property not in known:
                continue
            if SequenceMatcher(None, name, expected).ratio() >= _NEAR:
                yield RULE.at(
                    model.ref(table.id, "columns", name).name(),
                    f"`{name}` is nearly `{expected}`, as `{column.property}` is written here",
                    f"call it `{expected}`, or give it a name of its own",
                    element=table.id,
                    facts=(name,),
                )


RULE = Rule(
    code="SHP010",
    name="column-name-misspelt",
    family="agreement of shapes",
    check=check,
)
