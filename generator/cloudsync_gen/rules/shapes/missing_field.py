"""A form of an entity lacks one of its fields.

What it does: looks for every property of an entity's schema in its GraphQL type, its proto message
and the store of its aggregate. Read models, events and restricted fields of published forms are
left out.

Why: what is written by one of them is silently lost by the other.

Example: an entity with `lemons`, and a table without a column for it.

Use instead: the field in every form.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import KINDS
from cloudsync_gen.rules.shapes._aspects import differs, form, single


def check(model: Model) -> Iterator[Diagnostic]:
    for each, field in single(model, "missing"):
        yield differs(RULE, each, f"{form(each)} has no `{field.name}`", "add it")


RULE = Rule(
    code="SHP001", name="missing-field", family="agreement of shapes", check=check, each=KINDS
)
