"""Request bodies, read as strictly as their schemas say."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from cloudsync_chassis.problem import UNSUPPORTED_MEDIA_TYPE, VALIDATION_FAILED, Problem
from cloudsync_chassis.web import problems

B = TypeVar("B", bound=BaseModel)

_JSON_TYPES = frozenset({"application/json", "application/merge-patch+json"})
_FLOAT = re.compile(rb"\d[.eE]")


def json_body(model: type[B], *, required: bool = True) -> Any:
    """The dependency that reads the body."""

    async def read(request: Request) -> B | None:
        content = await request.body()
        if not content and not required:
            return None
        media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type not in _JSON_TYPES:
            raise Problem(UNSUPPORTED_MEDIA_TYPE, headers={"Accept": "application/json"})
        return parse(model, content)

    return Depends(read)


def parse(model: type[B], content: bytes) -> B:
    """The typed body.

    Raises:
        Problem: `validation-failed`, with a pointer to each fault.
    """
    try:
        return model.model_validate_json(_with_integers(content))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        placed = [{**each, "loc": ("body", *each["loc"])} for each in faults]
        raise VALIDATION_FAILED(errors=problems.field_errors(placed)) from error


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
