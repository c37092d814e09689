"""One request to another service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from cloudsync_chassis.model import present


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: `path` is a template, `body` JSON of type `media`.

    `repeatable`: whether a retry is harmless.
    """

    service: str
    operation: str
    method: str
    path: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: Any = None
    media: str = "application/json"
    repeatable: bool = True

    @property
    def url(self) -> str:
        """The path with its parameters, each percent-encoded whole."""
        values = {name: _segment(str(each)) for name, each in self.parameters.items()}
        return self.path.format_map(values)


def body_of(model: BaseModel) -> Any:
    """The fields that the caller set, as JSON."""
    return present(model).model_dump(mode="json", by_alias=True, exclude_unset=True)


def _segment(value: str) -> str:
    """Percent-encoded whole; a dot segment would leave its place in the path."""
    return value.replace(".", "%2E") if value in (".", "..") else quote(value, safe="")
