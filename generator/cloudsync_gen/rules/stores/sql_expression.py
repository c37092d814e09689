"""An SQL expression of a table is none, or does more than describe the table.

What it does: parses defaults, checks and the conditions of partial indexes by a closed grammar of
columns, literals, operators and a short list of functions.

Why: the text becomes part of a migration; whatever is not such an expression is a mistake at best,
and a statement of somebody else's at worst.

Example: `expression: "lemon >= 0"` where the column is `lemons`.

Use instead: an expression over columns of the table; the message names what has no place there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model import sql
from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer


def check(model: Model) -> Iterator[Diagnostic]:
    for table in model.all(Table):
        for pointer, text, columns in _expressions(table):
            fault = sql.fault(text, columns)
            if fault:
                yield RULE.at(
                    model.ref(table.id, *pointer),
                    f"no expression: {fault}",
                    "use columns of the table, literals, operators and the functions allowed",
                    element=table.id,
                    facts=(text,),
                )


def _expressions(table: Table) -> Iterator[tuple[Pointer, str, Collection[str]]]:
    for name, column in table.columns.items():
        if column.default is not None:
            yield ("columns", name, "default"), column.default, ()
    for number, index in enumerate(table.indexes):
        if index.where is not None:
            yield ("indexes", number, "where"), index.where, table.columns
    for number, each in enumerate(table.checks):
        yield ("checks", number, "expression"), each.expression, table.columns


RULE = Rule(code="DST004", name="sql-expression", family="data stores", check=check)
