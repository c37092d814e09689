"""Answers that are given again: to whom, for how long, and until they are purged."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_gateway.answers import Answer, MemoryAnswers, Place
from api_gateway.base import Board
from api_gateway.generated import models, operations, port
from api_gateway.generated.models import CacheScope, HttpMethod, OnExceeded
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.testing import Caller
from gate import Gate, at_gate, slug


def counting(**headers: str) -> Any:
    """An upstream that answers something else each time."""
    number = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal number
        number += 1
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(200, text=f"answer {number}", headers=told)

    return answer


def test_an_answer_is_given_again_until_its_time_is_over(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(cache_ttl_seconds=60, cache_scope=CacheScope.user)
        gate.upstream, person = counting(), gate.person()
        first = await gate.get(by=person)
        assert first.headers["cache-status"] == "api-gateway; fwd=miss; stored"
        gate.service.later(timedelta(seconds=20))
        again = await gate.get(by=person)
        assert (again.text, again.headers["age"]) == ("answer 1", "20")
        assert again.headers["cache-status"] == "api-gateway; hit; ttl=40"
        assert again.headers["cache-control"] == "private, no-cache"
        other = await gate.get("/v1/documents/7?view=full", person)
        assert other.text == "answer 2"
        gate.service.later(timedelta(seconds=41))
        assert (await gate.get(by=person)).text == "answer 3"
        assert len(gate.seen) == 3

    at_gate(tmp_path, check)


@pytest.mark.parametrize(
    ("scope", "shared"),
    [(CacheScope.user, (False, False)), (CacheScope.organization, (True, False))],
)
def test_nobody_is_given_what_was_answered_others(
    tmp_path: Path, scope: CacheScope, shared: tuple[bool, bool]
) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(cache_ttl_seconds=60, cache_scope=scope)
        gate.upstream, person = counting(), gate.person()
        mine = (await gate.get(by=person)).text
        colleague = await gate.get(by=gate.person(organization=person.organization))
        stranger = await gate.get(by=gate.person())
        assert (colleague.text == mine, stranger.text == mine) == shared

    at_gate(tmp_path, check)


def test_public_answers_are_everybodys(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.open_route(cache_ttl_seconds=60, cache_scope=CacheScope.public)
        gate.upstream = counting()
        assert (await gate.get()).text == (await gate.get(by=gate.person())).text == "answer 1"

    at_gate(tmp_path, check)


def test_a_client_that_has_the_answer_is_told_so(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(cache_ttl_seconds=60, cache_scope=CacheScope.user)
        gate.upstream, person = counting(etag='"7"'), gate.person()
        first = await gate.get(by=person, if_none_match='"6"')
        assert (first.status_code, first.headers["etag"]) == (200, '"7"')
        assert "if-none-match" not in gate.seen[0].headers
        for shown in ('"7"', 'W/"7"', '"1", "7"', "*"):
            known = await gate.get(by=person, if_none_match=shown)
            assert (known.status_code, known.content) == (304, b"")
            assert known.headers["etag"] == '"7"'
        head = await gate.send("HEAD", "/v1/documents/7", person)
        assert (head.status_code, head.content) == (200, b"")
        assert len(gate.seen) == 1

    at_gate(tmp_path, check)


def test_an_answer_without_a_tag_is_given_one(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(cache_ttl_seconds=60, cache_scope=CacheScope.user)
        person = gate.person()
        tag = (await gate.get(by=person)).headers["etag"]
        assert (await gate.get(by=person, if_none_match=tag)).status_code == 304

    at_gate(tmp_path, check)


def test_answers_vary_by_what_the_upstream_says(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(cache_ttl_seconds=60, cache_scope=CacheScope.user)
        gate.upstream, person = counting(vary="Accept-Language, Authorization"), gate.person()
        german = await gate.get(by=person, accept_language="de")
        english = await gate.get(by=person, accept_language="en")
        assert german.text != english.text
        assert (await gate.get(by=person, accept_language="de")).text == german.text
        assert len(gate.seen) == 2

    at_gate(tmp_path, check)


@pytest.mark.parametrize(
    ("headers", "status", "size"),
    [
        ({"cache-control": "no-store"}, 200, 1),
        ({"set-cookie": "a=b"}, 200, 1),
        ({"vary": "*"}, 200, 1),
        ({}, 404, 1),
        ({}, 200, 65537),
    ],
)
def test_what_may_not_be_kept_is_asked_for_each_time(
    tmp_path: Path, headers: dict[str, str], status: int, size: int
) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(cache_ttl_seconds=60, cache_scope=CacheScope.user)
        gate.upstream = lambda request: httpx.Response(status, text="x" * size, headers=headers)
        person = gate.person()
        for _ in range(2):
            assert (await gate.get(by=person)).status_code == status
        assert len(gate.seen) == 2

    at_gate(tmp_path, check)


def test_what_was_changed_is_asked_for_again(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        plan = await gate.plan()
        await gate.route(plan, cache_ttl_seconds=60, cache_scope=CacheScope.organization)
        await gate.route(
            plan,
            name="documents-update",
            methods=[HttpMethod.patch],
            upstream_operation="updateDocument",
        )
        gate.upstream, person = counting(), gate.person()
        await gate.get(by=person)
        await gate.send("PATCH", "/v1/documents/7", person, b"{}")
        assert (await gate.get(by=person)).text == "answer 3"

    at_gate(tmp_path, check)


async def purge(gate: Gate, **what: Any) -> models.CachePurged:
    request = port.PurgeCache(body=models.PurgeCacheRequest(**what))
    found = await gate.ask(operations.PURGE_CACHE, request)
    assert isinstance(found, models.CachePurged)
    return found


def test_wrong_answers_are_purged_by_route_and_by_organisation(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        route = await gate.route(cache_ttl_seconds=60, cache_scope=CacheScope.organization)
        gate.upstream, mine, other = counting(), gate.person(), gate.person()

        async def texts(*callers: Caller) -> list[str]:
            return [(await gate.get(by=each)).text for each in callers]

        assert await texts(mine, other) == ["answer 1", "answer 2"]
        assert (await purge(gate, purged_organization_id=mine.organization)).purged_answers == 1
        assert await texts(mine, other) == ["answer 3", "answer 2"]
        assert (await purge(gate, gateway_route_id=route.id)).purged_answers == 2
        assert await texts(mine, other) == ["answer 4", "answer 5"]
        nothing = port.PurgeCache(body=models.PurgeCacheRequest())
        assert await gate.refused(operations.PURGE_CACHE, nothing) == "not-found"
        for name in ("gateway_route_id", "purged_organization_id"):
            body = models.PurgeCacheRequest(**{name: uuid7()})
            request = port.PurgeCache(body=body)
            assert await gate.refused(operations.PURGE_CACHE, request) == "not-found"

    at_gate(tmp_path, check)


def test_a_purge_reaches_what_other_replicas_have_kept(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        route = await gate.route(cache_ttl_seconds=60, cache_scope=CacheScope.organization)
        gate.upstream, person = counting(), gate.person()
        await gate.get(by=person)
        kept, gate.handlers.answers = gate.handlers.answers, MemoryAnswers()
        await purge(gate, gateway_route_id=route.id)
        gate.handlers.answers = kept  # as another replica still has them
        assert (await gate.get(by=person)).text == "answer 2"
        gate.service.later(timedelta(hours=3))
        await gate.service.tick()
        gate.handlers.stale()
        board = await gate.handlers.board()
        assert isinstance(board, Board)
        assert board.purged == {}

    at_gate(tmp_path, check)


def test_a_tenant_that_is_shut_out_leaves_nothing_behind(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        await gate.route(cache_ttl_seconds=60, cache_scope=CacheScope.organization)
        person = gate.person()
        await gate.get(by=person)
        gone = {
            "organizationId": str(person.organization),
            "deletionRequestedBy": str(person.subject),
            "purgeAfter": "2100-01-01T00:00:00Z",
        }
        await gate.tell("user.organization-deleted", gone, person.organization)
        refused = await gate.get(by=person)
        assert (refused.status_code, slug(refused)) == (403, "forbidden")
        assert await gate.handlers.answers.purge(organization=person.organization) == 0
        back = {"organizationId": str(person.organization)}
        await gate.tell("user.organization-restored", back, person.organization)
        assert (await gate.get(by=person)).status_code == 200

    at_gate(tmp_path, check)


def test_where_a_plan_degrades_old_answers_do(tmp_path: Path) -> None:
    async def check(gate: Gate) -> None:
        plan = await gate.plan(limit_per_second=1, burst=1, on_exceeded=OnExceeded.degrade)
        await gate.route(plan, cache_ttl_seconds=1, cache_scope=CacheScope.user)
        gate.upstream, person = counting(), gate.person()
        assert (await gate.get(by=person)).text == "answer 1"
        gate.service.later(timedelta(seconds=30))
        old = await gate.get(by=person)
        assert (old.status_code, old.text, old.headers["age"]) == (200, "answer 1", "30")
        assert (await gate.get("/v1/documents/8", person)).status_code == 429

    at_gate(tmp_path, check)


def test_the_memory_of_answers_is_bounded() -> None:
    async def check() -> None:
        answers = MemoryAnswers(most=1000)
        places = [Place("public", None, uuid7(), f"/{number}") for number in range(30)]
        for place in places:
            await answers.keep(place, {}, Answer(200, (), b"x" * 100))
        kept = [place for place in places if await answers.find(place, {}) is not None]
        assert kept == places[-10:]
        await answers.find(places[-10], {})
        await answers.keep(places[0], {}, Answer(200, (), b"x" * 100))
        assert await answers.find(places[-10], {}) is not None
        assert await answers.find(places[-9], {}) is None

    asyncio.run(check())
