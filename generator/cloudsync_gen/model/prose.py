"""Schemas and contract sources without what they tell people: most judges look at the rest alone.

A text that is there stays one; what it says does not.
"""

from __future__ import annotations

from typing import Any

_PROSE = frozenset(("title", "summary", "description", "$comment"))
_VALUES = frozenset(("example", "examples", "default", "enum", "const", "mapping"))
"""What stands there is data."""

_NAMED = frozenset(
    (
        *("properties", "patternProperties", "dependentSchemas", "dependentRequired", "$defs"),
        *("paths", "webhooks", "responses", "content", "headers", "links", "callbacks"),
        *("schemas", "parameters", "requestBodies", "securitySchemes", "pathItems", "variables"),
    )
)
"""What stands there are names of somebody's choice."""

_SAID = "…"


def without_prose(value: Any, *, names: bool = False) -> Any:
    """A copy of a schema or of an OpenAPI document; `names`: its keys are those of its writer."""
    if isinstance(value, dict):
        if names:
            return {key: without_prose(each) for key, each in value.items()}
        return {key: _plain(key, each) for key, each in value.items()}
    return [without_prose(each) for each in value] if isinstance(value, list) else value


def _plain(key: Any, value: Any) -> Any:
    if isinstance(value, str):
        return _SAID if key in _PROSE and value.strip() else value
    if key in _VALUES:
        return value
    return without_prose(value, names=key in _NAMED)
