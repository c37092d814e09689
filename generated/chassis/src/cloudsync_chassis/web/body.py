"""Request bodies."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel

from cloudsync_chassis.problem import UNSUPPORTED_MEDIA_TYPE, Problem
from cloudsync_chassis.validation import parse
from cloudsync_chassis.web.framework import Depends, Request

B = TypeVar("B", bound=BaseModel)

_JSON_TYPES = frozenset({"application/json", "application/merge-patch+json"})


def json_body(model: type[B], *, required: bool = True) -> Any:
    """The dependency that reads the body."""

    async def read(request: Request) -> B | None:
        content = await request.body()
        if not content and not required:
            return None
        media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type not in _JSON_TYPES:
            raise Problem(UNSUPPORTED_MEDIA_TYPE, headers={"Accept": "application/json"})
        return parse(model, content, request.app.state.runtime.settings.json_bounds)

    return Depends(read)
