"""What the migrations and schemas of a service's relational database are rendered from."""

from __future__ import annotations

from msgspec import Struct


class ColumnView(Struct, frozen=True, kw_only=True):
    """A column. `default` is an SQL expression; `portable_default`: SQLite reads it too.

    `suffix` is what follows the type in a column definition.
    """

    name: str
    type: str
    nullable: bool
    default: str = ""
    portable_default: bool = True
    suffix: str = ""


class IndexView(Struct, frozen=True, kw_only=True):
    """An index; `parts` are columns or expressions. SQLite gets B-trees with portable
    conditions.
    """

    name: str
    parts: tuple[str, ...]
    unique: bool
    method: str
    where: str
    portable: bool
    typed_parts: tuple[str, ...]
    list: str


class CheckView(Struct, frozen=True, kw_only=True):
    """A CHECK constraint."""

    name: str
    expression: str
    portable: bool


class ForeignKeyView(Struct, frozen=True, kw_only=True):
    """A foreign key to a table of the same schema."""

    name: str
    columns: tuple[str, ...]
    table: str
    remote: tuple[str, ...]
    on_delete: str


class PartitionView(Struct, frozen=True, kw_only=True):
    """How PostgreSQL spreads rows; `parts` are (name, bounds) of the partitions made at first.

    `modulus`: how many hash partitions there are; 0 for a table partitioned by range.
    """

    clause: str
    modulus: int
    parts: tuple[tuple[str, str], ...]


class TableView(Struct, frozen=True, kw_only=True):
    """A table, in the order in which it can be created."""

    name: str
    comment: str
    columns: tuple[ColumnView, ...]
    primary_key: tuple[str, ...]
    checks: tuple[CheckView, ...]
    foreign_keys: tuple[ForeignKeyView, ...]
    indexes: tuple[IndexView, ...]
    partition: PartitionView | None
    postgresql_only: bool


class StoreView(Struct, frozen=True, kw_only=True):
    """The schema of one service in one database."""

    service: str
    package: str
    database: str
    schema: str
    extensions: tuple[str, ...]
    tables: tuple[TableView, ...]
    sources: tuple[str, ...]
