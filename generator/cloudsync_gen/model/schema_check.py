"""Whether a schema is one: JSON Schema 2020-12 (its metaschema, as a table), and a few steps more.

A table because a general validator takes some milliseconds per schema, and there are thousands; the
tests hold it against the official metaschema. Beyond that one, keywords that nobody knows are
refused, since a misspelt one says nothing, and a `default` has to satisfy its own schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.patterns import pattern_fault
from cloudsync_gen.naming import offered
from cloudsync_gen.source import Pointer

TYPES = ("null", "boolean", "object", "array", "number", "integer", "string")
MAX_DEPTH = 64


class Fault(Struct, frozen=True):
    """What is wrong, and where below the value that was looked at."""

    pointer: Pointer
    message: str
    hint: str = ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_names(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(each, str) for each in value)
        and len(set(value)) == len(value)
    )


def _is_type(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and _is_names(value) and all(each in TYPES for each in value)
    return value in TYPES


_Test = tuple[Callable[[Any], bool], str]
_COUNT: _Test = (_is_count, "a whole number, 0 or more")
_NUMBER: _Test = (_is_number, "a number")
_TEXT: _Test = (_is_text, "text")
_FLAG: _Test = (_is_flag, "true or false")
_NAMES: _Test = (_is_names, "a list of different names")
_ANY: _Test = (lambda value: True, "anything")

_PLAIN: Mapping[str, _Test] = {
    "$ref": _TEXT,
    "$comment": _TEXT,
    "title": _TEXT,
    "description": _TEXT,
    "default": _ANY,
    "deprecated": _FLAG,
    "readOnly": _FLAG,
    "writeOnly": _FLAG,
    "examples": (lambda value: isinstance(value, list), "a list"),
    "type": (_is_type, f"one of {', '.join(TYPES)}, or a list of them"),
    "const": _ANY,
    "enum": (lambda value: isinstance(value, list), "a list"),
    "multipleOf": (lambda value: _is_number(value) and value > 0, "a number above 0"),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"), _NUMBER),
    **dict.fromkeys(("maxLength", "minLength", "maxItems", "minItems"), _COUNT),
    **dict.fromkeys(("maxContains", "minContains", "maxProperties", "minProperties"), _COUNT),
    "pattern": (_is_text, "a regular expression"),
    "uniqueItems": _FLAG,
    "required": _NAMES,
    "dependentRequired": (
        lambda value: isinstance(value, dict) and all(map(_is_names, value.values())),
        "lists of names by name",
    ),
    **dict.fromkeys(("format", "contentEncoding", "contentMediaType"), _TEXT),
    "discriminator": (lambda value: isinstance(value, dict), "a mapping"),
    "externalDocs": (lambda value: isinstance(value, dict), "a mapping"),
    "xml": (lambda value: isinstance(value, dict), "a mapping"),
    "example": _ANY,
}
"""Keyword -> its test; the last four are of OpenAPI's own vocabulary."""

_MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = (
    *("items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties", "contentSchema"),
)
_KNOWN = frozenset((*_PLAIN, *_MAPS, *_LISTS, *_SINGLE))


def faults_of(schema: Any, *, pointer: Pointer = ()) -> Iterator[Fault]:
    """Everything that keeps `schema` from being a schema, outermost first."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        yield Fault(pointer, "a schema is a mapping, true or false")
        return
    if len(pointer) > MAX_DEPTH:
        yield Fault(pointer, f"nested deeper than {MAX_DEPTH}")
        return
    for key, value in schema.items():
        place = (*pointer, key)
        if key in _PLAIN:
            test, wanted = _PLAIN[key]
            if not test(value):
                yield Fault(place, f"`{key}` is not {wanted}")
            elif key == "pattern" and (fault := pattern_fault(value)):
                yield Fault(place, f"`{key}` {fault}")
        elif key in _KNOWN:
            yield from _within(key, value, place)
        elif not key.startswith("x-"):
            yield Fault(place, f"`{key}` is no keyword", offered(key, _KNOWN))


def _within(key: str, value: Any, place: Pointer) -> Iterator[Fault]:
    """Faults of the schemas that a keyword holds."""
    if key in _SINGLE:
        yield from faults_of(value, pointer=place)
    elif key in _MAPS:
        if not isinstance(value, Mapping):
            yield Fault(place, f"`{key}` is not a mapping of schemas")
            return
        for name, each in value.items():
            if key == "patternProperties" and (fault := pattern_fault(name)):
                yield Fault((*place, name), f"`{name}` {fault}")
            yield from faults_of(each, pointer=(*place, name))
    else:
        if not isinstance(value, list) or not value:
            yield Fault(place, f"`{key}` is not a list of schemas")
            return
        for index, each in enumerate(value):
            yield from faults_of(each, pointer=(*place, index))


def default_faults(
    schema: Any, resolve: Callable[[str], Any], *, pointer: Pointer = ()
) -> Iterator[Fault]:
    """Defaults that their own schema does not accept; `resolve` gives the target of a `$ref`.

    `$defs` are not entered: each is looked at where it is an element of its own.
    """
    if not isinstance(schema, Mapping):
        return
    if "default" in schema and not accepts(schema, schema["default"], resolve):
        yield Fault((*pointer, "default"), "the default is not a value that its schema accepts")
    for key, value in schema.items():
        if key in _SINGLE:
            yield from default_faults(value, resolve, pointer=(*pointer, key))
        elif key in _MAPS and key != "$defs" and isinstance(value, Mapping):
            for name, each in value.items():
                yield from default_faults(each, resolve, pointer=(*pointer, key, name))
        elif key in _LISTS and isinstance(value, list):
            for index, each in enumerate(value):
                yield from default_faults(each, resolve, pointer=(*pointer, key, index))


def accepts(schema: Any, value: Any, resolve: Callable[[str], Any], *, depth: int = 0) -> bool:
    """Whether a scalar (or an empty container) satisfies type, enumeration and bounds.

    Only says no when that is certain: keywords about members and combinations are not looked at.
    """
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return schema is not False
    reference = schema.get("$ref")
    if isinstance(reference, str) and not accepts(
        resolve(reference), value, resolve, depth=depth + 1
    ):
        return False
    members = schema.get("enum")
    if isinstance(members, list) and not any(_equal(value, each) for each in members):
        return False
    if "const" in schema and not _equal(value, schema["const"]):
        return False
    if "type" in schema and not _has_type(schema["type"], value):
        return False
    return _in_bounds(schema, value)


def _equal(one: Any, other: Any) -> bool:
    """Equality of JSON values, in which true is not 1."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _has_type(types: Any, value: Any) -> bool:
    names = types if isinstance(types, list) else [types]
    if isinstance(value, bool):
        return "boolean" in names
    if isinstance(value, (int, float)):
        return "number" in names or ("integer" in names and value == int(value))
    kinds = {str: "string", list: "array", dict: "object", type(None): "null"}
    return kinds.get(type(value)) in names


def _in_bounds(schema: Mapping[str, Any], value: Any) -> bool:
    if isinstance(value, str):
        size: float | None = len(value)
        least, most = "minLength", "maxLength"
    elif isinstance(value, list):
        size, least, most = len(value), "minItems", "maxItems"
    elif _is_number(value):
        size, least, most = value, "minimum", "maximum"
    else:
        return True
    low, high = schema.get(least), schema.get(most)
    above = not _is_number(low) or size >= low  # type: ignore[operator]
    return above and (not _is_number(high) or size <= high)  # type: ignore[operator]
