"""How many requests routes take, and how many of them fail: what canaries are judged by."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.logs import logger
from cloudsync_chassis.runtime import Runtime

from . import memory
from .generated.models import GatewayRoute
from .limits import Limits

STRETCH = timedelta(minutes=5)
"""Requests are counted by the five minutes in which they ended."""

FORGOTTEN = timedelta(days=15)
LONGEST_KEPT = timedelta(hours=2)
"""Twice what an answer may be kept, since a plan that degrades gives old ones, too."""

_FLUSH = 5.0
_FLOOR = 0.01

log = logger("traffic")

Counts = dict[tuple[UUID, datetime], tuple[int, int]]


class Counted(Limits):
    """Counts in memory, and tells the store every few seconds."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._counts: Counts = {}
        self._told_at = time.monotonic()

    def count(self, route: GatewayRoute, failed: bool) -> None:
        """Count a request that has ended."""
        key = (route.id, _beginning(clock.now()))
        requests, failures = self._counts.get(key, (0, 0))
        self._counts[key] = (requests + 1, failures + failed)

    async def keep_counts_if_due(self) -> None:
        """Tell the store what was counted, if it has not been told for a while."""
        if time.monotonic() - self._told_at >= _FLUSH:
            await self.keep_counts()

    async def keep_counts(self) -> None:
        """Tell the store what was counted; what it does not take is told the next time."""
        self._told_at = time.monotonic()
        try:
            await self.apart(self._keep)
        except Exception as error:
            log.warning("counts_not_kept", error=error)

    async def _keep(self, ctx: Context) -> None:
        await self.keep_spending(ctx)
        counted = dict(self._counts)
        for (route, since), (requests, failures) in counted.items():
            known = {"route": route, "since": since}
            found = await self.traffic.find(ctx, **known)
            if found is None:
                more = {"requests": requests, "failures": failures}
                await self.traffic.insert(ctx, {**known, **more})
                continue
            more = {
                "requests": found.requests + requests,
                "failures": found.failures + failures,
            }
            await self.traffic.rewrite(ctx, found, more)
        refused = dict(self.refusals)
        for (spender, minute), (plan, limit, observed) in refused.items():
            await self._add_excess(ctx, spender, minute, (plan.plan_code, limit, observed))

        def told() -> None:
            for key, (requests, failures) in counted.items():
                now = self._counts.pop(key)
                if now != (requests, failures):
                    self._counts[key] = (now[0] - requests, now[1] - failures)
            for each, (plan, limit, observed) in refused.items():
                plan, limit, since = self.refusals.pop(each)
                if since != observed:
                    self.refusals[each] = (plan, limit, since - observed)

        ctx.unit.after_commit(told)

    async def _add_excess(
        self, ctx: Context, spender: UUID, minute: datetime, told: tuple[object, int, int]
    ) -> None:
        code, limit, observed = told
        found = await self.excess.find(ctx, spender=spender, minute=minute)
        if found is not None:
            await self.excess.rewrite(ctx, found, {"observed": found.observed + observed})
            return
        fields = {"spender": spender, "minute": minute, "planCode": code, "limit": limit}
        await self.excess.insert(ctx, {**fields, "observed": observed})

    async def counts_of(
        self, ctx: Context, route: UUID, since: datetime
    ) -> AsyncIterator[memory.Traffic]:
        """Counts of a route from a moment on."""
        async for each in self.traffic.each(ctx, route=route):
            if each.since >= _beginning(since):
                yield each

    async def failing(self, ctx: Context, route: UUID, since: datetime) -> tuple[float, int]:
        """The share of a route's requests that failed from a moment on, and how many there were."""
        requests = failures = 0
        async for each in self.counts_of(ctx, route, since):
            requests, failures = requests + each.requests, failures + each.failures
        return (failures / requests if requests else 0.0), requests

    async def is_unhealthy(self, ctx: Context, canary: GatewayRoute, since: datetime) -> bool:
        """Whether more of a canary's requests fail than the factor allows over those of the route
        that took them before; without one, or where that never fails, over one in a hundred.
        """
        ratio, requests = await self.failing(ctx, canary.id, since)
        before = (await self.board()).ways.before(canary)
        usual = (await self.failing(ctx, before.id, since))[0] if before else 0.0
        factor = self.settings.canary_baseline_factor
        return requests > 0 and ratio > factor * max(usual, _FLOOR)

    async def forget_traffic(self, ctx: Context) -> None:
        """Drop counts of routes that no question reaches any more."""
        async for each in self.traffic.each(ctx, {"since": ctx.now - FORGOTTEN}):
            await self.traffic.remove(ctx, each)

    async def forget_spending(self, ctx: Context) -> None:
        """Drop counts of days that are over."""
        async for each in self.spent.each(ctx, {"createdAt": ctx.now - FORGOTTEN}):
            await self.spent.remove(ctx, each)

    async def forget_purges(self, ctx: Context) -> None:
        """Drop marks that are older than any answer."""
        async for each in self.purges.each(ctx, {"at": ctx.now - LONGEST_KEPT}):
            await self.purges.remove(ctx, each)
        self.changed(ctx)


def _beginning(at: datetime) -> datetime:
    return at - timedelta(minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond)
