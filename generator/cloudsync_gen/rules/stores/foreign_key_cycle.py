"""Tables refer to each other in a circle.

What it does: follows foreign keys from table to table and reports those that lead back; a table may
refer to itself.

Why: no order of creation works, and no row can be the first.

Example: `orders` refers to `payments`, `payments` to `orders`.

Use instead: one of the two directions; the other follows by a query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._circles import circles
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    graph: Mapping[str, set[str]] = {
        table.id: {each.table for each in table.foreign_keys if each.table != table.id}
        for table in model.all(Table)
        if table.foreign_keys
    }
    found = circles(graph)
    for table in model.all(Table):
        for number, foreign in enumerate(table.foreign_keys):
            circle = found.get(table.id, ())
            if foreign.table in circle and foreign.table != table.id:
                members = ", ".join(f"`{each}`" for each in circle)
                yield RULE.at(
                    model.ref(table.id, "foreignKeys", number, "table"),
                    f"this key closes a circle of {members}",
                    "remove one of the keys of the circle",
                    element=table.id,
                    facts=(foreign.table,),
                )


RULE = Rule(code="DST009", name="foreign-key-cycle", family="data stores", check=check)
