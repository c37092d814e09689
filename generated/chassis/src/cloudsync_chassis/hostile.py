"""For tests of services: texts that would be commands in SQL, HTML, a shell or a template.

Payloads after OWASP's Web Security Testing Guide, 4.7 (input validation).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import httpx

from cloudsync_chassis.cases import BY_NAME, Case
from cloudsync_chassis.propagation import TENANT_HEADER

PAYLOAD = "'\"); DROP TABLE x;--<script>alert(1)</script>${7*7}{{7*7}}`id`"
"""Ends a literal of each kind and goes on as a statement, a tag and an expression."""

_EVERYWHERE = ("Traceparent", TENANT_HEADER)
_BY_HTTP = (*_EVERYWHERE, "Accept", "User-Agent")
"""Headers that every operation reads or that clients send with each request."""


class UnsayableError(ValueError):
    """Values that the message of an RPC or the arguments of a field cannot hold."""


def variants(case: Case) -> Iterator[tuple[str, Case]]:
    """(place, the case with the payload in that place), for each text that is sent."""
    for name in case.parameters:
        text = PAYLOAD if case.method in BY_NAME else _in_path()
        yield f"path {name}", replace(case, parameters={**case.parameters, name: text})
    for name in dict.fromkeys((*case.query, *case.says.get("query", ()))):
        yield f"query {name}", replace(case, query={**case.query, name: PAYLOAD})
    everywhere = _EVERYWHERE if case.method in BY_NAME else _BY_HTTP
    for name in dict.fromkeys((*case.headers, *case.says.get("header", ()), *everywhere)):
        yield f"header {name}", replace(case, headers={**case.headers, name: PAYLOAD})
    for place, body in _bodies(case):
        yield f"body {place}", replace(case, body=body)


def altered(place: str, answer: httpx.Response) -> list[str]:
    """Whether a field of the body that the answer repeats no longer holds what was sent."""
    kind, _, pointer = place.partition(" ")
    if kind != "body" or not answer.is_success or "/" in pointer[1:]:
        return []
    given = answer.json().get(pointer[1:]) if answer.content else None
    if not isinstance(given, str) or PAYLOAD in given:
        return []
    sent = any(mark in given for mark in ("DROP", "script", "7*7", "49"))
    return [f"it came back as {given}"] if sent else []


def _in_path() -> str:
    """Without what would end the segment: that is the client's to encode."""
    return PAYLOAD.replace("/", "").replace("?", "").replace("#", "").replace("%", "")


def _bodies(case: Case) -> Iterator[tuple[str, Any]]:
    """The plain body with each of its texts replaced, and with each that only the rich one has.

    Not the rich one whole: what else it refers to may exist nowhere, and is refused before any text
    is taken.
    """
    plain, rich = case.body, case.rich
    yield from (known := dict(_changed(plain))).items()
    if isinstance(plain, Mapping) and isinstance(rich, Mapping):
        more = (
            (place, {**plain, name: changed})
            for name, value in rich.items()
            for place, changed in _changed(value, f"/{name}")
        )
    else:
        more = ((place, changed) for place, changed in _changed(rich))
    yield from ((place, body) for place, body in more if place not in known)


def _changed(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, str):
        yield pointer or "/", PAYLOAD
    elif isinstance(value, Mapping):
        for name, each in value.items():
            for place, changed in _changed(each, f"{pointer}/{name}"):
                yield place, {**value, name: changed}
    elif isinstance(value, list):
        for index, each in enumerate(value):
            for place, changed in _changed(each, f"{pointer}/{index}"):
                yield place, [*value[:index], changed, *value[index + 1 :]]
