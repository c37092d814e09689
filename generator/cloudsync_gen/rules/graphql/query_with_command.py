"""A GraphQL query changes something, or a mutation does not.

What it does: follows `@resolves` and `@performs` to what is carried out: fields of `Query` and
`Subscription` and those of types that are no root lead to queries, those of `Mutation` to commands.

Why: fields of a query may be carried out in any order, at the same time and more than once; only
mutations are carried out one after the other (GraphQL specification, 6.2).

Example: a field of `Query` resolved by `api.operation.recipe-approve-recipe`.

Use instead: a field of `Mutation`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import carried_by
from cloudsync_gen.model.layers.api import JoinedField, RootField
from cloudsync_gen.model.layers.application import Command
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for field in model.all(RootField):
        performed = carried_by(model, field.id)
        if performed is None:
            continue
        changes = isinstance(performed, Command)
        if changes == (field.operation_type == "mutation"):
            continue
        does = "changes something" if changes else "changes nothing"
        yield RULE.at(
            model.ref(field.id, "performs" if field.performs else "resolves"),
            f"a {field.operation_type} is resolved by `{performed.id}`, which {does}",
            "move the field to `Mutation`" if changes else "move the field to `Query`",
            element=field.id,
            related=(Related(model.ref(performed.id), "what it carries"),),
        )
    yield from _joins(model)


def _joins(model: Model) -> Iterator[Diagnostic]:
    for join in model.all(JoinedField):
        performed = carried_by(model, join.resolves)
        if isinstance(performed, Command):
            yield RULE.at(
                model.ref(join.id, "resolves"),
                f"a field of `{join.type_name}` is resolved by `{performed.id}`, which changes "
                "something",
                "name an operation that reads, or move the field to `Mutation`",
                element=join.id,
                related=(Related(model.ref(performed.id), "what it carries"),),
            )


RULE = Rule(code="GQL012", name="query-with-command", family="GraphQL contracts", check=check)
