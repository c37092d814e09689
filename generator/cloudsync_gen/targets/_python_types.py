"""Python types of schemas: the same in ports, adapters and clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudsync_gen.targets._models import class_name, is_class

_FORMATS = {"uuid": "UUID", "date-time": "datetime", "date": "date"}
_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_PREFIX = "#/components/schemas/"
_MAX_STEPS = 20


def followed(schema: Any, schemas: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """(name of the last component on the way or empty, schema) that a chain of refs leads to."""
    name = ""
    for _ in range(_MAX_STEPS):
        if not isinstance(schema, Mapping):
            return name, {}
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return name, schema
        name = reference.removeprefix(_PREFIX)
        schema = schemas.get(name, {})
    return name, {}


def python_type(schema: Any, schemas: Mapping[str, Any]) -> str:
    """Annotation of a value: classes of the models are `models.X`."""
    name, found = followed(schema, schemas)
    if name and is_class(found):
        return f"models.{class_name(name)}"
    kind = found.get("type")
    if kind == "array":
        return f"list[{python_type(found.get('items', {}), schemas)}]"
    if kind == "string" and found.get("format") in _FORMATS:
        return _FORMATS[found["format"]]
    return _TYPES.get(kind, "Any") if isinstance(kind, str) else "Any"


def imported(types: set[str]) -> tuple[str, ...]:
    """Which of `UUID`, `datetime`, `date` and `Any` the annotations use, sorted."""
    words = ("Any", "UUID", "date", "datetime")
    text = " ".join(sorted(types)).replace("[", " ").replace("]", " ").split()
    return tuple(word for word in words if word in text)
