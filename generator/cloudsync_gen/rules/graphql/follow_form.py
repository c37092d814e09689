"""A field follows an event and could not be told of it.

What it does: wants `@follows` of subscriptions alone, beside a `@resolves` that names an operation
of another service, and with an argument at least; and of a subscription that another service
resolves that it follows an event.

Why: the event says only that there is something to tell, and to whom: those whose arguments are
properties of it. What they are told the operation answers, which is asked as each of them, so that
who may not see it hears nothing. Without an argument it would be asked for each event of a tenant
and each listener.

Example: `brewed(recipeId: UUID!): Recipe! @resolves(operation: "api.operation.recipe-get-recipe")`,
of a subscription.

Use instead: `… @resolves(operation: "api.operation.recipe-get-recipe")
@follows(event: "application.event.brew-finished")`.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.effects import carried_by
from cloudsync_gen.model.layers.api import GraphqlApi, RootField
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule


def check(model: Model) -> Iterator[Diagnostic]:
    services = {each.document: each.service for each in model.all(GraphqlApi)}
    for field in model.all(RootField):
        if field.follows is None:
            yield from _unfed(model, field, services.get(field.document))
            continue
        for fact, what, hint in (*_odd(field), *_own(model, field, services.get(field.document))):
            yield RULE.at(
                model.ref(field.id, "follows"), what, hint, element=field.id, facts=(fact,)
            )


def _unfed(model: Model, field: RootField, service: str | None) -> Iterator[Diagnostic]:
    resolved = carried_by(model, field.resolves or "")
    if field.operation_type != "subscription" or resolved is None or resolved.service == service:
        return
    yield RULE.at(
        model.ref(field.id, "resolves"),
        f"nothing says when `{field.field_name}` has something to tell",
        'add `@follows(event: "application.event.…")`',
        element=field.id,
        facts=("event",),
    )


def _own(model: Model, field: RootField, service: str | None) -> Iterator[tuple[str, str, str]]:
    """As `_odd`: what the schema's own service answers it can watch by itself."""
    resolved = carried_by(model, field.resolves or "")
    if resolved is not None and resolved.service == service:
        what = f"`{field.resolves}` is of the schema's own service, which knows without an event"
        hint = 'take `@follows` out, and add a query that streams: `@performs(action: "…")`'
        yield "own", what, hint


def _odd(field: RootField) -> Iterator[tuple[str, str, str]]:
    """(which, what, hint) of what is wrong with it."""
    name = field.field_name
    if field.operation_type != "subscription":
        what = f"`{name}` is of a {field.operation_type}, which is answered once"
        yield "root", what, "move the field to `Subscription`, or take `@follows` out"
    if field.resolves is None:
        what = f"nothing says what `{name}` tells of the event"
        yield "resolver", what, 'add `@resolves(operation: "api.operation.…")`'
    if not field.arguments:
        what = f"`{name}` would be asked for with each event of a tenant"
        yield "arguments", what, "add an argument that is a property of the event"


RULE = Rule(code="GQL021", name="follow-form", family="GraphQL contracts", check=check)
