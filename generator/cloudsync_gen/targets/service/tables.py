"""Tables as the embedded database gets them; PostgreSQL gets those of the migrations."""

from __future__ import annotations

from cloudsync_gen.model.layers.datastore import Column, Index, Table
from cloudsync_gen.model.sql import is_portable
from cloudsync_gen.naming import python_name
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.views import ColumnView, IndexView, TableView

OWN = frozenset(
    (
        *("outbox", "inbox", "idempotency_keys", "event_sequences"),
        *("aggregate_documents", "aggregate_unique_keys"),
        *("stream_events", "stream_snapshots", "projection_checkpoints"),
        *("job_runs", "saga_runs", "saga_steps", "saga_keys"),
    )
)
"""Tables that every service has by the chassis."""

_USED = ("metadata",)
"""Names that the module of the tables uses itself."""


def tables_of(facts: ServiceFacts) -> tuple[TableView, ...]:
    """The service's tables but those that the chassis brings, by id."""
    return tuple(
        _table(each) for each in facts.system.tables[facts.service.id] if each.table not in OWN
    )


def schemas_of(facts: ServiceFacts) -> tuple[str, ...]:
    """The schemas that the service writes, sorted."""
    return tuple(sorted({each.schema for each in facts.system.tables[facts.service.id]}))


def variable_of(table: Table) -> str:
    """The name of the table's variable."""
    name = python_name(table.table)
    return f"{name}_" if name in _USED else name


def _table(table: Table) -> TableView:
    return TableView(
        variable=variable_of(table),
        name=table.table,
        schema=table.schema,
        columns=tuple(_column(name, column) for name, column in table.columns.items()),
        primary_key=table.primary_key,
        checks=tuple(
            (each.name, each.expression) for each in table.checks if is_portable(each.expression)
        ),
        indexes=tuple(_index(each) for each in table.indexes if _is_portable(each)),
    )


def _column(name: str, column: Column) -> ColumnView:
    default = column.default or ""
    return ColumnView(
        name=name,
        type=column.type,
        nullable=column.nullable,
        default=default if default and is_portable(default) else "",
    )


def _is_portable(index: Index) -> bool:
    plain = index.method == "btree" and not index.operator_class
    return plain and (not index.where or is_portable(index.where))


def _index(index: Index) -> IndexView:
    return IndexView(
        name=index.name,
        parts=index.columns,
        unique=index.unique,
        where=index.where or "",
    )
