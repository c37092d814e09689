"""A root field of a GraphQL schema is resolved by nothing.

What it does: reports fields of `Query`, `Mutation` and `Subscription` without `@resolves`.

Why: the gateway's resolvers are generated from the directive; without it the field answers null.

Example: `recipe(id: UUID!): Recipe`.

Use instead: `recipe(id: UUID!): Recipe @resolves(operation: "api.operation.recipe-get-recipe")`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.api import RootField
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for field in model.all(RootField):
        if field.resolves is None:
            yield RULE.at(
                model.ref(field.id),
                f"nothing resolves `{field.field_name}`",
                'add `@resolves(operation: "api.operation.…")`',
                element=field.id,
            )


RULE = Rule(code="GQL010", name="field-without-resolver", family="GraphQL contracts", check=check)
