"""Tables in the words that they need, for the tables of a service and for its migrations.

PostgreSQL gets everything, SQLite what it can read: what is not `portable` is left out there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cloudsync_chassis.store.columns import sql

_IDENTIFIER = 63
"""Bytes of an identifier of PostgreSQL, which are ASCII here."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `default` is an SQL expression."""

    name: str
    type: str
    default: str | None = None
    nullable: bool = False
    portable: bool = True

    def made(self, postgresql: bool) -> sa.Column[Any]:
        """For one of the two engines; a default that SQLite cannot read is PostgreSQL's alone."""
        told = self.default if postgresql or self.portable else None
        default = sa.text(told) if told is not None else None
        return sa.Column(self.name, sql(self.type), nullable=self.nullable, server_default=default)


@dataclass(frozen=True, slots=True)
class Check:
    """What holds of every row."""

    name: str
    expression: str
    portable: bool = True


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that name a row of another table of the schema."""

    columns: tuple[str, ...]
    table: str
    remote: tuple[str, ...]
    on_delete: str = "RESTRICT"


@dataclass(frozen=True, slots=True)
class Index:
    """An index over columns or expressions; one that is not portable may use any method."""

    name: str
    parts: tuple[str, ...]
    where: str | None = None
    unique: bool = False
    using: str = "btree"
    portable: bool = True

    def options(self, postgresql: bool) -> dict[str, Any]:
        """Keywords of SQLAlchemy and Alembic alike. Those of PostgreSQL load its dialect."""
        made: dict[str, Any] = {"unique": self.unique}
        if postgresql and self.using != "btree":
            made["postgresql_using"] = self.using
        if self.where is not None:
            made["postgresql_where" if postgresql else "sqlite_where"] = sa.text(self.where)
        return made


Part = Column | Check | ForeignKey | Index


class Table:
    """A table with its `key`. `partition`: `HASH (id)` into `parts`, or `RANGE (at)`."""

    def __init__(
        self, name: str, *held: Part, key: tuple[str, ...], partition: str = "", parts: int = 0
    ) -> None:
        self.name = name
        self.held = held
        self.key = key
        self.partition = partition
        self.parts = parts

    def of(self, metadata: sa.MetaData, schema: str, postgresql: bool = False) -> sa.Table:
        """The table as statements of the service name it, and as SQLite gets it, or PostgreSQL."""
        held = [
            *_columns(self, postgresql),
            sa.PrimaryKeyConstraint(*self.key),
            *_constraints(self, postgresql, f"{schema}."),
        ]
        for each in self._indexes(postgresql):
            parts = (part if part.isidentifier() else sa.text(part) for part in each.parts)
            held.append(sa.Index(each.name, *parts, **each.options(postgresql)))
        return sa.Table(self.name, metadata, *held, schema=schema)

    def create(self, schema: str, postgresql: bool) -> None:
        """Within a migration: the table, its partitions, its indexes."""
        held = [
            *_columns(self, postgresql),
            sa.PrimaryKeyConstraint(*self.key, name=f"{self.name}_pkey"),
            *_constraints(self, postgresql, f"{schema}." if postgresql else ""),
        ]
        options: dict[str, Any] = {}
        if self.partition:
            options["postgresql_partition_by"] = self.partition
        within, op = schema if postgresql else None, _operations()
        op.create_table(self.name, *held, schema=within, **options)
        for statement in self._partitions(schema) if postgresql else ():
            op.execute(statement)
        for each in self._indexes(postgresql):
            parts = [sa.text(part) for part in each.parts]
            op.create_index(each.name, self.name, parts, schema=within, **each.options(postgresql))

    def _indexes(self, postgresql: bool) -> Iterator[Index]:
        for each in self.held:
            if isinstance(each, Index) and (postgresql or each.portable):
                yield each

    def _partitions(self, schema: str) -> Iterator[str]:
        """Hash partitions are all made at once; of ranges the default one, which takes all rows."""
        whole = f'"{schema}"."{self.name}"'
        for n in range(self.parts):
            bounds = f"FOR VALUES WITH (MODULUS {self.parts}, REMAINDER {n})"
            yield f'CREATE TABLE "{schema}"."{self.name}_p{n:02d}" PARTITION OF {whole} {bounds}'
        if self.partition and not self.parts:
            yield f'CREATE TABLE "{schema}"."{self.name}_default" PARTITION OF {whole} DEFAULT'


def _columns(table: Table, postgresql: bool) -> Iterator[sa.schema.SchemaItem]:
    yield from (each.made(postgresql) for each in table.held if isinstance(each, Column))


def _constraints(table: Table, postgresql: bool, prefix: str) -> Iterator[sa.schema.SchemaItem]:
    """Checks, and foreign keys to tables whose names begin with `prefix`."""
    for each in table.held:
        if isinstance(each, Check) and (postgresql or each.portable):
            yield sa.CheckConstraint(each.expression, name=each.name)
        elif isinstance(each, ForeignKey):
            remote = [f"{prefix}{each.table}.{name}" for name in each.remote]
            # SQLite restricts row by row, PostgreSQL when the statement is over: all rows may go
            restricts = each.on_delete == "RESTRICT" and not postgresql
            on_delete = "NO ACTION" if restricts else each.on_delete
            name = f"{table.name}_{'_'.join(each.columns)}_fkey"[:_IDENTIFIER]
            yield sa.ForeignKeyConstraint(each.columns, remote, name=name, ondelete=on_delete)


class Schema:
    """The tables of a service in one database, in an order in which they can be created."""

    def __init__(self, name: str, *tables: Table, extensions: tuple[str, ...] = ()) -> None:
        self.name = name
        self.tables = tables
        self.extensions = extensions

    def create(self) -> None:
        """Within a migration: create everything."""
        postgresql, op = _is_postgresql(), _operations()
        for each in self.extensions if postgresql else ():
            op.execute(f'CREATE EXTENSION IF NOT EXISTS "{each}"')
        if postgresql:
            op.execute(f'CREATE SCHEMA IF NOT EXISTS "{self.name}"')
        for table in self.tables:
            table.create(self.name, postgresql)

    def tables_of(self) -> sa.MetaData:
        """The tables as PostgreSQL has them."""
        metadata = sa.MetaData()
        for each in self.tables:
            each.of(metadata, self.name, postgresql=True)
        return metadata

    def drop(self) -> None:
        """Undo `create`; extensions stay, other schemas may use them."""
        schema = self.name if _is_postgresql() else None
        for each in reversed(self.tables):
            _operations().drop_table(each.name, schema=schema)


def _is_postgresql() -> bool:
    return bool(_operations().get_context().dialect.name == "postgresql")


def _operations() -> Any:
    """Alembic's, of the migration that runs; who serves does without."""
    from alembic import op

    return op
