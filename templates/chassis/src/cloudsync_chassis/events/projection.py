"""The query side: read models that follow the event store and can be made again from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import sqlalchemy as sa

from cloudsync_chassis import clock
from cloudsync_chassis.events import store
from cloudsync_chassis.events.store import Stored
from cloudsync_chassis.logs import logger
from cloudsync_chassis.store.database import Database, dialect_insert
from cloudsync_chassis.store.engine import AsyncConnection
from cloudsync_chassis.store.system import projections as checkpoints
from cloudsync_chassis.store.system import stream_events

_BATCH = 200

log = logger("projection")


@dataclass(frozen=True, slots=True)
class Projection:
    """A read model: `apply` takes in an event, `clear` empties it; both in one transaction with
    the checkpoint. `kinds`: the aggregates whose events it reads, all if empty.
    """

    name: str
    kinds: tuple[str, ...]
    apply: Callable[[AsyncConnection, Stored], Awaitable[None]]
    clear: Callable[[AsyncConnection], Awaitable[None]]


class Projector:
    """Keeps one read model up to date; looks every `pause` seconds. Replicas take turns."""

    def __init__(self, database: Database, projection: Projection, pause: float = 0.2) -> None:
        self._database = database
        self._projection = projection
        self._pause = pause
        self.lagged: Callable[[str, float], None] = lambda projection, seconds: None
        """Told how long after it occurred an event shows."""

    async def run(self) -> None:
        """Follow the event store until cancelled."""
        while True:
            try:
                while await self.advance():
                    pass
            except Exception as error:
                # the transaction is undone, checkpoint and read model together
                log.error("projection_failed", name=self._projection.name, error=str(error))
            await asyncio.sleep(self._pause)

    async def advance(self) -> int:
        """Take in one batch; how many events it held."""
        kinds = self._projection.kinds
        async with self._database.transaction(write=False) as connection:
            # looking takes no lock from those who write
            if not await store.after(connection, await self._position(connection), kinds, 1):
                return 0
        async with self._database.transaction(write=True) as connection:
            position = await self._position(connection, lock=True)
            batch = await store.after(connection, position, kinds, _BATCH)
            for each in batch:
                await self._projection.apply(connection, each)
            if batch:
                await self._move(connection, batch[-1].position)
        now = clock.now()
        for each in batch:
            age = (now - each.occurred_at).total_seconds()
            self.lagged(self._projection.name, max(0.0, age))
        return len(batch)

    async def rebuild(self) -> int:
        """Empty the read model and make it again; how many events it was made from.

        Readers see it grow: a read model that must never be empty gets a new name and table.
        """
        async with self._database.transaction(write=True) as connection:
            await self._position(connection, lock=True)
            await self._projection.clear(connection)
            await self._move(connection, 0)
        count = 0
        while found := await self.advance():
            count += found
        return count

    async def caught_up(self, position: int, seconds: float) -> bool:
        """Whether the read model shows what is stored up to a position, within so many seconds.

        Who has just written reads their own write so: `position` comes from `append`.
        """
        try:
            async with asyncio.timeout(seconds):
                while await self._reached() < position:
                    await asyncio.sleep(self._pause / 10)
        except TimeoutError:
            return False
        return True

    async def _reached(self) -> int:
        """The checkpoint, or the end of the store where no event of the projection's is left."""
        async with self._database.transaction(write=False, snapshot=True) as connection:
            position = await self._position(connection)
            if await store.after(connection, position, self._projection.kinds, 1):
                return position
            end = await connection.scalar(sa.select(sa.func.max(stream_events.c.position)))
        return max(position, int(end or 0))

    async def _position(self, connection: AsyncConnection, lock: bool = False) -> int:
        name = self._projection.name
        statement = sa.select(checkpoints.c.position).where(checkpoints.c.projection == name)
        if lock:
            # there has to be a row for replicas to wait at
            row = dialect_insert(connection, checkpoints).values(projection=name, position=0)
            await connection.execute(row.on_conflict_do_nothing())
            statement = statement.with_for_update()
        return int(await connection.scalar(statement) or 0)

    async def _move(self, connection: AsyncConnection, position: int) -> None:
        row = {"projection": self._projection.name, "position": position}
        insert = dialect_insert(connection, checkpoints).values(row)
        await connection.execute(
            insert.on_conflict_do_update(
                index_elements=[checkpoints.c.projection], set_={"position": position}
            )
        )
