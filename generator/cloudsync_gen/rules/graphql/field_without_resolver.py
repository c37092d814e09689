"""A root field of a GraphQL schema is resolved by nothing.

What it does: reports fields of `Query`, `Mutation` and `Subscription` that have neither `@resolves`
nor `@performs`, or both.

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
        if field.resolves is None and field.performs is None:
            yield RULE.at(
                model.ref(field.id),
                f"nothing resolves `{field.field_name}`",
                'add `@resolves(operation: "api.operation.…")`, or `@performs(action: '
                '"application.query.…")` for what the service of the schema does itself',
                element=field.id,
            )
        elif field.resolves and field.performs:
            yield RULE.at(
                model.ref(field.id, "performs"),
                f"`{field.field_name}` is resolved twice",
                "keep one of `@resolves` and `@performs`",
                element=field.id,
            )


RULE = Rule(code="GQL010", name="field-without-resolver", family="GraphQL contracts", check=check)
