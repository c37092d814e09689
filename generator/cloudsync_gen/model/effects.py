"""What the default handler of a command can fill in: the one reading of `effect` that all share."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import Operation, RootField, Rpc
from cloudsync_gen.model.layers.application import Aggregate, Command, Event, Lifecycle, Query
from cloudsync_gen.model.schema_view import properties
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import camel

ENVELOPE = ("id", "organizationId", "createdAt", "updatedAt", "version")
"""Properties of every entity, set by the service itself."""


CREATING = ("create", "put")
"""Effects that may make an entity."""

CHANGED_FIELDS = "changedFields"
"""Payload property that an update fills with the names of the properties that it changed."""


def key_name(aggregate: str) -> str:
    """Name by which payloads and paths call the key of an aggregate: `shareGrantId`."""
    return camel(name_of(aggregate)) + "Id"


def path_key(aggregate: Aggregate, in_path: Sequence[str], entity: Collection[str]) -> str:
    """The parameter of a path that identifies an entity of the aggregate, or nothing: the last one
    unless it is a mere property of the `entity`, whose properties are given.
    """
    known = key_name(aggregate.id) if aggregate.key == "id" else aggregate.key
    for name in (known, aggregate.key):
        if name in in_path:
            return name
    return "" if not in_path or in_path[-1] in entity else in_path[-1]


def key_property(model: Model, event: Event, aggregate: Aggregate) -> str | None:
    """The property of an aggregate's entity that holds an event's key, if one is told: the one of
    that name; the one that the event itself names; the entity's own id where the key is called
    after aggregate or entity, in whole or by the last words (`endpointId` of a webhook endpoint);
    that of what it is part of.
    """
    fields = properties(model, aggregate.schema)
    if event.key in fields:
        return event.key
    if event.key_from is not None and event.aggregate == aggregate.id:
        return event.key_from if event.key_from in fields else None
    if _called_after(event.key, aggregate.id) or _called_after(event.key, aggregate.schema):
        return "id"
    part_of = aggregate.part_of
    if part_of is not None and _called_after(event.key, part_of.aggregate):
        return part_of.field
    return None


def _called_after(key: str, aggregate: str) -> bool:
    own = key_name(aggregate)
    return own == key or own.endswith(key[:1].upper() + key[1:])


def operations_of(model: Model, performed: str) -> tuple[Operation, ...]:
    """The REST operations that carry a command or query."""
    found = (model.get(Operation, each) for each in model.origins(performed, "operation-command"))
    return tuple(each for each in found if each is not None)


def rpcs_of(model: Model, performed: str) -> tuple[Rpc, ...]:
    """The RPCs that carry a command or query."""
    found = (model.get(Rpc, each) for each in model.origins(performed, "rpc-command"))
    return tuple(each for each in found if each is not None)


def parameters_of(model: Model, performed: str) -> frozenset[str]:
    """Names of the parameters with which a command or query can be called."""
    return frozenset(
        parameter.name
        for operation in operations_of(model, performed)
        for parameter in operation.parameters
    )


def lifecycle_of(model: Model, aggregate: str) -> Lifecycle | None:
    """The life cycle of an aggregate, the first where there are several."""
    for each in model.origins(aggregate, "lifecycle-aggregate"):
        return model.get(Lifecycle, each)
    return None


def filled_by_create(model: Model, command: Command, aggregate: Aggregate) -> frozenset[str]:
    """Properties of the entity that have a value after the default handler of a create ran."""
    fields = properties(model, aggregate.schema)
    body = set(properties(model, command.input)) if command.input else set()
    defaults = {
        n for n, schema in fields.items() if isinstance(schema, dict) and "default" in schema
    }
    filled = {*ENVELOPE, *body, *defaults, *(each.field for each in command.sets)}
    filled |= parameters_of(model, command.id)
    lifecycle = lifecycle_of(model, aggregate.id)
    if lifecycle is not None:
        filled.add(lifecycle.state_field)
    if aggregate.part_of is not None:
        filled.add(aggregate.part_of.field)
    return frozenset(filled) & frozenset(fields)


def payload_sources(model: Model, command: Command, event_key: str) -> frozenset[str]:
    """Names from which the default handler fills an event's payload."""
    aggregate = model.get(Aggregate, command.aggregate)
    entity = set(properties(model, aggregate.schema)) if aggregate else set()
    body = set(properties(model, command.input)) if command.input else set()
    sets = {each.field for each in command.sets}
    own = {event_key, CHANGED_FIELDS, key_name(command.aggregate)}
    return frozenset({*entity, *body, *sets, *own, *parameters_of(model, command.id)})


def performed_by(model: Model, performed: str | None) -> Command | Query | None:
    """The command or query with that id."""
    return model.get(Command, performed or "") or model.get(Query, performed or "")


def carried_by(model: Model, called: str) -> Command | Query | None:
    """What an operation, an RPC or a root field of GraphQL carries out in the end."""
    field = model.get(RootField, called)
    if field is not None and field.performs:
        return performed_by(model, field.performs)
    name = (field.resolves or "") if field else called
    found = model.get(Operation, name) or model.get(Rpc, name)
    return performed_by(model, found.command) if found else None
