"""An enumeration has other members than the entity's property.

What it does: compares the members of GraphQL and proto enumerations with those of the schema,
whatever the style of their names.

Why: a client fails on the value that its enumeration lacks.

Example: `enum RecipeStatus { DRAFT APPROVED }` where the schema also has `retired`.

Use instead: the same members in both.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import KINDS
from cloudsync_gen.rules.shapes._aspects import both, differs, form


def check(model: Model) -> Iterator[Diagnostic]:
    for each, meant, found in both(model, "members"):
        lacks = sorted(set(meant.members or ()) - set(found.members or ()))
        more = sorted(set(found.members or ()) - set(meant.members or ()))
        what = f"lacks `{lacks[0]}`" if lacks else f"has `{more[0]}`, which the schema has not"
        message = f"the enumeration of `{found.name}` in {form(each)} {what}"
        yield differs(RULE, each, message, "give both the same members")


RULE = Rule(
    code="SHP005", name="enum-members-differ", family="agreement of shapes", check=check, each=KINDS
)
