"""A service that makes things and handles their events, and is killed at a point of that.

Arguments: state folder, how many things in all, point (or `never`), at its how many-th time.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.bus import Delivery
from cloudsync_chassis.events.consumer import Consumer, Subscription
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.sqlite_bus import SqliteBus
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.service import ServiceSpec
from cloudsync_chassis.settings import Settings
from cloudsync_chassis.store.unit import Unit
from cloudsync_chassis.testing import isolated
from purchase import EFFECTS, event

TENANT = UUID(int=7)


class Fate:
    """Ends the process at the `times`-th passing of `point`."""

    def __init__(self, point: str, times: int) -> None:
        self._point = point
        self._left = times

    def passes(self, point: str) -> None:
        """Say where the process is."""
        if point == self._point:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class FatefulBus(SqliteBus):
    """The SQLite bus with the points before and after what it does."""

    fate: Fate

    async def publish(self, events: Sequence[Event]) -> None:
        self.fate.passes("before-publish")
        await super().publish(events)
        self.fate.passes("after-publish")

    async def fetch(self, group: str, topics: Sequence[str], limit: int) -> list[Delivery]:
        # a few at a time, so that one life acknowledges more than once
        return await super().fetch(group, topics, min(limit, 3))

    async def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        self.fate.passes("before-acknowledge")
        await super().acknowledge(group, deliveries)
        self.fate.passes("after-acknowledge")


async def main(state: Path, total: int, fate: Fate) -> None:
    """Make what is missing, publish and handle it all."""
    commit = Unit.commit

    async def fateful(unit: Unit) -> None:
        fate.passes("before-commit")
        await commit(unit)
        fate.passes("after-commit")

    Unit.commit = fateful  # type: ignore[method-assign]
    runtime = Runtime(
        ServiceSpec(name="counter", access={}, tables=EFFECTS.metadata),
        Settings(**isolated(state)),
    )
    bus = FatefulBus(state / "bus.sqlite", wait=0.05)
    bus.fate = fate
    runtime.bus = runtime.relay._bus = bus
    await runtime.prepare_database()
    await bus.start()
    await make(runtime, total)
    while await runtime.relay.publish_once():
        pass

    async def handle(ctx: Context, told: Event) -> None:
        await record(ctx, UUID(told.subject), "handled")

    subscription = Subscription("trade.Made", "Made", handle)
    consumer: Any = Consumer(bus, "counter", (subscription,), runtime.executor.consume)
    while await consumer.handle_batch():
        pass
    await bus.stop()
    await runtime.database.dispose()


async def make(runtime: Runtime, total: int) -> None:
    """A third of what is missing, at least one: so that every life has something to do."""
    async with runtime.database.transaction(write=False) as connection:
        counted = sa.select(sa.func.count()).where(EFFECTS.c.what == "made")
        missing = total - int(await connection.scalar(counted) or 0)
    last = sys.argv[3] == "never"
    for _ in range(missing if last else -(-missing // 3)):
        order = uuid7()
        made = replace(event("Made", order), organization_id=TENANT)
        made = replace(made, time=made.time - timedelta(seconds=1))

        async def action(ctx: Context, told: Event = made, order: UUID = order) -> None:
            await record(ctx, order, "made")
            await runtime.outbox.append(ctx, order, told)

        await runtime.executor.consume(replace(made, id=uuid7()), action)


async def record(ctx: Context, order: UUID, what: str) -> None:
    """Note in the database what has been done."""
    connection = await ctx.unit.connection()
    await connection.execute(sa.insert(EFFECTS).values(order_id=order, what=what))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), Fate(sys.argv[3], int(sys.argv[4]))))
