"""Ordering: what a wish costs, the order that opens the saga, and how it ends."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis import ids
from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import ALREADY_EXISTS, NOT_FOUND, breaks_rule
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store import idempotency
from payment_client import models as payments
from usage_grpc_client import models as usage

from .catalogue import Catalogue
from .generated import models, port, problems, tables
from .pricing import Quote, Wish, after, quote, remainder, worth

LARGEST_MINOR = 100_000_000
"""What a card is charged for one order at most, in minor units."""

REACTIVATION = timedelta(days=90)

OPEN = (
    models.OrderStatus.awaiting_approval,
    models.OrderStatus.placed,
    models.OrderStatus.seats_reserved,
    models.OrderStatus.paid,
    models.OrderStatus.cancelling,
)
LIVING = (
    models.SubscriptionStatus.incomplete,
    models.SubscriptionStatus.trialing,
    models.SubscriptionStatus.active,
    models.SubscriptionStatus.past_due,
    models.SubscriptionStatus.paused,
    models.SubscriptionStatus.cancelling,
)
_NO_SEATS = frozenset({"seats-exhausted", "pool-frozen", "too-many-holds"})
_EDITION = re.compile("-[0-9]{4}$")

log = logger("orders")


@dataclass(frozen=True, slots=True)
class Bought:
    """What an order is about, priced; `held` is the subscription that it would change or fill."""

    plan: models.Plan
    quote: Quote
    held: models.Subscription | None
    promotion: models.Promotion | None


def pool_of(plan_code: str) -> str:
    """The pool of a plan's full seats: `business-2026` sells from `business-full`."""
    return _EDITION.sub("", plan_code)[:27] + "-full"


class Orders(Catalogue):
    """Placing and pricing."""

    async def preview_order(self, ctx: Context, request: port.PreviewOrder) -> models.OrderPreview:
        """Price a wish and ask for its seats by a dry run; nothing is stored."""
        wish = request.body
        bought = await self._bought(ctx, wish)
        free = True
        try:
            await self._ask_for_seats(bought, wish.seat_quantity)
        except RefusedError as error:
            if error.slug not in _NO_SEATS:
                raise
            free = False
        priced = bought.quote
        return models.OrderPreview(
            lines=list(priced.lines),
            subtotal=_money(priced.subtotal_minor, priced.currency),
            estimated_tax=_money(priced.tax_minor, priced.currency),
            total=_money(priced.total_minor, priced.currency),
            seats_available=free,
            approval_needed=priced.total_minor > self.settings.approval_threshold_minor,
            renews_on=after(ctx.now, wish.billing_interval).date(),
        )

    async def create_order(self, ctx: Context, request: port.CreateOrder) -> models.Order:
        """Place an order; the money is authorised once the order is committed. A request that was
        cut off in between and comes again is about the order that it has placed.

        Raises:
            Problem: what the contract declares, `rule-broken`, `already-exists`.
        """
        placed = await idempotency.begun(ctx)
        if placed is not None:
            return await self.order.get(ctx, placed)
        wish = request.body
        bought = await self._bought(ctx, wish)
        if bought.quote.total_minor > LARGEST_MINOR:
            raise problems.ORDER_TOO_LARGE("more than 1,000,000.00 is sold by contract")
        if bought.held is not None:
            await self._refuse_second(ctx, bought.held.id)
        try:
            await self._ask_for_seats(bought, wish.seat_quantity)
        except RefusedError as error:
            if error.slug not in _NO_SEATS:
                raise
            raise problems.SEATS_EXHAUSTED(error.reason) from error
        if bought.promotion is not None:
            await self.redeemed(ctx, bought.promotion, 1)
        target = bought.held.id if bought.held else (await self._frame(ctx, wish, bought)).id
        order = await self._place(ctx, wish, bought, target)
        if order.status is not models.OrderStatus.placed or order.total_minor == 0:
            return order
        await idempotency.begin(ctx, order.id)
        await ctx.unit.commit()
        return await self._authorised(ctx, order)

    async def _bought(
        self, ctx: Context, wish: models.CreateOrderRequest | models.PreviewOrderRequest
    ) -> Bought:
        """The wish, checked and priced."""
        plan = await self.plan_on_sale(ctx, wish.plan_code)
        price = await self.price_at(ctx, plan.code, wish.billing_interval, wish.currency, ctx.now)
        if price is None:
            raise problems.PLAN_NOT_ON_SALE("no price in this currency and interval")
        if not plan.min_seats <= wish.seat_quantity <= plan.max_seats:
            raise breaks_rule(
                f"the plan is sold for {plan.min_seats} to {plan.max_seats} seats",
                pointer="/seatQuantity",
            )
        held = await self._held(ctx, wish, plan)
        promotion = None
        if wish.promotion_code is not None:
            promotion = await self._promotion(ctx, wish.promotion_code, plan)
        discount = promotion.percent_off_basis_points if promotion else 0
        credit = 0
        if held is not None:
            discount = max(discount, held.discount_basis_points)
            if held.status is models.SubscriptionStatus.active:
                start, end = held.current_period_start, held.current_period_end
                credit = remainder(worth(held), start, end, ctx.now)
        priced = quote(Wish(plan, price, wish.seat_quantity, discount, credit), self.taxes)
        return Bought(plan, priced, held, promotion)

    async def _held(
        self,
        ctx: Context,
        wish: models.CreateOrderRequest | models.PreviewOrderRequest,
        plan: models.Plan,
    ) -> models.Subscription | None:
        """The living subscription that the order changes or, if it is a trial, fills."""
        kind = wish.kind or models.OrderKind.new
        named = None
        if wish.subscription_id is not None:
            named = await self.subscription.find(ctx, id=wish.subscription_id)
            if named is None:
                raise NOT_FOUND("no such subscription")
        if (named is None) != (kind is models.OrderKind.new):
            raise breaks_rule("a change or reactivation names its subscription", pointer="/kind")
        if named is not None and kind is models.OrderKind.plan_change:
            return self._changeable(named, wish, plan)
        if named is not None:
            self._check_reactivation(ctx, named, wish)
        living = await self._living(ctx, plan.product_line)
        if living is None or living.status is models.SubscriptionStatus.trialing:
            return living
        if living.status is models.SubscriptionStatus.incomplete:
            await self._refuse_second(ctx, living.id)
        raise ALREADY_EXISTS("there is a subscription of this product line")

    def _changeable(
        self,
        held: models.Subscription,
        wish: models.CreateOrderRequest | models.PreviewOrderRequest,
        plan: models.Plan,
    ) -> models.Subscription:
        states = models.SubscriptionStatus
        if held.status not in (states.active, states.trialing):
            raise problems.ILLEGAL_TRANSITION("only a subscription in force changes its plan")
        if held.product_line is not plan.product_line:
            raise breaks_rule("the plan is of another product line", pointer="/planCode")
        if held.currency is not wish.currency and held.status is states.active:
            raise breaks_rule("the currency of a subscription stays", pointer="/currency")
        if wish.seat_quantity < held.seat_minimum:
            raise breaks_rule("the contract asks for more seats", pointer="/seatQuantity")
        return held

    def _check_reactivation(
        self,
        ctx: Context,
        ended: models.Subscription,
        wish: models.CreateOrderRequest | models.PreviewOrderRequest,
    ) -> None:
        if ended.ended_at is None or ended.ended_at < ctx.now - REACTIVATION:
            raise problems.ILLEGAL_TRANSITION("it ended not within the last ninety days")
        if ended.plan_code != wish.plan_code:
            raise breaks_rule("a reactivation is of the same plan", pointer="/planCode")

    async def _living(self, ctx: Context, line: models.ProductLine) -> models.Subscription | None:
        async for each in self.subscription.each(ctx, productLine=line, status=LIVING):
            return each
        return None

    async def _refuse_second(self, ctx: Context, subscription: UUID) -> None:
        if await self.order.count(ctx, subscriptionId=subscription, status=OPEN):
            raise problems.ORDER_ALREADY_OPEN("another order has not ended yet")

    async def _promotion(self, ctx: Context, code: str, plan: models.Plan) -> models.Promotion:
        found = await self.promotion.find(ctx, promotionCode=code)
        if found is None or not usable(found, ctx.now) or plan.family not in found.families:
            raise problems.PROMOTION_EXPIRED("the code cannot be redeemed for this plan")
        return found

    async def redeemed(self, ctx: Context, promotion: models.Promotion, by: int) -> None:
        """Count a redemption, or take one back; the version is what serialises two of them."""
        changes = {"redemptions": max(0, promotion.redemptions + by)}
        await self.promotion.rewrite(ctx, promotion, changes)

    async def _ask_for_seats(self, bought: Bought, seats: int) -> None:
        """A dry run at usage-service for the seats that would be added.

        Raises:
            CallError: refused, or no answer.
        """
        held = bought.held
        in_force = held is not None and held.status is models.SubscriptionStatus.active
        added = seats - (held.seat_quantity if held is not None and in_force else 0)
        if added <= 0:
            return
        kinds = usage.ReservationKind
        await self.clients.usage.reserve_seats(
            usage.ReserveSeatsRequest(
                reservation_id=ids.uuid7(),
                subscription_id=held.id if held else ids.uuid7(),
                pool_code=pool_of(bought.plan.code),
                seats=added,
                kind=kinds.plan_change if in_force else kinds.order,
                dry_run=True,
            )
        )

    async def next_number(self, ctx: Context) -> str:
        """The next number of this year, over all tenants (`SUB-2026-000123`)."""
        column, prefix = tables.subscriptions.c.number, f"SUB-{ctx.now.year}-"
        statement = sa.select(sa.func.max(column)).where(column.startswith(prefix))
        last = await (await ctx.unit.connection()).scalar(statement)
        return f"{prefix}{int(last[-6:]) + 1 if last else 1:06d}"

    async def _frame(
        self, ctx: Context, wish: models.CreateOrderRequest, bought: Bought
    ) -> models.Subscription:
        """The empty subscription that the order will fill, opened by the service itself."""
        fields: dict[str, Any] = {
            "number": await self.next_number(ctx),
            "productLine": bought.plan.product_line,
            "planCode": bought.plan.code,
            "billingInterval": wish.billing_interval,
            "seatQuantity": wish.seat_quantity,
            "unitAmountMinor": bought.quote.unit_minor,
            "currency": wish.currency,
            "currentPeriodStart": ctx.now,
            "currentPeriodEnd": after(ctx.now, wish.billing_interval),
            "paymentMethodId": wish.payment_method_id,
            **_present("billingContactEmail", wish.billing_contact_email),
            **_present("purchaseOrderNumber", wish.purchase_order_number),
        }
        itself = replace(ctx, principal=workload(self.runtime.spec.name, ctx.tenant))
        return await self.subscription.create(itself, "open-subscription", fields)

    async def _place(
        self, ctx: Context, wish: models.CreateOrderRequest, bought: Bought, subscription: UUID
    ) -> models.Order:
        """The order: announced at once, or waiting for finance and announced by the approval."""
        large = bought.quote.total_minor > self.settings.approval_threshold_minor
        wait = self.settings.approval_window if large else self.settings.order_deadline
        fields: dict[str, Any] = {
            "subscriptionId": subscription,
            "kind": wish.kind or models.OrderKind.new,
            "planCode": bought.plan.code,
            "billingInterval": wish.billing_interval,
            "seatQuantity": wish.seat_quantity,
            "totalMinor": bought.quote.total_minor,
            "unitAmountMinor": bought.quote.unit_minor,
            "currency": wish.currency,
            "priceDigest": bought.quote.digest,
            "paymentMethodId": wish.payment_method_id,
            "placedBy": UUID(ctx.principal.subject),
            "deadlineAt": ctx.now + timedelta(seconds=wait),
            **_present("promotionCode", wish.promotion_code),
            **_present("purchaseOrderNumber", wish.purchase_order_number),
        }
        if not large:
            return await self.order.create(ctx, "create-order", fields)
        waiting = {**fields, "status": models.OrderStatus.awaiting_approval}
        return await self.order.insert(ctx, waiting)

    async def _authorised(self, ctx: Context, order: models.Order) -> models.Order:
        """The order with its authorisation, where one came in time.

        Without one, be it late, refused or impossible, the payment step of the saga decides.
        """
        body = payments.AuthorizePaymentRequest(
            purpose=payments.PaymentPurpose.order,
            order_id=order.id,
            amount_minor=order.total_minor,
            currency=payments.Currency(order.currency.value),
            payment_method_id=order.payment_method_id,
            price_digest=order.price_digest,
        )
        try:
            async with asyncio.timeout(self.settings.authorization_wait):
                payment = await self.clients.payment.authorize_payment(
                    ctx, body, idempotency_key=str(order.id)
                )
        except TimeoutError:
            log.info("authorisation_left_to_payment", order_id=str(order.id))
            return order
        except RefusedError as error:
            log.info("authorisation_refused", order_id=str(order.id), status=error.status)
            return order
        if payment is None:
            return order
        present = await self.order.find(ctx, id=order.id)
        if present is None:
            return order
        return await self.order.rewrite(ctx.later(), present, {"authorizationId": payment.id})


def usable(promotion: models.Promotion, now: datetime) -> bool:
    """Whether somebody can still redeem it."""
    in_time = promotion.starts_at <= now < promotion.ends_at
    return in_time and promotion.redemptions < promotion.redemption_limit


def _money(amount: int, currency: models.Currency) -> models.Money:
    return models.Money(amount_minor=amount, currency=currency)


def _present(name: str, value: Any) -> Mapping[str, Any]:
    return {} if value is None else {name: value}
