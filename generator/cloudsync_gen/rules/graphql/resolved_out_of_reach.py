"""A GraphQL field is resolved by an operation that the schema's service cannot call.

What it does: of fields with `@resolves`, wants the operation among the `calls` of the service in
`@contract`, and not for workloads alone; a field of a root may name one of that service itself.

Why: the resolver goes through the client that is made of the call, with its time-out, retries and
fallback; there is none without it. It calls as the person who asks, whom an operation for workloads
turns away.

Example: a field of the schema of `recipe` with `@resolves(operation: "api.rpc.press-get-press")`,
and no such call of `recipe`.

Use instead: `calls: [{operation: api.rpc.press-get-press, timeout: 80ms, …}]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.effects import carried_by
from cloudsync_gen.model.layers.api import GraphqlApi, JoinedField, RootField
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    schemas = {each.document: each for each in model.all(GraphqlApi)}
    fields: list[RootField | JoinedField] = [*model.all(RootField), *model.all(JoinedField)]
    for field in fields:
        schema = schemas.get(field.document)
        service = model.get(Service, schema.service or "") if schema else None
        name = field.resolves or ""
        performed = carried_by(model, name)
        if service is None or performed is None:
            continue
        own = performed.service == service.id
        if own and isinstance(field, RootField):
            continue
        related = (Related(model.ref(service.id), "the service of this schema"),)
        if not any(call.operation == name for call in service.calls):
            what = "is of the schema's own service" if own else "is not called by its service"
            hint = "answer it with what the object holds" if own else "add the call to its `calls`"
            yield RULE.at(
                model.ref(field.id, "resolves"),
                f"`{name}`, which resolves a field of this schema, {what}",
                hint,
                element=field.id,
                related=related,
            )
        elif performed.access == "workload":
            yield RULE.at(
                model.ref(field.id, "resolves"),
                f"`{name}` answers workloads alone, and never who asks for this field",
                "name an operation that people may call",
                element=field.id,
                related=(Related(model.ref(performed.id), "what it carries"),),
            )


RULE = Rule(code="GQL018", name="resolved-out-of-reach", family="GraphQL contracts", check=check)
