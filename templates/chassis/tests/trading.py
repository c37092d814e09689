"""The two services of the purchase, trading over a bus, and what tests ask of their runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.bus import InProcessBus
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.sagas.log import Run
from cloudsync_chassis.sagas.spec import Saga
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


async def until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not there():
            await asyncio.sleep(0.02)


def with_step(name: str, **changes: Any) -> Saga:
    """The purchase with one step otherwise."""
    steps = [replace(each, **changes) if each.name == name else each for each in PURCHASE.steps]
    return replace(PURCHASE, steps=tuple(steps))
