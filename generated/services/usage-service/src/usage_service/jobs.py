"""What nobody asks for: `python -m usage_service.jobs` every minute, in each region.

Each tenant that has something due is worked on in transactions of its own.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.logs import logger
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.system import documents
from cloudsync_chassis.store.unit import Unit

from .generated import models, operations, port
from .generated.service import SERVICE
from .generated.settings import ServiceSettings
from .handlers import Handlers

_AT_ONCE = 5_000

log = logger("jobs")


async def run(handlers: Handlers) -> int:
    """Expire, roll up and close what is due; how many tenants had something to look at."""

    async def expire(ctx: Context) -> None:
        await handlers.expire_seat_hold(ctx, port.ExpireSeatHold())

    async def roll_up(ctx: Context) -> None:
        await handlers.roll_up_usage(ctx, port.RollUpUsage())

    async def begin(ctx: Context) -> None:
        await handlers.begin_due(ctx)

    work: tuple[tuple[Operation, str, _Work], ...] = (
        (operations.EXPIRE_SEAT_HOLD, "reservation", expire),
        (operations.ROLL_UP_USAGE, "usage-record", roll_up),
        (operations.BEGIN_CLOSE, "usage-period", begin),
    )
    done: set[UUID] = set()
    for operation, collection, action in work:
        tenants = await _tenants(handlers.runtime, collection)
        for tenant in tenants:
            await _within(handlers.runtime, operation, tenant, action)
        done.update(tenants)
    for tenant in await _tenants(handlers.runtime, "usage-period"):
        await _close(handlers, tenant)
    return len(done)


async def _close(handlers: Handlers, tenant: UUID) -> None:
    """Count each closing period of a tenant, in a transaction of its own."""
    closing: list[UUID] = []

    async def find(ctx: Context) -> None:
        status = models.UsagePeriodStatus.closing
        closing.extend(
            [each.id async for each in handlers.usage_period.each(ctx, periodStatus=status)]
        )

    await _within(handlers.runtime, operations.BEGIN_CLOSE, tenant, find)
    for key in closing:
        body = models.ClosePeriodRequest(usage_period_id=key)

        async def close(ctx: Context, body: models.ClosePeriodRequest = body) -> None:
            await handlers.close_period(ctx, port.ClosePeriod(body=body))

        await _within(handlers.runtime, operations.CLOSE_PERIOD, tenant, close)


_Work = Callable[[Context], Awaitable[None]]


async def _tenants(runtime: Runtime, collection: str) -> tuple[UUID, ...]:
    """Tenants that have documents of a collection."""
    column = documents.c.organization_id
    due = documents.c.collection == collection
    statement = sa.select(column).where(due).distinct().limit(_AT_ONCE)
    async with Unit(runtime.database, write=False) as unit:
        return tuple((await (await unit.connection()).execute(statement)).scalars())


async def _within(runtime: Runtime, operation: Operation, tenant: UUID, action: _Work) -> None:
    """One tenant's work; what fails there stops nobody else's."""
    incoming = Incoming(principal=workload(runtime.spec.name, tenant), trace=Trace.new())
    try:
        await runtime.executor.run(operation, incoming, action)
    except Problem as problem:
        log.warning("job_failed", operation=operation.id, error=str(problem))


async def _main() -> None:
    runtime = Runtime(SERVICE, ServiceSettings())
    handlers = Handlers(runtime)
    try:
        await runtime.prepare_database()
        await run(handlers)
        while await runtime.relay.publish_once():
            pass
    finally:
        await runtime.database.dispose()


def main() -> int:
    """Do what is due now; the exit code."""
    asyncio.run(_main())
    return 0


if __name__ == "__main__":
    sys.exit(main())
