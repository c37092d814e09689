"""Columns hold properties, but their table stores no schema.

What it does: reports tables without `x-json-schema` that have columns with a `property`.

Why: without the schema nobody can tell which property is meant: neither its type nor its class is
held against the column, and what is classed may lie there in clear.

Example: `recipe_id: {type: uuid, property: recipeId}` in a table without `x-json-schema`.

Use instead: `x-json-schema: data_model.entity.press`, or columns without `property`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules._stores import tables


def check(model: Model) -> Iterator[Diagnostic]:
    for table in tables(model):
        if table.json_schema is not None:
            continue
        name = next((name for name, each in table.columns.items() if each.property), None)
        if name is not None:
            yield RULE.at(
                model.ref(table.id, "columns", name, "property"),
                f"`{table.columns[name].property}` is a property of no schema",
                "add `x-json-schema` to the table",
                element=table.id,
            )


RULE = Rule(
    code="DST015", name="column-of-no-schema", family="data stores", check=check, alone=True
)
