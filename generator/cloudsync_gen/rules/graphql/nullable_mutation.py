"""A mutation may answer null.

What it does: reports fields of `Mutation` whose type is not required (`!`).

Why: what a mutation did stands in its answer, and why it did not in `errors`. A nullable one lets
clients take a refusal for a success that has nothing to tell (GraphQL specification, 6.4.4: null
beside an error ends at the next nullable field).

Example: `approveRecipe(recipeId: UUID!): Recipe`.

Use instead: `approveRecipe(recipeId: UUID!): Recipe!`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.api import RootField
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for field in model.all(RootField):
        if field.operation_type == "mutation" and not field.return_type.endswith("!"):
            yield RULE.at(
                model.ref(field.id),
                f"`{field.field_name}` may answer null",
                f"write `{field.return_type}!`",
                element=field.id,
            )


RULE = Rule(code="GQL016", name="nullable-mutation", family="GraphQL contracts", check=check)
