"""One comment on a pull request that is replaced by each run, by GitHub's API.

The comment is found by its first line, a hidden marker, among those of the same author: what others
write is never touched. Redirects are not followed, since they would carry the token elsewhere.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any
from urllib.parse import quote

from msgspec import Struct

_PATIENCE = 20.0
_PER_PAGE = 100
_MAX_PAGES = 50
_MAX_BYTES = 32 * 1024 * 1024
_VERSION = "2022-11-28"
"""Of the REST API, as its documentation names it ("API Versions")."""


class Api(Struct, frozen=True, kw_only=True):
    """Where to ask, and as whom. `rest` and `graphql` are addresses without a `/` at their end,
    `repository` is `owner/name`.
    """

    rest: str
    graphql: str
    repository: str
    token: str


class Unanswered(Exception):
    """GitHub refused, or could not be reached; its text says why, and holds no secret."""


class _Direct(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def keep_comment(api: Api, number: int, marker: str, body: str, *, create: bool) -> str:
    """Replaces the comment on a pull request whose first line is `marker`, or writes it where there
    is none and `create`. Returns `created`, `updated`, `unchanged` or `none`. Raises `Unanswered`.
    """
    comments = f"{api.rest}/repos/{quote(api.repository)}/issues/{number}/comments"
    found = _own(api, comments, marker)
    if found is None and not create:
        return "none"
    if found is None:
        _ask(api, "POST", comments, {"body": body})
        return "created"
    if found.get("body") == body:
        return "unchanged"
    one = f"{api.rest}/repos/{quote(api.repository)}/issues/comments/{int(found['id'])}"
    _ask(api, "PATCH", one, {"body": body})
    return "updated"


def _own(api: Api, comments: str, marker: str) -> dict[str, Any] | None:
    begun = (
        each
        for each in _all(api, comments)
        if str(each.get("body", "")).splitlines()[:1] == [marker]
    )
    first = next(begun, None)
    if first is None:
        return None
    me = _author(api)
    ours = (each for each in (first, *begun) if (each.get("user") or {}).get("login") == me)
    return next(ours, None)


def _all(api: Api, comments: str) -> Iterator[dict[str, Any]]:
    for page in range(1, _MAX_PAGES + 1):
        found = _ask(api, "GET", f"{comments}?per_page={_PER_PAGE}&page={page}")
        if not isinstance(found, list):
            raise Unanswered("GitHub answered with something else than comments")
        yield from (each for each in found if isinstance(each, dict))
        if len(found) < _PER_PAGE:
            return


def _author(api: Api) -> str:
    """Whose the token is. The token of a workflow may not ask REST's `/user`."""
    found = _ask(api, "POST", api.graphql, {"query": "query { viewer { login } }"})
    try:
        return str(found["data"]["viewer"]["login"])
    except (KeyError, TypeError):
        raise Unanswered("GitHub does not say whose the token is") from None


def _ask(api: Api, method: str, url: str, content: object = None) -> Any:
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {api.token}",
        "Content-Type": "application/json",
        "User-Agent": "cloudsync-gen",
        "X-GitHub-Api-Version": _VERSION,
    }
    data = None if content is None else json.dumps(content).encode()
    opener = urllib.request.build_opener(_Direct)
    try:
        request = urllib.request.Request(url, data, headers, method=method)
        with opener.open(fullurl=request, timeout=_PATIENCE) as answer:
            return json.loads(answer.read(_MAX_BYTES))
    except urllib.error.HTTPError as error:
        error.close()
        raise Unanswered(f"GitHub answered {error.code} to {method}{_why(error.code)}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise Unanswered(f"GitHub cannot be asked: {type(error).__name__}") from None


def _why(status: int) -> str:
    if status in (401, 403, 404):
        return ": this token may not write comments, as on a pull request from a fork"
    return ""
