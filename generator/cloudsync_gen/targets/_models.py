"""Schemas of a contract as `$defs` for pydantic models: value types inlined, annotations left out.

A property that refers to a plain value type (a UUID, a time, a short text) gets that type's keywords
itself, so that the model's field is a `UUID` and not a class around one. Objects and enumerations
stay classes of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNIQUE = "x-unique"
"""Stands for `uniqueItems`, which a list field checks by itself."""

_PREFIX = "#/components/schemas/"
_MAX_DEPTH = 32


def is_class(schema: Mapping[str, Any]) -> bool:
    """Whether a schema becomes a class: an object with properties, an enumeration, a union."""
    return bool({"enum", "properties", "oneOf", "anyOf", "allOf"} & schema.keys())


def definitions(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """`$defs` of all schemas that become classes; refs are those of an OpenAPI document."""
    return {
        name: _rewritten(schema, schemas, 0)
        for name, schema in schemas.items()
        if isinstance(schema, Mapping) and is_class(schema)
    }


def document(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The whole JSON Schema that the model generator is given."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": definitions(schemas),
    }


def _rewritten(node: Any, schemas: Mapping[str, Any], depth: int) -> Any:
    if isinstance(node, list):
        return [_rewritten(each, schemas, depth) for each in node]
    if not isinstance(node, Mapping):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        return _referred(node, reference.removeprefix(_PREFIX), schemas, depth)
    made: dict[str, Any] = {}
    for key, value in node.items():
        if key == "uniqueItems" and value is True:
            made[UNIQUE] = True
        elif key == "properties" and isinstance(value, Mapping):
            made[key] = {name: _rewritten(each, schemas, depth) for name, each in value.items()}
        elif not key.startswith("x-") and key not in ("examples", "example"):
            made[key] = _rewritten(value, schemas, depth) if _may_hold_schemas(key) else value
    return made


def _may_hold_schemas(key: str) -> bool:
    return key not in ("default", "enum", "const", "required")


def _referred(
    node: Mapping[str, Any], name: str, schemas: Mapping[str, Any], depth: int
) -> dict[str, Any]:
    target = schemas.get(name, {})
    beside = {key: value for key, value in node.items() if key in ("default", "description")}
    if is_class(target) or depth > _MAX_DEPTH:
        return {"$ref": f"#/$defs/{name}", **beside}
    inlined: dict[str, Any] = _rewritten(target, schemas, depth + 1)
    inlined.pop("description", None)
    return {**inlined, **beside}
