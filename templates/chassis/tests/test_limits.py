"""What a request may weigh, how long it may take to arrive, what every answer says to browsers."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bookshop
from cloudsync_chassis.bounds import JsonBounds
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Running, isolated, running
from unhurried import unhurried

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[Running]:
    made = bookshop.BookSettings(
        **isolated(tmp_path),
        max_body_bytes=1000,
        max_json_depth=5,
        max_json_members=40,
        body_timeout=0.2,
    )
    runtime = Runtime(bookshop.SERVICE, made)
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as started:
        yield started


async def sent(shop: Running, content: Any) -> Any:
    headers = {**shop.caller("clerk").headers, **JSON}
    return await shop.http.post("/v1/books", content=content, headers=headers)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"[" * 6 + b"]" * 6, "nested deeper than 5"),
        (b'{"a":' * 6 + b"1" + b"}" * 6, "nested deeper than 5"),
        (b"[" * 6, "nested deeper than 5"),
        (b"[" + b"0," * 60 + b"0]", "more than 40 members"),
        (b"{" + b",".join(b'"k%d":0' % each for each in range(50)) + b"}", "more than 40 members"),
    ],
)
async def test_json_beyond_the_bounds_is_refused_before_it_is_parsed(
    narrow: Running, content: bytes, detail: str
) -> None:
    answer = await sent(narrow, content)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/validation-failed")
    assert answer.json()["errors"] == [{"detail": detail, "pointer": ""}]


async def test_what_stands_in_strings_counts_for_nothing(narrow: Running) -> None:
    title = '[{,\\"' * 9
    answer = await sent(narrow, json.dumps({"title": title, "priceMinor": 1}))
    assert (answer.status_code, answer.json()["title"]) == (201, title)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


def told(content: bytes, depth: int, members: int) -> str | None:
    """Why a text is refused, if it is."""
    try:
        JsonBounds(depth, members).check(content)
    except Problem as error:
        return error.errors[0].detail
    return None


def measured(value: Any) -> tuple[int, int]:
    """(depth, what the bounds count as members) of a value."""
    if not isinstance(value, list | dict):
        return 0, 0
    inner = [measured(each) for each in (value.values() if isinstance(value, dict) else value)]
    depth = 1 + max((each for each, _ in inner), default=0)
    return depth, max(1, len(inner)) + sum(each for _, each in inner)


@given(value=VALUES, depth=st.integers(1, 6), members=st.integers(1, 40), ascii_=st.booleans())
def test_exactly_what_is_deeper_or_larger_is_refused(
    value: Any, depth: int, members: int, ascii_: bool
) -> None:
    content = json.dumps(value, ensure_ascii=ascii_).encode("utf-8", "surrogatepass")
    deep, many = measured(value)
    refused = told(content, depth, members) is not None
    assert refused == (deep > depth or many > members)


@given(content=st.binary(max_size=300), depth=st.integers(1, 3))
def test_what_is_no_json_never_fails_otherwise(content: bytes, depth: int) -> None:
    assert told(content, depth, 5) in (None, f"nested deeper than {depth}", "more than 5 members")


def test_a_hostile_text_is_judged_quickly() -> None:
    for content in (b'"' * 10_000_000, b"\\" * 10_000_000, b'"\\' * 5_000_000, b"[" * 10_000_000):
        began = time.thread_time()  # what others do on the machine meanwhile is not counted
        assert told(content + b"[" * 70, 64, 100_000) in (None, "nested deeper than 64")
        assert time.thread_time() - began < 5


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_refused(narrow: Running, announced: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * 400

    answer = await sent(narrow, b" " * 1200 if announced else pieces())
    assert answer.status_code == 413
    assert answer.json()["type"].endswith("/body-too-large")
    assert answer.json()["detail"] == "at most 1000 bytes"


async def test_a_body_that_dawdles_is_given_up(narrow: Running) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for each in b'{"title": "Emma"}':
            yield bytes([each])
            await asyncio.sleep(0.05)

    assert (await sent(narrow, b"{}")).status_code == 400, "has read its keys"
    with unhurried():
        began = time.monotonic()
        answer = await sent(narrow, pieces())
        assert time.monotonic() - began < 0.7
    assert answer.status_code == 408
    assert answer.json()["type"].endswith("/request-timeout")
    assert answer.headers["connection"] == "close"


async def test_a_body_in_pieces_that_comes_in_time_is_read(narrow: Running) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for each in (b'{"title": "Emma",', b' "priceMinor": 1}'):
            yield each
            await asyncio.sleep(0.02)

    assert (await sent(narrow, pieces())).status_code == 201


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("strict-transport-security", "max-age=31536000"),
        ("cache-control", "private, no-cache"),
    ],
)
async def test_every_answer_carries_the_security_header(
    table_shop: Running, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Whatever it is: an answer, a refusal, an unknown path, a wrong method, a fault of ours."""
    http, clerk = table_shop.http, table_shop.caller("clerk").headers
    answers = [
        await http.get("/v1/books", headers=clerk),
        await http.get("/v1/books"),
        await http.get("/nowhere"),
        await http.put("/v1/books"),
        await http.post("/v1/books", content=b"<", headers={**clerk, **JSON}),
        await http.get("/health/live"),
    ]

    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(table_shop.runtime.executor, "answer", fail)
    answers.append(await http.get("/v1/books", headers=clerk))
    assert [each.status_code for each in answers] == [200, 401, 404, 405, 400, 200, 500]
    assert [each.headers.get_list(name) for each in answers] == [[value]] * len(answers)
