"""The wheel: what is due is called with, many at a time and nobody at the cost of the others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.logs import logger
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.unit import Unit

from .deliveries import DISPATCH, Deliveries, Taken
from .generated import operations, tables, webhooks

_EVERY = 1.0
_ROUND = 5.0
"""Seconds after which a round begins no more calls; short, so that a dead replica is soon missed."""
_WRITING = 5.0
_AT_ONCE = 32
_SHARE = _AT_ONCE // 2
"""Calls of one tenant at a time, at most."""
_LOOKED_AT = 200
_PAUSED_FOR = timedelta(days=1)

log = logger("dispatch")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that is due. `most`: calls that may be open to its endpoint."""

    tenant: UUID
    delivery: UUID
    endpoint: UUID
    host: str
    most: int


class Dispatch(Deliveries):
    """Calls what is due. One replica has the wheel, so that all bounds hold over all of them."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        longest = _ROUND + webhooks.TIMEOUT + _WRITING
        runtime.work.every(_EVERY, DISPATCH, self.dispatch_due, timeout=longest)

    async def dispatch_due(self, ctx: Context) -> None:
        """Call until nothing is due, or for a while; each delivery once a round.

        An endpoint has as many calls open as it says, a host as many as the settings say, over all
        tenants, and a tenant half of all: an address that answers slowly holds up its own.
        """
        until, tried = monotonic() + _ROUND, set[UUID]()
        calls: dict[asyncio.Task[None], Waiting] = {}
        try:
            while True:
                if monotonic() < until and len(calls) < _AT_ONCE:
                    for each in await self._due():
                        if each.delivery not in tried and self._fits(each, calls.values()):
                            tried.add(each.delivery)
                            calls[asyncio.create_task(self._deliver(each))] = each
                if not calls:
                    return
                done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    _note(calls.pop(task), task)
        finally:
            for task in calls:
                task.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    def _fits(self, wanted: Waiting, open_calls: Iterable[Waiting]) -> bool:
        """Whether another call is within all bounds."""
        endpoints: Counter[UUID] = Counter()
        hosts: Counter[str] = Counter()
        tenants: Counter[UUID] = Counter()
        for each in open_calls:
            endpoints[each.endpoint] += 1
            hosts[each.host] += 1
            tenants[each.tenant] += 1
        return (
            tenants.total() < _AT_ONCE
            and endpoints[wanted.endpoint] < wanted.most
            and hosts[wanted.host] < self.settings.concurrent_per_host
            and tenants[wanted.tenant] < _SHARE
        )

    async def _due(self) -> list[Waiting]:
        """The next deliveries: the oldest of each tenant first, then the second of each."""
        table, ends = tables.deliveries, tables.endpoints
        now = clock.now()
        order = (table.c.next_attempt_at, table.c.id)
        held = sa.and_(
            ends.c.state == "paused",
            table.c.event_type != "organization.deleted",
            table.c.created_at > now - _PAUSED_FOR,
        )
        by_endpoint = sa.func.row_number().over(partition_by=table.c.endpoint_id, order_by=order)
        by_tenant = sa.func.row_number().over(partition_by=table.c.organization_id, order_by=order)
        found = (
            sa.select(
                table.c.organization_id,
                table.c.id,
                table.c.endpoint_id,
                table.c.next_attempt_at,
                ends.c.target_url,
                ends.c.max_concurrency,
                by_endpoint.label("place"),
                by_tenant.label("turn"),
            )
            .join(ends, ends.c.id == table.c.endpoint_id)
            .where(table.c.outcome.in_(("waiting", "retrying")))
            .where(table.c.next_attempt_at <= now, sa.not_(held))
            .subquery()
        )
        statement = (
            sa.select(found)
            .where(found.c.place <= 2 * found.c.max_concurrency)
            .order_by(found.c.turn, found.c.next_attempt_at)
            .limit(_LOOKED_AT)
        )
        async with Unit(self.runtime.database, write=False) as unit:
            rows = (await (await unit.connection()).execute(statement)).all()
        return [
            Waiting(
                tenant=row.organization_id,
                delivery=row.id,
                endpoint=row.endpoint_id,
                host=urlsplit(row.target_url).hostname or "",
                most=row.max_concurrency,
            )
            for row in rows
        ]

    async def _deliver(self, waiting: Waiting) -> None:
        """Take, call, write down; a transaction is open before and after the call, not during it."""
        principal = workload(self.runtime.spec.name, waiting.tenant)
        incoming = Incoming(principal=principal, trace=Trace.new())
        run, operation = self.runtime.executor.run, operations.DISPATCH_DELIVERY

        async def take(ctx: Context) -> Taken | None:
            return await self.taken(ctx, waiting.delivery)

        taken = await run(operation, incoming, take)
        if taken is None:
            return
        began = clock.now()
        answer = await self.called(taken, began)

        async def write(ctx: Context) -> None:
            await self.answered(ctx, taken, answer, began)

        await run(operation, incoming, write)


def _note(waiting: Waiting, task: asyncio.Task[None]) -> None:
    """What fails stops nobody else's; it is due again, or found as lost."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.warning("not_dispatched", delivery_id=str(waiting.delivery), error=error)
