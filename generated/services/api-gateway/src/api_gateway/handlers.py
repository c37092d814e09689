"""What api-gateway does beyond its model. This file is yours."""

from __future__ import annotations

from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.runtime import Runtime

from .documents_door import DocumentsDoor
from .door import Door
from .generated import port
from .generated.models import RouteStatus
from .managing import Managing
from .queries import Queries
from .traffic import FORGOTTEN, LONGEST_KEPT


class Handlers(Managing, Queries, DocumentsDoor, Door):
    """Routes, limits and brakes; the door that heeds them; announced queries."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        every = runtime.work.every
        canary = Due(aggregate="gateway-route", where={"status": RouteStatus.canary})
        every(30.0, "watch-canaries", self.watch_canaries, canary)
        excess = Due(aggregate="kept-excess", since="minute", after=60.0)
        every(20.0, "announce-excesses", self._announce, excess)
        every(
            300.0,
            "forget-bars",
            self.forget_bars,
            Due(aggregate="barred-principal", since="expiresAt"),
        )
        every(30.0, "measure-throttles", self.measure_throttles)
        old = FORGOTTEN.total_seconds()
        traffic = Due(aggregate="kept-traffic", since="since", after=old)
        every(3600.0, "forget-traffic", self.forget_traffic, traffic)
        spending = Due(aggregate="kept-spent", since="createdAt", after=old)
        every(3600.0, "forget-spending", self.forget_spending, spending)
        purges = Due(aggregate="kept-purge", since="at", after=LONGEST_KEPT.total_seconds())
        every(600.0, "forget-purges", self.forget_purges, purges)

    async def _announce(self, ctx: Context) -> None:
        await self.announce_excess(ctx, port.AnnounceExcess())
