"""What spans say of requests, answers and entities: fields that the model's traces name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any
from uuid import UUID

from opentelemetry import trace
from pydantic import BaseModel

from cloudsync_chassis.model import to_record

Value = str | int | float | bool | Enum
"""What an attribute may hold; an enumeration's member is told by its value."""

Fields = Iterable[tuple[str, str]]
"""Name of an attribute, and of the field that it tells, as JSON calls it."""


def tell(name: str, value: Value) -> None:
    """Have the span of the operation under way say something; it leaves if the model's traces list
    the name.
    """
    running = trace.get_current_span()
    if running.is_recording():
        running.set_attribute(name, _plain(value))


def tell_fields(fields: Fields, told: object) -> None:
    """Have it say what fields of an entity, a body or an answer hold, as far as these have them."""
    if not fields or not trace.get_current_span().is_recording():
        return
    record: Mapping[str, Any] = {}
    if isinstance(told, BaseModel):
        record = to_record(told)
    elif isinstance(told, Mapping):
        record = told
    for name, field in fields:
        value = _plain(record.get(field))
        if isinstance(value, str | int | float):
            tell(name, value)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, UUID) else value
