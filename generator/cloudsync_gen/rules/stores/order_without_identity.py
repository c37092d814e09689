"""Rows of different entities replace each other.

What it does: of tables with the engine `ReplacingMergeTree` that store a schema, wants `orderBy` to
hold the columns of what tells one entity from another: its `id`, or the key or a unique set of an
aggregate of that schema.

Why: rows with the same `orderBy` are one row to ClickHouse, of which the newest stays. Two entities
that share it become one, some minutes after both were written.

Example: `orderBy: [organization_id]`.

Use instead: `orderBy: [organization_id, id]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Aggregate
from cloudsync_gen.model.layers.datastore import ColumnarTable
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    identities: dict[str, list[set[str]]] = {}
    for aggregate in model.all(Aggregate):
        sets = [{aggregate.key}, *map(set, aggregate.unique)]
        identities.setdefault(aggregate.schema, []).extend(sets)
    for table in model.all(ColumnarTable):
        if table.engine != "ReplacingMergeTree" or table.json_schema is None:
            continue
        told = identities.get(table.json_schema, [])
        if "id" in properties(model, table.json_schema):
            told = [*told, {"id"}]
        columns = (table.columns.get(name) for name in table.order_by)
        ordered = {column.property for column in columns if column is not None}
        unknown = any(name not in table.columns for name in table.order_by)
        if told and not unknown and not any(each <= ordered for each in told):
            yield RULE.at(
                model.ref(table.id, "orderBy"),
                "rows of different entities have the same `orderBy`, and one of them stays",
                "add the column of the entity's `id`",
                element=table.id,
            )


RULE = Rule(code="DST014", name="order-without-identity", family="data stores", check=check)
