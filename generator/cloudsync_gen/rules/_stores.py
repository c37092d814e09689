"""All tables of a model."""

from __future__ import annotations

from cloudsync_gen.model.layers.datastore import ColumnarTable, Table, WideTable
from cloudsync_gen.model.system import Model


def tables(model: Model) -> tuple[Table | WideTable | ColumnarTable, ...]:
    """All tables with columns, of whatever engine."""
    return (*model.all(Table), *model.all(WideTable), *model.all(ColumnarTable))
