"""What the migrations and schemas of a service's relational database are rendered from."""

from __future__ import annotations

from msgspec import Struct

from cloudsync_gen.targets._foreign_keys import ForeignKeyView


class ColumnView(Struct, frozen=True, kw_only=True):
    """A column. `default` is an SQL expression; `portable_default`: SQLite reads it too."""

    name: str
    type: str
    nullable: bool
    default: str = ""
    portable_default: bool = True


class IndexView(Struct, frozen=True, kw_only=True):
    """An index; `typed_parts` are columns or expressions, with the operator class. SQLite gets
    B-trees with portable conditions.
    """

    name: str
    unique: bool
    method: str
    where: str
    portable: bool
    typed_parts: tuple[str, ...]


class CheckView(Struct, frozen=True, kw_only=True):
    """A CHECK constraint."""

    name: str
    expression: str
    portable: bool


class PartitionView(Struct, frozen=True, kw_only=True):
    """How PostgreSQL spreads rows, into how many hash partitions; 0 for one by range."""

    clause: str
    modulus: int


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


class StoreView(Struct, frozen=True, kw_only=True):
    """The schema of one service in one database."""

    service: str
    package: str
    database: str
    schema: str
    extensions: tuple[str, ...]
    tables: tuple[TableView, ...]
    sources: tuple[str, ...]

    @property
    def uses(self) -> dict[str, bool]:
        """What the migration has to import."""
        return {
            "checks": any(table.checks for table in self.tables),
            "foreign_keys": any(table.foreign_keys for table in self.tables),
            "indexes": any(table.indexes for table in self.tables),
        }
