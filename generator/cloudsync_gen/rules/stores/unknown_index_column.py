"""An index names a column that does not exist.

What it does: looks up the columns of a table's indexes.

Why: the database refuses the migration.

Example: `columns: [owner]` where the column is `owner_id`.

Use instead: the column as it is declared; the hint names the nearest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import offered
from cloudsync_gen.rules._rule import Rule

_COLUMN = re.compile(r"^(?:lower\()?([a-z_][a-z0-9_]*)")


def check(model: Model) -> Iterator[Diagnostic]:
    for table in model.all(Table):
        for number, index in enumerate(table.indexes):
            for position, part in enumerate(index.columns):
                match = _COLUMN.match(part)
                name = match[1] if match else part
                if name not in table.columns:
                    yield RULE.at(
                        model.ref(table.id, "indexes", number, "columns", position),
                        f"there is no column `{name}` in `{table.id}`",
                        offered(name, table.columns),
                        element=table.id,
                        facts=(name,),
                    )


RULE = Rule(code="DST002", name="unknown-index-column", family="data stores", check=check)
