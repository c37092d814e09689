"""Call edges with their fallbacks, and calls from code that is not asynchronous."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from typing import Any

import pytest
import sqlalchemy as sa

from cloudsync_chassis import clock, propagation
from cloudsync_chassis.client.base import ServiceClient
from cloudsync_chassis.client.blocking import Blocking
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.edges import Cached, Defaulted, Omitted, Queued
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.client.policy import Budget
from cloudsync_chassis.client.queue import QUEUED
from cloudsync_chassis.events.bus import InProcessBus
from cloudsync_chassis.events.consumer import Consumer
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.store.sealed import SEALED
from cloudsync_chassis.store.system import outbox
from cloudsync_chassis.testing import Running

CALL = Call(service="peer", operation="get", method="GET", path="/v1/things")


class Peer:
    """Answers with what it was asked, while it is up."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.asked = 0

    async def get(self, thing: int, *, size: int = 1) -> int:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return thing * size

    async def count(self, until: int) -> AsyncIterator[int]:
        for each in range(until):
            yield each


@pytest.fixture
def peer() -> Peer:
    return Peer()


async def test_without_an_answer_it_is_left_out_or_replaced(peer: Peer) -> None:
    omitted, defaulted = Omitted(peer.get), Defaulted(peer.get)
    assert (await omitted(2, size=3), await defaulted(9, 2, size=3)) == (6, 6)
    peer.error = NoAnswerError(CALL, "down")
    assert (await omitted(2, size=3), await defaulted(9, 2, size=3)) == (None, 9)
    peer.error = RefusedError(CALL, 404, {})
    with pytest.raises(RefusedError):
        await omitted(2)
    with pytest.raises(RefusedError):
        await defaulted(9, 2)


async def asked_by(service: Running, organization: Any, act: Any, *, writes: bool = False) -> Any:
    """What `act` returns within an operation of a caller."""
    incoming = Incoming(principal=Principal("u", "user", organization), trace=Trace.new())
    operation = Operation(id="outer", writes=writes)
    return await service.runtime.executor.run(operation, incoming, act)


async def test_kept_answers_are_of_the_same_question_and_tenant(
    table_shop: Running, peer: Peer
) -> None:
    cached, ours = Cached(peer.get, 60.0), uuid7()

    async def two(ctx: Any) -> int:
        return await cached(2, size=3)

    assert await asked_by(table_shop, ours, two) == 6
    peer.error = NoAnswerError(CALL, "down")
    assert await asked_by(table_shop, ours, two) == 6
    with pytest.raises(NoAnswerError):
        await asked_by(table_shop, uuid7(), two)
    with pytest.raises(NoAnswerError):
        await asked_by(table_shop, ours, lambda ctx: cached(2, size=4))


async def test_an_answer_to_one_caller_stands_in_for_no_other(
    table_shop: Running, peer: Peer
) -> None:
    cached, ours = Cached(peer.get, 60.0), uuid7()

    def two(token: str) -> Any:
        async def act(ctx: Any) -> int:
            acting = propagation.acting_for.set(token)
            try:
                return await cached(2)
            finally:
                propagation.acting_for.reset(acting)

        return asked_by(table_shop, ours, act)

    assert await two("ada") == 2
    peer.error = NoAnswerError(CALL, "down")
    assert await two("ada") == 2
    with pytest.raises(NoAnswerError):
        await two("bob")


async def test_a_queued_call_leaves_with_the_transaction(table_shop: Running, peer: Peer) -> None:
    queued = Queued(peer.get, table_shop.runtime.calls)
    waits = Budget(timeout=1.0, fallback="queue", topic="shop.calls")
    table_shop.runtime.clients["peer"] = ServiceClient(
        "http://peer.invalid", budgets={CALL.operation: waits}
    )
    ours = uuid7()

    async def two(ctx: Any) -> int | None:
        return await queued(ctx, 2, size=3)

    assert await asked_by(table_shop, ours, two, writes=True) == 6
    peer.error = NoAnswerError(CALL, "down")
    assert await asked_by(table_shop, ours, two, writes=True) is None
    (event,) = await table_shop.published()
    assert (event.type, event.topic) == (QUEUED, "shop.calls")
    assert event.data["operation"] == "get"
    async with table_shop.runtime.database.transaction(write=False) as connection:
        (kept,) = (await connection.execute(sa.select(outbox.c.payload))).scalars()
    assert "/v1/things" not in json.dumps(kept), "it waits sealed"
    assert kept["data"].keys() == {SEALED}


async def test_a_call_that_no_edge_makes_any_more_holds_up_no_other(table_shop: Running) -> None:
    """It is a dead letter at once, however long its edge would have waited."""
    waits = Budget(timeout=1.0, fallback="queue", topic="shop.calls", max_age=86_400)
    runtime = table_shop.runtime
    budgets = {"get": waits, "put": Budget(timeout=1.0)}
    runtime.clients["peer"] = ServiceClient("http://peer.invalid", budgets=budgets)
    (subscription,) = runtime.calls.subscriptions()
    bus, put = InProcessBus(), replace(CALL, service="peer", operation="put")
    odd: list[dict[str, Any]] = [asdict(replace(CALL, service="gone")), asdict(put), {"a": 1}]
    events = [
        Event(
            id=uuid7(),
            type=QUEUED,
            source="/shop",
            topic="shop.calls",
            subject="x",
            time=clock.now(),
            organization_id=uuid7(),
            data=data,
        )
        for data in odd
    ]
    await bus.publish(events)
    consumer = Consumer(bus, "shop", (subscription,), runtime.executor.consume)
    assert await consumer.handle_batch() == len(odd)
    dead = [each.failure.reason for each in bus.log if each.failure is not None]
    assert dead == ["call-unknown"] * len(odd)


def test_it_blocks_until_the_answer_is_there(peer: Peer) -> None:
    client = ServiceClient("http://peer.invalid")
    opened = client._http
    with Blocking(client) as run:
        assert run(peer.get, 2, size=3) == 6
        assert list(run.each(peer.count, 3)) == [0, 1, 2]
        assert next(run.each(peer.count, 3)) == 0
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda n=n: answers.append(run(peer.get, n))) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [*range(8)]
        peer.error = NoAnswerError(CALL, "down")
        with pytest.raises(NoAnswerError):
            run(peer.get, 1)
    assert opened.is_closed
