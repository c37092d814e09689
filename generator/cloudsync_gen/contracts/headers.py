"""Headers and parameters that operations share, as components."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cloudsync_gen.contracts.facts import Facts
from cloudsync_gen.contracts.publication import Publication

MAX_CURSOR = 512
MAX_KEY = 128
MAX_REQUEST_ID = 64
_TAG = '^"[0-9]{1,18}"$'

_NAMES = {
    "RequestId": "X-Request-Id",
    "EntityTag": "ETag",
    "Location": "Location",
    "NextPage": "Link",
    "RetryAfter": "Retry-After",
    "RateLimitLimit": "RateLimit-Limit",
    "RateLimitRemaining": "RateLimit-Remaining",
    "RateLimitReset": "RateLimit-Reset",
}
"""Component below `components/headers` -> header."""


LENIENT = frozenset(("IfMatchOptional", "IfNoneMatch", "RequestId"))
"""Components of parameters that cannot be wrong."""


def header_refs(names: Iterable[str]) -> dict[str, Any]:
    """`headers` of a response."""
    return {_NAMES[name]: {"$ref": f"#/components/headers/{name}"} for name in names}


def header_components(used: Iterable[str]) -> dict[str, Any]:
    """`components/headers` of those that `used` names."""
    return {name: _HEADERS[name] for name in sorted(used)}


def parameter_refs(names: Iterable[str]) -> list[dict[str, Any]]:
    """Entries of `parameters` of an operation."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def parameters_of(facts: Facts) -> tuple[str, ...]:
    """Components of the parameters that compile adds to an operation, in the order added."""
    paging = ("Cursor", "Limit") if facts.paged else ()
    written = {each.name for each in facts.operation.parameters}
    names = [name for name in paging if name.lower() not in written]
    if facts.access in ("public", "workload"):
        names.append("OrganizationId")
    if facts.idempotency == "key":
        names.append("IdempotencyKey")
    if facts.changes:
        names.append("IfMatch" if facts.idempotency == "if-match" else "IfMatchOptional")
    if facts.reads and facts.tagged:
        names.append("IfNoneMatch")
    return (*names, "RequestId")


def parameter_components(used: Iterable[str], publication: Publication) -> dict[str, Any]:
    """`components/parameters` of those that `used` names."""
    known = {**_PARAMETERS, "Limit": _limit(publication)}
    return {name: known[name] for name in sorted(used)}


def success_headers(facts: Facts) -> tuple[str, ...]:
    """Components of the headers that a successful answer carries."""
    names = ["RequestId"]
    if facts.tagged:
        names.append("EntityTag")
    if facts.located:
        names.append("Location")
    if facts.paged:
        names.append("NextPage")
    return tuple(names)


def _limit(publication: Publication) -> dict[str, Any]:
    return _parameter(
        "limit",
        "query",
        "How many items a page has at most.",
        {
            "type": "integer",
            "minimum": 1,
            "maximum": publication.max_page_size,
            "default": publication.page_size,
        },
    )


def _parameter(
    name: str, place: str, text: str, schema: dict[str, Any], required: bool = False
) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "description": text,
        "required": required,
        "schema": schema,
    }


def _header(text: str, schema: dict[str, Any], required: bool = False) -> dict[str, Any]:
    return {"description": text, "required": required, "schema": schema}


_COUNT = {"type": "integer", "minimum": 0}
_TAG_SCHEMA = {"type": "string", "pattern": _TAG, "maxLength": 20}
_FREE = {"type": "string"}
"""Headers that are read leniently, as RFC 9110 asks: what means nothing matches nothing."""
_MATCH = "Entity tag of the version that is to be changed, or `*` for any (RFC 9110, 13.1.1)."

_PARAMETERS: dict[str, dict[str, Any]] = {
    "Cursor": _parameter(
        "cursor",
        "query",
        "Where the page begins: `nextCursor` of the page before, as it was given.",
        {"type": "string", "minLength": 1, "maxLength": MAX_CURSOR},
    ),
    "IdempotencyKey": _parameter(
        "Idempotency-Key",
        "header",
        "Names this attempt: a repetition with the same key gets the first answer for 24 hours.",
        {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[!-~]+$"},
    ),
    "IfMatch": _parameter("If-Match", "header", _MATCH, _FREE, required=True),
    "IfMatchOptional": _parameter("If-Match", "header", _MATCH, _FREE),
    "IfNoneMatch": _parameter(
        "If-None-Match",
        "header",
        "Entity tag that the caller has; the answer is 304 while it holds (RFC 9110, 13.1.2).",
        _FREE,
    ),
    "OrganizationId": _parameter(
        "X-Organization-Id",
        "header",
        "The tenant that a workload or an anonymous caller acts for; other callers bring it in "
        "their token.",
        {"type": "string", "format": "uuid"},
    ),
    "RequestId": _parameter(
        "X-Request-Id",
        "header",
        "An id of the caller's for this request, which comes back and is in the logs; one of more "
        f"than {MAX_REQUEST_ID} characters or with others than printable ASCII is replaced.",
        _FREE,
    ),
}

_HEADERS: dict[str, dict[str, Any]] = {
    "EntityTag": _header(
        "Version of the entity; send it as `If-Match` to change just this version.",
        _TAG_SCHEMA,
        required=True,
    ),
    "Location": _header(
        "Where the created thing is.",
        {"type": "string", "format": "uri-reference", "maxLength": 2048},
        required=True,
    ),
    "NextPage": _header(
        'The next page as `rel="next"` (RFC 8288); absent on the last.',
        {"type": "string", "maxLength": 4096},
    ),
    "RateLimitLimit": _header("Requests that the present window allows.", _COUNT),
    "RateLimitRemaining": _header("Requests that are left of it.", _COUNT),
    "RateLimitReset": _header("Seconds until the next window.", _COUNT),
    "RequestId": _header(
        "Id of the request, to be quoted in questions about it.",
        {"type": "string", "maxLength": MAX_REQUEST_ID},
    ),
    "RetryAfter": _header("Seconds to wait before the next attempt (RFC 9110, 10.2.3).", _COUNT),
}
