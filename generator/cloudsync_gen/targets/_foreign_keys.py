"""Foreign keys as both engines get them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.model.system import Model


class ForeignKeyView(Struct, frozen=True, kw_only=True):
    """A foreign key to a table of the same schema."""

    columns: tuple[str, ...]
    table: str
    remote: tuple[str, ...]
    on_delete: str


def foreign_keys_of(model: Model, table: Table) -> Iterator[ForeignKeyView]:
    """Those of a table whose other table the model has."""
    for key in table.foreign_keys:
        remote = model.get(Table, key.table)
        if remote is not None:
            yield ForeignKeyView(
                columns=key.columns,
                table=remote.table,
                remote=remote.primary_key,
                on_delete=key.on_delete.upper(),
            )
