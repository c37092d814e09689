"""What a method of the port does by the model alone, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.effects import CREATING
from cloudsync_gen.model.layers.application import Aggregate, Command, Query
from cloudsync_gen.targets._models import class_name
from cloudsync_gen.targets._python_types import followed, python_type
from cloudsync_gen.targets.service.facts import PREFIX, ServiceFacts
from cloudsync_gen.targets.service.requests import Request, effect_of
from cloudsync_gen.targets.service.views import ArgumentView, DefaultView

_PAGE = {"items", "nextCursor"}


class Result(Struct, frozen=True, kw_only=True):
    """What a method returns: `type` as the port says it; `name` of the schema of it or its items.

    `whole`: the schema is one of the contract by itself, so that a default may return it.
    """

    type: str
    name: str
    paged: bool


def result_of(facts: ServiceFacts, performed: Command | Query, request: Request) -> Result:
    """By the contract where an operation carries the method, else by the output declared."""
    schema, schemas = output_of(facts, performed)
    if not schema:
        return Result(type="None", name="", paged=False)
    name, found = followed(schema, schemas)
    properties = found.get("properties", {})
    if facts.streams(performed):
        kind = f"AsyncIterator[{_typed(facts, schema, schemas)}]"
        return Result(type=kind, name=name, paged=False)
    if request.paged and properties.keys() <= _PAGE:
        item = properties.get("items", {}).get("items", {})
        name, _ = followed(item, schemas)
        return Result(type=f"Page[{_typed(facts, item, schemas)}]", name=name, paged=True)
    return Result(type=_typed(facts, schema, schemas), name=name, paged=False)


def output_of(
    facts: ServiceFacts, performed: Command | Query
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """(schema of the answer or nothing, the schemas that it refers to)."""
    operation = facts.operation(performed)
    if operation is None:
        if not performed.output:
            return {}, {}
        name = facts.system.contracts.schema_names.get(performed.output, "")
        facts.schema(performed.output)
        return {"$ref": PREFIX + name}, facts.schemas
    for status, response in facts.compiled(operation).get("responses", {}).items():
        if status.startswith("2"):
            for media in response.get("content", {}).values():
                return media.get("schema", {}), facts.components(operation)
    return {}, {}


def _typed(facts: ServiceFacts, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    name, _ = followed(schema, schemas)
    found = python_type(schema, schemas)
    if found.startswith("models.") and name in facts.elements:
        return f"models.{facts.class_of(facts.elements[name])}"
    return found


def default_of(
    facts: ServiceFacts, performed: Command | Query, request: Request, result: Result
) -> DefaultView:
    """The default, or an empty one where the model does not say enough."""
    aggregate = facts.aggregates.get(performed.aggregate)
    verb = effect_of(performed)
    if aggregate is None or verb == "custom" or facts.streams(performed):
        return DefaultView()
    projection = _projection(facts, aggregate, result, listed=verb == "list")
    needs_key = verb not in (*CREATING, "list")
    if projection is None or (needs_key and not request.key):
        return DefaultView()
    return DefaultView(
        aggregate=facts.attributes[aggregate.id],
        verb=verb,
        key=f"request.{request.names[request.key]}" if needs_key else "",
        body="request.body" if request.body and verb != "delete" else "",
        filters=_filters(facts, performed, request, aggregate) if verb == "list" else (),
        parameters=_parameters(facts, aggregate, request, needs_key),
        projection=projection,
    )


def _projection(
    facts: ServiceFacts, aggregate: Aggregate, result: Result, *, listed: bool
) -> str | None:
    """The class that the entity is cut to, nothing if it is returned whole; `None`: impossible."""
    if result.type == "None":
        return None if listed else ""
    if result.paged != listed:
        return None
    entity = facts.schema(aggregate.schema)
    if facts.elements.get(result.name) == aggregate.schema:
        return ""
    if result.name not in facts.elements:
        return None
    cut = facts.schema(facts.elements[result.name])
    same = all(
        _bare(schema) == _bare(entity.get("properties", {}).get(name, {}))
        for name, schema in cut.get("properties", {}).items()
        if name in entity.get("properties", {})
    )
    enough = set(cut.get("required", ())) <= set(entity.get("required", ()))
    if not cut.get("properties") or not same or not enough:
        return None
    return class_name(result.name)


def _bare(schema: Mapping[str, Any]) -> dict[str, Any]:
    notes = ("description", "readOnly", "default", "title")
    return {k: v for k, v in schema.items() if k not in notes and not k.startswith("x-")}


def _filters(
    facts: ServiceFacts, performed: Command | Query, request: Request, aggregate: Aggregate
) -> tuple[ArgumentView, ...]:
    """Parameters of a query that restrict which entities are listed, by names of their fields."""
    properties = facts.schema(aggregate.schema).get("properties", {})
    filters = performed.filters if isinstance(performed, Query) else ()
    return tuple(
        ArgumentView(name, f"request.{request.names[name]}")
        for name in dict.fromkeys(filters)
        if name in properties and name in request.names and name not in request.in_path
    )


def _parameters(
    facts: ServiceFacts, aggregate: Aggregate, request: Request, needs_key: bool
) -> tuple[ArgumentView, ...]:
    """Path parameters beside the key; the one that is called as the parent goes by the field that
    holds the parent's id.
    """
    renamed: dict[str, str] = {}
    part_of = aggregate.part_of
    parent = facts.aggregates.get(part_of.aggregate) if part_of else None
    fields = facts.schema(aggregate.schema).get("properties", {})
    if part_of is not None and parent is not None and facts.key_of(parent) not in fields:
        renamed[facts.key_of(parent)] = part_of.field
    return tuple(
        ArgumentView(renamed.get(name, name), f"request.{request.names[name]}")
        for name in request.in_path
        if not (needs_key and name == request.key)
    )
