"""Sagas: whatever fails, the compensations run in the declared order, once, and all ends well."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.bus import Bus, InProcessBus
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.replay import revive
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.sagas import repeats
from cloudsync_chassis.sagas.log import Run
from cloudsync_chassis.sagas.spec import Saga, Step
from cloudsync_chassis.sagas.words import TOLD
from cloudsync_chassis.store import system
from purchase import EFFECTS, PURCHASE, Trader, event

TENANT = uuid7()
KAFKA = os.environ.get("CHASSIS_TEST_KAFKA", "")
POSTGRES = os.environ.get("CHASSIS_TEST_POSTGRES", "")
BUSES = ("sqlite", "process", *(("kafka",) if KAFKA else ()))


async def kafka(saga: Saga) -> tuple[Saga, dict[str, Any]]:
    """The saga on topics of its own, and settings for the broker."""
    from test_buses import create_topics

    place = f"trade{uuid7().hex}"
    kinds = ("Placed", "Reserved", "Paid", "Packed", "Sent", "SoldOut", "Refused", "saga")
    topics = [f"{place}.{each}" for each in kinds]
    await create_topics([*topics, *(f"{each}.dlq" for each in topics)])
    return replace(saga, topic=f"{place}.saga"), {"bus": "kafka", "bus_url": SecretStr(KAFKA)}


async def emptied(trader: Trader) -> None:
    """A schema of its own, as migrations make it; kept where the trader comes back."""
    name, database = trader.runtime.spec.name, trader.runtime.database
    if (trader.state / f"{name}.kept").exists():
        return
    async with database.transaction(write=True) as connection:
        await connection.execute(sa.text(f"DROP SCHEMA IF EXISTS trade_{name} CASCADE"))
        await connection.execute(sa.text(f"CREATE SCHEMA trade_{name}"))
    await database.create_all(EFFECTS.metadata, system.metadata)
    (trader.state / f"{name}.kept").touch()


@asynccontextmanager
async def trade(
    state: Path,
    bus: str,
    trouble: dict[str, str],
    saga: Saga = PURCHASE,
    note: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[tuple[Trader, Trader]]:
    more: dict[str, Any] = {}
    if bus == "kafka":
        saga, more = await kafka(saga)
    if POSTGRES:
        more["database_url"] = SecretStr(POSTGRES)
    shop, store = (Trader(each, state, trouble, saga, note, more) for each in ("shop", "store"))
    if POSTGRES:
        for each in (shop, store):
            await emptied(each)
    if bus == "process":
        one = InProcessBus()
        for each in (shop, store):
            each.runtime.bus = each.runtime.relay._bus = one
    for each in (shop, store):
        await each.runtime.start()
    yield shop, store
    for each in (shop, store):
        await each.runtime.stop()


async def run_of(trader: Trader, order: str) -> Run | None:
    found: list[Run | None] = []

    async def look(ctx: Context) -> None:
        found.append(await trader.runtime.sagas.state(ctx, "purchase", order))

    probe = replace(event("", uuid7()), organization_id=TENANT)
    await trader.runtime.executor.consume(probe, look)
    return found[0]


async def ended(traders: tuple[Trader, ...], order: str, state: str) -> None:
    """All come to the same end."""
    seen = []
    try:
        async with asyncio.timeout(15):
            while True:
                runs = [await run_of(each, order) for each in traders]
                seen = [each.state if each else None for each in runs]
                if set(seen) == {state}:
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{seen}, not {state}") from None


@pytest.mark.parametrize("bus", BUSES)
async def test_without_trouble_every_step_is_done_once_and_nothing_is_undone(
    tmp_path: Path, bus: str
) -> None:
    order = uuid7()
    async with trade(tmp_path, bus, {}) as (shop, store):
        await shop.place(order, TENANT)
        await ended((shop, store), str(order), "completed")
        assert await shop.effects() == ["place", "pay"]
        assert await store.effects() == ["reserve", "pack", "send"]


@pytest.mark.parametrize("bus", BUSES)
async def test_what_has_ended_can_begin_again(tmp_path: Path, bus: str) -> None:
    """A second trigger with the same key is another run, with steps and ways back of its own."""
    order, trouble = uuid7(), {"pay": "refuse"}
    async with trade(tmp_path, bus, trouble) as (shop, store):
        await shop.place(order, TENANT)
        await ended((shop, store), str(order), "undone")
        first = await store.effects()
        trouble.clear()
        await shop.place(order, TENANT)
        await ended((shop, store), str(order), "completed")
        assert (await store.effects())[len(first) :] == ["reserve", "pack", "send"]
        assert first[0] == "reserve"


FAILURES: tuple[tuple[str, str, list[str]], ...] = (
    ("reserve", "raise", []),
    ("reserve", "refuse", []),
    ("pay", "raise", ["reserve"]),
    ("pay", "refuse", ["reserve"]),
    ("pack", "raise", ["reserve", "pay"]),
)


@pytest.mark.parametrize("bus", BUSES)
@pytest.mark.parametrize(("step", "how", "before"), FAILURES)
async def test_a_step_that_fails_takes_back_all_before_it_in_order_once(
    tmp_path: Path, bus: str, step: str, how: str, before: list[str]
) -> None:
    order, done = uuid7(), list[str]()
    async with trade(tmp_path, bus, {step: how}, note=done.append) as (shop, store):
        await shop.place(order, TENANT)
        await ended((shop, store), str(order), "undone")
        await asyncio.sleep(0.3)
        undone = [each for each in done if each.startswith("undo")]
        assert undone == [f"undo {each}" for each in ["place", *before]]
        assert done[: len(before) + 1] == ["place", *before]
        effects = [*await shop.effects(), *await store.effects()]
        assert sorted(effects) == sorted(done)


async def test_a_second_start_with_the_same_key_does_nothing(tmp_path: Path) -> None:
    order = uuid7()
    async with trade(tmp_path, "sqlite", {"pay": "silence"}) as (shop, store):
        await shop.place(order, TENANT)
        async with asyncio.timeout(10):
            while "pay" not in await shop.effects():
                await asyncio.sleep(0.05)
        again = replace(event("Placed", order), organization_id=TENANT)
        await shop.runtime.bus.publish([again])
        await asyncio.sleep(0.5)
        assert (await store.effects()).count("reserve") == 1


async def test_a_step_out_of_time_fails_the_run_also_after_a_restart(tmp_path: Path) -> None:
    order = uuid7()
    steps = [replace(each, timeout=1) if each.name == "pay" else each for each in PURCHASE.steps]
    hasty = replace(PURCHASE, steps=tuple(steps))
    async with trade(tmp_path, "sqlite", {"pay": "silence"}, hasty) as (shop, store):
        await shop.place(order, TENANT)
        async with asyncio.timeout(10):
            while "pay" not in await shop.effects():
                await asyncio.sleep(0.05)
    await asyncio.sleep(1)
    async with trade(tmp_path, "sqlite", {}, hasty) as (shop, store):
        await ended((shop, store), str(order), "undone")
        assert await shop.effects() == ["place", "pay", "undo place", "undo pay"]
        assert await store.effects() == ["reserve", "undo reserve"]
        run = await run_of(shop, str(order))
        assert run is not None
        assert run.reason == "time-out: pay"


async def test_a_run_past_its_deadline_is_undone(tmp_path: Path) -> None:
    order = uuid7()
    hasty = replace(PURCHASE, deadline=1)
    async with trade(tmp_path, "sqlite", {"reserve": "silence"}, hasty) as (shop, store):
        await shop.place(order, TENANT)
        await ended((shop, store), str(order), "undone")
        assert await shop.effects() == ["place", "undo place"]
        assert await store.effects() == ["reserve", "undo reserve"]


async def test_a_compensation_that_fails_is_tried_again_until_it_succeeds(tmp_path: Path) -> None:
    order, attempts = uuid7(), 0
    async with trade(tmp_path, "sqlite", {"pack": "raise"}) as (shop, store):
        undo = shop.runtime.sagas._undo["purchase", "pay"]

        async def flaky(ctx: Context, data: Mapping[str, Any]) -> None:
            nonlocal attempts
            attempts += 1
            await undo(ctx, data)
            if attempts < 8:
                raise ConnectionError("the bank is shut")

        shop.runtime.sagas.compensate({("purchase", "pay"): flaky})
        await shop.place(order, TENANT)
        await ended((shop, store), str(order), "undone")
        assert attempts == 8
        assert await shop.effects() == ["place", "pay", "undo place", "undo pay"]


async def until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not there():
            await asyncio.sleep(0.02)


def with_step(name: str, **changes: Any) -> Saga:
    """The purchase with one step otherwise."""
    steps = [replace(each, **changes) if each.name == name else each for each in PURCHASE.steps]
    return replace(PURCHASE, steps=tuple(steps))


@pytest.mark.parametrize("bus", BUSES)
async def test_past_the_pivot_a_step_is_repeated_until_it_succeeds(
    tmp_path: Path, bus: str
) -> None:
    """Nothing is undone, nothing becomes a dead letter, and each attempt is counted."""
    order, trouble, repeated = uuid7(), {"send": "raise"}, list[tuple[str, str]]()
    async with trade(tmp_path, bus, trouble) as (shop, store):
        store.runtime.sagas.repeated = lambda saga, step: repeated.append((saga, step))
        await shop.place(order, TENANT)
        await until(lambda: len(repeated) >= 4)
        run = await run_of(store, str(order))
        assert run is not None
        assert (run.state, run.of(4).state) == ("running", "started")
        trouble.clear()
        await ended((shop, store), str(order), "completed")
        await asyncio.sleep(0.3)
        attempts = len(repeated)
        assert set(repeated) == {("purchase", "send")}
        assert await store.effects() == ["reserve", "pack", "send"]
        assert await shop.effects() == ["place", "pay"]
        await asyncio.sleep(0.5)
        assert len(repeated) == attempts


COUNTED = replace(
    PURCHASE,
    steps=(
        *PURCHASE.steps,
        Step(name="count", service="shop", command="count", on="Paid", timeout=60, key="orderId"),
    ),
    awaited=(4, 5),
)
"""The purchase, of which somebody counts what was paid beside all that follows."""


@pytest.mark.parametrize("late", ["count", "send"])
async def test_a_run_is_complete_once_all_steps_that_it_waits_for_are_done(
    tmp_path: Path, late: str
) -> None:
    """Whichever of them comes last, and it is told once."""
    order, trouble, repeated = uuid7(), {late: "raise"}, list[str]()
    async with trade(tmp_path, "process", trouble, COUNTED) as (shop, store):
        for each in (shop, store):
            each.runtime.sagas.repeated = lambda saga, step: repeated.append(step)
        await shop.place(order, TENANT)
        await until(lambda: len(repeated) >= 3)
        for each in (shop, store):
            run = await run_of(each, str(order))
            assert run is not None
            early = 4 if late == "count" else 5
            assert (run.state, run.of(early).state) == ("running", "done")
        trouble.clear()
        await ended((shop, store), str(order), "completed")
        assert set(repeated) == {late}
        bus = shop.runtime.bus
        assert isinstance(bus, InProcessBus)
        words = [each.data["word"] for each in bus.log if each.type == TOLD]
        assert words.count("completed") == 1
        assert not {"failed", "undone"} & {*words}


DECIDED = replace(PURCHASE, decided_by=2)
"""The purchase, decided once the money is taken, although packing could be undone."""


@pytest.mark.parametrize("bus", BUSES)
async def test_a_quick_failure_past_the_step_that_decides_undoes_nothing(
    tmp_path: Path, bus: str
) -> None:
    """Though it could be undone: what is paid for is packed in the end."""
    order, trouble, repeated = uuid7(), {"pack": "raise"}, list[str]()
    async with trade(tmp_path, bus, trouble, DECIDED) as (shop, store):
        store.runtime.sagas.repeated = lambda saga, step: repeated.append(step)
        await shop.place(order, TENANT)
        await until(lambda: len(repeated) >= 2)
        trouble.clear()
        await ended((shop, store), str(order), "completed")
        assert await store.effects() == ["reserve", "pack", "send"]
        assert await shop.effects() == ["place", "pay"]


NAMED = replace(DECIDED, fails_on=("SoldOut",))
"""The same, where the refusal undoes a step and not the whole."""


async def test_once_it_is_decided_what_would_undo_a_step_is_a_fact_like_others(
    tmp_path: Path,
) -> None:
    order, trouble = uuid7(), {"send": "raise"}
    async with trade(tmp_path, "sqlite", trouble, NAMED) as (shop, store):
        await shop.place(order, TENANT)
        await _until(store, order, lambda run: "done" in run.of(3).state)
        await shop.runtime.bus.publish([replace(event("Refused", order), organization_id=TENANT)])
        await _until(store, order, lambda run: run.of(1).undo_event is not None)
        trouble.clear()
        await ended((shop, store), str(order), "completed")
        assert await store.effects() == ["reserve", "pack", "undo reserve", "send"]
        assert await shop.effects() == ["place", "pay"]


async def test_what_would_undo_a_step_is_a_fact_too_where_the_decision_was_not_known_yet(
    tmp_path: Path,
) -> None:
    """Its service asks the others to go back; they know better, and so does it by then."""
    order, opened = uuid7(), asyncio.Event()
    async with trade(tmp_path, "process", {"pay": "silence"}, NAMED) as (shop, store):
        await shop.place(order, TENANT)
        async with asyncio.timeout(10):
            while "pay" not in await shop.effects():
                await asyncio.sleep(0.05)
        store.runtime.relay._bus = Held(store.runtime.bus, opened)
        await shop.runtime.bus.publish([replace(event("Refused", order), organization_id=TENANT)])
        await _until(store, order, lambda run: run.of(1).undo_event is not None)
        assert "undo reserve" not in await store.effects()
        paid = replace(event("", order), organization_id=TENANT)
        await shop.runtime.executor.consume(
            paid, lambda ctx: shop._announce(ctx, "Paid", str(order))
        )
        await _until(store, order, lambda run: 2 in run.done)
        opened.set()
        await ended((shop, store), str(order), "completed")
        assert (await store.effects()).count("undo reserve") == 1
        assert await shop.effects() == ["place", "pay"]


class Held(InProcessBus):
    """What is said on it waits until it is opened, and goes to another bus then."""

    def __init__(self, bus: Bus, opened: asyncio.Event) -> None:
        super().__init__()
        self._to = bus
        self._opened = opened

    async def publish(self, events: Sequence[Event]) -> None:
        await self._opened.wait()
        await self._to.publish(events)


async def _until(trader: Trader, order: UUID, seen: Callable[[Run], bool]) -> None:
    async with asyncio.timeout(10):
        while (run := await run_of(trader, str(order))) is None or not seen(run):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("number", [2, None])
async def test_what_begins_early_and_stands_past_the_pivot_undoes_nothing(
    tmp_path: Path, number: int | None
) -> None:
    """While the payment may still come; only when that itself is late does the run go back."""
    count = Step(name="count", service="shop", command="c", on="Placed", timeout=0.2, key="orderId")
    steps = [replace(each, timeout=4) if each.name == "pay" else each for each in PURCHASE.steps]
    saga = replace(PURCHASE, steps=(*steps, count), decided_by=number)
    order, trouble, repeated = uuid7(), {"count": "raise", "pay": "silence"}, list[str]()
    async with trade(tmp_path, "process", trouble, saga) as (shop, store):
        shop.runtime.sagas.repeated = lambda saga, step: repeated.append(step)
        await shop.place(order, TENANT)
        await until(lambda: len(repeated) >= 3)
        run = await run_of(shop, str(order))
        assert run is not None
        assert (run.state, run.of(5).state) == ("running", "started")
        await ended((shop, store), str(order), "undone")
        run = await run_of(shop, str(order))
        assert run is not None
        assert run.reason == "time-out: pay"


async def test_what_is_late_before_the_step_that_decides_is_done_again_once_that_is_done(
    tmp_path: Path,
) -> None:
    note = Step(
        name="note",
        service="store",
        command="note",
        on="Reserved",
        outcomes=("Noted",),
        compensation="forget",
        timeout=1,
        key="orderId",
    )
    *before, pay, pack, send = PURCHASE.steps
    saga = replace(PURCHASE, steps=(*before, note, pay, pack, send), decided_by=3, awaited=(5, 2))
    order, trouble = uuid7(), {"note": "silence"}
    async with trade(tmp_path, "sqlite", trouble, saga) as (shop, store):
        store.runtime.sagas.repeated = lambda saga, step: trouble.clear()
        await shop.place(order, TENANT)
        await ended((shop, store), str(order), "completed")
        assert sorted(await store.effects()) == ["note", "note", "pack", "reserve", "send"]


async def test_a_step_that_never_succeeds_is_a_dead_letter_and_can_be_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the deadline, after some attempts; the run stays as it is until somebody replays it."""
    monkeypatch.setattr(repeats, "TRIES", 3)
    order, trouble, abandoned = uuid7(), {"send": "raise"}, list[tuple[str, str]]()
    hasty = replace(DECIDED, deadline=1)
    async with trade(tmp_path, "process", trouble, hasty) as (shop, store):
        store.runtime.sagas.abandoned = lambda saga, step: abandoned.append((saga, step))
        await shop.place(order, TENANT)
        await until(lambda: bool(abandoned))
        assert abandoned == [("purchase", "send")]
        run = await run_of(store, str(order))
        assert run is not None
        assert (run.state, run.of(4).state) == ("running", "failed")
        bus = store.runtime.bus
        assert isinstance(bus, InProcessBus)
        (dead,) = (each for each in bus.log if each.topic == "trade.Packed.dlq")
        assert dead.failure is not None
        assert dead.failure.reason == "StepAbandonedError"
        trouble.clear()
        assert await revive(bus, "store", "trade.Packed.dlq", run.started_at) == 1
        await ended((shop, store), str(order), "completed")
        assert await store.effects() == ["reserve", "pack", "send"]
        assert await shop.effects() == ["place", "pay"]


async def test_a_repeated_step_outlives_a_restart(tmp_path: Path) -> None:
    order, trouble, repeated = uuid7(), {"send": "raise"}, list[str]()
    async with trade(tmp_path, "sqlite", trouble) as (shop, store):
        store.runtime.sagas.repeated = lambda saga, step: repeated.append(step)
        await shop.place(order, TENANT)
        await until(lambda: bool(repeated))
    async with trade(tmp_path, "sqlite", {}) as (shop, store):
        await ended((shop, store), str(order), "completed")
        assert await store.effects() == ["reserve", "pack", "send"]


async def test_past_the_pivot_a_step_out_of_time_is_repeated(tmp_path: Path) -> None:
    order, trouble = uuid7(), {"send": "silence"}
    hasty = with_step("send", timeout=0.5)
    async with trade(tmp_path, "sqlite", trouble, hasty) as (shop, store):
        store.runtime.sagas.repeated = lambda saga, step: trouble.clear()
        await shop.place(order, TENANT)
        await ended((shop, store), str(order), "completed")
        assert await store.effects() == ["reserve", "pack", "send", "send"]
        assert await shop.effects() == ["place", "pay"]


async def test_a_run_that_goes_back_wants_no_step_repeated(tmp_path: Path) -> None:
    order, trouble, repeated = uuid7(), {"send": "raise"}, list[str]()
    hasty = replace(PURCHASE, deadline=1)
    async with trade(tmp_path, "sqlite", trouble, hasty) as (shop, store):
        store.runtime.sagas.repeated = lambda saga, step: repeated.append(step)
        await shop.place(order, TENANT)
        await ended((shop, store), str(order), "undone")
        trouble.clear()
        tried = len(repeated)
        await asyncio.sleep(0.5)
        assert len(repeated) == tried
        assert await store.effects() == ["reserve", "pack", "undo reserve", "undo pack"]


async def test_a_step_that_finds_nothing_to_do_is_done_and_may_end_the_saga(
    tmp_path: Path,
) -> None:
    order = uuid7()
    saga = with_step("send", optional=True)
    async with trade(tmp_path, "sqlite", {"send": "nothing"}, saga) as (shop, store):
        await shop.place(order, TENANT)
        await ended((shop, store), str(order), "completed")
        assert await store.effects() == ["reserve", "pack"]
        assert await shop.effects() == ["place", "pay"]


async def test_what_can_be_repeated_is_started_again_by_another_event(tmp_path: Path) -> None:
    order = uuid7()
    saga = with_step("reserve", repeatable=True)
    async with trade(tmp_path, "sqlite", {"pay": "silence"}, saga) as (shop, store):
        await shop.place(order, TENANT)
        async with asyncio.timeout(10):
            while "pay" not in await shop.effects():
                await asyncio.sleep(0.05)
        again = replace(event("Placed", order), organization_id=TENANT)
        await shop.runtime.bus.publish([again])
        async with asyncio.timeout(10):
            while (await store.effects()).count("reserve") < 2:
                await asyncio.sleep(0.05)
        assert (await shop.effects()).count("pay") == 1


async def test_what_comes_through_after_it_was_undone_is_undone_once_more(tmp_path: Path) -> None:
    order = uuid7()
    saga = with_step("pay", timeout=0.3)
    async with trade(tmp_path, "sqlite", {"pay": "silence"}, saga) as (shop, store):
        await shop.place(order, TENANT)
        await ended((shop, store), str(order), "undone")
        late = replace(event("", order), organization_id=TENANT)
        await shop.runtime.executor.consume(
            late, lambda ctx: shop._announce(ctx, "Paid", str(order))
        )
        async with asyncio.timeout(10):
            while (await shop.effects()).count("undo pay") < 2:
                await asyncio.sleep(0.05)
        await ended((shop, store), str(order), "undone")
        await asyncio.sleep(0.3)
        assert await shop.effects() == ["place", "pay", "undo place", "undo pay", "undo pay"]
        assert "pack" not in await store.effects()
        assert (await store.effects()).count("undo reserve") == 1
