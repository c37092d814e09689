"""Looking into the schemas of the data model: properties, and what a `$ref` stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers.data_model import DataElement
from cloudsync_gen.model.schema_refs import SchemaTarget, schema_target
from cloudsync_gen.model.system import Model

_MAX_STEPS = 20


def data_element(model: Model, element: str | None) -> DataElement | None:
    """The data model element with that id, of whatever type."""
    found = model.elements.get(ElementId(element or ""))
    return found if isinstance(found, DataElement) else None


def target_of(model: Model, file: str, reference: object) -> DataElement | None:
    """The element whose schema a `$ref` written in `file` names, whole; `None` for anything
    else.
    """
    found = schema_target(file, reference)
    if not isinstance(found, SchemaTarget) or found.definition:
        return None
    return data_element(model, model.schemas.get((found.file, found.key)))


def properties(model: Model, element: str | None) -> Mapping[str, Any]:
    """Property name -> schema as written, of an object schema; empty for any other."""
    found = data_element(model, element)
    written = found.schema.get("properties") if found else None
    return written if isinstance(written, dict) else {}


def required(model: Model, element: str | None) -> frozenset[str]:
    """Names of the required properties."""
    found = data_element(model, element)
    names = found.schema.get("required") if found else None
    listed = names if isinstance(names, list) else ()
    return frozenset(each for each in listed if isinstance(each, str))


def resolved(
    model: Model, element: str, schema: Any
) -> tuple[DataElement | None, Mapping[str, Any]]:
    """What a schema written in `element` stands for: the named element (if any) and its schema.

    Keywords beside a `$ref` are left out; a chain of references is followed.
    """
    file = model.ref(element).file
    named: DataElement | None = None
    for _ in range(_MAX_STEPS):
        if not isinstance(schema, dict):
            return named, {}
        if "$ref" not in schema:
            return named, schema
        found = target_of(model, file, schema["$ref"])
        if found is None:
            return named, {}
        named, schema, file = found, found.schema, model.ref(found.id).file
    return named, {}


def members(model: Model, element: str, schema: Any) -> tuple[str, ...]:
    """Members of the enumeration that a property's schema stands for, in the order written."""
    _, found = resolved(model, element, schema)
    names = found.get("enum")
    listed = names if isinstance(names, list) else ()
    return tuple(each for each in listed if isinstance(each, str))
