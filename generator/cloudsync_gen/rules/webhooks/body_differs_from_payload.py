"""A webhook sends something else than its event's payload.

What it does: compares the schema of the request body with `payload` of the event in `x-event`.

Why: the delivery is the event as it was published; a receiver who relies on another schema fails on
the first one.

Example: a body `…#/recipe/schema` for an event whose payload is `recipe-approved`.

Use instead: a `$ref` to the payload's schema.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.api import Webhook
from cloudsync_gen.model.layers.application import Event
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._links import misled
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._sources import element_at, json_schemas, table
from cloudsync_gen.rules.openapi._structure import strangers
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    sources = {source.document: source.data for source in model.sources.webhooks}
    for webhook in model.all(Webhook):
        event = model.get(Event, webhook.event or "")
        if event is None or misled(model, event.id, "event-payload"):
            continue
        item = table(sources.get(webhook.document, {}).get("webhooks")).get(webhook.webhook_name)
        operation = table(table(item).get("post"))
        if strangers("operation", operation):
            continue
        body = operation.get("requestBody")
        place, message = _problem(model, model.ref(webhook.id), body, event)
        if message:
            yield RULE.at(
                place,
                message,
                f"refer to the schema of `{event.payload}`",
                element=webhook.id,
                related=(Related(model.ref(event.id, "payload"), "the payload"),),
            )


def _problem(model: Model, ref: Ref, body: object, event: Event) -> tuple[Ref, str]:
    if body is None:
        return ref, f"the delivery of `{event.id}` has no body"
    for place, schema in json_schemas(ref.at("requestBody"), body):
        element = element_at(model, place, schema)
        if element is not None and element != event.payload:
            what = f"`{element}`" if element else "a schema of its own"
            return place.at("$ref"), f"the body is {what}, the payload `{event.payload}`"
    return ref, ""


RULE = Rule(code="WHK011", name="body-differs-from-payload", family="webhooks", check=check)
