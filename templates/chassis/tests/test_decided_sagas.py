"""Sagas past the step that decides: nothing is taken back, and what fails is done again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from cloudsync_chassis.events.bus import Bus, InProcessBus
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.replay import revive
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.sagas import repeats
from cloudsync_chassis.sagas.log import Run
from cloudsync_chassis.sagas.spec import Step
from cloudsync_chassis.sagas.words import TOLD
from purchase import PURCHASE, Trader, event
from trading import BUSES, TENANT, ended, run_of, trade, until


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
