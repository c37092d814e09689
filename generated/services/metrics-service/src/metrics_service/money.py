"""What events of other services count: payments and their reversals, subscriptions, people."""

from __future__ import annotations

import hmac
import re
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime

from . import catalogue, memory
from .facts import KINDS, Fact, Facts
from .generated import models, port

_FAMILY = re.compile("[a-z]+")
_ORDER = models.PaymentPurpose.order
_VERIFICATION = models.PaymentPurpose.verification
_ME = "metrics-service"
_DIGEST_BITS = 48


class Money(Facts):
    """Facts that nobody records by hand."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._cipher = runtime.cipher

    async def update_analytics(self, ctx: Context, request: port.UpdateAnalytics) -> None:
        """Book a payment under its own id, and let the order go on; twice booked counts once.

        Of an order all that was taken recurs by the month, of an invoice nothing is new.
        """
        body = request.body
        if body.purpose is _VERIFICATION:
            return
        currency, at = body.currency.value.upper(), body.captured_at or _happened(ctx)
        recurring = body.captured_minor + (body.credit_applied_minor or 0)
        recurring = recurring if body.purpose is _ORDER else 0
        money: dict[str, Any] = {
            "id": body.payment_id,
            "at": at,
            "source": _ME,
            "order": body.order_id,
            "payment": body.payment_id,
            "currency": currency,
        }
        dims = {"currency": currency}
        cash = Fact(
            key=catalogue.CASH, kind=KINDS.cash, value=body.captured_minor, dims=dims, **money
        )
        await self.book(ctx, cash)
        if body.purpose is _ORDER:
            await self.book(ctx, Fact(key=catalogue.ORDERS, kind=KINDS.custom, value=1, **money))
            told = {**dims, "movement": "new"}
            fact = Fact(
                key=catalogue.MRR, kind=KINDS.recurring_revenue, value=recurring, dims=told, **money
            )
            await self.book(ctx, fact)
        await self.metric_fact.announce(
            ctx,
            "revenue-recorded",
            {
                "orderId": body.order_id,
                "paymentId": body.payment_id,
                "currency": currency,
                "amountMinor": body.captured_minor,
                "mrrDeltaMinor": recurring,
            },
        )

    async def record_counter_fact(self, ctx: Context, request: port.RecordCounterFact) -> None:
        """Undo what a payment or an order has counted; without anything to undo, nothing."""
        body = request.body
        facts: dict[UUID, models.MetricFact] = {}
        wanted: list[dict[str, Any]] = []
        if body.origin_fact_id is not None:
            wanted.append({"factId": body.origin_fact_id})
        if body.order_id is not None:
            wanted.append({"orderId": body.order_id})
        for each in wanted:
            facts |= {one.id: one async for one in self.metric_fact.each(ctx, **each)}
        await self.undo(ctx, facts.values(), body.occurred_at, "all")

    async def on_payment_processed(
        self, ctx: Context, event: Received[models.PaymentProcessed]
    ) -> None:
        """Cash, orders and recurring revenue count once under the payment's id."""
        await self.update_analytics(ctx, port.UpdateAnalytics(body=event.data))

    async def on_payment_refunded(
        self, ctx: Context, event: Received[models.PaymentRefunded]
    ) -> None:
        """The money leaves the curves at the moment of the refund; of a part only that part."""
        data, at = event.data, event.event.time
        facts = [each async for each in self.metric_fact.each(ctx, factId=data.payment_id)]
        cash = [each for each in facts if each.fact_kind is KINDS.cash]
        part = {each.id: float(data.amount_minor) for each in cash}
        await self.undo(ctx, cash, at, str(data.refund_id), part)
        whole = all([await self._undone(ctx, each) for each in cash])
        if whole:
            await self.undo(ctx, facts, at, "all")

    async def _undone(self, ctx: Context, fact: models.MetricFact) -> bool:
        counters = [each.value async for each in self.metric_fact.each(ctx, counterTo=fact.id)]
        return fact.value + sum(counters) <= 0

    async def on_refund_skipped(self, ctx: Context, event: Received[models.RefundSkipped]) -> None:
        """The order leaves the curves although no money moved."""
        await self._reverse(ctx, event.data.order_id, event.data.payment_id, event.event.time)

    async def on_order_cancelled(
        self, ctx: Context, event: Received[models.OrderCancelled]
    ) -> None:
        """Whatever the order had counted is undone by facts of opposite sign."""
        await self._reverse(ctx, event.data.order_id, None, event.event.time)

    async def _reverse(self, ctx: Context, order: UUID, payment: UUID | None, at: datetime) -> None:
        body = models.CounterFactRequest(origin_fact_id=payment, order_id=order, occurred_at=at)
        await self.record_counter_fact(ctx, port.RecordCounterFact(body=body))

    async def on_seats_committed(
        self, ctx: Context, event: Received[models.SeatsCommitted]
    ) -> None:
        """Seats sold by plan family, and by which order their subscription was paid."""
        data = event.data
        known = await self._subscribed(ctx, data.subscription_id)
        orders = known.order_ids
        if data.order_id is not None and data.order_id not in orders:
            orders = [*orders, data.order_id]
        family = _family(data.pool_code)
        fact = Fact(
            id=event.event.id,
            key=catalogue.SEATS,
            kind=KINDS.seats,
            value=data.seats,
            at=data.committed_at,
            source=_ME,
            dims={"movement": "new", "plan_family": family},
        )
        if await self.book(ctx, fact):
            seats = known.seats + data.seats
            await self.subscribed.rewrite(ctx, known, {"seats": seats, "orderIds": orders})

    async def record_subscription_movement(
        self, ctx: Context, request: port.RecordSubscriptionMovement
    ) -> None:
        """Hold the event that is handled against what is known of its subscription.

        Raises:
            Problem: `not-found`: no event is handled, so nothing says what has moved.
        """
        event = ctx.cause
        if event is None:
            raise NOT_FOUND("movements follow events alone")
        seats = 0 if "endedAt" in event.data else int(event.data["seatQuantity"])
        known = await self._subscribed(ctx, UUID(str(event.data["subscriptionId"])))
        told = event.data.get("fromSeatQuantity")
        before = int(told) if told is not None else known.seats or seats
        plan, moved = str(event.data["planCode"]), seats - before
        if moved:
            await self._move(ctx, known, event.id, plan, moved, before)
        await self._keep(ctx, known.subscription_id, seats, plan)

    async def _move(
        self,
        ctx: Context,
        known: memory.Subscribed,
        event: UUID,
        plan: str,
        moved: int,
        before: int,
    ) -> None:
        """Seats, and what they bring by the month at the price of those that there were."""
        movement = "expansion" if moved > 0 else "contraction"
        movement = "churn" if moved == -before else movement
        dims = {"movement": movement, "plan_family": _family(plan)}
        common: dict[str, Any] = {"id": event, "at": _happened(ctx), "source": _ME}
        seats = Fact(key=catalogue.SEATS, kind=KINDS.seats, value=moved, dims=dims, **common)
        await self.book(ctx, seats)
        monthly, currency = await self._monthly(ctx, known)
        if currency is None or not before:
            return
        delta = -monthly if movement == "churn" else round(monthly * moved / before)
        fact = Fact(
            key=catalogue.MRR,
            kind=KINDS.recurring_revenue,
            value=delta,
            dims={**dims, "currency": currency},
            currency=currency,
            **common,
        )
        if await self.book(ctx, fact):
            present = await self._subscribed(ctx, known.subscription_id)
            fields = {"mrrMinor": present.mrr_minor + delta, "currency": currency}
            await self.subscribed.rewrite(ctx, present, fields)

    async def _monthly(self, ctx: Context, known: memory.Subscribed) -> tuple[int, str | None]:
        """What a subscription brings by the month: what its orders did, and how it moved since."""
        total, currency = known.mrr_minor, known.currency
        for order in known.order_ids:
            async for each in self.metric_fact.each(ctx, orderId=order, metricKey=catalogue.MRR):
                total, currency = total + int(each.value), each.currency
        return total, currency

    async def _subscribed(self, ctx: Context, key: UUID) -> memory.Subscribed:
        found = await self.subscribed.find(ctx, subscriptionId=key)
        fields = {"subscriptionId": key, "seats": 0, "mrrMinor": 0, "orderIds": []}
        return found or await self.subscribed.insert(ctx, fields)

    async def _keep(self, ctx: Context, key: UUID, seats: int, plan: str) -> None:
        known = await self._subscribed(ctx, key)
        await self.subscribed.rewrite(ctx, known, {"seats": seats, "planCode": plan})

    async def on_subscription_changed(
        self, ctx: Context, event: Received[models.SubscriptionChanged]
    ) -> None:
        """Expansion or contraction of recurring revenue by plan family."""
        await self.record_subscription_movement(ctx, port.RecordSubscriptionMovement())

    async def on_subscription_cancelled(
        self, ctx: Context, event: Received[models.SubscriptionCancelled]
    ) -> None:
        """Churned revenue on the day on which the subscription ends."""
        await self.record_subscription_movement(ctx, port.RecordSubscriptionMovement())

    async def count_activity(self, ctx: Context, request: port.CountActivity) -> None:
        """Count the person of the event that is handled: 48 bits of a keyed digest of their id.

        Raises:
            Problem: `not-found`: no event is handled, so nobody was active.
        """
        event = ctx.cause
        if event is None:
            raise NOT_FOUND("activity follows events alone")
        key = self._cipher.lasting_key(f"activity of {ctx.tenant}")
        digest = hmac.digest(key, str(event.data["userId"]).encode(), "sha256")
        signed_in = "sessionId" in event.data
        name = "channel" if signed_in else "kind"
        fact = Fact(
            id=uuid5(event.id, catalogue.ACTIVE if signed_in else catalogue.SIGN_UPS),
            key=catalogue.ACTIVE if signed_in else catalogue.SIGN_UPS,
            kind=KINDS.activity,
            value=int.from_bytes(digest[: _DIGEST_BITS // 8], "big") if signed_in else 1,
            at=event.time,
            source=_ME,
            dims={name: str(event.data[name])},
        )
        await self.book(ctx, fact)

    async def on_login_succeeded(
        self, ctx: Context, event: Received[models.LoginSucceeded]
    ) -> None:
        """One more person in the day's and the month's sketch, told by pseudonym."""
        await self.count_activity(ctx, port.CountActivity())

    async def on_user_created(self, ctx: Context, event: Received[models.UserCreated]) -> None:
        """A sign-up and the first day of a cohort."""
        await self.count_activity(ctx, port.CountActivity())


def _family(code: str) -> str:
    """`team` of `team-2026` and of `team-full`."""
    found = _FAMILY.match(code)
    return found[0] if found is not None else "none"


def _happened(ctx: Context) -> datetime:
    return ctx.cause.time if ctx.cause is not None else ctx.now
