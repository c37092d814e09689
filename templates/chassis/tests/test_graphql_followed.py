"""Subscriptions that events of another service feed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from bookshop import BookSettings
from bookshop.graphql import LENT, PATH
from bookshop.models import Book, BookStatus
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.events import feed as feeds
from cloudsync_chassis.events.bus import InProcessBus, Tail
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.feed import Feed
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import TokenIssuer
from cloudsync_chassis.testing import Caller
from online import CALL, Online, online, problems

BOOK = uuid7()


def event(organization: UUID | None, book: UUID = BOOK, **more: Any) -> Event:
    topic, kind = LENT
    return Event(
        id=uuid7(),
        type=kind,
        source="/library",
        topic=topic,
        subject=str(book),
        time=datetime.now(UTC),
        organization_id=organization,
        data={"bookId": str(book), **more},
    )


def book(title: str) -> Book:
    now = datetime.now(UTC)
    return Book(
        id=BOOK,
        organization_id=uuid7(),
        created_at=now,
        updated_at=now,
        version=1,
        title=title,
        price_minor=1,
        status=BookStatus.listed,
        seller_id=uuid7(),
        tags=[],
        related_ids=[],
    )


def lasting(shop: Online, caller: Caller, seconds: int) -> Caller:
    """The caller with a token that ends so soon."""
    runtime = shop.running.runtime
    issuer = TokenIssuer(runtime.identity.keys.ensure(), runtime.settings.issuer, seconds)
    who = Principal(str(caller.subject), "user", caller.organization, frozenset({"clerk"}))
    return replace(caller, token=issuer.issue(who, [runtime.spec.name]))


async def listened(shop: Online, asked: str, caller: Caller | None) -> list[Any]:
    """Titles, and problems, until the end."""
    headers = {"Accept": "text/event-stream"} | (caller.headers if caller else {})
    query = f"subscription {{ lent({asked}) {{ book {{ title }} }} }}"
    answer = await shop.running.http.post(PATH, json={"query": query}, headers=headers)
    found: list[Any] = []
    for each in answer.text.split("\n\n"):
        content = each.partition("data: ")[2]
        if content.strip():
            told: Mapping[str, Any] = json.loads(content)
            found += problems({"errors": told["errors"]}) if "errors" in told else []
            found += [one["book"]["title"] for one in (told.get("data") or {}).values()]
    return found


async def listening(shop: Online, asked: str, caller: Caller, count: int = 1) -> asyncio.Task[Any]:
    """A subscription that has begun."""
    task = asyncio.create_task(listened(shop, asked, caller))
    async with asyncio.timeout(10):
        while shop.running.runtime.feed.listening < count:
            await asyncio.sleep(0.01)
    return task


@pytest.fixture
async def shop(settings: BookSettings) -> AsyncIterator[Online]:
    async with online(settings) as started:
        yield started


async def test_events_are_told_as_their_service_has_them(shop: Online) -> None:
    caller = shop.running.caller("clerk")
    clerk = lasting(shop, caller, 3)
    shop.service.other.answer = book("Emma")
    told = await listening(shop, f'bookId: ["{BOOK}"], shelf: "A"', clerk)
    publish, mine = shop.running.runtime.bus.publish, clerk.organization
    await publish(
        [
            event(mine, shelf="A"),
            event(mine, shelf="B"),
            event(mine),
            event(mine, uuid7(), shelf="A"),
            event(uuid7(), shelf="A"),
            event(None, shelf="A"),
            replace(event(mine, shelf="A"), type="BookFound"),
            event(mine, shelf="A"),
        ]
    )
    assert await told == ["Emma", "Emma", (401, "unauthenticated")]
    # asked as the caller, about the book of the event
    assert shop.service.other.asked == [(BOOK, clerk.token)] * 2


async def test_what_a_caller_may_not_see_they_are_not_told(shop: Online) -> None:
    clerk = lasting(shop, shop.running.caller("clerk"), 3)
    told = await listening(shop, f'bookId: ["{BOOK}"]', clerk)
    other, publish = shop.service.other, shop.running.runtime.bus.publish
    for status, slug in ((403, "forbidden"), (404, "not-found")):
        problem = {"type": f"https://problems.invalid/{slug}", "status": status}
        other.answer = RefusedError(CALL, status, problem)
        asked = len(other.asked)
        await publish([event(clerk.organization)])
        while len(other.asked) == asked:
            await asyncio.sleep(0.02)
    other.answer = book("Emma")
    await publish([event(clerk.organization)])
    assert await told == ["Emma", (401, "unauthenticated")]


async def test_it_ends_where_its_service_is_away(shop: Online) -> None:
    clerk = shop.running.caller("clerk")
    told = await listening(shop, f'bookId: ["{BOOK}"]', clerk)
    shop.service.other.answer = NoAnswerError(CALL, "timed out")
    await shop.running.runtime.bus.publish([event(clerk.organization)])
    (problem,) = await told
    assert problem[0] in (502, 503, 504)
    assert shop.running.runtime.feed.listening == 0


async def test_nobody_listens_without_a_token(shop: Online) -> None:
    assert await listened(shop, f'bookId: ["{BOOK}"]', None) == [(401, "unauthenticated")]


async def test_who_takes_their_time_is_told_that_events_are_missing(shop: Online) -> None:
    clerk = shop.running.caller("clerk")
    shop.service.other.answer = book("Emma")
    told = await listening(shop, f'bookId: ["{BOOK}"]', clerk)
    await shop.running.runtime.bus.publish([event(clerk.organization) for _ in range(150)])
    *heard, last = await told
    assert last == (503, "events-missed")
    assert 100 <= len(heard) < 150


async def test_no_transaction_is_held_meanwhile(settings: BookSettings) -> None:
    async with online(settings.model_copy(update={"database_pool": 2})) as shop:
        staff = [lasting(shop, shop.running.caller("clerk"), 3) for _ in range(6)]
        tasks = [
            await listening(shop, f'bookId: ["{BOOK}"]', each, place)
            for place, each in enumerate(staff, 1)
        ]
        held = []
        for _ in range(20):
            held.append(shop.running.runtime.database.in_use)
            await asyncio.sleep(0.02)
        assert min(held) == 0  # the service's own work holds one now and then
        ends = [each[-1] for each in await asyncio.gather(*tasks)]
        assert ends == [(401, "unauthenticated")] * 6


class Breaking(InProcessBus):
    """A bus whose first tail breaks."""

    tails = 0

    async def tail(self, topics: Any) -> Tail:
        self.tails += 1
        if self.tails == 1:
            return Broken()
        return await super().tail(topics)


class Broken:
    async def events(self) -> list[Event]:
        await asyncio.sleep(0.1)
        raise ConnectionError("gone")

    async def close(self) -> None:
        """Nothing to close."""


async def test_who_listens_is_told_when_the_bus_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "_PAUSE", 0.05)
    bus, tenant = Breaking(wait=0.01), uuid7()
    feed = Feed(bus)
    feed.follow(LENT)
    running = asyncio.create_task(feed.run())
    async with asyncio.timeout(5):
        await feed.reads()
        with (
            feed.listen(LENT, tenant, {}) as listener,
            pytest.raises(Problem, match="events-missed"),
        ):
            await anext(listener.events())
        while bus.tails < 2:
            await asyncio.sleep(0.01)
        await feed.reads()
        with feed.listen(LENT, tenant, {}) as listener:
            sent = event(tenant)
            await bus.publish([event(uuid7()), sent])
            assert await anext(listener.events()) == sent
    running.cancel()
