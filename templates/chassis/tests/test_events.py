"""Outbox, bus, consumers: no event is lost, none is handled twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

import bookshop
from bookshop.models import PriceSuggested
from cloudsync_chassis.events import consumer as consumers
from cloudsync_chassis.events import wire
from cloudsync_chassis.events.bus import Bus, Delivery, InProcessBus
from cloudsync_chassis.events.consumer import ANY, Consumer, Subscription, by_type
from cloudsync_chassis.events.envelope import Actor, Event, PayloadError, received
from cloudsync_chassis.events.outbox import Relay
from cloudsync_chassis.events.sqlite_bus import SqliteBus
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Running, isolated, running


def suggestion(book: str, organization: UUID, price: Any = 5) -> Event:
    return Event(
        id=uuid7(),
        type="PriceSuggested",
        source="/market-service",
        topic="shop.market.price.v1",
        subject=book,
        time=datetime.now(UTC),
        organization_id=organization,
        sequence=3,
        traceparent=f"00-{'a' * 32}-{'b' * 16}-01",
        data={"bookId": book, "priceMinor": price},
    )


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


async def book_of(shop: Running, clerk: Any) -> dict[str, Any]:
    body = {"title": "Emma", "priceMinor": 700}
    answer = await shop.http.post("/v1/books", json=body, headers=clerk.headers)
    found: dict[str, Any] = answer.json()
    return found


def test_what_a_newer_publisher_adds_is_left_out() -> None:
    event = suggestion(str(uuid7()), uuid7())
    newer = replace(event, data={**event.data, "currency": "EUR"})
    assert received(newer, PriceSuggested).data == received(event, PriceSuggested).data
    with pytest.raises(PayloadError) as lacking:
        received(replace(event, data={"bookId": event.data["bookId"]}), PriceSuggested)
    assert lacking.value.reason == "payload-invalid: /priceMinor missing"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"priceMinor": "5"}, "/priceMinor int_type"),
        ({"priceMinor": True}, "/priceMinor int_type"),
        ({"priceMinor": 5.5}, "/priceMinor int_type"),
        ({"priceMinor": None}, "/priceMinor int_type"),
        ({"bookId": "{0190aaaa-0000-7000-8000-000000000000}"}, "/bookId "),
        ({"bookId": "0190aaaa000070008000000000000000"}, "/bookId "),
        ({"bookId": 7}, "/bookId other_form"),
    ],
)
def test_payloads_are_as_strict_as_bodies(change: dict[str, Any], reason: str) -> None:
    event = suggestion(str(uuid7()), uuid7())
    with pytest.raises(PayloadError) as refused:
        received(replace(event, data={**event.data, **change}), PriceSuggested)
    assert refused.value.reason.startswith(f"payload-invalid: {reason}")
    whole = replace(event, data={**event.data, "priceMinor": 5.0, "currency": "EUR"})
    assert received(whole, PriceSuggested).data == received(event, PriceSuggested).data


def test_what_holds_no_object_is_no_event_of_ours() -> None:
    """Nor does it keep a consumer from the next one."""
    event = suggestion(str(uuid7()), uuid7())
    for data in ([1], "text", 5):
        sent = json.dumps({**event.to_json(), "data": data}).encode()
        assert wire.read("t", "place", sent, wire.STRUCTURED, {}).type == wire.UNREADABLE
        binary = {f"ce_{n}": str(v).encode() for n, v in event.to_json().items() if n != "data"}
        content = json.dumps(data).encode()
        assert wire.read("t", "place", content, "application/json", binary).type == wire.UNREADABLE


def test_an_event_survives_the_wire() -> None:
    event = suggestion(str(uuid7()), uuid7())
    document = event.to_json()
    assert Event.from_json(document) == event
    assert document["specversion"] == "1.0"
    assert all(name.islower() for name in document), "CloudEvents attribute names"


@pytest.mark.parametrize(
    "actor",
    [
        Actor("app_user", "0190", ("clerk", "reader")),
        Actor("service_account", "peer"),
        Actor("unauthenticated"),
    ],
)
def test_who_brought_an_event_about_survives_the_wire(actor: Actor) -> None:
    event = replace(suggestion(str(uuid7()), uuid7()), actor=actor)
    assert Event.from_json(event.to_json()) == event
    assert all(isinstance(v, str) for n, v in event.to_json().items() if n.startswith("auth"))


@pytest.mark.parametrize("claims", ["", "{", "[]", '{"roles": 7}', '{"roles": [7]}', 3, None])
def test_claims_of_others_say_nothing_and_stop_nothing(claims: Any) -> None:
    told = {"authtype": "api_key", "authid": "k", "authclaims": claims}
    document = {**suggestion(str(uuid7()), uuid7()).to_json(), **told}
    assert Event.from_json(document).actor == Actor("api_key", "k")


async def test_events_name_who_brought_them_about(shop: Running) -> None:
    clerk = shop.caller("clerk")
    body = {"title": "Emma", "priceMinor": 700}
    await shop.http.post("/v1/books", json=body, headers=clerk.headers)
    (listed,) = await shop.published()
    assert listed.actor == Actor("app_user", str(clerk.subject), ("clerk",))


async def test_events_are_numbered_without_gaps_and_carry_tenant_and_trace(shop: Running) -> None:
    clerk = shop.caller("clerk")
    trace = f"00-{'c' * 32}-{'d' * 16}-01"
    headers = {**clerk.headers, "traceparent": trace, "If-Match": "*"}
    body = {"title": "Emma", "priceMinor": 700}
    book = (await shop.http.post("/v1/books", json=body, headers=headers)).json()
    url = f"/v1/books/{book['id']}"
    for title in ("a", "b"):
        await shop.http.patch(url, json={"title": title}, headers=headers)
    events = await shop.published()
    assert [each.sequence for each in events] == [1, 2, 3]
    assert {each.subject for each in events} == {book["id"]}
    assert {each.organization_id for each in events} == {clerk.organization}
    assert {(each.traceparent or "")[3:35] for each in events} == {"c" * 32}
    assert events[0].data == {"bookId": book["id"], "title": "Emma", "priceMinor": 700}


async def test_what_is_undone_is_not_announced(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    await book_of(table_shop, clerk)
    taken = {"title": "x", "priceMinor": 1, "isbn": "1"}
    for _ in range(3):
        await table_shop.http.post("/v1/books", json=taken, headers=clerk.headers)
    assert [each.type for each in await table_shop.published()] == ["BookListed"] * 2


async def test_a_repeated_event_is_handled_once(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    book = await book_of(table_shop, clerk)
    event = suggestion(book["id"], clerk.organization)
    later = replace(suggestion(book["id"], clerk.organization, 9), sequence=4)
    await table_shop.runtime.bus.publish([event, event, later, event])
    url = f"/v1/books/{book['id']}"
    async with asyncio.timeout(10):
        while (found := await table_shop.http.get(url, headers=clerk.headers)).json()[
            "priceMinor"
        ] != 9:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    found = await table_shop.http.get(url, headers=clerk.headers)
    assert (found.json()["priceMinor"], found.json()["version"]) == (9, 3)


@contextmanager
def heard_by(engine: sa.Engine, listener: Callable[..., None]) -> Iterator[None]:
    sa.event.listen(engine, "before_cursor_execute", listener)
    try:
        yield
    finally:
        sa.event.remove(engine, "before_cursor_execute", listener)


async def test_whether_an_event_was_handled_is_asked_and_noted_in_one(table_shop: Running) -> None:
    book = await book_of(table_shop, clerk := table_shop.caller("clerk"))
    event = suggestion(book["id"], clerk.organization)
    sent: list[str] = []

    def heard(*told: Any) -> None:
        if "inbox" in told[2]:
            sent.append(told[2].split()[0])

    engine = table_shop.runtime.database.engine.sync_engine
    with heard_by(engine, heard):
        await table_shop.runtime.bus.publish([event, event])
        await table_shop.settle()
    assert sent == ["INSERT", "INSERT"]


async def test_an_event_of_another_tenant_touches_nothing(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    book = await book_of(table_shop, clerk)
    bus = table_shop.runtime.bus
    assert isinstance(bus, InProcessBus)
    await bus.publish([suggestion(book["id"], uuid7())])
    await until(lambda: any(each.topic.endswith(".dlq") for each in bus.log))
    found = await table_shop.http.get(f"/v1/books/{book['id']}", headers=clerk.headers)
    assert found.json()["version"] == 1


async def test_malformed_data_goes_to_the_dead_letters_at_once(table_shop: Running) -> None:
    bus = table_shop.runtime.bus
    assert isinstance(bus, InProcessBus)
    await bus.publish([suggestion(str(uuid7()), uuid7(), price="many")])
    await until(lambda: len(bus.log) == 2)
    assert bus.log[1].topic == "shop.market.price.v1.dlq"
    assert bus.log[1].data == bus.log[0].data
    assert bus.log[1].failure is not None
    assert bus.log[1].failure.reason == "payload-invalid: /priceMinor int_type"


@pytest.fixture(params=["process", "sqlite"])
async def bus(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    made: Bus = (
        InProcessBus()
        if request.param == "process"
        else SqliteBus(tmp_path / "bus.sqlite", wait=0.1)
    )
    await made.start()
    yield made
    await made.stop()


async def test_each_group_gets_its_topics_in_order(bus: Bus) -> None:
    events = [replace(suggestion(str(uuid7()), uuid7()), sequence=each) for each in range(7)]
    await bus.publish([*events[:3], replace(events[3], topic="other"), *events[4:]])
    for group in ("a", "b"):
        seen: list[int] = []
        while batch := await bus.fetch(group, ["shop.market.price.v1"], 2):
            for delivery in batch:
                seen.append(delivery.event.sequence)
                await bus.acknowledge(group, [delivery])
        assert seen == [0, 1, 2, 4, 5, 6]


async def test_what_is_not_acknowledged_comes_again(bus: Bus) -> None:
    await bus.publish([suggestion(str(uuid7()), uuid7()) for _ in range(2)])
    first = await bus.fetch("a", ["shop.market.price.v1"], 10)
    again = await bus.fetch("a", ["shop.market.price.v1"], 10)
    assert [each.event.id for each in again] == [each.event.id for each in first]


async def test_failing_handlers_are_retried_then_given_up_in_order(bus: Bus) -> None:
    tries: list[str] = []

    async def handle(_: Any, event: Event) -> None:
        tries.append(event.subject)
        if event.subject == "bad" or tries.count(event.subject) == 1:
            raise RuntimeError(event.subject)

    async def run(_: Event, action: Callable[[Any], Any]) -> None:
        await handle(None, _)

    events = [
        replace(suggestion("x", uuid7()), subject=each) for each in ("shaky", "bad", "shaky2")
    ]
    await bus.publish(events)
    subscription = Subscription("shop.market.price.v1", "PriceSuggested", handle)
    consumer = Consumer(bus, "g", (subscription,), run, attempts=3, pause=0.001)
    await consumer.handle_batch()
    assert tries == ["shaky", "shaky", "bad", "bad", "bad", "shaky2", "shaky2"]
    dead = await bus.fetch("dead", ["shop.market.price.v1.dlq"], 10)
    assert [each.event.subject for each in dead] == ["bad"]


class Told(InProcessBus):
    """Keeps what it was told was handled, each time."""

    def __init__(self) -> None:
        super().__init__(wait=0.01)
        self.told: list[list[str]] = []

    async def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        self.told.append([each.event.subject for each in deliveries])
        await super().acknowledge(group, deliveries)


async def consumed(bus: Bus, *subjects: str, together: int = 1) -> None:
    """A batch of events: a `bad` one is refused, a `slow` one takes a while, a `stop` cancels."""

    async def run(event: Event, _: Any) -> None:
        if event.subject == "bad":
            raise NOT_FOUND()
        if event.subject == "stop":
            raise asyncio.CancelledError
        await asyncio.sleep(0.02 if event.subject == "slow" else 0)

    events = [replace(suggestion("x", uuid7()), subject=each) for each in subjects]
    await bus.publish(events)
    subscription = Subscription("shop.market.price.v1", "PriceSuggested", never_called)
    await Consumer(bus, "g", (subscription,), run, together=together).handle_batch()


async def never_called(_: Any, event: Event) -> None:
    raise AssertionError(event)


async def test_a_bus_is_told_of_several_events_at_once() -> None:
    for together in (1, 4):
        bus = Told()
        await consumed(bus, "a", "b", "c", together=together)
        assert bus.told == [["a", "b", "c"]]


async def test_a_bus_is_told_at_once_of_what_was_given_up() -> None:
    bus = Told()
    await consumed(bus, "a", "bad", "b", "c")
    assert bus.told == [["a", "bad"], ["b", "c"]]


async def test_a_bus_is_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "_UNTOLD", 0.01)
    bus = Told()
    await consumed(bus, "slow", "slow", "a")
    assert bus.told == [["slow"], ["slow"], ["a"]]


async def test_a_bus_is_told_of_what_was_handled_before_a_consumer_was_stopped() -> None:
    bus = Told()
    with pytest.raises(asyncio.CancelledError):
        await consumed(bus, "a", "b", "stop", "c")
    assert bus.told == [["a", "b"]]
    again = await bus.fetch("g", ["shop.market.price.v1"], 10)
    assert [each.event.subject for each in again] == ["stop", "c"]


async def test_all_of_a_topic_is_taken_beside_what_is_named(bus: Bus) -> None:
    """In one go: what is named first, what nobody has named as well, another topic not at all."""
    heard: list[tuple[str, str]] = []

    def noted(name: str) -> Any:
        async def handle(_: Any, event: Event) -> None:
            heard.append((name, event.subject))
            if (name, event.subject) == ("any", "bad"):
                raise RuntimeError(event.subject)

        return handle

    async def run(event: Event, action: Callable[[Any], Any]) -> None:
        await subscriptions[event.topic, event.type].handle(None, event)  # type: ignore[arg-type]

    place = "shop.market.price.v1"
    given = (Subscription(place, "Known", noted("known")), Subscription(place, ANY, noted("any")))
    subscriptions = {**by_type(given)}
    subscriptions[place, "New"] = subscriptions[place, ANY]
    named = [("Known", "a"), ("New", "b"), ("Known", "bad")]
    events = [
        replace(suggestion("x", uuid7()), type=kind, subject=subject) for kind, subject in named
    ]
    await bus.publish([*events, replace(events[0], id=uuid7(), topic="shop.market.stock.v1")])
    consumer = Consumer(bus, "g", given, run, attempts=1, pause=0.001)
    await consumer.handle_batch()
    expected = [("known", "a"), ("any", "a"), ("any", "b"), ("known", "bad"), ("any", "bad")]
    assert heard == expected
    dead = await bus.fetch("dead", [f"{place}.dlq"], 10)
    assert [each.event.subject for each in dead] == ["bad"]


class Crashing(InProcessBus):
    """Publishes, and then the process dies before it can note that it did."""

    async def publish(self, events: Any) -> None:
        await super().publish(events)
        raise ConnectionError("killed")


async def test_a_crash_after_publishing_repeats_but_loses_nothing(table_shop: Running) -> None:
    runtime = table_shop.runtime
    clerk = table_shop.caller("clerk")
    quiet, crashing = InProcessBus(), Crashing()
    async with runtime.relay._one_at_a_time:  # the service's own relay holds no row meanwhile
        await book_of(table_shop, clerk)
        with pytest.raises(ConnectionError):
            await Relay(runtime.database, crashing).publish_once()
        assert len(crashing.log) >= 1
        await Relay(runtime.database, quiet).publish_once()
    assert {each.id for each in quiet.log} == {each.id for each in crashing.log}


async def test_events_travel_between_processes_through_the_state_folder(tmp_path: Path) -> None:
    arguments = {**isolated(tmp_path), "bus": "sqlite"}
    shops = [Runtime(bookshop.SERVICE, bookshop.BookSettings(**arguments)) for _ in range(2)]
    other = SqliteBus(tmp_path / "bus.sqlite", wait=0.5)
    service = bookshop.Books(shops[0])
    async with running(bookshop.build(shops[0], service)) as shop:
        await other.start()
        clerk = shop.caller("clerk")
        book = await book_of(shop, clerk)
        await other.publish([suggestion(book["id"], clerk.organization, 12)])
        async with asyncio.timeout(10):
            while not (mine := await other.fetch("test", [bookshop.TOPIC], 10)):
                await asyncio.sleep(0.05)
        assert [each.event.type for each in mine][:1] == ["BookListed"]
        await until(lambda: bool(service.suggestions))
        assert service.suggestions[0].data.price_minor == 12
    await other.stop()
