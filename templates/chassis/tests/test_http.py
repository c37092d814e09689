"""REST: answers, conditional requests, pages, problems."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest

from cloudsync_chassis.testing import Caller, Running

BASE = "https://problems.example/"
APPRAISE = "/v1/books/0190a0b0-0000-7000-8000-000000000001/appraise"


async def listed(shop: Running, caller: Caller, **fields: Any) -> dict[str, Any]:
    body = {"title": "Emma", "priceMinor": 700, **fields}
    answer = await shop.http.post("/v1/books", json=body, headers=caller.headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_create_answers_with_envelope_tag_and_location(shop: Running) -> None:
    clerk = shop.caller("clerk")
    answer = await shop.http.post(
        "/v1/books", json={"title": "Emma", "priceMinor": 700}, headers=clerk.headers
    )
    book = answer.json()
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/v1/books/{book['id']}"
    assert UUID(book["id"]).version == 7
    assert book["organizationId"] == str(clerk.organization)
    assert book["sellerId"] == str(clerk.subject)
    assert (book["status"], book["version"], book["tags"]) == ("listed", 1, [])
    assert "notes" not in book, "absent, never null"


async def test_get_answers_304_to_a_known_tag(shop: Running) -> None:
    clerk = shop.caller("clerk")
    book = await listed(shop, clerk)
    url = f"/v1/books/{book['id']}"
    assert (await shop.http.get(url, headers=clerk.headers)).json() == book
    known = await shop.http.get(url, headers={**clerk.headers, "If-None-Match": '"1"'})
    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        (None, 400),
        ('"2"', 412),
        ('W/"1"', 412),
        ("nonsense", 412),
        ('"7", "1"', 200),
        ("*", 200),
        ('"1"', 200),
    ],
)
async def test_update_needs_the_version_seen(
    table_shop: Running, if_match: str | None, status: int
) -> None:
    clerk = table_shop.caller("clerk")
    book = await listed(table_shop, clerk)
    headers = clerk.headers if if_match is None else {**clerk.headers, "If-Match": if_match}
    answer = await table_shop.http.patch(
        f"/v1/books/{book['id']}", json={"title": "Emma, annotated"}, headers=headers
    )
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["version"] == 2


async def test_pages_follow_the_cursor_without_gap_or_repeat(shop: Running) -> None:
    clerk = shop.caller("clerk")
    titles = [f"{number % 4} {'long ' * 30}" for number in range(11)]
    for title in titles:
        await listed(shop, clerk, title=title)
    for sort in ("createdAt", "-createdAt", "title", "-title"):
        seen: list[str] = []
        url = f"/v1/books?limit=3&sort={sort}"
        while url:
            answer = await shop.http.get(url, headers=clerk.headers)
            seen += [each["id"] for each in answer.json()["items"]]
            url = answer.links.get("next", {}).get("url", "")
            assert bool(url) == ("nextCursor" in answer.json())
        assert len(seen) == len(set(seen)) == 11, sort


async def test_lists_filter_by_what_a_list_field_contains(shop: Running) -> None:
    clerk = shop.caller("clerk")
    await listed(shop, clerk, tags=["old", "green"])
    await listed(shop, clerk, tags=["new"])
    answer = await shop.http.get("/v1/books?tag=green", headers=clerk.headers)
    assert [each["tags"] for each in answer.json()["items"]] == [["old", "green"]]


async def test_no_tenant_sees_or_changes_anothers(shop: Running) -> None:
    ours, theirs = shop.caller("clerk"), shop.caller("clerk")
    book = await listed(shop, ours)
    url = f"/v1/books/{book['id']}"
    headers = {**theirs.headers, "If-Match": "*", "X-Organization-Id": str(ours.organization)}
    assert (await shop.http.get(url, headers=headers)).status_code == 404
    assert (await shop.http.patch(url, json={"title": "x"}, headers=headers)).status_code == 404
    assert (await shop.http.delete(url, headers=headers)).status_code == 404
    assert (await shop.http.get("/v1/books", headers=headers)).json()["items"] == []
    assert (await shop.http.get(url, headers=ours.headers)).json() == book


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"title": "", "priceMinor": 1}, "/title"),
        ({"title": "x", "priceMinor": "1"}, "/priceMinor"),
        ({"title": "x", "priceMinor": True}, "/priceMinor"),
        ({"title": "x", "priceMinor": 1.5}, "/priceMinor"),
        ({"title": "x"}, "/priceMinor"),
        ({"title": "x", "priceMinor": 1, "isbn": None}, ""),
        ({"title": "x", "priceMinor": 1, "tags": ["a", "a"]}, ""),
        ({"title": "x", "priceMinor": 1, "lock": {"holderId": "no"}}, "/lock/holderId"),
    ],
)
async def test_faults_in_the_body_are_pointed_at(
    table_shop: Running, body: dict[str, Any], pointer: str
) -> None:
    clerk = table_shop.caller("clerk")
    answer = await table_shop.http.post("/v1/books", json=body, headers=clerk.headers)
    problem = answer.json()
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == BASE + "validation-failed"
    assert pointer in [each["pointer"] for each in problem["errors"]]


async def test_an_integral_number_is_an_integer(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    answer = await table_shop.http.post(
        "/v1/books",
        content=b'{"title": "x 1.0", "priceMinor": 7.0e2}',
        headers={**clerk.headers, "Content-Type": "application/json"},
    )
    assert (answer.json()["priceMinor"], answer.json()["title"]) == (700, "x 1.0")


@pytest.mark.parametrize(
    ("method", "url", "body", "headers", "status", "slug"),
    [
        ("GET", "/v1/nothing", None, {}, 404, "not-found"),
        ("GET", "/v1/books/0", None, {}, 400, "validation-failed"),
        ("GET", "/v1/books?limit=0", None, {}, 400, "validation-failed"),
        ("GET", "/v1/books?limit=1_0", None, {}, 400, "validation-failed"),
        ("GET", "/v1/books?limit=101", None, {}, 400, "validation-failed"),
        ("GET", "/v1/books?sort=isbn", None, {}, 400, "validation-failed"),
        ("POST", APPRAISE, None, {"X-Organization-Id": ""}, 400, "validation-failed"),
        ("POST", APPRAISE, None, {"X-Organization-Id": "0" * 32}, 400, "validation-failed"),
        ("GET", "/v1/books?cursor=abc", None, {}, 422, "cursor-unknown"),
        ("PUT", "/v1/books", None, {}, 405, "method-not-allowed"),
        ("POST", "/v1/books", b"{}", {"Content-Type": "text/plain"}, 415, "unsupported-media-type"),
        ("POST", "/v1/books", b"{", {"Content-Type": "application/json"}, 400, "validation-failed"),
        ("POST", "/v1/books", b"[" * 9999, {"Content-Type": "application/json"}, 400, ""),
    ],
)
async def test_refusals_are_problem_documents(
    table_shop: Running,
    method: str,
    url: str,
    body: bytes | None,
    headers: dict[str, str],
    status: int,
    slug: str,
) -> None:
    clerk = table_shop.caller("clerk")
    answer = await table_shop.http.request(
        method, url, content=body, headers={**clerk.headers, **headers}
    )
    assert answer.status_code == answer.json()["status"] == status
    assert answer.json()["type"].startswith(BASE + slug)
    assert answer.json()["instance"] == url.split("?")[0]


async def test_405_names_all_methods_of_the_path(table_shop: Running) -> None:
    answer = await table_shop.http.put("/v1/books")
    assert answer.headers["allow"] == "GET, POST"


async def test_a_body_above_the_limit_is_not_read(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    headers = {**clerk.headers, "Content-Type": "application/json"}

    async def endless() -> Any:
        for _ in range(1000):
            yield b" " * 65536
            await asyncio.sleep(0)

    known = await table_shop.http.post("/v1/books", content=b" " * 2_000_000, headers=headers)
    chunked = await table_shop.http.post("/v1/books", content=endless(), headers=headers)
    assert known.status_code == chunked.status_code == 413
    assert known.json()["type"] == BASE + "body-too-large"


async def test_an_unexpected_exception_is_masked(
    table_shop: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(table_shop.runtime.executor, "answer", fail)
    clerk = table_shop.caller("clerk")
    answer = await table_shop.http.get("/v1/books", headers=clerk.headers)
    assert answer.status_code == 500
    assert answer.json() == {
        "type": BASE + "internal",
        "title": "Internal error",
        "status": 500,
        "instance": "/v1/books",
    }
    assert "secret detail" not in caplog.text, "nor logged, since it may quote data"
    assert "RuntimeError" in caplog.text
    assert "test_http.py" in caplog.text, "but where it came from is"


async def test_every_answer_has_the_security_headers_and_an_id(table_shop: Running) -> None:
    for url in ("/health/live", "/v1/nothing", "/v1/books"):
        answer = await table_shop.http.get(url, headers={"X-Request-Id": "abc"})
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-request-id"] == "abc"
    answer = await table_shop.http.get("/health/live", headers={"X-Request-Id": "a" * 65})
    assert UUID(answer.headers["x-request-id"]).version == 7


async def test_a_missing_handler_says_which(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    book = await listed(table_shop, clerk)
    answer = await table_shop.http.post(f"/v1/books/{book['id']}/appraise")
    assert answer.status_code == 501
    assert answer.json()["command"] == "appraise-book"


async def test_the_callers_deadline_is_kept(
    table_shop: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = table_shop.runtime.database.connect

    async def slow(*, write: bool) -> Any:
        await asyncio.sleep(0.2)
        return await real(write=write)

    monkeypatch.setattr(table_shop.runtime.database, "connect", slow)
    headers = {**table_shop.caller("clerk").headers, "X-Timeout-Ms": "20"}
    answer = await table_shop.http.get("/v1/books", headers=headers)
    assert answer.status_code == 504
    assert answer.json()["type"] == BASE + "deadline-exceeded"


async def test_health_tells_live_started_ready(table_shop: Running) -> None:
    for name in ("live", "started", "ready"):
        assert (await table_shop.http.get(f"/health/{name}")).status_code == 200
    table_shop.runtime.health.stopping = True
    assert (await table_shop.http.get("/health/ready")).status_code == 503
    assert (await table_shop.http.get("/health/live")).status_code == 200


async def test_public_keys_are_published(table_shop: Running) -> None:
    keys = (await table_shop.http.get("/.well-known/jwks.json")).json()["keys"]
    assert [(each["kty"], each["crv"], each["alg"]) for each in keys] == [("EC", "P-256", "ES256")]
    assert all("d" not in each for each in keys)


async def test_a_fixed_path_is_not_taken_for_one_with_a_parameter() -> None:
    from fastapi import APIRouter, FastAPI, Response

    from cloudsync_chassis.web import problems

    router = APIRouter()
    for method, path in (
        ("POST", "/things/special"),
        ("GET", "/things/{name}"),
        ("PATCH", "/things/{name}"),
    ):
        router.add_api_route(path, lambda: Response("taken"), methods=[method])
    app = FastAPI()
    app.state.runtime = SimpleNamespace(settings=SimpleNamespace(problem_base=BASE))
    problems.install(app, list(router.routes))
    problems.refuse_other_methods(router)
    app.include_router(router)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
        assert (await http.post("/things/special")).text == "taken"
        assert (await http.patch("/things/other")).text == "taken"
        refused = await http.patch("/things/special")
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        refused = await http.delete("/things/other")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, PATCH")
