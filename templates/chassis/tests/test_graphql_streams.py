"""Subscriptions over GraphQL, and what a document is charged and told besides its answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from bookshop import SERVICE, BookSettings
from bookshop import graphql as schema
from bookshop.graphql import PATH, ShopOnline
from bookshop.models import Book
from bookshop.service import ByBook
from cloudsync_chassis.changes import Changes, heard
from cloudsync_chassis.client.errors import NoAnswerError
from cloudsync_chassis.context import Context
from cloudsync_chassis.graphql.toll import Weighed
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import RATE_LIMITED, Problem
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import TokenIssuer
from cloudsync_chassis.testing import Caller, running
from online import CALL, Online, online, problems


@pytest.fixture
async def shop(settings: BookSettings) -> AsyncIterator[Online]:
    async with online(settings) as started:
        yield started


async def events(shop: Online, query: str, caller: Caller | None) -> list[tuple[str, Any]]:
    """(event, data) of a subscription until it is complete."""
    headers = {"Accept": "text/event-stream"} | (caller.headers if caller else {})
    answer = await shop.running.http.post(PATH, json={"query": query}, headers=headers)
    found = []
    for each in answer.text.strip().split("\n\n"):
        kind, data = (line.partition(":")[2].strip() for line in each.split("\n"))
        found.append((kind, json.loads(data) if data else None))
    return found


async def test_subscriptions_come_as_events(
    shop: Online, capsys: pytest.CaptureFixture[str]
) -> None:
    clerk = shop.running.caller("clerk")
    book = await shop.listed(clerk)
    asked = f'subscription {{ bookChanges(bookId: "{book}") {{ id version status }} }}'
    told = await events(shop, asked, clerk)
    assert "detach" not in capsys.readouterr().out
    assert told[:-1] == [
        ("next", {"data": {"bookChanges": {"id": book, "version": n, "status": "LISTED"}}})
        for n in range(3)
    ]
    assert told[-1] == ("complete", None)
    for caller, expected in (
        (None, (401, "unauthenticated")),
        (shop.running.caller("nobody"), (403, "forbidden")),
        (shop.running.caller("clerk"), (404, "not-found")),
    ):
        (kind, refused), end = await events(shop, asked, caller)
        assert (kind, problems(refused), end[0]) == ("next", [expected], "complete")
    assert problems(await shop.ask(asked, clerk)) == [(400, "validation-failed")]


class Watching(ShopOnline):
    """A shop whose books are watched until they have changed."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.held: list[int] = []
        self.changes = Changes()

    async def watch_book(self, ctx: Context, request: ByBook) -> AsyncIterator[Book]:
        """The book, and the book once it has changed."""
        first = await self.books.get(ctx, request.book_id)

        async def states() -> AsyncIterator[Book]:
            yield first
            self.held.append(self.runtime.database.in_use)
            stroke, now = self.changes.coming(), first
            while now.version == first.version:
                now = await self.books.get(ctx, request.book_id)
                waiting = asyncio.create_task(self.count())
                await heard(stroke, 0.2)
                await waiting
            yield now

        return states()

    async def count(self) -> None:
        """Note how many transactions are open a moment from now."""
        await asyncio.sleep(0.05)
        self.held.append(self.runtime.database.in_use)


@pytest.mark.parametrize("watchers", [1, 12])
async def test_a_subscription_holds_no_transaction_while_it_waits(
    settings: BookSettings, watchers: int
) -> None:
    """Many more watch than there are connections; the book is changed, and all are told."""
    runtime = Runtime(SERVICE, settings.model_copy(update={"database_pool": 2}))
    service = Watching(runtime)
    async with running(schema.build(runtime, service)) as started:
        shop = Online(started, service)
        clerk = started.caller("clerk")
        book = await shop.listed(clerk)
        asked = f'subscription {{ bookChanges(bookId: "{book}") {{ version }} }}'
        staff = [started.caller("clerk", organization=clerk.organization) for _ in range(watchers)]
        watching = [asyncio.create_task(events(shop, asked, each)) for each in staff]
        while len(service.held) < 2 * watchers:
            await asyncio.sleep(0.01)
        # the service's own work holds one now and then; a watcher that holds one always does
        assert watchers > 1 or min(service.held) == 0
        change = (
            f'mutation {{ changeBook(bookId: "{book}", version: 1, change: {{ priceMinor: 7 }}) '
            "{ version } }"
        )
        changed = await shop.ask(change, clerk)
        assert changed == {"data": {"changeBook": {"version": 2}}}
        for told in await asyncio.gather(*watching):
            versions = [each["data"]["bookChanges"]["version"] for _, each in told[:-1]]
            assert versions == [1, 2]


class Open(ShopOnline):
    """A shop whose books are watched without an end."""

    async def watch_book(self, ctx: Context, request: ByBook) -> AsyncIterator[Book]:
        """The book, and nothing more."""
        first = await self.books.get(ctx, request.book_id)

        async def states() -> AsyncIterator[Book]:
            yield first
            while True:
                await heard(asyncio.Event(), 60.0)

        return states()


@asynccontextmanager
async def open_shop(settings: BookSettings) -> AsyncIterator[Online]:
    runtime = Runtime(SERVICE, settings)
    service = Open(runtime)
    async with running(schema.build(runtime, service)) as started:
        yield Online(started, service)


def short(shop: Online, caller: Caller, seconds: int) -> Caller:
    """The same caller, with a token that ends soon."""
    runtime = shop.running.runtime
    issuer = TokenIssuer(runtime.identity.keys.ensure(), runtime.settings.issuer, seconds)
    who = Principal(str(caller.subject), "user", caller.organization, frozenset({"clerk"}))
    return replace(caller, token=issuer.issue(who, [runtime.spec.name]))


async def test_a_subscription_ends_with_the_token(settings: BookSettings) -> None:
    """Longer than its operation may take, and no longer than its caller is known."""
    async with open_shop(settings) as shop:
        clerk = shop.running.caller("clerk")
        book = await shop.listed(clerk)
        asked = f'subscription {{ bookChanges(bookId: "{book}") {{ version }} }}'
        began = time.time()
        told = await events(shop, asked, short(shop, clerk, 7))
        assert time.time() - began > schema.WATCH.timeout
        (first, state), (last, refused), end = told
        assert (first, state) == ("next", {"data": {"bookChanges": {"version": 1}}})
        assert (last, problems(refused)) == ("next", [(401, "unauthenticated")])
        assert end == ("complete", None)


async def test_a_caller_has_so_many_subscriptions(settings: BookSettings) -> None:
    async with open_shop(settings.model_copy(update={"graphql_max_subscriptions": 2})) as shop:
        clerk = shop.running.caller("clerk")
        book = await shop.listed(clerk)
        query = f'subscription {{ bookChanges(bookId: "{book}") {{ version }} }}'
        held = [asyncio.create_task(events(shop, query, short(shop, clerk, 3))) for _ in range(2)]
        await asyncio.sleep(0.5)
        headers = {"Accept": "text/event-stream", **clerk.headers}
        third = await shop.running.http.post(PATH, json={"query": query}, headers=headers)
        assert (third.status_code, third.headers["retry-after"]) == (429, "5")
        assert third.json()["type"].endswith("/too-many-subscriptions")
        colleague = shop.running.caller("clerk", organization=clerk.organization)
        assert len(await events(shop, query, short(shop, colleague, 2))) == 3
        assert [len(each) for each in await asyncio.gather(*held)] == [3, 3]
        # their places are free again
        assert len(await events(shop, query, short(shop, clerk, 1))) >= 2


async def test_an_answer_says_whose_part_is_missing(shop: Online) -> None:
    clerk = shop.running.caller("clerk")
    query = f'{{ elsewhereForSure(bookId: "{uuid7()}") {{ id }} }}'
    shop.service.other.answer = NoAnswerError(CALL, "timed out")
    found = await shop.ask(query, clerk)
    assert problems(found) == [(503, "unavailable")]
    assert found["extensions"] == {"degraded": ["other-shop"]}
    assert "extensions" not in await shop.ask("{ __typename }", clerk)


async def test_a_toll_is_entered_before_anything_is_asked(shop: Online) -> None:
    seen: list[Weighed] = []

    @asynccontextmanager
    async def toll(weighed: Weighed) -> AsyncIterator[None]:
        if weighed.depth > 1:
            raise Problem(RATE_LIMITED, headers={"Retry-After": "7"})
        seen.append(weighed)
        yield

    shop.running.runtime.toll = toll
    clerk = shop.running.caller("clerk")
    assert await shop.ask("{ __typename nothing }", clerk)
    assert await shop.ask("{ __typename }", clerk) == {"data": {"__typename": "Query"}}
    assert [(each.kind, each.depth, each.failed) for each in seen] == [
        ("query", 1, True),
        ("query", 1, False),
    ]
    assert seen[0].principal.subject == str(clerk.subject)
    query = {"query": f'{{ book(bookId: "{uuid7()}") {{ id }} }}'}
    refused = await shop.running.http.post(PATH, json=query, headers=clerk.headers)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    assert shop.service.found == 0
