"""A columnar table does not tell which of its rows of one key stays, or tells it in vain.

What it does: wants `versionColumn` of tables with the engine `ReplacingMergeTree`, and of no others
(ClickHouse, ReplacingMergeTree: without `ver` the row that was inserted last stays).

Why: rows arrive in batches, again after a failure, and out of order. Without a version an old state
of an entity replaces a newer one, for good.

Example: `engine: ReplacingMergeTree` alone.

Use instead: `engine: ReplacingMergeTree` with `versionColumn: version`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.datastore import ColumnarTable
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for table in model.all(ColumnarTable):
        replacing = table.engine == "ReplacingMergeTree"
        if replacing and table.version_column is None:
            yield RULE.at(
                model.ref(table.id, "engine"),
                "whichever row comes last replaces the others of its key",
                "add `versionColumn`, a column that rises with every change",
                element=table.id,
            )
        elif table.version_column is not None and not replacing:
            yield RULE.at(
                model.ref(table.id, "versionColumn"),
                f"a {table.engine} keeps all rows and reads no version",
                "leave it out, or make it a `ReplacingMergeTree`",
                element=table.id,
            )


RULE = Rule(code="DST013", name="version-column-form", family="data stores", check=check)
