"""A root field performs a command or query of another service than its schema's.

What it does: compares the service of `@contract` with that of what `@performs` names.

Why: the resolver calls a method of its own process; what another service does is reached through
an operation of that service, with a time-out and a fallback.

Example: a field of the schema of `recipe` with `@performs(action: "application.query.get-press")`.

Use instead: `@resolves(operation: "api.rpc.press-get-press")`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.layers.api import GraphqlApi, RootField
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    schemas = {each.document: each for each in model.all(GraphqlApi)}
    for field in model.all(RootField):
        performed = performed_by(model, field.performs)
        schema = schemas.get(field.document)
        if performed is None or schema is None or misled(model, schema.id, "graphql-service"):
            continue
        if performed.service == schema.service or misled(
            model, performed.id, "performed-by-service"
        ):
            continue
        yield RULE.at(
            model.ref(field.id, "performs"),
            f"`{performed.id}` is not carried out by the service of this schema",
            "name an operation with `@resolves`, or an action of the schema's own service",
            element=field.id,
            related=(Related(model.ref(performed.id, "service"), "its service"),),
        )


RULE = Rule(
    code="GQL013",
    name="performs-of-another-service",
    family="GraphQL contracts",
    check=check,
)
