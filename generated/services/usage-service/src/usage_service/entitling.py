"""What a subscription entitles to: ceilings of pools, limits of meters, periods of use."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis import ids
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received

from .catalogue import ceiling_of, pool_of
from .generated import models, port
from .people import People

_MICROS = 1_000_000
_STATES = models.ReservationStatus
_RELEASES = models.ReleaseReason
_CAPITAL = re.compile("(?<=[a-z0-9])([A-Z])")


class Entitling(People):
    """Follows subscription-service."""

    async def apply_entitlements(self, ctx: Context, request: port.ApplyEntitlements) -> None:
        """Pools, quotas and the first period of an activated subscription."""
        told = request.body
        await self._set_ceiling(ctx, told.plan_code)
        seats, end = told.seat_quantity, told.period_end
        if told.trial:
            await self._seat_trial(ctx, told.subscription_id, pool_of(told.plan_code), seats)
        await self._set_limits(ctx, told.subscription_id, told.entitlements, seats, end)
        await self._fit(ctx, told.subscription_id, pool_of(told.plan_code), seats)
        await self._follow_period(ctx, told.subscription_id, end)

    async def _seat_trial(self, ctx: Context, subscription: UUID, code: str, seats: int) -> None:
        """Nobody pays for a trial, so its seats are held and sold in one step, once."""
        missing = seats - await self.sold_to(ctx, subscription, code)
        if missing <= 0:
            return
        wish = models.ReserveSeatsRequest(
            reservation_id=ids.uuid7(),
            subscription_id=subscription,
            pool_code=code,
            seats=missing,
            kind=models.ReservationKind.trial,
        )
        held = await self.decide(ctx, wish)
        if held.status is _STATES.held:
            await self._sell(ctx, held)

    async def adjust_entitlements(self, ctx: Context, request: port.AdjustEntitlements) -> None:
        """Ceilings and limits follow; seats that were added are sold, seats that went are freed."""
        told = request.body
        await self._set_ceiling(ctx, told.plan_code)
        if told.entitlements is not None:
            end = told.current_period_end
            limits = told.entitlements
            await self._set_limits(ctx, told.subscription_id, limits, told.seat_quantity, end)
        async for each in self.reservation.each(
            ctx, subscriptionId=told.subscription_id, status=_STATES.held
        ):
            expansion = each.kind is models.ReservationKind.expansion
            if expansion and each.hold_expires_at > ctx.now:
                await self._sell(ctx, each)
        await self._fit(ctx, told.subscription_id, pool_of(told.plan_code), told.seat_quantity)
        if told.last_change is models.SubscriptionChangeKind.renewal:
            await self._follow_period(ctx, told.subscription_id, told.current_period_end)

    async def _set_ceiling(self, ctx: Context, plan: str) -> None:
        """A ceiling below what is sold freezes the pool."""
        code, ceiling = pool_of(plan), ceiling_of(plan)
        pool = await self.seat_pool.find(ctx, poolCode=code)
        if pool is None:
            await self._new_pool(ctx, code, ceiling)
            return
        changes: dict[str, Any] = {"ceiling": ceiling}
        if pool.held_seats + pool.committed_seats > ceiling:
            reason = "More seats are sold than the plan has; until the period ends"
            changes |= {"frozen": True, "frozenReason": pool.frozen_reason or reason}
        await self.seat_pool.rewrite(ctx, pool, changes)

    async def _set_limits(
        self,
        ctx: Context,
        subscription: UUID,
        entitlements: models.Entitlements,
        seats: int,
        end: datetime,
    ) -> None:
        """A quota for each meter that an entitlement limits; what is by the day resets by it."""
        limits = {
            _CAPITAL.sub(r"_\1", name).lower(): value
            for name, value in entitlements.model_dump(by_alias=True).items()
        }
        for meter in (await self.meters(ctx)).values():
            limit = limits.get(meter.entitlement_key)
            if limit is None:
                continue
            if limit >= 0:
                limit *= _MICROS * (seats if meter.entitlement_key.endswith("_seat") else 1)
            resets = end
            if meter.entitlement_key.endswith("_day"):
                midnight = ctx.now.replace(hour=0, minute=0, second=0, microsecond=0)
                resets = midnight + timedelta(days=1)
            await self.limit(ctx, subscription, meter, limit, resets)

    async def limit(
        self,
        ctx: Context,
        subscription: UUID,
        meter: models.Meter,
        limit: int,
        resets: datetime,
    ) -> None:
        """Write a limit in place of the one there was."""
        known = {"subscriptionId": subscription, "meterCode": meter.code}
        fields: dict[str, Any] = {
            "limitMicros": min(limit, 9_007_199_254_740_991),
            "softLimitPercent": meter.soft_limit_percent,
            "resetsAt": resets,
        }
        quota = await self.quota.find(ctx, **known)
        if quota is None:
            await self.quota.create(ctx, "set-quota", {**known, **fields})
            return
        if quota.limit_micros != fields["limitMicros"]:
            fields |= {"level": models.QuotaLevel.none, "exceededAt": None}
        await self.quota.rewrite(ctx, quota, fields)

    async def set_quota(self, ctx: Context, request: port.SetQuota) -> None:
        """Write the limit of a meter, in place of the one there was."""
        wish = request.body
        meter = (await self.meters(ctx)).get(wish.meter_code)
        if meter is None:
            await super().set_quota(ctx, request)
            return
        await self.limit(ctx, wish.subscription_id, meter, wish.limit_micros, wish.resets_at)

    async def _fit(self, ctx: Context, subscription: UUID, code: str, seats: int) -> None:
        """Give back what is sold to a subscription beyond its seats, and in pools that it left.

        Nobody is put off their seat by fewer seats: what is sat on stays sold.
        """
        keep = seats
        async for each in self.reservation.each(
            ctx, subscriptionId=subscription, status=_STATES.committed
        ):
            wanted = min(each.seats, keep) if each.pool_code == code else 0
            keep -= wanted
            surplus = each.seats - wanted
            pool = await self.seat_pool.find(ctx, poolCode=each.pool_code)
            free = pool.committed_seats - pool.assigned_seats if pool else 0
            back = min(surplus, max(0, free))
            if back == 0:
                continue
            part = each
            if back < each.seats:
                body = models.SplitReservationRequest(reservation_id=each.id, seats=back)
                part = await self.split_reservation(ctx, port.SplitReservation(body=body))
            await self.give_back(ctx, part, _RELEASES.contraction)

    async def _follow_period(self, ctx: Context, subscription: UUID, end: datetime) -> None:
        """Open the period that ends then: the first from now on, others where the last one ends."""
        start = ctx.now
        async for each in self.usage_period.each(ctx, subscriptionId=subscription):
            if each.period_end == end:
                return
            start = each.period_end
            if each.period_end > ctx.now and each.period_start < ctx.now:
                start = ctx.now
                await self.usage_period.rewrite(ctx, each, {"periodEnd": ctx.now})
        if start >= end:
            return
        body = models.OpenPeriodRequest(
            subscription_id=subscription, period_start=start, period_end=end
        )
        await self.open_period(ctx, port.OpenPeriod(body=body))

    async def wind_down_subscription(
        self, ctx: Context, request: port.WindDownSubscription
    ) -> None:
        """Release all seats and let the last period end."""
        told = request.body
        states = (_STATES.held, _STATES.committed)
        async for each in self.reservation.each(
            ctx, subscriptionId=told.subscription_id, status=states
        ):
            await self.give_back(ctx, each, _RELEASES.subscription_cancelled)
        end = min(told.ended_at, ctx.now)
        async for period in self.usage_period.each(ctx, subscriptionId=told.subscription_id):
            if period.period_start < end < period.period_end:
                await self.usage_period.rewrite(ctx, period, {"periodEnd": end})

    async def on_subscription_activated(
        self, ctx: Context, event: Received[models.SubscriptionActivated]
    ) -> None:
        """Pools get their ceilings and meters their limits."""
        await self.apply_entitlements(ctx, port.ApplyEntitlements(body=event.data))

    async def on_subscription_changed(
        self, ctx: Context, event: Received[models.SubscriptionChanged]
    ) -> None:
        """Ceilings and limits follow the plan."""
        await self.adjust_entitlements(ctx, port.AdjustEntitlements(body=event.data))

    async def on_subscription_cancelled(
        self, ctx: Context, event: Received[models.SubscriptionCancelled]
    ) -> None:
        """All seats are released and the last period begins to close."""
        await self.wind_down_subscription(ctx, port.WindDownSubscription(body=event.data))
