"""What happens by the clock beside what the model schedules: sessions end, moments are recorded,
contents restored and held against their digests, and what has had its time goes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Action, Due, Job
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.cursor import Position
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .comparing import Comparing
from .generated import models, port
from .keeping import Keeping
from .recording import RECORD, RESTORE

_HALF_MINUTE, _MINUTE, _HOUR, _DAY = 30.0, 60.0, 3600.0, 86_400.0
_DIFFS_KEPT, _JOBS_KEPT = 7 * _DAY, 30 * _DAY
_ENDED = ("applied", "refused", "failed")
_READABLE = ("sealed", "superseded")
_SCRUBBED = 500
"""Versions of an organisation that one round holds against their digests."""

_DROP = Operation(id="drop-histories", access="workload", writes=True, timeout=_MINUTE)


class Timers(Keeping, Comparing):
    """The jobs of the service's own."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        work = runtime.work
        silent = Due(
            aggregate=self.sessions.spec.name,
            since="lastAt",
            after=self.settings.session_end_after,
        )
        recording = Due(aggregate="content-version", where={"status": "recording"})
        queued = Due(aggregate="restore-job", where={"outcome": "queued"})
        over = Due(aggregate="content-history", where={"status": "waiting"}, since="dropsAt")
        readable = Due(aggregate="content-version", where={"status": _READABLE})
        work.every(_HALF_MINUTE, "end-sessions", self.end_sessions, silent)
        work.add(
            (
                _job(RECORD, _HALF_MINUTE, recording, self.record),
                _job(RESTORE, _HALF_MINUTE, queued, self.restore),
                _job(_DROP, _HOUR, over, self.end_history),
            )
        )
        work.every(_DAY, "scrub-payloads", self.scrub, readable)
        work.every(_MINUTE, "measure-versions", self._measure)
        past = Due(aggregate="version-diff", since="createdAt", after=_DIFFS_KEPT)
        work.every(_HOUR, "drop-diffs", self._tidy(self.version_diff, past), past)
        past = Due(
            aggregate="restore-job",
            where={"outcome": _ENDED},
            since="finishedAt",
            after=_JOBS_KEPT,
        )
        work.every(_HOUR, "drop-restores", self._tidy(self.restore_job, past), past)

    def _tidy(self, aggregate: Aggregate[Any], past: Due) -> Action:
        """Removes what a tenant has of an aggregate and what is kept no longer."""

        async def remove(ctx: Context) -> None:
            async for each in aggregate.each(ctx, past.by(ctx.now), **past.where):
                await aggregate.remove(ctx, each)

        return remove

    async def scrub(self, ctx: Context) -> None:
        """Hold the next payloads of an organisation against their digests; round and round."""
        region = self.settings.region or "local"
        known = await self.scrubs.find(ctx, region=region)
        after = Position("createdAt", known.made_at, known.last_id) if known else None
        page = PageRequest(limit=_SCRUBBED, sort="createdAt", after=after)
        query = ListQuery(page, {"status": _READABLE})
        found = await self.content_version.repository.select(ctx, query)
        for version in found.items:
            await self._check(ctx, version)
        if known is not None:
            await self.scrubs.remove(ctx, known)
        if found.following is not None:
            last = found.items[-1]
            place = {"madeAt": last.created_at, "lastId": last.id}
            await self.scrubs.insert(ctx, {"region": region, **place})

    async def _check(self, ctx: Context, version: models.ContentVersion) -> None:
        """Take a version out of use whose payload is away or gives another digest."""
        if version.payload_key is None:
            return
        if await self.sound(ctx, version) is None:
            self.metrics.version_digest_mismatches_total(found_by="scrub", listed="false")
            broken = port.MarkCorrupted(content_version_id=version.id)
            await self.mark_corrupted(ctx, broken)

    async def _measure(self, ctx: Context) -> None:
        """How long the oldest moment of all tenants has waited to be sealed."""
        page, waited, after = PageRequest(limit=200), timedelta(), None
        while True:
            query = ListQuery(page, {"status": "recording"})
            tenants = await self.content_version.repository.tenants(ctx, query, after)
            for tenant in tenants:
                async for each in self.content_version.each(ctx.within(tenant), status="recording"):
                    waited = max(waited, ctx.now - each.created_at)
                    break
            if len(tenants) < page.limit:
                break
            after = tenants[-1]
        self.metrics.version_recording_oldest_seconds(waited.total_seconds())


def _job(
    operation: Operation,
    every: float,
    due: Due,
    call: Callable[[Context, UUID], Awaitable[None]],
) -> Job:
    """A job that takes each entity by itself, so that none stands in the way of others."""
    return Job(operation=operation, every=every, per="entity", due=due, call=call)
