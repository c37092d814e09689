"""What every bus keeps its word on: embedded ones always, brokers where a URL names one.

`CHASSIS_TEST_KAFKA` (kafka://…) and `CHASSIS_TEST_RABBITMQ` (amqp://…); the topics are made anew.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cloudsync_chassis.events import wire
from cloudsync_chassis.events.bus import Bus, Delivery, InProcessBus, NotALogError
from cloudsync_chassis.events.consumer import Consumer, Subscription
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.queues import Queue
from cloudsync_chassis.events.sqlite_bus import SqliteBus
from cloudsync_chassis.ids import uuid7

KAFKA = os.environ.get("CHASSIS_TEST_KAFKA", "")
RABBITMQ = os.environ.get("CHASSIS_TEST_RABBITMQ", "")
BROKERS = [name for name, url in (("kafka", KAFKA), ("rabbitmq", RABBITMQ)) if url]


@dataclass(frozen=True)
class Setup:
    """A bus, with topics of its own: `again` opens a second connection, as another process."""

    kind: str
    bus: Bus
    again: Callable[[], Bus]
    topic: str
    dead: str
    queue: Queue

    async def join(self, *groups: str, topic: str = "") -> None:
        """Let groups be there before anything is published: RabbitMQ keeps nothing for others."""
        for group in groups:
            await self.bus.fetch(group, [topic or self.topic], 1)

    async def take(self, bus: Bus, group: str, count: int, topic: str = "") -> list[Delivery]:
        """The next events, acknowledged."""
        found: list[Delivery] = []
        async with asyncio.timeout(20):
            while len(found) < count:
                for each in await bus.fetch(group, [topic or self.topic], count - len(found)):
                    await bus.acknowledge(group, [each])
                    found.append(each)
        return found

    def event(self, subject: str, sequence: int = 0, **more: Any) -> Event:
        return replace(
            Event(
                id=uuid7(),
                type="Counted",
                source="/shop",
                topic=self.topic,
                subject=subject,
                time=datetime.now(UTC),
                organization_id=uuid7(),
                sequence=sequence,
                data={"word": "Zürich"},
            ),
            **more,
        )


@pytest.fixture(params=["process", "sqlite", *BROKERS])
async def setup(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Setup]:
    name = uuid4().hex
    topic, dead = f"shop.{name}.v1", f"shop.{name}.v1.lost"
    queue = Queue(name=f"work.{name}", delivery_limit=3, dead_letter=f"work.{name}.dead")
    queues = (queue, Queue(name=queue.dead_letter))
    one = InProcessBus()

    def make() -> Bus:
        if request.param == "kafka":
            from cloudsync_chassis.events.kafka_bus import KafkaBus

            return KafkaBus(KAFKA, wait=0.5)
        if request.param == "rabbitmq":
            from cloudsync_chassis.events.rabbit_bus import RabbitBus

            return RabbitBus(RABBITMQ, queues, [dead], wait=0.5)
        return one if request.param == "process" else SqliteBus(tmp_path / "bus.sqlite", wait=0.1)

    if request.param == "kafka":
        await create_topics([topic, dead, queue.name, queue.dead_letter])
    bus = make()
    await bus.start()
    yield Setup(request.param, bus, make, topic, dead, queue)
    await bus.stop()


async def create_topics(names: list[str]) -> None:
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    from cloudsync_chassis.events import kafka_bus

    admin = AIOKafkaAdminClient(**kafka_bus.options(KAFKA))
    await admin.start()
    await admin.create_topics([NewTopic(each, 3, 1) for each in names])
    await admin.close()


@asynccontextmanager
async def another(setup: Setup) -> AsyncIterator[Bus]:
    """A second process that takes over from the first, which ends without a word."""
    await setup.bus.stop()
    bus = setup.again()
    await bus.start()
    yield bus
    await bus.stop()
    await setup.bus.start()


async def test_an_event_arrives_as_it_was_sent_at_every_group(setup: Setup) -> None:
    await setup.join("a", "b")
    sent = setup.event("k", 4, traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    await setup.bus.publish([sent])
    for group in ("a", "b"):
        assert [each.event for each in await setup.take(setup.bus, group, 1)] == [sent]


async def test_a_tail_sees_what_comes_after_it(setup: Setup) -> None:
    """Each of it all, beside the groups, and none what was there before."""
    await setup.join("a")
    await setup.bus.publish([setup.event("k", 0)])
    async with asyncio.timeout(20):
        tails = [await setup.bus.tail([setup.topic, setup.dead]) for _ in range(2)]
        sent = [setup.event("k", n) for n in range(1, 31)]
        await setup.bus.publish(sent)
        for tail in tails:
            seen: list[Event] = []
            while len(seen) < len(sent):
                seen += await tail.events()
            assert seen == sent
            assert not await tail.events()
            await tail.close()
    taken = await setup.take(setup.bus, "a", 31)
    assert [each.event.sequence for each in taken] == [*range(31)]


async def test_events_of_a_key_stay_in_order(setup: Setup) -> None:
    await setup.join("a")
    await setup.bus.publish([setup.event(f"k{n % 3}", n) for n in range(60)])
    taken = [each.event for each in await setup.take(setup.bus, "a", 60)]
    for key in ("k0", "k1", "k2"):
        mine = [each.sequence for each in taken if each.subject == key]
        assert mine == sorted(mine)
        assert len(mine) == 20


async def test_what_was_not_acknowledged_comes_again(setup: Setup) -> None:
    await setup.join("a")
    await setup.bus.publish([setup.event("k", n) for n in range(3)])
    first = await setup.bus.fetch("a", [setup.topic], 3)
    while len(first) < 3:
        first = await setup.bus.fetch("a", [setup.topic], 3)
    await setup.bus.acknowledge("a", first[:1])
    again = await setup.bus.fetch("a", [setup.topic], 3)
    assert [each.event.sequence for each in again] == [1, 2]


async def test_what_came_before_is_acknowledged_too_and_of_its_topic_alone(setup: Setup) -> None:
    topics = [setup.topic, setup.dead]
    await setup.bus.fetch("a", topics, 1)
    for number in range(4):
        both = [setup.event("k", number, topic=each) for each in topics]
        await setup.bus.publish(both)
    found = await fetched(setup.bus, topics, 8)
    mine = [each for each in found if each.event.topic == setup.topic]
    await setup.bus.acknowledge("a", [mine[2], mine[0]])
    await setup.bus.acknowledge("a", [])
    assert await left(setup.bus, topics, 5) == {setup.topic: [3], setup.dead: [0, 1, 2, 3]}
    others = [each for each in found if each.event.topic == setup.dead]
    await setup.bus.acknowledge("a", [others[1], mine[3]])
    async with another(setup) as bus:
        assert await left(bus, topics, 2) == {setup.dead: [2, 3]}


async def fetched(bus: Bus, topics: list[str], count: int) -> list[Delivery]:
    """So many deliveries at once, none of them acknowledged."""
    found: list[Delivery] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            found = await bus.fetch("a", topics, 20)
    return found


async def left(bus: Bus, topics: list[str], count: int) -> dict[str, list[int]]:
    """What comes again, so many deliveries, by topic."""
    found: dict[str, list[int]] = {}
    for each in await fetched(bus, topics, count):
        found.setdefault(each.event.topic, []).append(each.event.sequence)
    return found


async def test_who_takes_over_gets_what_was_not_acknowledged(setup: Setup) -> None:
    await setup.join("a")
    await setup.bus.publish([setup.event("k", n) for n in range(3)])
    await setup.take(setup.bus, "a", 1)
    await setup.bus.fetch("a", [setup.topic], 3)
    async with another(setup) as bus:
        left = await setup.take(bus, "a", 2)
    assert [each.event.sequence for each in left] == [1, 2]


async def test_a_poisonous_event_becomes_a_dead_letter_and_blocks_no_key(setup: Setup) -> None:
    await setup.join("g")
    await setup.join("look", topic=setup.dead)
    handled: list[tuple[str, int]] = []

    async def run(event: Event, _: Callable[[Any], Any]) -> None:
        if event.sequence == 1:
            raise RuntimeError("the reader's own words")
        handled.append((event.subject, event.sequence))

    async def handle(_: Any, __: Event) -> None:
        raise AssertionError("run decides")

    keys = ("bad", "good")
    await setup.bus.publish([setup.event(key, n) for n in (1, 2) for key in keys[:n]])
    consumer = Consumer(
        setup.bus,
        "g",
        (Subscription(setup.topic, "Counted", handle),),
        run,
        attempts=2,
        pause=0.001,
        dead_letters={setup.topic: setup.dead},
    )
    async with asyncio.timeout(20):
        while len(handled) < 2:
            await consumer.handle_batch()
    assert sorted(handled) == [("bad", 2), ("good", 2)]
    dead = (await setup.take(setup.bus, "look", 1, setup.dead))[0].event
    assert (dead.subject, dead.sequence) == ("bad", 1)
    assert dead.failure is not None
    assert (dead.failure.topic, dead.failure.group) == (setup.topic, "g")
    assert "own words" not in json.dumps(dead.to_json())


async def test_a_group_can_be_moved_back_in_time(setup: Setup) -> None:
    await setup.join("a")
    past = datetime.now(UTC) - timedelta(hours=2)
    await setup.bus.publish([setup.event("k", 1, time=past)])
    await setup.bus.publish([setup.event("k", n) for n in (2, 3)])
    await setup.take(setup.bus, "a", 3)
    since = past + timedelta(hours=1)
    if setup.kind == "rabbitmq":
        with pytest.raises(NotALogError):
            await setup.bus.rewind("a", setup.topic, since)
        return
    async with another(setup) as bus:
        assert await bus.rewind("a", setup.topic, past) == 3
        assert await bus.rewind("a", setup.topic, datetime.now(UTC)) == 0
        assert await bus.rewind("a", setup.topic, since) == 2
        assert [each.event.sequence for each in await setup.take(bus, "a", 2)] == [2, 3]


async def test_work_goes_to_one_worker_and_its_dead_letters_where_the_model_says(
    setup: Setup,
) -> None:
    done: list[int] = []

    async def run(event: Event, _: Callable[[Any], Any]) -> None:
        if event.sequence == 0:
            raise RuntimeError
        done.append(event.sequence)

    async def handle(_: Any, __: Event) -> None:
        raise AssertionError("run decides")

    work = Subscription(setup.queue.name, "Counted", handle, attempts=2)
    await setup.bus.publish([setup.event(f"k{n}", n, topic=setup.queue.name) for n in range(5)])
    worker = Consumer(
        setup.bus,
        "workers",
        (work,),
        run,
        pause=0.001,
        dead_letters={setup.queue.name: setup.queue.dead_letter},
        together=4,
    )
    async with asyncio.timeout(20):
        while len(done) < 4:
            await worker.handle_batch()
    assert sorted(done) == [1, 2, 3, 4]
    dead = await setup.take(setup.bus, "look", 1, setup.queue.dead_letter)
    assert dead[0].event.sequence == 0


def test_messages_are_read_in_both_modes_and_what_is_none_is_left_behind() -> None:
    event = Setup("", InProcessBus(), InProcessBus, "t", "", Queue(name="q")).event("k", 2)
    assert wire.read("t", "t/0/1", wire.body(event), wire.STRUCTURED, {}) == event
    headers = {
        f"ce_{name}": value.encode()
        for name, value in event.to_json().items()
        if isinstance(value, str)
    }
    content = json.dumps(event.data).encode()
    assert wire.read("t", "t/0/1", content, "application/json", headers) == event
    for content in (b"\xff", b"[]", b"{}", b"null"):
        found = wire.read("t", "t/0/1", content, wire.STRUCTURED, {})
        assert (found.type, found.topic, found.subject) == (wire.UNREADABLE, "t", "t/0/1")
        assert found.id == wire.read("t", "t/0/1", b"?", "", {}).id


async def test_a_bus_of_which_nobody_has_heard_anything_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    original = SqliteBus._next

    async def counted(self: SqliteBus, group: str, *rest: Any) -> list[Delivery]:
        looks.append(group)
        return await original(self, group, *rest)

    monkeypatch.setattr(SqliteBus, "_next", counted)
    bus, other = (SqliteBus(tmp_path / "bus.sqlite", pause=0.01, wait=30.0) for _ in range(2))
    for each in (bus, other):
        await each.start()
    event = Event(
        id=uuid7(), type="t", source="/x", topic="t", subject="s", time=datetime.now(UTC), data={}
    )
    waiting = asyncio.create_task(bus.fetch("g", ["t"], 1))
    await asyncio.sleep(0.5)
    assert len(looks) < 5, "50 pauses have gone by"
    await other.publish([event])
    async with asyncio.timeout(10):
        (delivery,) = await waiting
    assert delivery.event.id == event.id
    for each in (bus, other):
        await each.stop()
