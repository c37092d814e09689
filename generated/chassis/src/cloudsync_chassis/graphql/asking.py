"""Requests as they come by HTTP, and the documents that they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from pydantic_core import from_json

from cloudsync_chassis.bounds import JsonBounds
from cloudsync_chassis.persisted import Documents, digest_of, is_digest
from cloudsync_chassis.problem import (
    FORBIDDEN,
    UNSUPPORTED_MEDIA_TYPE,
    Problem,
    ProblemType,
    not_valid,
)

NOT_KNOWN = ProblemType("persisted-query-not-found", 404, "No document has this digest")
"""Clients that follow the protocol send the text then."""

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Sent:
    """The members of a request (GraphQL over HTTP, section 5)."""

    query: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    digest: str | None = None


async def sent(request: Request, bounds: JsonBounds) -> Sent:
    """What a request says.

    Raises:
        Problem: `validation-failed` or `unsupported-media-type`.
    """
    if request.method == "GET":
        return _of_query(request.query_params, bounds)
    media = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media != _JSON:
        raise Problem(UNSUPPORTED_MEDIA_TYPE, headers={"Accept": _JSON})
    return _of_members(_json(await request.body(), bounds))


def _of_query(parameters: Mapping[str, str], bounds: JsonBounds) -> Sent:
    found: dict[str, Any] = dict(parameters)
    for name in ("variables", "extensions"):
        if name in found:
            found[name] = _json(found[name].encode(), bounds)
    return _of_members(found)


def _json(content: bytes, bounds: JsonBounds) -> Any:
    bounds.check(content)
    try:
        return from_json(content)
    except ValueError as error:
        raise not_valid("no JSON", pointer="") from error


def _of_members(found: Any) -> Sent:
    if not isinstance(found, dict):
        # of a list of requests each would have to be counted and bounded by itself
        raise not_valid("one request, as an object", pointer="")
    extensions = _member(found, "extensions", dict) or {}
    persisted = _member(extensions, "persistedQuery", dict)
    digest = persisted.get("sha256Hash") if persisted is not None else None
    if persisted is not None and (persisted.get("version") != 1 or not is_digest(digest)):
        raise not_valid("version 1 and a sha256Hash", pointer="/extensions/persistedQuery")
    query = _member(found, "query", str)
    if not query and digest is None:
        raise not_valid("required", pointer="/query")
    return Sent(
        query or None,
        _member(found, "operationName", str) or None,
        _member(found, "variables", dict) or {},
        digest,
    )


def _member(found: Mapping[str, Any], name: str, kind: type) -> Any:
    value = found.get(name)
    if value is not None and not isinstance(value, kind):
        raise not_valid(f"{kind.__name__} expected", pointer=f"/{name}")
    return value


async def document(asked: Sent, documents: Documents, *, ad_hoc: bool) -> str:
    """The text of the document that is meant. `ad_hoc`: whether it may be one that was not
    announced.

    Raises:
        Problem: `persisted-query-not-found`, `forbidden`, `validation-failed`.
    """
    digest = asked.digest or digest_of(asked.query or "")
    if asked.query is not None and digest != digest_of(asked.query):
        raise not_valid("is not the digest of the query", pointer="/extensions/persistedQuery")
    known = documents.known if ad_hoc else documents.announced
    found = await known(digest)
    if found is not None:
        return found
    if asked.query is None:
        raise NOT_KNOWN()
    if not ad_hoc:
        raise FORBIDDEN("only documents that have been announced")
    if asked.digest is not None:
        await documents.keep(digest, asked.query)
    return asked.query


def only_as_events() -> Problem:
    """A subscription whose caller does not say that they take events."""
    return not_valid("a subscription needs Accept: text/event-stream", parameter="query")
