"""Every schema within the schemas of the data model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.model.layers.data_model import DataElement, Entity, Message, Payload, ValueType
from cloudsync_gen.model.layers.data_model import Enumeration as Names
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Pointer

_MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = (
    *("items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties", "contentSchema"),
)
_HOLDERS = frozenset((*_MAPS, *_LISTS, *_SINGLE))
KINDS: tuple[type[DataElement], ...] = (Entity, ValueType, Names, Message, Payload)
"""All structs of the data model."""


def elements(model: Model) -> Iterator[DataElement]:
    """All elements of the data model."""
    for kind in KINDS:
        yield from model.all(kind)


def subschemas(schema: Any) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """(pointer, schema) of a schema and of all that it holds; booleans are left out."""
    pending: list[tuple[Pointer, Any]] = [((), schema)]
    while pending:
        pointer, current = pending.pop()
        if not isinstance(current, dict):
            continue
        yield pointer, current
        for key in current.keys() & _HOLDERS:
            value = current[key]
            if key in _SINGLE:
                pending.append(((*pointer, key), value))
            elif isinstance(value, dict):
                pending.extend(((*pointer, key, name), each) for name, each in value.items())
            elif isinstance(value, list):
                pending.extend(((*pointer, key, index), each) for index, each in enumerate(value))
