"""What happens by the clock: sessions end, moments are recorded, histories are thinned by night and dropped.

The timer is a task of this process, begun by the first event that gives it something to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.logs import logger
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.system import documents

from .comparing import Comparing
from .generated import port
from .keeping import Keeping

_WORK = Operation(id="version-timer", access="workload", writes=True, timeout=60.0)
_NIGHTLY = timedelta(days=1)

log = logger("timers")


class Timers(Keeping, Comparing):
    """The timer."""

    pause = 30.0
    """Seconds between two rounds."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._thinned_at = clock.now()

    async def go_on(self) -> None:
        while True:
            try:
                await self.round()
            except Exception as error:
                # what was not done in this round is still due in the next one
                log.warning("round_failed", error=error)
            await asyncio.sleep(self.pause)

    async def round(self) -> None:
        """Do what is due in every organisation."""
        await self._everywhere("version-session", self.end_sessions)
        await self._everywhere("content-version", self.record)
        await self._everywhere("restore-job", self.restore)
        await self._everywhere("content-history", self.sweep)
        if clock.now() - self._thinned_at >= _NIGHTLY:
            self._thinned_at = clock.now()
            await self._everywhere("content-history", self._thin_all)

    async def _thin_all(self, ctx: Context) -> None:
        await self.thin_history(ctx, port.ThinHistory())

    async def _everywhere(
        self, collection: str, action: Callable[[Context], Awaitable[None]]
    ) -> None:
        statement = sa.select(documents.c.organization_id).distinct()
        statement = statement.where(documents.c.collection == collection)
        async with self.runtime.database.transaction(write=False) as connection:
            organizations: list[UUID] = list((await connection.execute(statement)).scalars())
        for each in organizations:
            incoming = Incoming(principal=workload(self.runtime.spec.name, each), trace=Trace.new())
            await self.runtime.executor.run(_WORK, incoming, action)
