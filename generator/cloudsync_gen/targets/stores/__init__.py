"""The first migration of each service that writes tables: its PostgreSQL schema, as data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from graphlib import TopologicalSorter

from cloudsync_gen.model.artefacts import Planned, Template, Unit
from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.datastore import Column, Database, Index, Partition, Table
from cloudsync_gen.model.packages import package_of
from cloudsync_gen.model.sql import is_portable
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets._foreign_keys import foreign_keys_of
from cloudsync_gen.targets._target import Target
from cloudsync_gen.targets._text import summary
from cloudsync_gen.targets.stores.views import (
    CheckView,
    ColumnView,
    IndexView,
    PartitionView,
    StoreView,
    TableView,
)

_EXTENSIONS = {"citext": "citext", "ltree": "ltree", "gin_trgm_ops": "pg_trgm"}


def units(model: Model, contracts: Contracts) -> Iterator[Unit]:
    """One unit per schema that a service writes."""
    del contracts
    by_schema: dict[tuple[str, str], list[Table]] = defaultdict(list)
    for table in model.all(Table):
        by_schema[table.database, table.schema].append(table)
    for database in model.all(Database):
        for schema in database.schemas:
            tables = by_schema.get((database.id, schema.name))
            if tables:
                service = name_of(schema.service)
                view = partial(_store, model, service, database, schema.name, tables)
                yield Unit(target=TARGET.name, name=service, view=view)


def _store(
    model: Model, service: str, database: Database, schema: str, tables: list[Table]
) -> StoreView:
    views = tuple(_table(model, table) for table in _ordered(tables))
    return StoreView(
        service=service,
        package=package_of(service),
        database=name_of(database.id),
        schema=schema,
        extensions=_extensions(tables),
        tables=views,
        sources=(database.id, *(table.id for table in tables)),
    )


def _ordered(tables: list[Table]) -> list[Table]:
    """By id, but a table after those that its foreign keys name."""
    by_id = {table.id: table for table in tables}
    graph = {
        table.id: sorted({fk.table for fk in table.foreign_keys if fk.table != table.id})
        for table in tables
    }
    order = TopologicalSorter(graph).static_order()
    return [by_id[each] for each in order if each in by_id]


def _extensions(tables: list[Table]) -> tuple[str, ...]:
    types = {column.type for table in tables for column in table.columns.values()}
    classes = {index.operator_class or "" for table in tables for index in table.indexes}
    return tuple(sorted({_EXTENSIONS[each] for each in types | classes if each in _EXTENSIONS}))


def _table(model: Model, table: Table) -> TableView:
    checks = tuple(
        CheckView(name=c.name, expression=c.expression, portable=is_portable(c.expression))
        for c in table.checks
    )
    indexes = tuple(_index(index) for index in table.indexes)
    return TableView(
        name=table.table,
        comment=summary(table.description),
        columns=tuple(_column(name, column) for name, column in table.columns.items()),
        primary_key=table.primary_key,
        checks=checks,
        foreign_keys=tuple(foreign_keys_of(model, table)),
        indexes=indexes,
        partition=_partition(table.partition),
    )


def _column(name: str, column: Column) -> ColumnView:
    default = column.default or ""
    return ColumnView(
        name=name,
        type=column.type,
        nullable=column.nullable,
        default=default,
        portable_default=not default or is_portable(default),
    )


def _index(index: Index) -> IndexView:
    where = index.where or ""
    suffix = f" {index.operator_class}" if index.operator_class else ""
    parts = tuple(part + suffix for part in index.columns)
    return IndexView(
        name=index.name,
        unique=index.unique,
        method=index.method,
        where=where,
        portable=index.method == "btree" and not suffix and (not where or is_portable(where)),
        typed_parts=parts,
    )


def _partition(partition: Partition | None) -> PartitionView | None:
    if partition is None:
        return None
    clause = f"{partition.method.upper()} ({', '.join(partition.columns)})"
    hashed = partition.method != "range"
    return PartitionView(clause=clause, modulus=(partition.count or 1) if hashed else 0)


def files(view: StoreView) -> Iterable[Planned]:
    """The Alembic folder inside the service's package; `migrate --sql` prints it as plain SQL."""
    folder = f"generated/services/{view.service}/src/{view.package}/generated/migrations"
    for path, template in (
        (f"{folder}/env.py", "stores/env.py.j2"),
        (f"{folder}/versions/v0001_initial.py", "stores/migration.py.j2"),
    ):
        yield Planned(path=path, form=Template(template, view), sources=view.sources)


TARGET = Target(
    name="stores",
    title="PostgreSQL schemas and Alembic migrations",
    makes="migrations",
    view=StoreView,
    units=units,
    files=files,
    open_below=("generated/services",),
    needs="a PostgreSQL table that it writes",
)
