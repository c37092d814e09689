"""Small OpenAPI documents, and what a comparison says of two of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from cloudsync_gen.compat.openapi import compare_openapi
from cloudsync_gen.model.changes import Change

TODAY = date(2026, 11, 22)

Json = dict[str, Any]


def document(paths: Json | None = None, *, openapi: str = "3.1.0", **more: Any) -> Json:
    """An OpenAPI document around paths."""
    info = {"title": "Parcels", "version": "1.0.0"}
    return {"openapi": openapi, "info": info, "paths": paths or {}, **more}


def operation(**fields: Any) -> Json:
    """A document with one operation, `PUT /parcels/{id}`."""
    components = fields.pop("components", {})
    item = {"put": {"responses": {"204": {"description": "done"}}, **fields}}
    return document({"/parcels/{id}": item}, components=components)


def content(schema: Any, media: str = "application/json") -> Json:
    """A body with one media type."""
    return {"content": {media: {"schema": schema}}}


def request(schema: Any, schemas: Json | None = None, media: str = "application/json") -> Json:
    """A document that accepts values of a schema."""
    components = {"schemas": schemas or {}}
    return operation(requestBody=content(schema, media), components=components)


def response(schema: Any, schemas: Json | None = None, media: str = "application/json") -> Json:
    """A document that answers with values of a schema."""
    answer = {"description": "a parcel", **content(schema, media)}
    return operation(responses={"200": answer}, components={"schemas": schemas or {}})


def parameter(schema: Any = True, **fields: Any) -> Json:
    """A document with one query parameter."""
    return operation(parameters=[{"in": "query", "name": "limit", "schema": schema, **fields}])


def compare(base: Mapping[str, Any], revision: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes between two documents, judged on `TODAY`."""
    return compare_openapi(base, revision, today=TODAY)


def said(changes: Iterable[Change]) -> list[str]:
    """Level and code of each change, each pair once: `E request-property-became-required`."""
    return list(
        dict.fromkeys(f"{change.level.value[0].upper()} {change.code}" for change in changes)
    )


def errors(changes: Iterable[Change]) -> list[str]:
    """The codes that make a gate fail."""
    return [code for code in said(changes) if code.startswith("E ")]
