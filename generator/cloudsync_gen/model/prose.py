"""Schemas and contract sources without what they tell people: most judges look at the rest alone.

A text that is there stays one; what it says does not.
"""

from __future__ import annotations

from operator import is_not
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
    """A schema or an OpenAPI document; `names`: its keys are those of its writer. What tells people
    nothing is not copied.
    """
    if isinstance(value, dict):
        plain = {
            key: without_prose(each) if names else _plain(key, each) for key, each in value.items()
        }
        return plain if any(plain[key] is not each for key, each in value.items()) else value
    if isinstance(value, list):
        items = [without_prose(each) for each in value]
        return items if any(map(is_not, items, value)) else value
    return value


def _plain(key: Any, value: Any) -> Any:
    if isinstance(value, str):
        return _SAID if key in _PROSE and value.strip() else value
    if key in _VALUES:
        return value
    return without_prose(value, names=key in _NAMED)
