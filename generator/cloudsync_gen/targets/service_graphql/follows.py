"""Subscriptions that follow an event: what is asked with each, and whom it is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLField, is_list_type, is_non_null_type

from cloudsync_gen.model.event_names import event_type
from cloudsync_gen.model.layers.api import RootField
from cloudsync_gen.model.layers.application import Event
from cloudsync_gen.model.layers.technology import Topic
from cloudsync_gen.naming import wire_name
from cloudsync_gen.targets._python_types import followed as resolved
from cloudsync_gen.targets._python_types import python_type
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service_graphql.callees import Called
from cloudsync_gen.targets.service_graphql.fit import Fit
from cloudsync_gen.targets.service_graphql.unfitting import Unfitting
from cloudsync_gen.targets.service_graphql.views import FieldView

Schema = Mapping[str, Any]


def followed(
    facts: ServiceFacts,
    place: str,
    root: RootField,
    field: GraphQLField,
    called: Called,
    fit: Fit,
    within: str,
) -> FieldView:
    """How a field is answered with each event. Raises `Unfitting`."""
    event = facts.model.get(Event, root.follows or "")
    topic = facts.model.get(Topic, event.topic) if event else None
    if event is None or topic is None:
        raise Unfitting("a subscription is answered by the service itself, or follows an event")
    payload = facts.schema(event.payload)
    properties: Schema = payload.get("properties", {})
    _check_arguments(field, properties, facts.schemas, fit)
    return FieldView(
        place=place,
        kind="followed",
        topic=topic.topic,
        type=event_type(facts.model, event),
        call=called.call(done=False),
        renamed=_asked(called, payload, facts.schemas),
        access="public" if called.access == "public" else "authenticated",
        within=within,
    )


def _check_arguments(field: GraphQLField, properties: Schema, schemas: Schema, fit: Fit) -> None:
    """Each is compared with the property of its name; of a list of values one is enough."""
    for name, argument in field.args.items():
        if name not in properties:
            raise Unfitting(f"the event has no property for the argument `{name}`")
        _, schema = resolved(properties[name], schemas)
        if schema.get("type") in ("array", "object"):
            raise Unfitting(f"the argument `{name}` is compared with what is no single value")
        kind = argument.type.of_type if is_non_null_type(argument.type) else argument.type
        fit.argument(kind.of_type if is_list_type(kind) else kind, schema, schemas, name)


def _asked(called: Called, payload: Schema, schemas: Schema) -> dict[str, str]:
    """Parameters that are not called as the properties from which they are filled."""
    if called.body is not None:
        raise Unfitting("an event says what has happened, and is no body")
    properties: Schema = payload.get("properties", {})
    renamed = {}
    for each in called.parameters:
        if not each.required:
            continue
        if each.wire not in payload.get("required", ()):
            raise Unfitting(f"the event does not always say `{each.wire}`, which is needed")
        told = python_type(properties[each.wire], schemas)
        if each.type not in (told, f"list[{told}]"):
            raise Unfitting(f"the event's `{each.wire}` is no {each.type}")
        if wire_name(each.name.rstrip("_")) != each.wire:
            renamed[each.name] = each.wire
    return renamed
