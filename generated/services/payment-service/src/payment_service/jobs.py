"""What nobody asks for: `python -m payment_service.jobs` every ten seconds, in each region.

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

from .generated import operations, port, tables
from .generated.service import SERVICE
from .generated.settings import ServiceSettings
from .handlers import Handlers

_AT_ONCE = 5_000

log = logger("jobs")


async def run(handlers: Handlers) -> int:
    """Charge, refund, expire and age what is due; how many tenants had something to look at."""
    runtime, charges, payments = handlers.runtime, tables.charges, tables.payments
    refunds, disputes, methods = tables.refunds, tables.disputes, tables.payment_methods

    async def charge(ctx: Context) -> None:
        await handlers.attempt_charge(ctx, port.AttemptCharge())

    async def refund(ctx: Context) -> None:
        await handlers.send_refunds(ctx)

    async def expire(ctx: Context) -> None:
        await handlers.expire_due(ctx)

    async def lose(ctx: Context) -> None:
        await handlers.lose_unanswered(ctx)

    async def age(ctx: Context) -> None:
        await handlers.age_methods(ctx)

    due = sa.and_(charges.c.status == "open", charges.c.next_attempt_at <= clock.now())
    waiting = payments.c.status.in_(("requiresAction", "authorized"))
    going = refunds.c.refund_status.in_(("requested", "approved", "sent"))
    living = methods.c.method_status.in_(("active", "detached"))
    work: tuple[tuple[Operation, sa.ColumnElement[bool], sa.Table, _Work], ...] = (
        (operations.ATTEMPT_CHARGE, due, charges, charge),
        (operations.SEND_REFUND, going, refunds, refund),
        (operations.EXPIRE_ACTION, waiting, payments, expire),
        (operations.RECORD_DISPUTE_LOST, disputes.c.dispute_status == "open", disputes, lose),
        (operations.EXPIRE_PAYMENT_METHOD, living, methods, age),
    )
    done: set[UUID] = set()
    for operation, wanted, table, action in work:
        tenants = await _tenants(runtime, table, wanted)
        for tenant in tenants:
            await _within(runtime, operation, tenant, action)
        done.update(tenants)
    return len(done)


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
