"""A table that every service has lacks a column or key of it, or has it otherwise.

What it does: holds tables named `outbox`, `inbox` and `idempotency_keys` that store no schema
against the columns that the shared library reads, writes and leaves open in them, and wants a
primary key or unique index over those by which it tells rows from each other; columns of the
partition may stand beside them.

Why: the library's statements name these columns; the first event or keyed request would fail. And
without the keys an event is handled twice, or two of one number stand in one row of news.

Example: an `outbox` whose `payload` is `text`.

Use instead: `payload: {type: jsonb}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import likeliest
from cloudsync_gen.rules._rule import Rule

TECHNICAL = {
    "outbox": {
        "id": "uuid",
        "aggregate_id": "uuid",
        "sequence": "bigint",
        "type": "text",
        "payload": "jsonb",
        "occurred_at": "timestamptz",
        "published_at": "timestamptz",
    },
    "inbox": {"consumer": "text", "event_id": "text", "handled_at": "timestamptz"},
    "idempotency_keys": {
        "key": "text",
        "principal": "text",
        "request_hash": "text",
        "response": "jsonb",
        "expires_at": "timestamptz",
    },
}
"""Table -> column -> type, as the chassis has them (held against it by a test)."""

_OPEN = frozenset(("published_at",))
"""Columns that have no value when a row is written."""

_KEYS = {
    "outbox": {"aggregate_id", "sequence"},
    "inbox": {"consumer", "event_id"},
    "idempotency_keys": {"key", "principal"},
}
"""Table -> columns of which no two rows may have the same."""


def check(model: Model) -> Iterator[Diagnostic]:
    for table in model.all(Table):
        if table.json_schema is not None or table.table not in TECHNICAL:
            continue
        for name, kind in TECHNICAL[table.table].items():
            column = table.columns.get(name)
            if column is None:
                others = table.columns.keys() - TECHNICAL[table.table].keys()
                near = likeliest(name, others)
                hint = f"rename `{near}`?" if near else f"add it as `{kind}`"
                message = f"it has no column `{name}`"
                yield _finding(model, table, ("columns",), message, hint, (name,))
            elif name in _OPEN and not column.nullable:
                message = f"`{name}` is not nullable, and the library leaves it open at first"
                hint = "add `nullable: true`"
                yield _finding(model, table, ("columns", name), message, hint, (name, "nullable"))
            elif column.type != kind:
                message = f"`{name}` is `{column.type}` here, the library writes `{kind}`"
                place = ("columns", name, "type")
                facts = (name, column.type)
                yield _finding(model, table, place, message, f"make it `{kind}`", facts)
        keys = [set(table.primary_key)]
        keys += [{name.split()[0] for name in e.columns} for e in table.indexes if e.unique]
        spread = set(table.partition.columns) if table.partition else set()
        if any(key - table.columns.keys() for key in keys):
            continue  # a misspelt column may be what is missing
        if not any(_KEYS[table.table] <= key <= _KEYS[table.table] | spread for key in keys):
            columns = ", ".join(sorted(_KEYS[table.table]))
            message = f"two rows may have the same {columns}"
            hint = f"add a unique index over {columns}"
            yield _finding(model, table, ("primaryKey",), message, hint, (columns,))


def _finding(
    model: Model,
    table: Table,
    place: tuple[str, ...],
    message: str,
    hint: str,
    facts: tuple[str, ...],
) -> Diagnostic:
    return RULE.at(model.ref(table.id, *place), message, hint, element=table.id, facts=facts)


RULE = Rule(code="DST012", name="technical-table-form", family="data stores", check=check)
