"""A field has another type than the entity's property.

What it does: compares text, number, truth value, object, list and bytes, of lists also their items,
between an entity's schema and its other forms.

Why: a value that one of them holds cannot be carried by the other.

Example: `lemons: String!` in GraphQL for an integer of the schema.

Use instead: the same type in both.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import KINDS
from cloudsync_gen.rules.shapes._aspects import both, differs, form


def check(model: Model) -> Iterator[Diagnostic]:
    for each, meant, found in both(model, "type"):
        is_ = f"{found.base} of {found.item}" if found.item else found.base
        should = f"{meant.base} of {meant.item}" if meant.item else meant.base
        message = f"`{found.name}` of {form(each)} is {is_}, the schema's {should}"
        yield differs(RULE, each, message, "give both the same type")


RULE = Rule(
    code="SHP003", name="type-differs", family="agreement of shapes", check=check, each=KINDS
)
