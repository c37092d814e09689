"""What nobody asks for: `python -m invoice_service.jobs` once an hour, in each region.

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
from cloudsync_chassis.store.unit import Unit

from .generated import operations, port, tables
from .generated.service import SERVICE
from .generated.settings import ServiceSettings
from .handlers import Handlers

_AT_ONCE = 5_000

log = logger("jobs")


async def run(handlers: Handlers) -> int:
    """Issue, mark, remind and render what is due; how many tenants had something to look at."""
    runtime, invoices, profiles = handlers.runtime, tables.invoices, tables.billing_profiles

    async def issue(ctx: Context) -> None:
        await handlers.issue_due(ctx)

    async def mark(ctx: Context) -> None:
        await handlers.mark_due(ctx)

    async def remind(ctx: Context) -> None:
        await handlers.escalate_dunning(ctx, port.EscalateDunning())

    async def render(ctx: Context) -> None:
        await handlers.render_due(ctx)

    async def recheck(ctx: Context) -> None:
        await handlers.recheck_tax_ids(ctx)

    status = invoices.c.status
    bare = sa.and_(invoices.c.document_key.is_(None), status.not_in(("draft", "void")))
    confirmed = profiles.c.tax_standing == "businessConfirmed"
    work: tuple[tuple[Operation, sa.ColumnElement[bool], sa.Table, _Work], ...] = (
        (operations.ISSUE_INVOICE, status == "draft", invoices, issue),
        (operations.MARK_OVERDUE, status == "issued", invoices, mark),
        (operations.ESCALATE_DUNNING, status == "overdue", invoices, remind),
        (operations.ATTACH_DOCUMENT, bare, invoices, render),
        (operations.UPDATE_BILLING_PROFILE, confirmed, profiles, recheck),
    )
    done: set[UUID] = set()
    for operation, due, table, action in work:
        tenants = await _tenants(runtime, table, due)
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
