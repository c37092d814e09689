"""A saga of two services: a shop takes an order and money, a store sets goods aside and sends them.

Run as a program it is one of the two, for tests that kill it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.consumer import Subscription
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.sagas.spec import Saga, Step, Undo
from cloudsync_chassis.service import ServiceSpec
from cloudsync_chassis.settings import Settings
from cloudsync_chassis.testing import isolated

PURCHASE = Saga(
    name="purchase",
    topic="trade.purchase-saga",
    trigger="Placed",
    completes_on="Sent",
    fails_on=("SoldOut", "Refused"),
    deadline=60,
    steps=(
        Step(
            name="place",
            service="shop",
            command="place",
            outcomes=("Placed",),
            compensation="cancel",
            timeout=60,
            key="orderId",
        ),
        Step(
            name="reserve",
            service="store",
            command="reserve",
            on="Placed",
            outcomes=("Reserved",),
            compensation="release",
            undone_on=("Refused",),
            timeout=60,
            key="orderId",
        ),
        Step(
            name="pay",
            service="shop",
            command="pay",
            on="Reserved",
            outcomes=("Paid",),
            compensation="refund",
            timeout=60,
            key="orderId",
        ),
        Step(
            name="pack",
            service="store",
            command="pack",
            on="Paid",
            compensation="unpack",
            timeout=60,
            key="paymentId",
        ),
        Step(
            name="send",
            service="store",
            command="send",
            on="Packed",
            outcomes=("Sent",),
            timeout=60,
            key="orderId",
        ),
    ),
)
EFFECTS = sa.Table(
    "effects",
    sa.MetaData(),
    sa.Column("number", sa.Integer(), primary_key=True, autoincrement=True),
    sa.Column("order_id", sa.Uuid(), nullable=False),
    sa.Column("what", sa.Text(), nullable=False),
)
NEXT = {
    "reserve": "Reserved",
    "pay": "Paid",
    "pack": "Packed",
    "send": "Sent",
    "count": "Counted",
    "note": "Noted",
}
REFUSALS = {"reserve": "SoldOut", "pay": "Refused"}


class Trader:
    """One of the two services. `trouble`: step → `raise`, `refuse`, `silence` or `nothing`."""

    def __init__(
        self,
        name: str,
        state: Path,
        trouble: Mapping[str, str],
        saga: Saga = PURCHASE,
        note: Callable[[str], None] = lambda _: None,
        settings: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.state = state
        self.place_of_trade = saga.topic.partition(".")[0]
        self.trouble = trouble
        self.note = note
        own = {"database_schema": f"trade_{name}"} if "database_url" in settings else {}
        self.runtime = Runtime(
            ServiceSpec(name=name, access={}, tables=EFFECTS.metadata, sagas=(saga,)),
            Settings(**{**isolated(state), "bus": "sqlite", **settings, **own}),
        )
        self.runtime.sagas._pause = 0.05
        self.runtime.bus._wait = 0.05  # type: ignore[attr-defined]
        starts = {each.on: each.name for each in saga.steps if each.service == name and each.on}
        undoes = {on: each.name for each in saga.steps for on in each.undone_on}
        self.runtime.subscribe(
            [
                Subscription(f"{self.place_of_trade}.{on}", on, self._handler(step))
                for on, step in starts.items()
            ]
        )
        self.runtime.subscribe(
            [
                Subscription(f"{self.place_of_trade}.{on}", on, self._undoer(step))
                for on, step in undoes.items()
                if name == "store"
            ]
        )
        undo: dict[tuple[str, str], Undo] = {
            (saga.name, each.name): self._alone(each.name) for each in saga.steps
        }
        self.runtime.sagas.compensate(undo)

    async def place(self, order: UUID, tenant: UUID) -> None:
        """The command that begins the saga."""
        begin = replace(event("", order), organization_id=tenant)
        await self.runtime.executor.consume(begin, lambda ctx: self._do(ctx, begin, "place"))

    async def effects(self) -> list[str]:
        """What has been done, in order."""
        async with self.runtime.database.transaction(write=False) as connection:
            rows = await connection.execute(sa.select(EFFECTS).order_by(EFFECTS.c.number))
            return [row.what for row in rows]

    def _handler(self, step: str) -> Any:
        async def handle(ctx: Context, told: Event) -> None:
            await self._do(ctx, told, step)

        return handle

    def _undoer(self, step: str) -> Any:
        async def handle(ctx: Context, told: Event) -> None:
            await self._record(ctx, told.data["orderId"], f"undo {step}")

        return handle

    def _alone(self, step: str) -> Undo:
        async def undo(ctx: Context, data: Mapping[str, Any]) -> None:
            await self._record(ctx, data["orderId"], f"undo {step}")

        return undo

    async def _do(self, ctx: Context, told: Event, step: str) -> None:
        order, trouble = told.data["orderId"], self.trouble.get(step)
        if trouble == "raise":
            raise NOT_FOUND(f"{step} has come upon something")
        if trouble == "nothing":
            return
        if trouble == "refuse":
            await self._announce(ctx, REFUSALS[step], order)
            return
        await self._record(ctx, order, step)
        if trouble != "silence":
            await self._announce(ctx, NEXT.get(step, "Placed"), order)

    async def _record(self, ctx: Context, order: str, what: str) -> None:
        connection = await ctx.unit.connection()
        await connection.execute(sa.insert(EFFECTS).values(order_id=UUID(order), what=what))
        self.note(what)

    async def _announce(self, ctx: Context, kind: str, order: str) -> None:
        topic = f"{self.place_of_trade}.{kind}"
        told = replace(event(kind, UUID(order)), topic=topic, organization_id=ctx.tenant)
        told = replace(told, time=ctx.now)
        await self.runtime.outbox.append(ctx, UUID(order), told)


def event(kind: str, order: UUID) -> Event:
    from datetime import UTC, datetime

    return Event(
        id=uuid7(),
        type=kind,
        source="/trade",
        topic=f"trade.{kind}",
        subject=str(order),
        time=datetime.now(UTC),
        data={"orderId": str(order), "paymentId": f"p-{order}"},
    )


def dies_before(bus: Any, kind: str) -> None:
    """Kill this process when it is about to publish an event of a type, which is committed then."""
    publish = bus.publish

    async def publish_or_die(events: Sequence[Event]) -> None:
        if any(each.type == kind for each in events):
            os.kill(os.getpid(), signal.SIGKILL)
        await publish(events)

    bus.publish = publish_or_die


async def serve(name: str, state: Path, words: Sequence[str]) -> None:
    """Run until killed; `refuse`: no money is taken, `kill=<type>`: see `dies_before`."""
    trader = Trader(name, state, {"pay": "refuse"} if "refuse" in words else {})
    for each in words:
        if each.startswith("kill="):
            dies_before(trader.runtime.bus, each.removeprefix("kill="))
    await trader.runtime.start()
    while True:
        await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
