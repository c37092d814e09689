"""A column has the name of one property and stores another.

What it does: reports columns whose name is that of a property of the stored schema, but whose
`property` is a different one, or none.

Why: everybody who reads the table by hand reads the wrong thing, and a swap of two columns looks
like this.

Example: `owner_id: {type: uuid, property: creatorId}`, where the schema has an `ownerId`.

Use instead: `owner_id: {type: uuid, property: ownerId}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.application import Aggregate
from cloudsync_gen.model.layers.datastore import Table
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import words
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules._stores import tables


def check(model: Model) -> Iterator[Diagnostic]:
    for table in tables(model):
        # of those that hold a whole entity `missing-field` tells what no column stores
        whole = isinstance(table, Table) and bool(model.where(Aggregate, "store", table.id))
        named = {words(each): each for each in properties(model, table.json_schema)}
        for name, column in table.columns.items():
            own = named.get(words(name))
            stray = column.property in named.values() if column.property else not whole
            if own and stray and own != column.property:
                told = ("property",) if column.property else ()
                stored = f"`{column.property}`" if column.property else "no property"
                yield RULE.at(
                    model.ref(table.id, "columns", name, *told),
                    f"`{name}` stores {stored}, but there is a property `{own}`",
                    f"store `{own}`, or call the column otherwise",
                    element=table.id,
                    facts=(name,),
                )


RULE = Rule(
    code="SHP009",
    name="column-of-another-property",
    family="agreement of shapes",
    check=check,
)
