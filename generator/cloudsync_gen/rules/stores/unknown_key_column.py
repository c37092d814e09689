"""A key names a column that does not exist.

What it does: looks up the columns of primary keys, partitions and foreign keys of tables, of
partition keys and clustering of wide tables, of order, partition, expiry and indexes of columnar
tables, the routing of search indexes, and the property of blind indexes.

Why: the database refuses the migration; where it does not, rows are spread by nothing.

Example: `primaryKey: [organisation_id, id]` where the column is `organization_id`.

Use instead: the column as it is declared; the hint names the nearest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.datastore import ColumnarTable, SearchIndex, Table, WideTable
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._mends import MISSPELT, misspelt
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer

Named = Iterator[tuple[Pointer, str]]


def check(model: Model) -> Iterator[Diagnostic]:
    for table in model.all(Table):
        yield from _missing(model, table.id, table.columns, _of_table(table))
        fields = properties(model, table.json_schema)
        yield from _missing(model, table.id, fields, _blind_indexes(table))
    for wide in model.all(WideTable):
        yield from _missing(model, wide.id, wide.columns, _of_wide_table(wide))
    for columnar in model.all(ColumnarTable):
        yield from _missing(model, columnar.id, columnar.columns, _of_columnar_table(columnar))
    for index in model.all(SearchIndex):
        if index.routing is not None:
            routing: Named = iter([(("routing",), index.routing)])
            yield from _missing(model, index.id, index.fields, routing)


def _of_table(table: Table) -> Named:
    for index, name in enumerate(table.primary_key):
        yield ("primaryKey", index), name
    for index, name in enumerate(table.partition.columns if table.partition else ()):
        yield ("partition", "columns", index), name
    for number, foreign in enumerate(table.foreign_keys):
        for index, name in enumerate(foreign.columns):
            yield ("foreignKeys", number, "columns", index), name


def _blind_indexes(table: Table) -> Named:
    for column, each in table.columns.items():
        if each.blind_index_of is not None:
            yield ("columns", column, "blindIndexOf"), each.blind_index_of


def _of_wide_table(table: WideTable) -> Named:
    for index, name in enumerate(table.partition_key):
        yield ("partitionKey", index), name
    for name in table.clustering:
        yield ("clustering", name), name


def _of_columnar_table(table: ColumnarTable) -> Named:
    for index, name in enumerate(table.order_by):
        yield ("orderBy", index), name
    if table.version_column is not None:
        yield ("versionColumn",), table.version_column
    if table.partition is not None:
        yield ("partition", "column"), table.partition.column
    if table.ttl is not None:
        yield ("ttl", "column"), table.ttl.column
    for number, skip in enumerate(table.indexes):
        yield ("indexes", number, "column"), skip.column


def _missing(
    model: Model, element: str, known: Collection[str], named: Named
) -> Iterator[Diagnostic]:
    for pointer, name in named:
        if known and name not in known:
            yield RULE.at(
                model.ref(element, *pointer),
                f"there is no `{name}` in `{element}`",
                offered(name, known),
                element=element,
                facts=(name,),
                mends=misspelt(model.ref(element, *pointer), name, known),
            )


RULE = Rule(
    code="DST001", name="unknown-key-column", family="data stores", check=check, mends=MISSPELT
)
