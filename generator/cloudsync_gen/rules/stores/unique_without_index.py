"""No unique index keeps what an aggregate says is unique.

What it does: wants, for each set in `unique` of an aggregate stored in a PostgreSQL table, a
primary key or a unique index over the columns of just these properties; columns of the tenant and
of the partition may stand beside them. The blind index of an encrypted property stands for it.

Why: a service looks before it writes, but two replicas look at once: only the index keeps both from
writing the same.

Example: `unique: [[title]]`, and no index of the table has `title` and `unique: true`.

Use instead: `- {name: recipes_title, columns: [organization_id, title], unique: true}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.application import Aggregate
from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule

_NAME = re.compile(r"(?:lower\()?([a-z_][a-z0-9_]*)")
_TENANT = frozenset(("organizationId",))


def check(model: Model) -> Iterator[Diagnostic]:
    for aggregate in model.all(Aggregate):
        table = model.get(Table, aggregate.store)
        if table is None:
            continue
        kept = [_properties(table, table.primary_key)]
        kept += [_properties(table, each.columns) for each in table.indexes if each.unique]
        beside = _TENANT | _properties(table, table.partition.columns if table.partition else ())
        for index, unique in enumerate(aggregate.unique):
            wanted = frozenset(unique)
            if not any(wanted <= each and each - wanted <= beside for each in kept):
                yield RULE.at(
                    model.ref(aggregate.id, "unique", index),
                    f"no unique index of `{table.id}` keeps {', '.join(unique)} unique",
                    "add one over these columns with `unique: true`",
                    element=aggregate.id,
                    related=(Related(model.ref(table.id).name(), "the table"),),
                    facts=(table.id, *unique),
                )


def _properties(table: Table, columns: Iterable[str]) -> frozenset[str]:
    """The properties behind columns, as an index or key names them."""
    found = set()
    for written in columns:
        match = _NAME.match(written)
        column = table.columns.get(match[1]) if match else None
        if column is not None:
            found.add(column.property or column.blind_index_of or written)
    return frozenset(found)


RULE = Rule(code="DST011", name="unique-without-index", family="data stores", check=check)
