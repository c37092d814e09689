"""A table, column, index or constraint is called by a reserved word of SQL.

What it does: compares names with the words that PostgreSQL 16 reserves (appendix C, SQL Key Words).

Why: every statement that anybody writes by hand would need quotes around it, and the first one
without them fails in production.

Example: `table: order`, a column `user`.

Use instead: `orders`, `user_id`; the property may keep its name.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref

_WORDS = """
all analyse analyze and any array as asc asymmetric authorization binary both case cast check
collate collation column concurrently constraint create cross current_catalog current_date
current_role current_schema current_time current_timestamp current_user default deferrable desc
distinct do else end except false fetch for foreign freeze from full grant group having ilike in
initially inner intersect into is isnull join lateral leading left like limit localtime
localtimestamp natural not notnull null offset on only or order outer overlaps placing primary
references returning right select session_user similar some symmetric system_user table
tablesample then to trailing true union unique user using variadic verbose when where window with
"""
RESERVED = frozenset(_WORDS.split())


def check(model: Model) -> Iterator[Diagnostic]:
    for table in model.all(Table):
        for ref, name in _names(model, table):
            if name in RESERVED:
                yield RULE.at(
                    ref,
                    f"`{name}` is a reserved word",
                    f"call it `{name}_` plus what it is",
                    element=table.id,
                    facts=(name,),
                )


def _names(model: Model, table: Table) -> Iterator[tuple[Ref, str]]:
    yield model.ref(table.id, "table"), table.table
    yield model.ref(table.id, "schema"), table.schema
    for name in table.columns:
        yield model.ref(table.id, "columns").name(name), name
    for number, index in enumerate(table.indexes):
        yield model.ref(table.id, "indexes", number, "name"), index.name
    for number, each in enumerate(table.checks):
        yield model.ref(table.id, "checks", number, "name"), each.name


RULE = Rule(code="DST005", name="reserved-word", family="data stores", check=check)
