"""What tenants may spend at the door: points a second, requests at once, points a day."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import ip_address, ip_network
from uuid import UUID

from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import RATE_LIMITED, Problem
from cloudsync_chassis.rate.buckets import Buckets, MemoryBuckets
from cloudsync_chassis.rate.gcra import Rate, Verdict
from cloudsync_chassis.rate.limiter import refusal
from cloudsync_chassis.runtime import Runtime

from .base import Base, brake
from .generated.models import OnExceeded, RateLimitPlan

_LONGEST_WAIT = 0.01
"""Seconds of one of the steps in which a queued request asks again."""


@dataclass(frozen=True, slots=True)
class Share:
    """Whose count a request goes to, and by which plan; `factor` is what a brake leaves of it."""

    key: str
    organization: UUID | None
    plan: RateLimitPlan
    factor: float = 1.0

    @property
    def rate(self) -> Rate:
        """Points a second and at once."""
        return Rate(
            max(1, int(self.plan.limit_per_second * self.factor)),
            max(1, int(self.plan.burst * self.factor)),
        )

    @property
    def places(self) -> int:
        """Requests that may be in flight at once."""
        return max(1, int(self.plan.concurrency * self.factor))


class Purse:
    """Points that organisations spend in a day. What this replica has spent since it last told the
    store is `own`; `shared` is what the store said then.
    """

    def __init__(self) -> None:
        self.own: dict[tuple[UUID, date], int] = {}
        self.shared: dict[tuple[UUID, date], int] = {}

    def spend(self, organization: UUID, day: date, points: int) -> None:
        """Count points."""
        key = (organization, day)
        self.own[key] = self.own.get(key, 0) + points

    def spent(self, organization: UUID, day: date) -> int:
        """Points of a day so far, as far as this replica knows."""
        key = (organization, day)
        return self.own.get(key, 0) + self.shared.get(key, 0)

    def told(
        self,
        counted: Mapping[tuple[UUID, date], int],
        totals: Mapping[tuple[UUID, date], int],
        today: date,
    ) -> None:
        """The store knows of what was counted here, and has these totals; days before are over."""
        self.own = {
            key: points - counted.get(key, 0)
            for key, points in self.own.items()
            if points > counted.get(key, 0)
        }
        self.shared = {k: v for k, v in {**self.shared, **totals}.items() if k[1] >= today}


class Limits(Base):
    """Judges requests and keeps count."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.buckets: Buckets = _buckets(runtime)
        self.purse = Purse()
        self.in_flight: dict[str, int] = {}
        self.refusals: dict[tuple[UUID, datetime], tuple[RateLimitPlan, int, int]] = {}
        """By organisation and minute: its plan, the limit that held, and requests refused."""

    async def share_of(
        self, organization: UUID | None, address: str | None, plan_id: UUID
    ) -> Share | None:
        """Whose count a request goes to: its tenant's, or for somebody unknown that of the network
        it comes from. None where there is no plan to count by.
        """
        board = await self.board()
        plan = board.plan_of(organization, plan_id)
        if plan is None:
            return None
        if organization is None:
            return Share(f"door:net:{network(address)}", None, plan)
        factor = brake(board.throttles.get(organization))
        return Share(f"door:{organization}", organization, plan, factor)

    async def admit(self, share: Share, cost: int = 1) -> None:
        """Count `cost` points, once the bucket holds them: at once, or within the wait that a plan
        which queues allows.

        Raises:
            Problem: `rate-limited`, with `Retry-After` and `RateLimit-*`.
        """
        self._check_day(share, cost)
        verdict = await self.buckets.take(share.key, share.rate, cost)
        if not verdict.admitted and share.plan.on_exceeded is OnExceeded.queue:
            verdict = await self._queued(share, cost, verdict)
        if not verdict.admitted:
            self._refused(share)
            raise refusal(verdict)
        if share.organization is not None:
            self.purse.spend(share.organization, clock.now().date(), cost)

    @contextmanager
    def place(self, share: Share) -> Iterator[None]:
        """Hold one of the places of requests in flight.

        Raises:
            Problem: `rate-limited`: all are taken.
        """
        held = self.in_flight.get(share.key, 0)
        if held >= share.places:
            self._refused(share)
            raise Problem(
                RATE_LIMITED, f"{share.places} requests at once", headers={"Retry-After": "1"}
            )
        self.in_flight[share.key] = held + 1
        try:
            yield
        finally:
            self.in_flight[share.key] -= 1
            if not self.in_flight[share.key]:
                del self.in_flight[share.key]

    async def _queued(self, share: Share, cost: int, verdict: Verdict) -> Verdict:
        loop = asyncio.get_running_loop()
        until = loop.time() + self.settings.queue_wait
        while not verdict.admitted and loop.time() + verdict.retry_after <= until:
            await asyncio.sleep(max(_LONGEST_WAIT, verdict.retry_after))
            verdict = await self.buckets.take(share.key, share.rate, cost)
        return verdict

    def _check_day(self, share: Share, cost: int) -> None:
        if share.organization is None:
            return
        now = clock.now()
        if self.purse.spent(share.organization, now.date()) + cost <= share.plan.daily_quota:
            return
        self._refused(share)
        midnight = 86400 - (now.hour * 3600 + now.minute * 60 + now.second)
        raise Problem(
            RATE_LIMITED, "the day's points are spent", headers={"Retry-After": str(midnight)}
        )

    def _refused(self, share: Share) -> None:
        self.metrics.gateway_rate_limited_total(plan=share.plan.plan_code)
        if share.organization is None:
            return
        minute = clock.now().replace(second=0, microsecond=0)
        key = (share.organization, minute)
        told = self.refusals.get(key, (share.plan, 0, 0))[2] + 1
        self.refusals[key] = (share.plan, share.rate.per_second, told)

    async def keep_spending(self, ctx: Context) -> None:
        """Add what this replica counted to what all have, and learn what that is."""
        counted, totals = dict(self.purse.own), dict[tuple[UUID, date], int]()
        for (spender, day), points in counted.items():
            found = await self.spent.find(ctx, spender=spender, day=day)
            total = points + (found.points if found else 0)
            told = {"spender": spender, "day": day, "points": total}
            if found is None:
                await self.spent.insert(ctx, told)
            else:
                await self.spent.rewrite(ctx, found, told)
            totals[spender, day] = total
        ctx.unit.after_commit(lambda: self.purse.told(counted, totals, ctx.now.date()))


def network(address: str | None) -> str:
    """The /24 or /48 that an address is in: whoever has a house has all of that."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return "nowhere"
    return str(ip_network(f"{found}/{24 if found.version == 4 else 48}", strict=False))


def _buckets(runtime: Runtime) -> Buckets:
    url = runtime.settings.redis_url
    if url is None:
        return MemoryBuckets()
    from cloudsync_chassis.rate.redis import RedisBuckets

    return RedisBuckets(url.get_secret_value())
