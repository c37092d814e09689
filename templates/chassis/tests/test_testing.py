"""What tests of handlers are given: canned answers of others, another time, events that arrive."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

import bookshop
from cloudsync_chassis import clock
from cloudsync_chassis.client.base import ServiceClient
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import CallError, NoAnswerError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.testing import Running, running

ANSWER = TypeAdapter(dict[str, int])
CALL = Call(service="peer", operation="get-price", method="GET", path="/v1/price")


async def test_another_service_answers_as_the_test_says(shop: Running) -> None:
    peer = ServiceClient("http://peer.invalid")
    shop.runtime.clients["peer"] = peer
    with pytest.raises(CallError):
        await peer.call(CALL, ANSWER)
    shop.answers("peer", "get-price", {"price": 7})
    assert await peer.call(CALL, ANSWER) == {"price": 7}
    shop.answers("peer", "get-price", lambda call: {"price": len(call.path)})
    assert await peer.call(CALL, ANSWER) == {"price": 9}
    shop.answers("peer", "get-price", NoAnswerError(CALL, "down"))
    with pytest.raises(NoAnswerError):
        await peer.call(CALL, ANSWER)


async def test_a_method_of_the_port_is_asked_as_by_an_adapter(shop: Running) -> None:
    operation = Operation(id="reprice", permission="book:price", writes=True)
    seen: list[Context] = []

    async def method(ctx: Context, request: str) -> str:
        seen.append(ctx)
        return request.upper()

    clerk = shop.caller("clerk")
    with pytest.raises(Problem, match="forbidden"):
        await shop.ask(operation, method, "x", clerk)
    assert seen == []
    free = replace(operation, permission=None)
    assert await shop.ask(free, method, "x", clerk, source_ip="192.0.2.7") == "X"
    assert (seen[0].principal.subject, seen[0].tenant) == (str(clerk.subject), clerk.organization)
    assert seen[0].source_ip == "192.0.2.7"


async def test_time_can_be_advanced(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")

    async def listed() -> Any:
        body = {"title": "Emma", "priceMinor": 1}
        answer = await table_shop.http.post("/v1/books", json=body, headers=clerk.headers)
        return answer.json()["createdAt"]

    before = await listed()
    table_shop.later(timedelta(days=30))
    after = await listed()
    assert after > before
    assert clock.now().date().isoformat() == after[:10]


async def test_an_event_is_told_and_handled(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    body = {"title": "Emma", "priceMinor": 700}
    book = (await table_shop.http.post("/v1/books", json=body, headers=clerk.headers)).json()
    suggestion = {"bookId": book["id"], "priceMinor": 5}
    await table_shop.tell("PriceSuggested", suggestion, clerk.organization)
    found = await table_shop.http.get(f"/v1/books/{book['id']}", headers=clerk.headers)
    assert found.json()["priceMinor"] == 5
    with pytest.raises(AssertionError, match="given up"):
        await table_shop.tell("PriceSuggested", {"bookId": "?"}, clerk.organization)
    with pytest.raises(AssertionError, match="does not consume"):
        await table_shop.tell("PriceFell", {}, clerk.organization)


class Haggler(bookshop.Books):
    """Asks for a little less after each suggestion, once that one is settled."""

    async def on_price_suggested(
        self, ctx: Context, event: Received[bookshop.PriceSuggested]
    ) -> None:
        await super().on_price_suggested(ctx, event)
        said, less = ctx.cause, event.data.price_minor - 1
        assert said is not None

        async def haggle(later: Context) -> None:
            await asyncio.sleep(0.05)
            data = {**said.data, "priceMinor": less}
            again = replace(said, id=uuid7(), data=data)
            await self.runtime.outbox.append(later, event.data.book_id, again)

        if less >= 0:
            self.runtime.work.soon(ctx, "haggle", haggle)


async def test_what_handlers_leave_for_afterwards_is_waited_for(
    settings: bookshop.BookSettings,
) -> None:
    """Also where handlers of what comes of it do the same."""
    runtime = Runtime(bookshop.SERVICE, settings)
    haggler = Haggler(runtime)
    async with running(bookshop.build(runtime, haggler)) as shop:
        clerk = shop.caller("clerk")
        body = {"title": "Emma", "priceMinor": 700}
        book = (await shop.http.post("/v1/books", json=body, headers=clerk.headers)).json()
        suggestion = {"bookId": book["id"], "priceMinor": 3}
        await shop.tell("PriceSuggested", suggestion, clerk.organization)
        assert [each.data.price_minor for each in haggler.suggestions] == [3, 2, 1, 0]
        found = await shop.http.get(f"/v1/books/{book['id']}", headers=clerk.headers)
        assert found.json()["priceMinor"] == 0


async def test_handlers_find_and_count_within_their_tenant(shop: Running) -> None:
    clerk, other = shop.caller("clerk"), shop.caller("clerk")
    for caller, titles in ((clerk, ("a", "b", "c")), (other, ("d",))):
        for title in titles:
            body = {"title": title, "priceMinor": 1}
            await shop.http.post("/v1/books", json=body, headers=caller.headers)
    books: Any = shop.runtime.aggregates["book"]

    async def look(ctx: Any) -> tuple[Any, int, Any, Any]:
        titles = [each.title async for each in books.each(ctx, title=("a", "c", "d"))]
        missing = await books.find(ctx, title="d")
        return titles, await books.count(ctx), missing, await books.find(ctx, title="b")

    incoming = Incoming(principal=workload("book-service", clerk.organization), trace=Trace.new())
    titles: Any
    titles, count, missing, found = await shop.runtime.executor.run(
        Operation(id="look", access="workload"), incoming, look
    )
    assert (titles, count, missing, found.title) == (["a", "c"], 3, None, "b")
    assert uuid7() != found.id
