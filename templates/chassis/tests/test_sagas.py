"""Sagas: whatever fails, the compensations run in the declared order, once, and all ends well."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from purchase import PURCHASE, event
from trading import BUSES, TENANT, ended, run_of, trade, with_step


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
