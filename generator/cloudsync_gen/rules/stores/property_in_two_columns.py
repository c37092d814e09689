"""Two columns store one property.

What it does: reports a property of the schema that more than one column of a table names.

Why: one of them is read and the other is not; after the first write that misses it they disagree.

Example: `version: {type: bigint, property: id}` beside `id: {type: uuid, property: id}`.

Use instead: the property that was meant; a column that is derived has no `property`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules._stores import tables


def check(model: Model) -> Iterator[Diagnostic]:
    for table in tables(model):
        first: dict[str, str] = {}
        for name, column in table.columns.items():
            if column.property is None:
                continue
            earlier = first.setdefault(column.property, name)
            if earlier != name:
                place = model.ref(table.id, "columns", earlier)
                yield RULE.at(
                    model.ref(table.id, "columns", name, "property"),
                    f"`{column.property}` is stored in `{earlier}` already",
                    "name the property that was meant",
                    element=table.id,
                    related=(Related(place.name(), "the first column"),),
                    facts=(column.property,),
                )


RULE = Rule(
    code="DST010",
    name="property-in-two-columns",
    family="data stores",
    check=check,
)
