"""A table is partitioned by a column outside one of its unique keys.

What it does: looks for the partition's columns in the primary key and in every unique index.

Why: PostgreSQL enforces uniqueness within a partition alone and therefore refuses such a table
(Table Partitioning, Limitations).

Example: `partition: {method: hash, columns: [organization_id], …}` with `primaryKey: [id]`.

Use instead: `primaryKey: [organization_id, id]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    for table in model.all(Table):
        if table.partition is None or not set(table.partition.columns) <= table.columns.keys():
            continue
        for place, what, columns in _unique(model, table):
            outside = [each for each in table.partition.columns if each not in columns]
            if outside and set(columns) <= table.columns.keys():
                yield RULE.at(
                    place,
                    f"{what} lacks `{outside[0]}`, by which the table is partitioned",
                    f"add `{outside[0]}` to it",
                    element=table.id,
                    related=(Related(model.ref(table.id, "partition"), "the partition"),),
                    facts=(what, *outside),
                )


def _unique(model: Model, table: Table) -> Iterator[tuple[Ref, str, tuple[str, ...]]]:
    yield model.ref(table.id, "primaryKey"), "the primary key", table.primary_key
    for number, index in enumerate(table.indexes):
        if index.unique:
            columns = tuple(
                part.partition(" ")[0].removeprefix("lower(").removesuffix(")")
                for part in index.columns
            )
            place = model.ref(table.id, "indexes", number, "columns")
            yield place, f"unique index `{index.name}`", columns


RULE = Rule(code="DST003", name="partition-outside-key", family="data stores", check=check)
