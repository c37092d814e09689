"""Work queues: sent with the transaction, taken by the port's method, held back where asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from pydantic import SecretStr, ValidationError

import bookshop
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.arguments import performs, queued
from cloudsync_chassis.events.bus import InProcessBus
from cloudsync_chassis.events.consumer import Subscription
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.queues import Queue
from cloudsync_chassis.events.sealing import SealError, Seals
from cloudsync_chassis.events.split_bus import SplitBus
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.service import ServiceSpec
from cloudsync_chassis.settings import Settings
from cloudsync_chassis.store.cipher import FieldCipher
from cloudsync_chassis.store.keys import StoredKeys
from cloudsync_chassis.store.sealed import SEALED
from cloudsync_chassis.store.system import outbox
from cloudsync_chassis.testing import isolated

WORK, AGAIN, DEAD = "work", "work.again", "work.dead"
QUEUES = (
    Queue(name=WORK, delivery_limit=2, dead_letter=DEAD, prefetch=4),
    Queue(name=AGAIN, ttl=0.6, dead_letter=WORK),
    Queue(name=DEAD),
)
ID = uuid7()
SPEC = ServiceSpec(name="worker", access={}, queues=QUEUES, dead_letters={WORK: DEAD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    book_id: UUID
    body: bookshop.BookInput


class Binder:
    """A port whose one command comes by a queue."""

    def __init__(self) -> None:
        self.bound: list[tuple[Bind, float]] = []

    async def bind(self, ctx: Context, request: Bind) -> None:
        if request.body.title == "unbindable":
            raise RuntimeError
        self.bound.append((request, ctx.now.timestamp()))


@asynccontextmanager
async def working(state: Path, **settings: Any) -> AsyncIterator[tuple[Runtime, Binder]]:
    runtime, binder = Runtime(SPEC, Settings(**isolated(state), **settings)), Binder()
    take = queued(performs(binder.bind, Bind, {"book_id": "bookId", "body": "body"}))
    runtime.subscribe([Subscription(WORK, "bind", take, attempts=2)])
    await runtime.start()
    yield runtime, binder
    await runtime.stop()


def order(title: str, book: UUID) -> dict[str, object]:
    return {"bookId": str(book), "body": {"title": title, "priceMinor": 5}}


async def within(runtime: Runtime, action: Callable[[Context], object]) -> None:
    begun = Event(
        id=uuid7(),
        type="begun",
        source="/test",
        topic="",
        subject="",
        time=datetime.now(UTC),
        organization_id=uuid7(),
    )

    async def act(ctx: Context) -> None:
        await action(ctx)  # type: ignore[misc]

    await runtime.executor.consume(begun, act)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


async def test_work_is_done_with_typed_arguments_and_failures_go_to_the_models_queue(
    tmp_path: Path,
) -> None:
    books = [uuid7() for _ in range(3)]
    async with working(tmp_path) as (runtime, binder):
        for title, book in zip(("a", "unbindable", "b"), books, strict=True):
            await within(
                runtime,
                lambda ctx, t=title, b=book: runtime.queues.send(ctx, WORK, "bind", order(t, b)),
            )
        bus = runtime.bus
        assert isinstance(bus, InProcessBus)
        await until(lambda: len(binder.bound) == 2 and any(e.topic == DEAD for e in bus.log))
    assert {each.book_id for each, _ in binder.bound} == {books[0], books[2]}
    assert {each.body.title for each, _ in binder.bound} == {"a", "b"}


async def test_a_body_is_sent_as_its_schema_has_it(tmp_path: Path) -> None:
    body, book = bookshop.BookInput(title="a", price_minor=5), uuid7()
    async with working(tmp_path) as (runtime, binder):
        told = {"bookId": book, "body": body}
        await within(runtime, lambda ctx: runtime.queues.send(ctx, WORK, "bind", told))
        await until(lambda: bool(binder.bound))
    assert binder.bound[0][0] == Bind(book_id=book, body=body)


async def test_a_queue_that_delays_does_so_on_a_bus_that_knows_no_queues(tmp_path: Path) -> None:
    async with working(tmp_path) as (runtime, binder):
        sent = datetime.now(UTC).timestamp()
        await within(
            runtime, lambda ctx: runtime.queues.send(ctx, AGAIN, "bind", order("a", uuid7()))
        )
        await until(lambda: bool(binder.bound))
        assert binder.bound[0][1] - sent > 0.3


async def test_commands_lie_nowhere_in_clear(tmp_path: Path) -> None:
    """Nor do those that have failed; what is put into another message's place is refused."""
    async with working(tmp_path) as (runtime, binder):
        for title in ("unbindable", "readable"):
            await within(
                runtime, lambda ctx, t=title: runtime.queues.send(ctx, WORK, "bind", order(t, ID))
            )
        bus = runtime.bus
        assert isinstance(bus, InProcessBus)
        await until(lambda: bool(binder.bound) and any(e.topic == DEAD for e in bus.log))
        sent = [each for each in bus.log if each.topic == WORK]
        await bus.publish(
            [replace(sent[1], id=uuid7()), replace(sent[1], organization_id=uuid7(), id=uuid7())]
        )
        await until(lambda: sum(each.topic == DEAD for each in bus.log) == 3)
        async with runtime.database.transaction(write=False) as connection:
            kept = (await connection.execute(sa.select(outbox.c.payload))).scalars().all()
        assert len(binder.bound) == 1
        lying = json.dumps([*kept, *(each.to_json() for each in bus.log)])
        assert str(ID) not in lying
        assert "readable" not in lying
        reasons = [each.failure.reason for each in bus.log if each.failure]
        assert sorted(reasons) == ["RuntimeError", "SealError", "SealError"]
        assert {runtime.seals.open(each).data["bookId"] for each in sent} == {str(ID)}


async def test_commands_for_others_are_sealed_with_the_common_key(tmp_path: Path) -> None:
    """Which any service has that was given it; without one they are left in clear."""
    (tmp_path / "common").write_bytes(b"c" * 32)
    common = FieldCipher.of(StoredKeys(tmp_path / "common"), b"")
    async with working(tmp_path, queue_key_file=tmp_path / "common") as (runtime, _):
        await within(
            runtime, lambda ctx: runtime.queues.send(ctx, DEAD, "bind", order("readable", ID))
        )
        bus = runtime.bus
        assert isinstance(bus, InProcessBus)
        await until(lambda: bool(bus.log))
        (lying,) = bus.log
        clear = runtime.seals.open(lying)
    assert clear.data == order("readable", ID)
    assert "readable" not in json.dumps(lying.to_json())
    taker = Seals(FieldCipher(b"t" * 32), common)
    assert taker.open(lying) == clear
    stranger = Seals(FieldCipher(b"t" * 32))
    with pytest.raises(SealError):
        stranger.open(lying)
    assert stranger.close(clear, ours=False) == clear == stranger.open(clear)


@pytest.mark.parametrize("data", [{SEALED: ""}, {SEALED: "zz:"}, {SEALED: 5}, {SEALED: "00:%"}])
def test_what_is_no_ciphertext_is_refused(data: dict[str, object]) -> None:
    made = Event(
        id=uuid7(),
        type="bind",
        source="/s",
        topic=WORK,
        subject="k",
        time=datetime.now(UTC),
        data=data,
    )
    with pytest.raises(SealError):
        Seals(FieldCipher(b"t" * 32)).open(made)


async def test_what_is_undone_sends_nothing(tmp_path: Path) -> None:
    async with working(tmp_path) as (runtime, binder):

        async def fails(ctx: Context) -> None:
            await runtime.queues.send(ctx, WORK, "bind", order("a", uuid7()))
            raise RuntimeError

        with pytest.raises(RuntimeError):
            await within(runtime, fails)
        with pytest.raises(KeyError):
            await within(runtime, lambda ctx: runtime.queues.send(ctx, "other", "bind", {}))
        await asyncio.sleep(0.3)
        assert binder.bound == []


async def test_events_and_queues_may_go_by_two_buses() -> None:
    events, queues = InProcessBus(), InProcessBus()
    bus = SplitBus(events, queues, [WORK])
    made = Event(
        id=uuid7(), type="t", source="/s", topic="facts", subject="k", time=datetime.now(UTC)
    )
    await bus.publish([made, replace(made, topic=WORK)])
    assert [each.topic for each in events.log] == ["facts"]
    assert [each.topic for each in queues.log] == [WORK]
    for topic in ("facts", WORK):
        found = await bus.fetch("g", [topic], 5)
        assert [each.event.topic for each in found] == [topic]
        await bus.acknowledge("g", found)
        assert await bus.fetch("g", [topic], 5) == []


def test_a_broker_needs_its_url_and_no_url_is_shown(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="bus_url"):
        Settings(**{**isolated(tmp_path), "bus": "kafka"})
    url = SecretStr("kafka://u:secret@h:1")
    made = Settings(**{**isolated(tmp_path), "bus": "kafka", "bus_url": url})
    assert "secret" not in repr(made)
