"""What happens by the clock: shares end, the bin is emptied, hand-overs go on, updates are told.

The timer is a task of this process, begun by the first operation that gives it something to do.
Replicas may do the same at once: what one has done, another finds done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.logs import logger
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.system import documents

from .generated import models, port, tables
from .leavers import Leavers
from .links import Links

_WORK = Operation(id="document-timer", access="workload", writes=True, timeout=60.0)
_AT_A_TIME = 200

log = logger("timers")


class Timers(Links, Leavers):
    """The timer."""

    pause = 1.0
    """Seconds between two rounds."""

    async def get_document(self, ctx: Context, request: port.GetDocument) -> models.Document:
        self.wake(ctx)
        return await super().get_document(ctx, request)

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
        now = clock.now()
        grants, transfers = tables.share_grants, tables.document_transfers
        pending = documents.c.collection == "document-pending-update"
        waiting = documents.c.body["waiting"].as_boolean() == sa.true()
        trashed = tables.documents.c.trashed_at <= now - self._bin
        work: tuple[tuple[sa.Select[Any], Callable[[Context], Awaitable[None]]], ...] = (
            (
                sa.select(documents.c.organization_id).where(pending, waiting),
                self.flush_updates,
            ),
            (
                sa.select(grants.c.organization_id).where(grants.c.expires_at <= now),
                self._expire_shares,
            ),
            (
                sa.select(transfers.c.organization_id).where(
                    transfers.c.outcome.in_(("queued", "running"))
                ),
                self.work_on_transfers,
            ),
            (
                sa.select(tables.documents.c.organization_id).where(trashed),
                self._empty_bin,
            ),
        )
        for statement, action in work:
            async with self.runtime.database.transaction(write=False) as connection:
                limited = statement.distinct().limit(_AT_A_TIME)
                organizations = list((await connection.execute(limited)).scalars())
            for organization in organizations:
                me = workload(self.runtime.spec.name, organization)
                await self.runtime.executor.run(
                    _WORK, Incoming(principal=me, trace=Trace.new()), action
                )

    @property
    def _bin(self) -> timedelta:
        return timedelta(seconds=self.settings.bin_retention)

    async def _expire_shares(self, ctx: Context) -> None:
        table = tables.share_grants
        due = sa.select(table.c.id).where(
            table.c.organization_id == ctx.tenant, table.c.expires_at <= ctx.now
        )
        rows = await (await ctx.unit.connection()).execute(due.limit(_AT_A_TIME))
        for each in list(rows.scalars()):
            await self.expire_share(ctx, port.ExpireShare(share_grant_id=each))

    async def _empty_bin(self, ctx: Context) -> None:
        """Delete what lay in the bin for its time and is not retained."""
        table = tables.documents
        free = sa.or_(table.c.retain_until.is_(None), table.c.retain_until <= ctx.now)
        due = sa.select(table.c.id).where(
            table.c.organization_id == ctx.tenant, table.c.trashed_at <= ctx.now - self._bin, free
        )
        rows = await (await ctx.unit.connection()).execute(due.limit(_AT_A_TIME))
        for each in list(rows.scalars()):
            try:
                await self.delete_document(ctx, port.DeleteDocument(document_id=each))
            except Problem as problem:
                log.warning("bin_not_emptied", document=str(each), error=problem)
