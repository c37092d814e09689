"""Whether a message fits what the port is asked and what it answers, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudsync_gen.targets._python_types import followed, python_type
from cloudsync_gen.targets.service.behaviour import Result
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.requests import Request
from cloudsync_gen.targets.service_grpc.messages import Field, Message, Messages
from cloudsync_gen.targets.service_grpc.views import ArgumentView, BodyView

PAGE = ("limit", "cursor", "sort")
CURSOR = "nextCursor"


class Unfitting(RuntimeError):
    """A message that cannot carry what its command or query needs."""


def arguments_of(
    facts: ServiceFacts, request: Request, message: Message, entity: Mapping[str, Any]
) -> tuple[ArgumentView, ...]:
    """The parameters of the port's request, each from the field of its name.

    An entity's own key may be called as in the entity (`id`). A filter whose type the port leaves
    open has that of the entity's property.
    """
    wires = {attribute: wire for wire, attribute in request.names.items()}
    found = []
    for field in request.fields:
        if field.name not in wires:
            continue
        wire = _parameter(message, wires[field.name], request.key)
        if wire is None:
            if field.default:
                continue
            raise Unfitting(f"{message.name} has no field for `{wires[field.name]}`")
        kind = field.type.removesuffix(" | None")
        if kind == "Any":
            kind = _property_type(facts, entity, wires[field.name])
        found.append(
            ArgumentView(name=field.name, wire=wire, type=kind, required=not field.default)
        )
    return tuple(found)


def _parameter(message: Message, wire: str, key: str) -> str | None:
    for name in (wire, "id") if wire == key else (wire,):
        if message.field(name) is not None:
            return name
    return None


def _property_type(facts: ServiceFacts, entity: Mapping[str, Any], name: str) -> str:
    schema = entity.get("properties", {}).get(name, {})
    found, followed_schema = followed(schema, facts.schemas)
    if followed_schema.get("type") == "array":
        found, schema = followed(followed_schema.get("items", {}), facts.schemas)
    kind = python_type(schema, facts.schemas)
    if kind.startswith("models.") and found in facts.elements:
        return f"models.{facts.class_of(facts.elements[found])}"
    return "str" if kind == "Any" or kind.startswith(("models.", "list[")) else kind


def body_of(
    facts: ServiceFacts,
    request: Request,
    message: Message,
    arguments: tuple[ArgumentView, ...],
    known: Messages,
) -> BodyView | None:
    """The body: the message's other fields as they are, or the one message among them."""
    field = next((each for each in request.fields if each.name == "body"), None)
    if field is None:
        return None
    model = field.type.removesuffix(" | None").removeprefix("models.")
    properties = _class_properties(facts, model)
    taken = {each.wire for each in arguments} | (set(PAGE) if request.paged else set())
    rest = [each for each in message.fields if each.wire not in taken or each.wire in properties]
    if all(each.wire in properties for each in rest):
        left_out = tuple(sorted(message.wires - {each.wire for each in rest}))
        return BodyView(model=model, source="", wire="", left_out=left_out)
    nested = _only_message(rest)
    inner = known.messages.get(nested.type) if nested else None
    if nested is None or inner is None or not inner.wires <= properties:
        odd = ", ".join(each.wire for each in rest if each.wire not in properties)
        raise Unfitting(f"{message.name}: {model} has no properties for {odd}")
    return BodyView(model=model, source=nested.name, wire=nested.wire, left_out=())


def _class_properties(facts: ServiceFacts, model: str) -> frozenset[str]:
    for element in sorted(facts.needed):
        if facts.class_of(element) == model:
            return frozenset(facts.schema(element).get("properties", {}))
    return frozenset()


def _only_message(fields: list[Field]) -> Field | None:
    if len(fields) == 1 and fields[0].is_entity and not fields[0].repeated:
        return fields[0]
    return None


def page_of(request: Request, message: Message) -> tuple[tuple[str, str], ...]:
    """Which of limit, cursor and sort the message has, by the names of its fields."""
    found = ((name, message.field(name)) for name in PAGE if request.paged)
    return tuple((name, field.name) for name, field in found if field is not None)


def unread(
    request: Request,
    message: Message,
    arguments: tuple[ArgumentView, ...],
    body: BodyView | None,
) -> None:
    """Refuse fields that nothing would read. Raises `Unfitting`."""
    if body is not None:
        return
    known = {each.wire for each in arguments} | (set(PAGE) if request.paged else set())
    odd = sorted(message.wires - known)
    if odd:
        raise Unfitting(f"{message.name}: nothing reads {', '.join(odd)}")


def reply_of(message: Message, result: Result, properties: frozenset[str], known: Messages) -> str:
    """JSON name of the field for the result (or the items of a page); empty where the message's
    own fields are the result's.
    """
    if not message.fields or result.type == "None":
        return ""
    if result.paged:
        return _items(message)
    if message.wires <= properties:
        return ""
    only = _only_message(list(message.fields))
    inner = known.messages.get(only.type) if only else None
    if only is None or inner is None or not inner.wires <= properties:
        odd = ", ".join(sorted(message.wires - properties))
        raise Unfitting(f"{message.name}: {result.type} has no properties for {odd}")
    return only.wire


def _items(message: Message) -> str:
    lists = [each for each in message.fields if each.repeated and each.is_message]
    others = message.wires - {each.wire for each in lists}
    if len(lists) != 1 or not others <= {CURSOR}:
        raise Unfitting(f"{message.name} is no page: one list of messages, and `next_cursor`")
    return "" if lists[0].wire == "items" else lists[0].wire
