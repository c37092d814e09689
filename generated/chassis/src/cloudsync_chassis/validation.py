"""Reads JSON as strictly as its schema, neither less nor more."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from cloudsync_chassis import faults
from cloudsync_chassis.bounds import JsonBounds
from cloudsync_chassis.problem import VALIDATION_FAILED, not_valid

B = TypeVar("B", bound=BaseModel)
T = TypeVar("T")

_BOUNDS = JsonBounds()
_FLOAT = re.compile(rb"\d[.eE]")


def parse(model: type[B], content: bytes, bounds: JsonBounds = _BOUNDS) -> B:
    """The typed value of a JSON text.

    Raises:
        Problem: `validation-failed`, with a pointer to each fault.
    """
    bounds.check(content)
    try:
        return model.model_validate_json(_with_integers(content))
    except ValidationError as error:
        raise VALIDATION_FAILED(errors=faults.of_validation(error)) from error


def parameter(name: str, value: Any, kind: type[T]) -> T:
    """A value of JSON as a parameter of another type: an instant, a UUID, a member of an
    enumeration.

    Raises:
        Problem: `validation-failed`, which names it.
    """
    try:
        adapter: TypeAdapter[T] = _adapter(cast(Any, kind))
        return adapter.validate_json(to_json(value), strict=False)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise not_valid(fault["msg"], parameter=name) from error


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def as_sent(data: Any) -> bytes:
    """A value of JSON as the text of which models judge it: as strictly as a body."""
    return _with_integers(to_json(data))


def _with_integers(content: bytes) -> bytes:
    """`1.0` and `1e2` are integers to JSON Schema, but not to pydantic's strict mode."""
    if not _FLOAT.search(content):
        return content
    try:
        return to_json(_integers(from_json(content)))
    except ValueError:
        return content  # not JSON, or no finite number: validation says so


def _integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _integers(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_integers(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
