"""No value keeps all bounds of a schema.

What it does: reports a lower bound above its upper one (`minimum` and `maximum`, `minLength` and
`maxLength`, `minItems` and `maxItems`, `minProperties` and `maxProperties`, exclusive bounds), an
upper bound of nothing for texts and lists, more properties at least than there are, and members of
an enumeration that its `type` does not allow.

Why: every value is refused, and nobody learns it before the first request.

Example: `litres: {type: integer, minimum: 500, maximum: 1}`.

Use instead: bounds between which there is something: `minimum: 1, maximum: 500`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import elements, subschemas

_PAIRS = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)
_OPEN_PAIRS = (
    ("exclusiveMinimum", "maximum"),
    ("minimum", "exclusiveMaximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
)


def check(model: Model) -> Iterator[Diagnostic]:
    for element in elements(model):
        for pointer, schema in subschemas(element.schema):
            for keyword, message, hint in _faults(schema):
                yield RULE.at(
                    model.ref(element.id, "schema", *pointer, keyword),
                    message,
                    hint,
                    element=element.id,
                    facts=(".".join(map(str, pointer)), keyword),
                )


def _faults(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(keyword, message, hint) of each."""
    for low, high in _PAIRS:
        least, most = _number(schema, low), _number(schema, high)
        if least is not None and most is not None and least > most:
            yield high, f"`{low}: {least}` is above `{high}: {most}`: no value fits", "swap them?"
    for low, high in _OPEN_PAIRS:
        least, most = _number(schema, low), _number(schema, high)
        if least is not None and most is not None and least >= most:
            yield high, f"nothing lies between `{low}: {least}` and `{high}: {most}`", "move one"
    least, closed = _number(schema, "minProperties"), schema.get("additionalProperties") is False
    known = schema.get("properties", {})
    combined = schema.keys() & {"$ref", "allOf", "anyOf", "oneOf", "patternProperties"}
    judged = closed and isinstance(known, dict) and not combined
    if judged and least is not None and least > len(known):
        yield "minProperties", f"it has {len(known)} properties, not {least}", "lower it"
    for keyword in ("maxLength", "maxItems"):
        if _number(schema, keyword) == 0:
            yield keyword, f"`{keyword}: 0` leaves room for nothing", "raise it, or leave this out"

    odd = [each for each in _members(schema) if not _is_of(schema.get("type"), each)]
    if odd:
        kind = schema["type"]
        yield "enum", f"`type: {kind}` allows {len(odd)} of its members never", "write it as such"


_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def _members(schema: Mapping[str, Any]) -> list[Any]:
    members = schema.get("enum")
    return members if isinstance(members, list) and "type" in schema else []


def _is_of(kinds: object, member: object) -> bool:
    """Whether a type, or one of several, allows a value; one that there is not allows all."""
    names = kinds if isinstance(kinds, list) else [kinds]
    found = [_TYPES.get(each) if isinstance(each, str) else None for each in names]
    if None in found:
        return True
    allowed = {kind for each in found for kind in each or ()}
    return isinstance(member, tuple(allowed)) and (bool in allowed or not isinstance(member, bool))


def _number(schema: Mapping[str, Any], keyword: str) -> float | None:
    value = schema.get(keyword)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


RULE = Rule(
    code="SCH010", name="contradictory-bounds", family="schema validation", check=check, alone=True
)
