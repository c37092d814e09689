"""A table that every service has lacks a column of it, or has it otherwise.

What it does: holds tables named `outbox`, `inbox` and `idempotency_keys` that store no schema
against the columns that the shared library reads and writes in them.

Why: the library's statements name these columns; the first event or keyed request would fail.

Example: an `outbox` whose `payload` is `text`.

Use instead: `payload: {type: jsonb}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import nearest
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


def check(model: Model) -> Iterator[Diagnostic]:
    for table in model.all(Table):
        if table.json_schema is not None or table.table not in TECHNICAL:
            continue
        for name, kind in TECHNICAL[table.table].items():
            column = table.columns.get(name)
            if column is None:
                others = table.columns.keys() - TECHNICAL[table.table].keys()
                near = f"rename `{nearest(name, others)}`?" if others else f"add it as `{kind}`"
                yield _finding(model, table, ("columns",), f"it has no column `{name}`", near)
            elif column.type != kind:
                message = f"`{name}` is `{column.type}` here, the library writes `{kind}`"
                yield _finding(
                    model, table, ("columns", name, "type"), message, f"make it `{kind}`"
                )


def _finding(
    model: Model, table: Table, place: tuple[str, ...], message: str, hint: str
) -> Diagnostic:
    return RULE.at(model.ref(table.id, *place), message, hint, element=table.id, facts=(message,))


RULE = Rule(code="DST012", name="technical-table-form", family="data stores", check=check)
