"""Runs jobs while the service runs, and what operations leave to be done after them."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from time import monotonic, perf_counter
from typing import Any, TypeVar
from uuid import UUID

from opentelemetry.trace import SpanKind

from cloudsync_chassis import clock, ids
from cloudsync_chassis.aggregate.entities import Entities
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Executor, Incoming
from cloudsync_chassis.jobs.leases import Lease, Leases
from cloudsync_chassis.jobs.spec import TIMEOUT, Action, Call, Due, Job, Per
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import to_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.database import Database
from cloudsync_chassis.store.query import ListQuery, PageRequest

T = TypeVar("T")

PAUSE = 0.05
"""Seconds for which what is done together is gathered: people do not notice them, and a callee that
is asked twenty times a second does not notice how busy we are.
"""
_MANY = 200
_AT_ONCE = 2
"""Jobs that one replica does at the same time, so that requests find connections."""

log = logger("work")


class Work:
    """The jobs of one service, by name, and what it does at its start.

    `ended` hears of each call: the job's name, the seconds that it took, and whether it went well.
    `measured` surrounds each round: the job's name, and whether a round is about all that there is.
    `elsewhere` hears of each job that another replica has done since this one did.
    """

    def __init__(
        self,
        service: str,
        database: Database,
        executor: Executor,
        aggregates: Mapping[str, Entities[Any]],
    ) -> None:
        self._service = service
        self._executor = executor
        self._aggregates = aggregates
        self._leases = Leases(database, str(ids.uuid7()), lambda job: self.elsewhere(job))
        self._jobs: dict[str, Job] = {}
        self._wakes: dict[str, asyncio.Event] = {}
        self._first: list[Callable[[], Awaitable[None]]] = []
        self._after: set[asyncio.Task[None]] = set()
        self._gathering: dict[tuple[str, UUID | None], list[tuple[Any, Trace]]] = {}
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self.ended: Callable[[str, float, bool], None] = _unheard
        self.measured: Callable[[str, bool], AbstractContextManager[None]] = _unmeasured
        self.elsewhere: Callable[[str], None] = _unheard

    def add(self, jobs: Iterable[Job]) -> None:
        """Do these once the service runs.

        Raises:
            ValueError: there is a job of that name, or it works on what the service does not have.
        """
        for job in jobs:
            if job.name in self._jobs:
                raise ValueError(f"two jobs are called {job.name}")
            if job.due is None and job.per != "service":
                raise ValueError(f"{job.name} does not say for which entities")
            if job.due is not None and job.due.aggregate not in self._aggregates:
                raise ValueError(f"{job.name} works on {job.due.aggregate}, which is not here")
            self._jobs[job.name] = job
            self._wakes[job.name] = asyncio.Event()

    def every(
        self,
        seconds: float,
        name: str,
        action: Action,
        due: Due | None = None,
        *,
        timeout: float = TIMEOUT,
    ) -> None:
        """Call `action` in every tenant that has something due; without `due` once, in no tenant.

        Raises:
            ValueError: see `add`.
        """
        operation = Operation(id=name, access="workload", writes=True, timeout=timeout)
        per: Per = "tenant" if due else "service"
        self.add([Job(operation=operation, every=seconds, per=per, due=due, call=_plain(action))])

    def at_start(self, action: Callable[[], Awaitable[None]]) -> None:
        """Call `action` at each start, once the store and the bus are there, before requests come.

        Replicas may do so at once. If it fails, the service does not start.
        """
        self._first.append(action)

    def soon(self, ctx: Context, name: str, action: Action, *, timeout: float = TIMEOUT) -> None:
        """Once the running operation has committed, call `action` in its tenant, as the service, in
        the same trace.

        It is lost with the process: a job must do what nobody may miss.
        """
        job = _passing(name, _plain(action), timeout)
        tenant = ctx.principal.organization_id
        ctx.unit.after_commit(lambda: self._later(self._one(job, tenant, None, ctx.trace)))

    def together(
        self,
        ctx: Context,
        name: str,
        item: T,
        action: Callable[[Context, Sequence[T]], Awaitable[Any]],
        *,
        most: int,
        pause: float = PAUSE,
        timeout: float = TIMEOUT,
    ) -> None:
        """As `soon`, but `action` gets the item with those that operations of the same tenant have
        left under this name meanwhile: for `pause` seconds, and for as long as it was called for
        others, at most `most` at a time. The trace is that of the first item.

        So there is one call at a time, however many operations there are and whatever it meets.
        """
        job = _passing(name, partial(_all_of, action), timeout)
        key = name, ctx.principal.organization_id

        def begin() -> None:
            gathering = self._gathering.get(key)
            if gathering is None:
                self._gathering[key] = gathering = []
                self._later(self._gathered(key, job, most, pause))
            gathering.append((item, ctx.trace))

        ctx.unit.after_commit(begin)

    def wake(self, ctx: Context, name: str) -> None:
        """Once the running operation has committed, do a job though its time has not come."""
        ctx.unit.after_commit(self._wakes[name].set)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._after.add(task)
        task.add_done_callback(self._after.discard)

    async def _gathered(
        self, key: tuple[str, UUID | None], job: Job, most: int, pause: float
    ) -> None:
        """Do the job for all that is there, and for what comes until that is done."""
        gathering = self._gathering[key]
        try:
            while gathering:
                await asyncio.sleep(pause)
                now = gathering[:most]
                del gathering[:most]
                _, trace = now[0]
                await self._one(job, key[1], [item for item, _ in now], trace)
        finally:
            del self._gathering[key]

    @property
    def names(self) -> Iterable[str]:
        """What the jobs are called."""
        return self._jobs.keys()

    async def begin(self) -> None:
        """Do what is done at each start."""
        for action in self._first:
            await action()

    def loops(self) -> Iterable[Coroutine[Any, Any, None]]:
        """One endless loop for each job."""
        return [self._keep(job) for job in self._jobs.values()]

    async def do(self, names: Iterable[str] = ()) -> None:
        """Do now what is due; of these jobs, if any are named, also what is not."""
        wanted = tuple(names)
        for name in wanted or self._jobs:
            lease = await self._leases.take(self._jobs[name], forced=bool(wanted))
            if isinstance(lease, Lease):
                await self._round(lease)
        woken = [name for name, each in self._wakes.items() if each.is_set()]
        for name in woken:
            self._wakes[name].clear()
        if woken:
            await self.do(woken)

    @property
    def settled(self) -> bool:
        """Whether nothing is left of what operations asked for after them."""
        return not self._after

    async def settle(self) -> None:
        """Return once nothing is left of what operations asked for after them."""
        while self._after:
            await asyncio.gather(*self._after, return_exceptions=True)

    async def stop(self) -> None:
        """End what operations asked for after them."""
        for task in tuple(self._after):
            task.cancel()
        await self.settle()

    async def _keep(self, job: Job) -> None:
        wake = self._wakes[job.name]
        while True:
            forced = wake.is_set()
            wake.clear()
            pause = timedelta(seconds=job.every)
            try:
                async with self._turn:
                    lease = await self._leases.take(job, forced)
                    pause = await self._round(lease) if isinstance(lease, Lease) else lease
            except Exception as error:
                # the store is out of reach: what is due stays due
                log.warning("job_not_begun", job=job.name, error=error)
            with suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), min(pause.total_seconds(), job.every))

    async def _round(self, lease: Lease) -> timedelta:
        """Do the job once, for all that is due; how long until the next round."""
        kept, enough = monotonic(), lease.job.lease.total_seconds() / 3
        try:
            with self.measured(lease.job.name, lease.job.due is None):
                async for tenant, entity in self._calls(lease.job):
                    await self._one(lease.job, tenant, entity)
                    if monotonic() - kept > enough:
                        if not await self._leases.keep(lease):
                            break
                        kept = monotonic()
        finally:
            pause = await self._leases.end(lease)
        return pause

    async def _calls(self, job: Job) -> AsyncIterator[tuple[UUID | None, Any]]:
        """(tenant, key of the entity) of each call."""
        if job.due is None:
            yield None, None
            return
        async for tenant in self._tenants(job, job.due):
            if job.per != "entity":
                yield tenant, None
                continue
            async for entity in self._entities(job, job.due, tenant):
                yield tenant, entity

    async def _tenants(self, job: Job, due: Due) -> AsyncIterator[UUID]:
        repository = self._aggregates[due.aggregate].repository
        page = PageRequest(limit=_MANY)
        query = ListQuery(page, due.where, due=due.by(clock.now()))
        after: UUID | None = None
        while True:

            async def ask(ctx: Context, last: UUID | None = after) -> list[UUID]:
                return await repository.tenants(ctx, query, last)

            found = await self._look(job, None, ask)
            for tenant in found:
                yield tenant
            if len(found) < _MANY:
                return
            after = found[-1]

    async def _entities(self, job: Job, due: Due, tenant: UUID) -> AsyncIterator[Any]:
        aggregate = self._aggregates[due.aggregate]
        repository, key = aggregate.repository, aggregate.spec.key
        by = due.by(clock.now())
        page: PageRequest | None = PageRequest(limit=_MANY, sort="createdAt")
        while page is not None:
            query = ListQuery(page, due.where, due=by)

            async def ask(ctx: Context, asked: ListQuery = query) -> Any:
                return await repository.select(ctx, asked)

            found = await self._look(job, tenant, ask)
            for entity in found.items:
                yield to_record(entity)[key]
            following = found.following
            page = PageRequest(limit=_MANY, after=following) if following else None

    async def _look(
        self, job: Job, tenant: UUID | None, action: Callable[[Context], Awaitable[Any]]
    ) -> Any:
        reading = replace(job.call_operation, writes=False)
        return await self._executor.run(reading, self._incoming(tenant), action)

    async def _one(
        self, job: Job, tenant: UUID | None, entity: Any, trace: Trace | None = None
    ) -> None:
        """One call; what fails stops nobody else's."""

        async def act(ctx: Context) -> None:
            await job.call(ctx, entity)

        began, well = perf_counter(), False
        try:
            await self._executor.run(job.call_operation, self._incoming(tenant, trace), act)
            well = True
        except Exception as error:
            told = entity if job.due is not None else None
            log.warning("job_failed", job=job.name, tenant=tenant, entity=told, error=error)
        finally:
            self.ended(job.name, perf_counter() - began, well)

    def _incoming(self, tenant: UUID | None, trace: Trace | None = None) -> Incoming:
        return Incoming(
            principal=workload(self._service, tenant),
            trace=trace or Trace.new(),
            kind=SpanKind.INTERNAL,
        )


def _passing(name: str, call: Call, timeout: float) -> Job:
    """What an operation leaves to be done once."""
    operation = Operation(id=name, access="workload", writes=True, timeout=timeout)
    return Job(operation=operation, every=0.0, per="service", call=call)


async def _all_of(
    action: Callable[[Context, Sequence[T]], Awaitable[Any]], ctx: Context, items: Sequence[T]
) -> None:
    await action(ctx, items)


def _plain(action: Action) -> Call:
    async def call(ctx: Context, _: None) -> None:
        await action(ctx)

    return call


def _unheard(*told: object) -> None:
    del told


def _unmeasured(name: str, whole: bool) -> AbstractContextManager[None]:
    del name, whole
    return nullcontext()
