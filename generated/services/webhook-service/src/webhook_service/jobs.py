"""What nobody asks for: `python -m webhook_service.jobs` every second, in each region.

Each tenant that has something due is worked on in transactions of its own.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.logs import logger
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.unit import Unit

from .generated import models, operations, port, tables
from .generated.service import SERVICE
from .generated.settings import ServiceSettings
from .handlers import Handlers

_AT_ONCE = 5_000
_DELIVERIES = 500

log = logger("jobs")


async def run(handlers: Handlers) -> int:
    """Challenge, replay, recover and dispatch what is due; how many calls were made."""
    runtime, deliveries = handlers.runtime, tables.deliveries

    async def challenge(ctx: Context) -> None:
        await handlers.challenge_due(ctx)

    async def replay(ctx: Context) -> None:
        await handlers.walk_replays(ctx)

    async def recover(ctx: Context) -> None:
        await handlers.recover_sending(ctx)

    unproven = tables.endpoints.c.state == "unverified"
    going = tables.replay_jobs.c.progress == "running"
    stuck = deliveries.c.outcome == "sending"
    work: tuple[tuple[Operation, sa.ColumnElement[bool], sa.Table, _Work], ...] = (
        (operations.VERIFY_ENDPOINT, unproven, tables.endpoints, challenge),
        (operations.FINISH_REPLAY, going, tables.replay_jobs, replay),
        (operations.DISPATCH_DELIVERY, stuck, deliveries, recover),
    )
    for operation, wanted, table, action in work:
        for tenant in await _tenants(runtime, table, wanted):
            await _within(runtime, operation, tenant, action)
    return await _dispatch(handlers)


async def _dispatch(handlers: Handlers) -> int:
    """Each delivery that is due, in a transaction of its own, the longest waiting first."""
    table = tables.deliveries
    statement = (
        sa.select(table.c.organization_id, table.c.id, table.c.endpoint_id, table.c.next_attempt_at)
        .where(table.c.outcome.in_(("waiting", "retrying")))
        .where(table.c.next_attempt_at <= clock.now())
        .order_by(table.c.next_attempt_at)
        .limit(_DELIVERIES)
    )
    async with Unit(handlers.runtime.database, write=False) as unit:
        rows = (await (await unit.connection()).execute(statement)).all()
    for tenant, delivery, endpoint, due in rows:
        body = models.DueDelivery(delivery_id=delivery, endpoint_id=endpoint, due_at=due)

        async def call(ctx: Context, body: models.DueDelivery = body) -> None:
            await handlers.dispatch_delivery(ctx, port.DispatchDelivery(body=body))

        await _within(handlers.runtime, operations.DISPATCH_DELIVERY, tenant, call)
    return len(rows)


_Work = Callable[[Context], Awaitable[None]]


async def _tenants(
    runtime: Runtime, table: sa.Table, due: sa.ColumnElement[bool]
) -> tuple[UUID, ...]:
    """Tenants that have rows to look at."""
    column = table.c.organization_id
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
