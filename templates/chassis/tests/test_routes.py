"""Routes as a table: where each field of a request is read from, and who is asked first."""

from __future__ import annotations

import copy
from dataclasses import FrozenInstanceError, dataclass, replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, Literal
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Header, Query, Response
from starlette.types import Receive, Scope, Send

import bookshop
from bookshop.models import BookPatch
from cloudsync_chassis.context import Context
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import FORBIDDEN
from cloudsync_chassis.request import request, wire_name
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Running, running
from cloudsync_chassis.texts import fits
from cloudsync_chassis.web.app import create_app
from cloudsync_chassis.web.routes import add

LOOK = Operation(id="look")
BOOK = UUID("01890a5d-ac96-774b-bcce-000000000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    book_id: UUID
    shelf: Literal["top", "low"]
    class_: str = ""
    listed_before: datetime | None = None
    if_quick: bool | None = None
    tags: list[str] | None = None
    body: BookPatch | None = None


class Seen:
    """Keeps what the port was asked."""

    def __init__(self) -> None:
        self.requests: list[Look] = []

    async def look(self, ctx: Context, request: Look) -> None:
        self.requests.append(request)


async def ask(
    settings: bookshop.BookSettings, query: str, *, token: bool = True, content: str = ""
) -> tuple[httpx.Response, list[Look]]:
    router, seen = APIRouter(), Seen()
    add(
        router,
        "POST /v1/books/{bookId}/look",
        LOOK,
        Look,
        seen.look,
        class_=Query(alias="class", max_length=3),
        if_quick=Header(alias="X-If-Quick"),
        tags=Query(
            alias="tag",
            min_length=2,
            max_length=3,
            json_schema_extra={
                "x-unique": True,
                "x-items": {"max_length": 12, "x-format": "uri"},
            },
        ),
    )
    runtime = Runtime(bookshop.SERVICE, settings)
    shop: Running
    async with running(create_app(runtime, router)) as shop:
        headers = shop.caller("clerk").headers if token else {}
        answer = await shop.http.post(
            f"/v1/books/{BOOK}/look?{query}",
            headers={**headers, "X-If-Quick": "true", "Content-Type": "application/json"},
            content=content,
        )
    return answer, seen.requests


async def test_each_field_is_read_from_its_place(settings: bookshop.BookSettings) -> None:
    query = "shelf=top&class=abc&listedBefore=2030-01-02T03:04:05Z&tag=urn:a&tag=urn:b"
    answer, requests = await ask(settings, query, content='{"title": "Emma"}')
    assert answer.status_code == 200, answer.text
    (found,) = requests
    assert found.book_id == BOOK
    assert (found.shelf, found.class_, found.if_quick) == ("top", "abc", True)
    assert found.listed_before == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert found.tags == ["urn:a", "urn:b"]
    assert found.body == BookPatch(title="Emma")


async def test_what_has_a_default_may_be_left_out(settings: bookshop.BookSettings) -> None:
    answer, requests = await ask(settings, "shelf=low")
    assert answer.status_code == 200, answer.text
    assert requests == [Look(book_id=BOOK, shelf="low", if_quick=True)]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "shelf=middle",
        "shelf=top&class=abcd",
        "shelf=top&listedBefore=2030-01-02T03:04:05",
        "shelf=top&listedBefore=1893553445",
        "shelf=top&listedBefore=9999-12-31T23:59:59-10:00",
        "shelf=top&listedBefore=2030-01-02T03:04Z",
        "shelf=top&tag=urn:a",
        "shelf=top&tag=urn:a&tag=urn:b&tag=urn:c&tag=urn:d",
        "shelf=top&tag=urn:a&tag=urn:a",
        "shelf=top&tag=urn:a&tag=urn:bcdefghijk",
        "shelf=top&tag=urn:a&tag=b c",
    ],
)
async def test_what_does_not_fit_is_refused(settings: bookshop.BookSettings, query: str) -> None:
    answer, requests = await ask(settings, query)
    assert (answer.status_code, requests) == (400, [])


async def test_strangers_learn_nothing_of_the_parameters(settings: bookshop.BookSettings) -> None:
    answer, requests = await ask(settings, "shelf=middle", token=False, content="{")
    assert (answer.status_code, requests) == (401, [])


def test_names_on_the_wire() -> None:
    names = ("id", "book_id", "x_2_y", "from_")
    assert [wire_name(each) for each in names] == ["id", "bookId", "x2Y", "from_"]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (bool, ("true",), ("yes", "1", "TRUE", "")),
        (date, ("2030-01-02",), ("000000000", "2030-1-2", "2030-01-02T00:00:00Z")),
        (float, ("1.5", "-2e3"), ("nan", "inf", "1_0", " 1", "01.5")),
        (int, ("7", "7.0", "-7", "0"), ("1_0", " 7", "+7", "07", "٣")),
        (UUID, (str(BOOK), str(BOOK).upper()), (BOOK.hex, f"{{{BOOK}}}", BOOK.urn)),
    ],
)
def test_texts_have_the_form_of_their_format(
    kind: type, good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    assert [each for each in (*good, *bad) if fits(kind, each)] == [*good]


def test_requests_of_one_kind_are_equal_by_their_values() -> None:
    @request
    class Ask:
        book_id: UUID
        words: str = ""

    @request
    class Tell:
        book_id: UUID
        words: str = ""

    asked = Ask(book_id=BOOK, words="a")
    assert asked == Ask(book_id=BOOK, words="a")
    assert asked != Ask(book_id=BOOK)
    other: object = Tell(book_id=BOOK, words="a")
    assert asked != other
    assert len({asked, Ask(book_id=BOOK, words="a"), Ask(book_id=BOOK)}) == 2
    assert repr(asked).endswith(f"Ask(book_id={BOOK!r}, words='a')")
    with pytest.raises(FrozenInstanceError):
        asked.__setattr__("words", "b")
    with pytest.raises(FrozenInstanceError):
        asked.__delattr__("words")
    assert copy.deepcopy(asked) == asked == replace(Ask(book_id=BOOK), words="a")


@pytest.mark.parametrize("given", [{}, {"words": "a"}, {"book_id": BOOK, "word": "a"}])
def test_a_request_is_made_of_its_fields_and_no_others(given: dict[str, Any]) -> None:
    @request
    class Ask:
        book_id: UUID
        words: str = ""

    with pytest.raises(TypeError, match=r"lacks book_id|has no word"):
        Ask(**given)


async def test_what_no_route_takes_is_answered_otherwise(settings: bookshop.BookSettings) -> None:
    runtime, closed = Runtime(bookshop.SERVICE, settings), list[bool]()

    async def otherwise(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/closed":
            raise FORBIDDEN("not here")
        scope["route"] = SimpleNamespace(path="/else/{where}")
        await Response(b"elsewhere", 203)(scope, receive, send)

    async def close() -> None:
        closed.append(runtime.health.stopping)

    runtime.answer_otherwise(otherwise, close)
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as shop:
        assert (await shop.http.get("/health/live")).status_code == 200
        assert (await shop.http.get("/v1/books")).status_code == 401
        found = await shop.http.get("/else/where")
        assert (found.status_code, found.content) == (203, b"elsewhere")
        assert found.headers["x-content-type-options"] == "nosniff"
        refused = await shop.http.post("/closed")
        assert refused.status_code == 403
        assert refused.json()["detail"] == "not here"
        assert 'route="/else/{where}"' in (await shop.http.get("/metrics")).text
        assert closed == []
    assert closed == [True]
