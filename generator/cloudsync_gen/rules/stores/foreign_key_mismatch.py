"""A foreign key does not fit the primary key that it refers to.

What it does: compares number and types of its columns with the primary key of the other table.

Why: the database refuses the migration.

Example: `columns: [file_id]` to a table with `primaryKey: [organization_id, id]`.

Use instead: the columns in the order of that primary key: `[organization_id, file_id]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for table in model.all(Table):
        for number, foreign in enumerate(table.foreign_keys):
            other = model.get(Table, foreign.table)
            problem = _problem(table, foreign.columns, other) if other else ""
            if other is not None and problem:
                yield RULE.at(
                    model.ref(table.id, "foreignKeys", number, "columns"),
                    problem,
                    "name the columns in the order of that primary key",
                    element=table.id,
                    related=(Related(model.ref(other.id, "primaryKey"), "the primary key"),),
                    facts=(other.id, *foreign.columns),
                )


def _problem(table: Table, columns: tuple[str, ...], other: Table) -> str:
    mine = [table.columns.get(each) for each in columns]
    theirs = [other.columns.get(each) for each in other.primary_key]
    if None in mine or None in theirs:
        return ""
    if len(mine) != len(theirs):
        return f"`{other.id}` has a primary key of {len(theirs)} columns, this key {len(mine)}"
    for column, one, two in zip(columns, mine, theirs, strict=True):
        if one is not None and two is not None and one.type != two.type:
            return f"`{column}` is {one.type}, its counterpart in `{other.id}` {two.type}"
    return ""


RULE = Rule(code="DST008", name="foreign-key-mismatch", family="data stores", check=check)
