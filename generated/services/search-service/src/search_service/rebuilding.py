"""Rebuilds of indices, one phase after the other.

The index in memory is made of the entries themselves, so a rebuild is to prove that it can be made
of all of them, and to have it made anew.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due, Job
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.runtime import Runtime

from . import memory
from .asking import Asking
from .base import Held
from .generated import models, port

_EVERY = 10.0
"""Seconds between two reports of a worker."""

_REBUILD = Operation(id="rebuild-indices", access="workload", writes=True, timeout=60.0)
_PHASES = ("preparing", "copying", "catchingUp", "verifying")


class Rebuilding(Asking):
    """The worker of rebuilds."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.copied = runtime.aggregate(memory.COPIED)
        due = Due(aggregate="reindex-job", where={"phase": _PHASES})
        runtime.work.add(
            [Job(operation=_REBUILD, every=_EVERY, per="entity", due=due, call=self._go_on)]
        )

    async def start_reindex(self, ctx: Context, request: port.StartReindex) -> models.ReindexJob:
        self.runtime.work.wake(ctx, _REBUILD.id)
        return await super().start_reindex(ctx, request)

    async def _go_on(self, ctx: Context, key: UUID) -> None:
        """Carry a rebuild one phase on, or copy as much as its throttle allows."""
        job = await self.reindex_job.find(ctx, id=key, phase=_PHASES)
        if job is None:
            return
        if job.phase == models.ReindexPhase.preparing:
            total = 0
            async for inside in self._scope(ctx, job):
                total += await self.search_entry.count(inside, **_which(job))
            body = models.BeginCopyingRequest(total=total)
            await self.begin_copying(ctx, port.BeginCopying(reindex_job_id=key, body=body))
        elif job.phase == models.ReindexPhase.copying:
            await self._copy(ctx, job)
        elif job.phase == models.ReindexPhase.catching_up:
            # the index reads on from the entries before each query: it is never behind
            await self.begin_verifying(ctx, port.BeginVerifying(reindex_job_id=key))
        else:
            await self.switch_index(ctx, port.SwitchIndex(reindex_job_id=key))
            async for inside in self._scope(ctx, job):
                ctx.unit.after_commit(partial(self.forget, inside.tenant))

    async def _copy(self, ctx: Context, job: models.ReindexJob) -> None:
        """Copy organisations until there is enough for one round; the last one ends the phase."""
        copied = await self.copied.find(ctx, jobId=job.id)
        done, failed = job.processed, job.failed
        most = done + failed + int(self.settings.reindex_docs_per_second * _EVERY)
        through = copied.through if copied is not None else None
        ended = True
        async for inside in self._scope(ctx, job, through):
            if done + failed >= most:
                ended = False
                break
            well, badly = await self._try(inside, job)
            done, failed, through = done + well, failed + badly, inside.tenant
        failed = min(failed, job.total)
        # what came and went since the entries were counted is in the index in any case
        done = job.total - failed if ended else min(done, job.total - failed)
        body = models.ReportReindexRequest(processed=done, failed=failed)
        await self.report_reindex(ctx, port.ReportReindex(reindex_job_id=job.id, body=body))
        if ended:
            await self.begin_catching_up(ctx, port.BeginCatchingUp(reindex_job_id=job.id))
            if copied is not None:
                await self.copied.remove(ctx, copied)
        elif copied is not None:
            await self.copied.rewrite(ctx, copied, {"through": through})
        else:
            await self.copied.insert(ctx, {"jobId": job.id, "through": through})

    async def _try(self, ctx: Context, job: models.ReindexJob) -> tuple[int, int]:
        """How many entries of an organisation an index takes, and how many it does not."""
        held, well, badly = Held(), 0, 0
        async for entry in self.search_entry.each(ctx, **_which(job)):
            try:
                self.take_in(held, entry)
                well += 1
            except (ValueError, LookupError):
                badly += 1
        return well, badly

    async def _scope(
        self, ctx: Context, job: models.ReindexJob, after: UUID | None = None
    ) -> AsyncIterator[Context]:
        """The organisations that a rebuild is about, those behind `after`."""
        if job.scope_organization_id is not None:
            if after is None:
                yield ctx.within(job.scope_organization_id)
            return
        async for inside in self.each_tenant(ctx, self.search_entry, after, **_which(job)):
            yield inside


def _which(job: models.ReindexJob) -> dict[str, Any]:
    """The entries that a rebuild is about."""
    return {"sourceKind": job.source_kind} if job.source_kind is not None else {}
