"""A column is too short for the entity's property.

What it does: compares the length of `varchar(n)` and `char(n)` with `maxLength` of the schema.

Why: a value that the contract admits is refused by the database, as a fault of ours.

Example: `varchar(40)` for `maxLength: 80`.

Use instead: a column as long as the property, or `text`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import KINDS
from cloudsync_gen.rules.shapes._aspects import both, differs, form


def check(model: Model) -> Iterator[Diagnostic]:
    for each, meant, found in both(model, "length"):
        message = (
            f"`{found.name}` holds {found.max_length} characters in {form(each)}, "
            f"the schema allows {meant.max_length}"
        )
        yield differs(RULE, each, message, f"make it {meant.max_length} long")


RULE = Rule(
    code="SHP006", name="length-differs", family="agreement of shapes", check=check, each=KINDS
)
