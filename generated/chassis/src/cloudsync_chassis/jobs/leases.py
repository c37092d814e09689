"""Which replica does a job, and when it is due again: one row for each job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor

import sqlalchemy as sa

from cloudsync_chassis import clock
from cloudsync_chassis.jobs.spec import Job
from cloudsync_chassis.store.database import Database, dialect_insert
from cloudsync_chassis.store.system import job_runs

_BETWEEN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do one round of a job."""

    job: Job
    due_at: datetime


class Leases:
    """The rows of one replica, called `holder`, which no other is.

    `elsewhere` is told of each job that turns out to have been done by another one since.
    """

    def __init__(self, database: Database, holder: str, elsewhere: Callable[[str], None]) -> None:
        self._database = database
        self._holder = holder
        self._elsewhere = elsewhere

    async def take(self, job: Job, forced: bool = False) -> Lease | timedelta:
        """The lease; or how long to wait until it is worth asking again.

        `forced`: though it is not due. Where another replica is at it, it is due again once that
        one has finished.
        """
        now = clock.now()
        known = await self._known(job)
        if known is None:
            async with self._database.transaction(write=True) as connection:
                first = dialect_insert(connection, job_runs).values(job=job.name, due_at=now)
                await connection.execute(first.on_conflict_do_nothing())
            known = await self._known(job)
        if known is None:
            return _BETWEEN
        due_at, last = known
        if not forced and due_at > now:
            if last not in (None, self._holder):
                self._elsewhere(job.name)
            return max(_BETWEEN, due_at - now)
        free = sa.or_(job_runs.c.held_until.is_(None), job_runs.c.held_until <= now)
        statement = self._of(job).where(job_runs.c.due_at == due_at, free)
        held = {"holder": self._holder, "held_until": now + job.lease}
        if await self._changed(statement.values(held)):
            return Lease(job, due_at)
        self._elsewhere(job.name)
        if forced:
            await self._changed(self._of(job).values(due_at=now))
        return _BETWEEN

    async def keep(self, lease: Lease) -> bool:
        """Hold it for longer; false: it was lost, and another replica may be at it."""
        until = clock.now() + lease.job.lease
        return await self._changed(self._held(lease.job).values(held_until=until))

    async def end(self, lease: Lease) -> timedelta:
        """Give it back; how long until the job is due again.

        Moments that were missed are not made up for. One that was asked for meanwhile stays.
        """
        now, job = clock.now(), lease.job
        missed = max(0, floor((now - lease.due_at).total_seconds() / job.every))
        following = lease.due_at + timedelta(seconds=job.every * (missed + 1))
        if lease.due_at > now:
            following = lease.due_at
        free = {"held_until": None}
        regular = self._held(job).where(job_runs.c.due_at == lease.due_at)
        if await self._changed(regular.values(due_at=following, **free)):
            return following - now
        await self._changed(self._held(job).values(free))
        return timedelta()

    async def _known(self, job: Job) -> tuple[datetime, str | None] | None:
        """(when it is due, who is at it or has been last)."""
        statement = sa.select(job_runs.c.due_at, job_runs.c.holder)
        async with self._database.transaction(write=False) as connection:
            found = (await connection.execute(statement.where(job_runs.c.job == job.name))).first()
        return (found.due_at, found.holder) if found is not None else None

    async def _changed(self, statement: sa.Update) -> bool:
        async with self._database.transaction(write=True) as connection:
            return (await connection.execute(statement)).rowcount == 1

    def _of(self, job: Job) -> sa.Update:
        return sa.update(job_runs).where(job_runs.c.job == job.name)

    def _held(self, job: Job) -> sa.Update:
        return self._of(job).where(job_runs.c.holder == self._holder)
