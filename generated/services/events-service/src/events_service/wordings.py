"""Wordings of event types: JSON Schemas, what follows from them, and whether one reads the other.

References lead nowhere outside a schema (JSON Schema 2020-12 §8.2.3.1 leaves that to us).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

_OPAQUE = ("$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "then", "else")
"""Keywords that are not looked into: where they differ nobody can tell."""

_AT_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_AT_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_ALIKE = ("pattern", "format", "const", "multipleOf", "uniqueItems")
_TYPES = frozenset({"array", "boolean", "null", "number", "object", "string"})
_CAPITAL = re.compile("(?<!^)([A-Z])")


class UnfitError(ValueError):
    """A text that is no wording; says why."""


@lru_cache(maxsize=512)
def parsed(text: str) -> Mapping[str, Any]:
    """The JSON Schema 2020-12 of an object.

    Raises:
        UnfitError: it is none.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnfitError("not JSON, or nested too deeply") from error
    if not isinstance(found, dict) or found.get("type") != "object":
        raise UnfitError("no schema of an object")
    try:
        Draft202012Validator.check_schema(found)
    except SchemaError as error:
        raise UnfitError(f"no JSON Schema 2020-12 at {error.json_path}") from error
    except RecursionError as error:
        raise UnfitError("nested too deeply") from error
    return found


@lru_cache(maxsize=512)
def _validator(text: str) -> Draft202012Validator:
    return Draft202012Validator(parsed(text), registry=Registry())


def fits(text: str, value: Any) -> bool:
    """Whether a payload satisfies a wording; where that cannot be told it does not."""
    try:
        return bool(_validator(text).is_valid(value))
    except (Unresolvable, RecursionError, re.error):
        return False


def dimensions(schema: Mapping[str, Any]) -> frozenset[str]:
    """Names by which events may be grouped: members with plain values, `planFamily` as
    `plan_family`.
    """
    members = schema.get("properties", {})
    plain = {name for name, each in members.items() if _types(each) & {"string", "boolean"}}
    return frozenset(snake(each) for each in plain)


def snake(name: str) -> str:
    """`planFamily` → `plan_family`."""
    return _CAPITAL.sub(r"_\1", name).lower()


def has(schema: Mapping[str, Any], pointer: str) -> bool:
    """Whether the schema has the member at a pointer; items of arrays have no step of their own."""
    inner: Any = schema
    for name in pointer.removeprefix("/").split("/"):
        while isinstance(inner, dict) and "array" in _types(inner):
            inner = inner.get("items", {})
        members = inner.get("properties", {}) if isinstance(inner, dict) else {}
        if name not in members:
            return False
        inner = members[name]
    return True


def differences(reader: Any, writer: Any, path: str = "") -> Iterator[str]:
    """Pointers to where a reader of one schema may meet what it does not expect in what fits the
    other.
    """
    reader, writer = _open(reader), _open(writer)
    if not _reads(reader, writer):
        yield path or "/"
        return
    closed = reader.get("additionalProperties", True) is False
    members, others = reader.get("properties", {}), writer.get("properties", {})
    for name in sorted(set(reader.get("required", ())) - set(writer.get("required", ()))):
        yield f"{path}/{name}"
    for name in sorted(others):
        if name in members:
            yield from differences(members[name], others[name], f"{path}/{name}")
        elif closed:
            yield f"{path}/{name}"
    open_ = "object" in _types(writer) and writer.get("additionalProperties", True) is not False
    if closed and open_:
        yield path or "/"
    if "items" in reader:
        yield from differences(reader["items"], writer.get("items", {}), f"{path}/-")


def _reads(reader: Mapping[str, Any], writer: Mapping[str, Any]) -> bool:
    """Whether the reader takes what the writer may say at this very place."""
    if not _types(writer) <= _types(reader):
        return False
    if "enum" in reader and not _within(writer.get("enum"), reader["enum"]):
        return False
    if any(name in reader and reader[name] != writer.get(name) for name in _ALIKE):
        return False
    if any(reader.get(name) != writer.get(name) for name in _OPAQUE):
        return False
    most = (name in writer and writer[name] <= reader[name] for name in _AT_MOST if name in reader)
    least = (
        name in writer and writer[name] >= reader[name] for name in _AT_LEAST if name in reader
    )
    return all(most) and all(least)


def _within(values: Any, known: Any) -> bool:
    return isinstance(values, list) and all(each in known for each in values)


def _types(schema: Any) -> frozenset[str]:
    told = schema.get("type", list(_TYPES)) if isinstance(schema, dict) else list(_TYPES)
    types = {told} if isinstance(told, str) else set(told)
    if "number" in types:
        types.add("integer")
    return frozenset(types)


def _open(schema: Any) -> Mapping[str, Any]:
    """A schema as a mapping: `true` allows all, `false` nothing (2020-12 §4.3.2)."""
    if isinstance(schema, dict):
        return schema
    return {} if schema else {"type": []}
