"""A foreign key leads to a table of another schema or database.

What it does: compares database and schema of both tables.

Why: each schema is written by one service; a key across the border ties the deployment, the locks
and the deletions of one to those of the other.

Example: `orders.customer_id` with a foreign key to `users.users`.

Use instead: the id without a key, and the other service's events.
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
            if other is None:
                continue
            if (other.database, other.schema) != (table.database, table.schema):
                yield RULE.at(
                    model.ref(table.id, "foreignKeys", number, "table"),
                    f"`{other.id}` lies in schema `{other.schema}` of `{other.database}`",
                    "keep the id without a foreign key",
                    element=table.id,
                    facts=(other.id,),
                    related=(Related(model.ref(other.id, "schema"), "the other schema"),),
                )


RULE = Rule(code="DST006", name="foreign-key-across-schemas", family="data stores", check=check)
