"""A field is required in one form of an entity and not in the other.

What it does: compares `required` of the schema with `!` of GraphQL, `optional` of proto and
`nullable` of columns.

Why: a row, an answer or a message without the value is legal for one of them and refused by the
other.

Example: a column without `nullable: true` for a property that is not required.

Use instead: the same in both; the schema decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import KINDS
from cloudsync_gen.rules.shapes._aspects import both, differs, form


def check(model: Model) -> Iterator[Diagnostic]:
    for each, meant, found in both(model, "optional"):
        is_ = "may be absent" if found.optional else "has to be there"
        should = "may be absent" if meant.optional else "is required"
        message = f"`{found.name}` {is_} in {form(each)}, but {should} in the schema"
        yield differs(RULE, each, message, "follow the schema")


RULE = Rule(
    code="SHP004", name="optionality-differs", family="agreement of shapes", check=check, each=KINDS
)
