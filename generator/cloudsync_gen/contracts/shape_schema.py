"""Shapes that are JSON Schemas: of entities, of payloads, inline in OpenAPI sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.application import Aggregate, Command, Event, Query
from cloudsync_gen.model.layers.data_model import DataElement, Entity
from cloudsync_gen.model.schema_refs import SchemaTarget, schema_target
from cloudsync_gen.model.shapes import Base, FieldShape, Kind, Shape
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import camel
from cloudsync_gen.source import Ref

MAX_CHAIN = 32
_BASES = frozenset(("string", "integer", "number", "boolean", "object", "array"))


class SchemaShapes:
    """Reads shapes out of the schemas of one model."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def canonical(self, element: str) -> Shape:
        """The shape that an element's schema gives it."""
        found = self._model.get(DataElement, element)
        schema: Mapping[str, Any] = found.schema if found else {}
        place = self._model.ref(element, "schema")
        return self._shape(element, "json-schema", element, place, schema)

    def payloads(self, entity: str) -> Iterator[Shape]:
        """What events tell of their aggregate's entity: some fields, and others of their own."""
        for aggregate in self._model.where(Aggregate, "schema", entity):
            for event in self._model.where(Event, "aggregate", aggregate.id):
                payload = self._model.get(DataElement, event.payload)
                if payload is not None:
                    place = self._model.ref(payload.id, "schema")
                    shape = self._shape(entity, "payload", payload.id, place, payload.schema)
                    yield _loosened(shape, payload.id)

    def inline(self) -> Iterator[Shape]:
        """Answers that a source writes out where the model says that they are the entity."""
        sources = {each.document: each for each in self._model.sources.rest}
        for operation in self._model.all(Operation):
            source = sources.get(operation.document)
            performs = self._model.elements.get(operation.command or "")  # type: ignore[call-overload]
            if source is None or not isinstance(performs, (Command, Query)):
                continue
            entity = self._model.get(Entity, performs.output or "")
            if entity is None or operation.response_schema is not None:
                continue
            place = Ref(source.file, ("paths", operation.path, operation.method, "responses"))
            for schema, tail in _inline(source.data, operation):
                where = place.at(*tail)
                yield self._shape(entity.id, "openapi", operation.id, where, schema)

    def _shape(
        self, entity: str, kind: Kind, name: str, place: Ref, schema: Mapping[str, Any]
    ) -> Shape:
        schema, place = self._resolved(schema, place)
        properties = schema.get("properties")
        required = schema.get("required")
        names = required if isinstance(required, list) else []
        fields = [
            self._field(key, each, place.at("properties", key), key not in names)
            for key, each in (properties if isinstance(properties, dict) else {}).items()
        ]
        return Shape(
            entity=entity,
            kind=kind,
            name=name,
            ref=place,
            fields=tuple(fields),
            element=name,
            open=schema.get("additionalProperties") is not False,
        )

    def _field(self, name: str, schema: Any, ref: Ref, optional: bool) -> FieldShape:
        written = schema if isinstance(schema, Mapping) else {}
        resolved, place = self._resolved(written, ref)
        base, nullable = self._base(resolved, place)
        items = resolved.get("items")
        item, _ = self._base(*self._resolved(items, place)) if items else (None, False)
        members = _members(resolved)
        texts = [camel(each) for each in members if isinstance(each, str)]
        return FieldShape(
            name=name,
            base=base,
            ref=ref,
            optional=optional or nullable,
            format=_format(resolved, base),
            bits=_bits(resolved) if base == "integer" else None,
            members=tuple(sorted(set(texts))) if members and len(texts) == len(members) else None,
            max_length=_count(resolved.get("maxLength")),
            item=item if base == "array" else None,
            restricted=written.get("x-classification") == "restricted",
        )

    def _resolved(self, schema: Any, ref: Ref) -> tuple[Mapping[str, Any], Ref]:
        """A schema with what its `$ref` leads to, keywords beside the reference first."""
        merged: dict[str, Any] = {}
        place = ref
        for _ in range(MAX_CHAIN):
            if not isinstance(schema, Mapping):
                break
            merged = {**schema, **merged}
            target = schema_target(place.file, merged.pop("$ref", None))
            found = self._at(target) if isinstance(target, SchemaTarget) else None
            if found is None:
                break
            schema, place = found
        return merged, place

    def _at(self, target: SchemaTarget) -> tuple[Any, Ref] | None:
        identity = self._model.schemas.get((target.file, target.key))
        element = self._model.get(DataElement, identity) if identity else None
        if element is None:
            return None
        place = self._model.ref(element.id, "schema")
        if not target.definition:
            return element.schema, place
        definitions = element.schema.get("$defs")
        if not isinstance(definitions, dict):
            return None
        return definitions.get(target.definition), place.at("$defs", target.definition)

    def _base(self, schema: Mapping[str, Any], place: Ref) -> tuple[Base, bool]:
        """(base, whether null is allowed): of alternatives the base that all of them share."""
        pending = [(schema, place)]
        bases: set[Base] = set()
        nullable = False
        for _ in range(MAX_CHAIN):
            if not pending:
                break
            current, where = pending.pop()
            names = _type_names(current)
            nullable = nullable or "null" in names
            known = _BASES.intersection(names)
            alternatives = _alternatives(current)
            if len(known) == 1:
                bases.add(cast("Base", min(known)))
            elif alternatives and not known:
                pending += [self._resolved(each, where) for each in alternatives]
            elif names != ["null"]:
                bases.add(_of_members(current))
        return (bases.pop() if len(bases) == 1 and not pending else "any"), nullable


def _type_names(schema: Mapping[str, Any]) -> list[str]:
    types = schema.get("type")
    return [e for e in (types if isinstance(types, list) else [types]) if isinstance(e, str)]


def _alternatives(schema: Mapping[str, Any]) -> list[Any]:
    found = (schema.get(key) for key in ("anyOf", "oneOf", "allOf"))
    return next((each for each in found if isinstance(each, list)), [])


def _of_members(schema: Mapping[str, Any]) -> Base:
    values = _members(schema)
    return "string" if values and all(isinstance(each, str) for each in values) else "any"


def _members(schema: Mapping[str, Any]) -> list[Any]:
    """The only values that a schema allows; none where it does not list them."""
    members = schema.get("enum")
    if isinstance(members, list):
        return members
    return [schema["const"]] if "const" in schema else []


def _loosened(shape: Shape, payload: str) -> Shape:
    """A payload tells some facts, once they are there: what is optional differs by event."""
    fields = tuple(
        FieldShape(
            name=each.name,
            base=each.base,
            ref=each.ref,
            format=each.format,
            bits=each.bits,
            members=each.members,
            max_length=each.max_length,
            item=each.item,
        )
        for each in shape.fields
    )
    return Shape(
        entity=shape.entity,
        kind=shape.kind,
        name=shape.name,
        ref=shape.ref,
        fields=fields,
        element=payload,
        partial=True,
        open=True,
    )


def _inline(data: Mapping[str, Any], operation: Operation) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """(schema, pointer below `responses`) of the successful answers of an operation."""
    written = data["paths"][operation.path][operation.method].get("responses")
    for status, response in (written if isinstance(written, dict) else {}).items():
        content = response.get("content") if isinstance(response, dict) else None
        for media, each in (content if isinstance(content, dict) else {}).items():
            schema = each.get("schema") if isinstance(each, dict) else None
            if status.startswith("2") and isinstance(schema, dict) and "properties" in schema:
                yield schema, (status, "content", media, "schema")


def _format(schema: Mapping[str, Any], base: str) -> str | None:
    if base != "string":
        return None
    written = schema.get("format")
    return written if isinstance(written, str) else ""


def _bits(schema: Mapping[str, Any]) -> int | None:
    """The width that the schema states, or the least that holds its bounds; `None` without any."""
    if schema.get("format") in ("int64", "int32"):
        return int(schema["format"][3:])
    bounds = [schema[key] for key in ("minimum", "maximum") if isinstance(schema.get(key), int)]
    if "maximum" not in schema or not bounds:
        return None
    return next(
        (b for b in (16, 32) if all(-(2 ** (b - 1)) <= n < 2 ** (b - 1) for n in bounds)), 64
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
