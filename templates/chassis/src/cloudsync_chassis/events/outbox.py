"""The transactional outbox and the relay that empties it onto the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.bus import Bus
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.logs import logger
from cloudsync_chassis.store import idempotency
from cloudsync_chassis.store.database import Database, insert_of
from cloudsync_chassis.store.system import outbox, sequences

_BATCH = 100
_HOUR = 3600.0
_CLOCKS = timedelta(milliseconds=250)
"""How far the clocks of replicas may be apart before one leaves another's events to it."""

_ADD = sa.insert(outbox)
_UNPUBLISHED = (
    sa.select(outbox.c.id, outbox.c.payload)
    .where(outbox.c.published_at.is_(None))
    .where(outbox.c.occurred_at <= sa.bindparam("by", type_=outbox.c.occurred_at.type))
    .order_by(outbox.c.occurred_at, outbox.c.id)
    .limit(_BATCH)
    .with_for_update(skip_locked=True)
)
_PUBLISHED = (
    sa.update(outbox)
    .where(outbox.c.id.in_(sa.bindparam("these", type_=outbox.c.id.type, expanding=True)))
    .values(published_at=sa.bindparam("published_at"))
)

log = logger("outbox")


class Outbox:
    """Appends events to the running operation's transaction; `wake` is called once it commits."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self.observe: Callable[[Context, Event], Awaitable[Event]] = _as_it_is
        """Sees each event in its transaction, before it is numbered."""

    async def append(
        self, ctx: Context, aggregate_id: UUID, event: Event, due: datetime | None = None
    ) -> None:
        """Add an event with the aggregate's next sequence number, to be published when it is due.

        Without a time it is due at once.
        """
        event = await self.observe(ctx, event)
        sequence = await self._next(ctx, aggregate_id)
        numbered = replace(event, sequence=sequence)
        row = {
            "id": event.id,
            "aggregate_id": aggregate_id,
            "sequence": sequence,
            "type": event.type,
            "payload": numbered.to_json(),
            "occurred_at": due or event.time,
            "published_at": None,
        }
        await (await ctx.unit.connection()).execute(_ADD, row)
        ctx.unit.after_commit(self._wake)

    async def _next(self, ctx: Context, aggregate_id: UUID) -> int:
        connection = await ctx.unit.connection()
        first = {"aggregate_id": aggregate_id, "last": 1}
        return int((await connection.execute(_step(ctx.unit.dialect), first)).scalar_one())


class Relay:
    """Publishes what the outbox holds, oldest first; looks every `pause` seconds and when woken.

    It publishes, then marks: after a crash in between an event comes twice, never not at all.
    """

    def __init__(self, database: Database, bus: Bus, pause: float = 1.0) -> None:
        self._database = database
        self._bus = bus
        self._pause = pause
        self._woken = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    def wake(self) -> None:
        """There is something to publish."""
        self._woken.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        tidied = 0.0
        loop = asyncio.get_running_loop()
        while True:
            self._woken.clear()
            try:
                # what comes meanwhile wakes us
                while await self.publish_once() == _BATCH:
                    pass
                if loop.time() - tidied > _HOUR:
                    await self._tidy()
                    tidied = loop.time()
            except Exception as error:
                # the events stay where they are; the next round tries again
                log.warning("relay_failed", error=error)
            await self._sleep()

    async def publish_once(self) -> int:
        """Publish one batch; how many events it held."""
        async with self._one_at_a_time:
            if self._database.is_sqlite:
                return await self._publish_from_sqlite()
            return await self._publish_locked()

    async def _publish_locked(self) -> int:
        """Rows stay locked until they are marked, so that replicas share the work."""
        async with self._database.transaction(write=True) as connection:
            rows = (await connection.execute(_UNPUBLISHED, _due())).all()
            if rows:
                await self._bus.publish([Event.from_json(row.payload) for row in rows])
                await connection.execute(_PUBLISHED, _told(row.id for row in rows))
        return len(rows)

    async def _publish_from_sqlite(self) -> int:
        """Without a lock while publishing: the file has one relay, and writers should not wait."""
        async with self._database.transaction(write=False) as connection:
            rows = (await connection.execute(_UNPUBLISHED, _due())).all()
        if rows:
            await self._bus.publish([Event.from_json(row.payload) for row in rows])
            await self._write(_PUBLISHED, _told(row.id for row in rows))
        return len(rows)

    async def _tidy(self) -> None:
        await self._write(idempotency.expired(), {})

    async def _write(self, statement: sa.Update | sa.Delete, parameters: Mapping[str, Any]) -> None:
        async with self._database.transaction(write=True) as connection:
            await connection.execute(statement, parameters)

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(self._pause):
                await self._woken.wait()
        except TimeoutError:
            return


@cache
def _step(dialect: str) -> Any:
    """Counts the events of an aggregate, from the first on."""
    return (
        insert_of(dialect, sequences)
        .on_conflict_do_update(
            index_elements=[sequences.c.aggregate_id],
            set_={"last": sequences.c.last + 1},
        )
        .returning(sequences.c.last)
    )


async def _as_it_is(_: Context, event: Event) -> Event:
    return event


def _due() -> dict[str, Any]:
    return {"by": clock.now() + _CLOCKS}


def _told(ids: Iterable[UUID]) -> dict[str, Any]:
    return {"these": list(ids), "published_at": clock.now()}
