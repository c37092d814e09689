"""Changes of a subscription in force: seats, plan, promotion, and the turn of its period."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from cloudsync_chassis import ids
from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.problem import CONDITION_NOT_MET, NOT_FOUND, Problem, breaks_rule
from cloudsync_chassis.runtime import Runtime
from usage_grpc_client import models as usage

from .generated import models, port, problems, tables
from .lives import Lives, members_of, promoted
from .orders import pool_of, usable
from .pricing import after, part, remainder

_STATES = models.SubscriptionStatus
_CHANGES = models.SubscriptionChangeKind
_MAY_OWE = (_STATES.past_due, _STATES.cancelling)
_HOUR, _LOCK = timedelta(hours=1), timedelta(days=1)
_WRONG_CODES = 6
_ROUND = 600.0
"""Seconds between two looks at subscriptions that have reached their end."""
_LIMITS = {
    "api_calls": "api_calls_per_day",
    "storage": "storage_gib_per_seat",
    "meeting": "meeting_participants",
    "guest": "guests_per_seat",
    "version": "version_history_days",
}


class Changes(Lives):
    """What owners and the clock change."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        trial = Due(
            aggregate="subscription", where={"status": _STATES.trialing.value}, since="trialEndsAt"
        )
        noticed = Due(
            aggregate="subscription",
            where={"status": _STATES.cancelling.value},
            since="currentPeriodEnd",
        )
        unpaid = Due(
            aggregate="subscription",
            where={"status": tuple(each.value for each in _MAY_OWE)},
            since="pastDueSince",
            after=self.settings.past_due_grace,
        )
        runtime.work.every(_ROUND, "end-trials", self.end_trials, trial)
        runtime.work.every(_ROUND, "end-after-notice", self.end_after_notice, noticed)
        runtime.work.every(_ROUND, "end-unpaid", self.end_unpaid, unpaid)

    async def change_seats(self, ctx: Context, request: port.ChangeSeats) -> models.Subscription:
        """More seats at once, reserved first; fewer at once or at the renewal.

        Raises:
            Problem: what the contract declares, `rule-broken`.
        """
        held = await self.subscription.get(ctx, request.subscription_id)
        if held.status is not _STATES.active:
            raise problems.ILLEGAL_TRANSITION(f"the subscription is {held.status.value}")
        target, timing = request.body.target_seats, request.body.timing
        plan = await self.known_plan(ctx, held.plan_code)
        if target > plan.max_seats:
            raise breaks_rule(
                f"the plan has {plan.max_seats} seats at most", pointer="/targetSeats"
            )
        if target > held.seat_quantity:
            await self._reserve(held, target - held.seat_quantity)
        else:
            _check_fewer(held, plan, target)
        command, change = "change-seats", {"lastChange": _CHANGES.seats}
        if target < held.seat_quantity and timing is models.ChangeTiming.period_end:
            later = {"scheduledSeatQuantity": target, "effectiveAt": held.current_period_end}
            return await self.subscription.transition(ctx, command, held.id, {**change, **later})
        if target == held.seat_quantity:
            if held.scheduled_seat_quantity is None:
                return held
            return await self.subscription.transition(
                ctx, command, held.id, {**change, "scheduledSeatQuantity": None}
            )
        difference = (target - held.seat_quantity) * held.unit_amount_minor
        difference -= part(difference, held.discount_basis_points)
        fields = {
            "seatQuantity": target,
            "scheduledSeatQuantity": None,
            "prorationMinor": _rest(held, difference, ctx.now),
        }
        return await self.subscription.transition(ctx, command, held.id, {**change, **fields})

    async def _reserve(self, held: models.Subscription, seats: int) -> None:
        """Hold the seats that are added; usage-service sells them when it hears of the change."""
        try:
            await self.clients.usage.reserve_seats(
                usage.ReserveSeatsRequest(
                    reservation_id=ids.uuid7(),
                    subscription_id=held.id,
                    pool_code=pool_of(held.plan_code),
                    seats=seats,
                    kind=usage.ReservationKind.expansion,
                )
            )
        except RefusedError as error:
            if error.retriable and error.status != 429:
                raise
            raise problems.SEATS_EXHAUSTED(error.reason) from error

    async def change_plan(self, ctx: Context, request: port.ChangePlan) -> models.Subscription:
        """To a plan of equal or lower price, at once or at the renewal.

        Raises:
            Problem: what the contract declares, `rule-broken`.
        """
        held = await self.subscription.get(ctx, request.subscription_id)
        if held.status is not _STATES.active:
            raise problems.ILLEGAL_TRANSITION(f"the subscription is {held.status.value}")
        plan = await self.plan_on_sale(ctx, request.body.plan_code)
        if plan.product_line is not held.product_line:
            raise breaks_rule("the plan is of another product line", pointer="/planCode")
        each = await self.unit_at(ctx, held, plan.code, held.seat_quantity)
        if each is None:
            raise problems.PLAN_NOT_ON_SALE("no price in this currency and interval")
        if each > held.unit_amount_minor:
            raise problems.ORDER_NEEDED("the plan costs more than the present one")
        if plan.code == held.plan_code:
            return held
        exceeded = _exceeded(held, plan)
        at_once = request.body.timing is models.ChangeTiming.now
        if exceeded and (at_once or "seats" in exceeded):
            raise problems.ENTITLEMENT_EXCEEDED(", ".join(exceeded), meters=exceeded)
        fields: dict[str, Any] = {"lastChange": _CHANGES.plan}
        if at_once:
            difference = (each - held.unit_amount_minor) * held.seat_quantity
            difference -= part(difference, held.discount_basis_points)
            fields |= {
                "planCode": plan.code,
                "unitAmountMinor": each,
                "scheduledPlanCode": None,
                "prorationMinor": _rest(held, difference, ctx.now),
                "entitlements": plan.entitlements.model_dump(by_alias=True),
            }
        else:
            fields |= {
                "scheduledPlanCode": plan.code,
                "effectiveAt": held.current_period_end,
            }
        return await self.subscription.transition(ctx, "change-plan", held.id, fields)

    async def redeem_promotion(
        self, ctx: Context, request: port.RedeemPromotion
    ) -> models.Subscription:
        """Apply a code from the next invoice on. Wrong codes are counted though they are refused.

        Raises:
            Problem: what the contract declares, `condition-not-met`.
        """
        held = await self.subscription.get(ctx, request.subscription_id)
        code = request.body.promotion_code
        if held.promotion_code == code:
            return held
        await self._check_lock(ctx)
        if held.status is not _STATES.active:
            raise CONDITION_NOT_MET("the subscription is not active")
        promotion = await self.promotion.find(ctx, promotionCode=code)
        if promotion is None or not usable(promotion, ctx.now):
            await self._count_wrong_code(ctx)
            raise problems.PROMOTION_EXPIRED("the code cannot be redeemed")
        if held.promotion_code is not None:
            raise problems.PROMOTION_NOT_COMBINABLE("another promotion counts already")
        plan = await self.known_plan(ctx, held.plan_code)
        if plan.family not in promotion.families:
            raise problems.PROMOTION_NOT_COMBINABLE("it is for other families of plans")
        await self.redeemed(ctx, promotion, 1)
        fields = {**promoted(held, promotion), "lastChange": _CHANGES.price}
        return await self.subscription.update(ctx, "redeem-promotion", held.id, fields)

    async def _check_lock(self, ctx: Context) -> None:
        table = tables.promotion_attempts
        statement = sa.select(sa.func.max(table.c.locked_until)).where(
            table.c.organization_id == ctx.tenant, table.c.locked_until > ctx.now
        )
        until = await (await ctx.unit.connection()).scalar(statement)
        if until is not None:
            raise _locked(until, ctx.now)

    async def _count_wrong_code(self, ctx: Context) -> None:
        """Count, and keep the count although the request is refused.

        Raises:
            Problem: `promotion-locked` with the sixth within an hour.
        """
        table, connection = tables.promotion_attempts, await ctx.unit.connection()
        recent = (
            sa.select(table.c.counted_from, table.c.wrong_codes)
            .where(table.c.organization_id == ctx.tenant, table.c.counted_from > ctx.now - _HOUR)
            .where(table.c.locked_until.is_(None))
            .order_by(table.c.counted_from.desc())
            .limit(1)
        )
        row = (await connection.execute(recent)).first()
        count = 1 + (row.wrong_codes if row else 0)
        until = ctx.now + _LOCK if count >= _WRONG_CODES else None
        if row is None:
            values = {"organization_id": ctx.tenant, "counted_from": ctx.now, "wrong_codes": 1}
            await connection.execute(sa.insert(table).values(values))
        else:
            await connection.execute(
                sa.update(table)
                .where(table.c.organization_id == ctx.tenant)
                .where(table.c.counted_from == row.counted_from)
                .values(wrong_codes=count, locked_until=until)
            )
        await ctx.unit.commit()
        if until is not None:
            raise _locked(until, ctx.now)

    async def renew_subscription(self, ctx: Context, request: port.RenewSubscription) -> None:
        """Turn a subscription's period over, as often as it has ended.

        Raises:
            Problem: `not-found`.
        """
        held = await self.subscription.find(ctx, id=request.subscription_id)
        if held is None:
            raise NOT_FOUND("no such subscription")
        while held.status is _STATES.active and held.current_period_end <= ctx.now:
            held = await self._renewed(ctx, held)

    async def _renewed(self, ctx: Context, held: models.Subscription) -> models.Subscription:
        start = held.current_period_end
        code = held.scheduled_plan_code or held.plan_code
        seats = held.scheduled_seat_quantity or held.seat_quantity
        each = await self.unit_at(ctx, held, code, seats)
        fields: dict[str, Any] = {
            "planCode": code,
            "seatQuantity": seats,
            "unitAmountMinor": held.unit_amount_minor if each is None else each,
            "currentPeriodStart": start,
            "currentPeriodEnd": after(start, held.billing_interval),
            "scheduledPlanCode": None,
            "scheduledSeatQuantity": None,
            "upgradeHintMeter": None,
            "upgradeHintedAt": None,
            "lastChange": _CHANGES.renewal,
            **await self._without_run_promotion(ctx, held),
        }
        if code != held.plan_code:
            plan = await self.known_plan(ctx, code)
            fields["entitlements"] = plan.entitlements.model_dump(by_alias=True)
        return await self.subscription.transition(ctx, "renew-subscription", held.id, fields)

    async def _without_run_promotion(
        self, ctx: Context, held: models.Subscription
    ) -> dict[str, Any]:
        """What takes a promotion off whose periods are over.

        The history tells: a code redeemed in force counts from the renewal after it, one that was
        ordered with counts from the activation.
        """
        if held.promotion_code is None:
            return {}
        promotion = await self.promotion.find(ctx, promotionCode=held.promotion_code)
        run = 1
        async for line in self.subscription_change.each(ctx, subscriptionId=held.id):
            if line.change_kind in (_CHANGES.price, _CHANGES.plan):
                run = 0 if line.change_kind is _CHANGES.price else run
            elif line.change_kind is _CHANGES.renewal:
                run += 1
        if promotion is not None and run < promotion.periods:
            return {}
        taken = promotion.percent_off_basis_points if promotion else held.discount_basis_points
        fields: dict[str, Any] = {"promotionCode": None}
        if held.discount_basis_points == taken:
            fields |= {"discountBasisPoints": 0, "approvedBy": None}
        return fields

    async def end_trials(self, ctx: Context) -> None:
        """End the tenant's trials whose days are over."""
        async for held in self.subscription.each(
            ctx, {"trialEndsAt": ctx.now}, status=_STATES.trialing
        ):
            await self._end(ctx, held, models.CancellationReason.trial_lapsed)

    async def end_after_notice(self, ctx: Context) -> None:
        """End what notice was given of, once the period that was paid for is over."""
        async for held in self.subscription.each(
            ctx, {"currentPeriodEnd": ctx.now}, status=_STATES.cancelling
        ):
            reason = held.cancellation_reason or models.CancellationReason.other
            await self._end(ctx, held, reason)

    async def end_unpaid(self, ctx: Context) -> None:
        """End what has not been paid for thirty days after it was due."""
        by = ctx.now - timedelta(seconds=self.settings.past_due_grace)
        async for held in self.subscription.each(ctx, {"pastDueSince": by}, status=_MAY_OWE):
            await self._end(ctx, held, models.CancellationReason.non_payment)

    async def _end(
        self, ctx: Context, held: models.Subscription, reason: models.CancellationReason
    ) -> None:
        body = models.EndSubscriptionRequest(cancellation_reason=reason)
        await self.end_subscription(ctx, port.EndSubscription(subscription_id=held.id, body=body))


def _check_fewer(held: models.Subscription, plan: models.Plan, target: int) -> None:
    if target < max(held.seat_minimum, plan.min_seats):
        raise problems.BELOW_SEAT_MINIMUM("contract or plan ask for more seats")
    if target < held.seat_quantity and target < members_of(held):
        raise problems.SEATS_IN_USE(f"{members_of(held)} people have a seat")


def _rest(held: models.Subscription, amount: int, now: datetime) -> int:
    """What an amount per period is worth for the rest of the present one."""
    return remainder(amount, held.current_period_start, held.current_period_end, now)


def _exceeded(held: models.Subscription, plan: models.Plan) -> list[str]:
    """Meters in which more is used than the plan allows, as far as it is known here."""
    found = []
    if not plan.min_seats <= held.seat_quantity <= plan.max_seats:
        found.append("seats")
    meter = held.upgrade_hint_meter
    if meter is not None:
        limit = next((name for start, name in _LIMITS.items() if meter.startswith(start)), None)
        if limit is not None and getattr(plan.entitlements, limit) >= 0:
            found.append(meter)
    return found


def _locked(until: datetime, now: datetime) -> Problem:
    problem = problems.PROMOTION_LOCKED("too many wrong codes")
    problem.headers = {"Retry-After": str(max(1, int((until - now).total_seconds())))}
    return problem
