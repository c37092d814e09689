"""Results of the port as HTTP answers: JSON, entity tags, locations, links."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from string import Formatter
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel
from pydantic_core import to_json

from cloudsync_chassis.model import to_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.store.cursor import CursorSigner
from cloudsync_chassis.store.idempotency import Answer
from cloudsync_chassis.store.query import Page

JSON = "application/json"


def etag(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def encode(
    operation: Operation,
    result: Any,
    parameters: Mapping[str, Any],
    cursors: CursorSigner,
    query: list[tuple[str, str]],
    path: str,
) -> Answer:
    """The answer to a successful operation; `parameters` are the path's."""
    if isinstance(result, Page):
        return _page(operation, result, cursors, query, path)
    if result is None:
        return Answer(operation.status, (), b"")
    headers = [("content-type", JSON)]
    version = getattr(result, "version", None)
    if isinstance(version, int):
        headers.append(("etag", etag(version)))
    if operation.location is not None:
        headers.append(("location", _location(operation.location, result, parameters)))
    return Answer(operation.status, tuple(headers), _json(result))


def _page(
    operation: Operation,
    page: Page[Any],
    cursors: CursorSigner,
    query: list[tuple[str, str]],
    path: str,
) -> Answer:
    headers = [("content-type", JSON)]
    cursor = cursors.encode(page.following) if page.following is not None else None
    if cursor is not None:
        rest = [(name, value) for name, value in query if name != "cursor"]
        link = f"{quote(path)}?{urlencode([*rest, ('cursor', cursor)])}"
        headers.append(("link", f'<{link}>; rel="next"'))
    return Answer(operation.status, tuple(headers), _items(page, cursor))


def content(result: Any, cursors: CursorSigner) -> bytes:
    """The result as JSON; nothing where there is none."""
    if isinstance(result, Page):
        following = result.following
        return _items(result, cursors.encode(following) if following is not None else None)
    return b"" if result is None else _json(result)


def _items(page: Page[Any], cursor: str | None) -> bytes:
    body = b'{"items":' + to_json(page.items, by_alias=True, exclude_none=True)
    return body + (b',"nextCursor":' + to_json(cursor) if cursor is not None else b"") + b"}"


def _json(result: Any) -> bytes:
    if isinstance(result, BaseModel):
        return result.model_dump_json(by_alias=True, exclude_none=True).encode()
    return to_json(result, by_alias=True, exclude_none=True)


@cache
def _names(template: str) -> frozenset[str]:
    """The fields that a template names."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)


def _location(template: str, result: Any, parameters: Mapping[str, Any]) -> str:
    own = to_record(result, _names(template)) if isinstance(result, BaseModel) else {}
    values = {name: quote(str(each), safe="") for name, each in {**own, **parameters}.items()}
    return template.format_map(values)
