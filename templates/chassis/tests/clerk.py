"""Who puts books away by the clock: what the tests of jobs share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import bookshop
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.jobs.spec import Due, Job
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.testing import Caller, Running, running

DAY = 86_400.0
MONTH = timedelta(days=30)
SOLD = Due(aggregate="book", where={"status": "sold"}, since="soldAt", after=30 * DAY)
CLEAR = Operation(id="clear-book", access="workload", writes=True, timeout=5.0)


class Clerk:
    """Removes what was sold a month ago, and notes what it was called for."""

    def __init__(self, shop: Running) -> None:
        self.books = shop.runtime.aggregates["book"]
        self.seen: list[tuple[UUID | None, UUID]] = []
        self.broken: set[UUID] = set()

    async def clear(self, ctx: Context, key: UUID) -> None:
        self.seen.append((ctx.principal.organization_id, key))
        if key in self.broken:
            raise NOT_FOUND("somebody else has it")
        await self.books.delete(ctx, "remove-book", key)

    def job(self, every: float = DAY) -> Job:
        return Job(operation=CLEAR, every=every, per="entity", due=SOLD, call=self.clear)


async def sold(shop: Running, caller: Caller, count: int = 1) -> list[UUID]:
    """Books that were sold just now."""
    made = []
    for number in range(count):
        body = {"title": f"Emma {number}", "priceMinor": 700}
        answer = await shop.http.post("/v1/books", json=body, headers=caller.headers)
        made.append(UUID(answer.json()["id"]))
        done = await shop.http.post(f"/v1/books/{made[-1]}/sell", headers=caller.headers)
        assert done.status_code == 200, done.text
    return made


async def left(shop: Running, caller: Caller) -> set[UUID]:
    answer = await shop.http.get("/v1/books", headers=caller.headers)
    return {UUID(each["id"]) for each in answer.json()["items"]}


@asynccontextmanager
async def replica(settings: bookshop.BookSettings) -> AsyncIterator[Running]:
    runtime = Runtime(bookshop.SERVICE, settings)
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as started:
        yield started


async def operate(shop: Running, tenant: UUID, action: Any) -> None:
    operation = Operation(id="probe", access="workload", writes=True)
    incoming = Incoming(principal=workload("probe", tenant), trace=Trace.new())
    await shop.runtime.executor.run(operation, incoming, action)
