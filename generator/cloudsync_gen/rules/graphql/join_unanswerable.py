"""A field of a type is resolved by an operation that cannot be asked for it.

What it does: of fields with `@resolves(…, by:)`, wants a query without a body and with one required
parameter, or one whose question is a list of ids (`userIds`) and whose answer is a list of items
that say which of them each is (`userId`, or `id`); none that streams.

Why: a page of objects asks for what is joined to all of them. By a list that is one call; by one id
it is a call for each, of which no more is known than that id.

Example: `@resolves(operation: "api.operation.recipe-list-recipes", by: "ownerId")`.

Use instead: `@resolves(operation: "api.operation.recipe-get-recipe", by: "recipeId")`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.joins import Unanswerable, asked, resolver_of
from cloudsync_gen.model.layers.api import JoinedField
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    for join in model.all(JoinedField):
        query = resolver_of(model, join)
        if query is None or misled(model, query.id, "input-schema", "output-schema"):
            continue
        found = asked(model, join)
        if isinstance(found, Unanswerable):
            yield RULE.at(
                model.ref(join.id, "resolves"),
                f"`{join.resolves}` cannot be asked by `{join.by}`: {found.what}",
                "name an operation that is asked by one id, or by a list of ids and nothing else",
                element=join.id,
                related=(Related(model.ref(query.id), "what it carries"),),
            )


RULE = Rule(code="GQL019", name="join-unanswerable", family="GraphQL contracts", check=check)
