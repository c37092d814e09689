"""Life of a subscription: trial, activation, debts, and the off-boarding of its organisation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import given
from cloudsync_chassis.problem import ALREADY_EXISTS, NOT_FOUND

from .generated import models, port, problems
from .pricing import after, unit
from .saga import Saga

_STATES = models.SubscriptionStatus
_CHANGES = models.SubscriptionChangeKind
_ENTITLED = (_STATES.trialing, _STATES.active, _STATES.past_due, _STATES.cancelling)
_IN_FORCE = (*_ENTITLED, _STATES.paused)

log = logger("subscriptions")


class Lives(Saga):
    """From the trial to the end."""

    async def get_entitlements(
        self, ctx: Context, request: port.GetEntitlements
    ) -> models.EntitlementAnswer:
        """What people may use; callers may keep the answer for an hour."""
        held = await self.subscription.get(ctx, request.subscription_id)
        plan = await self.plan.find(ctx, code=held.plan_code)
        if plan is None:
            raise NOT_FOUND("the plan is not in the catalogue")
        return models.EntitlementAnswer(
            subscription_id=held.id,
            plan_code=plan.code,
            plan_family=plan.family,
            entitled=held.status in _ENTITLED,
            entitlements=plan.entitlements,
            seat_quantity=held.seat_quantity,
            valid_until=ctx.now + timedelta(seconds=self.settings.entitlement_validity),
        )

    async def start_trial(self, ctx: Context, request: port.StartTrial) -> models.Subscription:
        """Let an organisation try a plan.

        Raises:
            Problem: `plan-not-on-sale`, `trial-already-used`, `already-exists`.
        """
        plan = await self.plan_on_sale(ctx, request.body.plan_code)
        if plan.trial_days == 0:
            raise problems.PLAN_NOT_ON_SALE("the plan has no trial")
        if await self._tried(ctx, plan.family):
            raise problems.TRIAL_ALREADY_USED(f"a plan of the family {plan.family.value} was used")
        if await self._living(ctx, plan.product_line) is not None:
            raise ALREADY_EXISTS("there is a subscription of this product line")
        end = ctx.now + timedelta(days=plan.trial_days)
        fields = {
            **given(request.body),
            "number": await self.next_number(ctx),
            "productLine": plan.product_line,
            "billingInterval": models.BillingInterval.month,
            "seatQuantity": max(plan.min_seats, min(plan.max_seats, self.settings.trial_seats)),
            "unitAmountMinor": 0,
            "currency": models.Currency.usd,
            "currentPeriodStart": ctx.now,
            "currentPeriodEnd": end,
            "trialEndsAt": end,
        }
        told = {**_entitling(plan), "periodEnd": end, "trial": True}
        return await self.subscription.create(ctx, "start-trial", {**fields, **told})

    async def _tried(self, ctx: Context, family: models.PlanFamily) -> bool:
        """Whether any subscription of the tenant was ever on a plan of the family."""
        codes: set[str] = set()
        async for each in self.subscription.each(ctx):
            if each.status not in (_STATES.incomplete, _STATES.expired):
                codes.add(each.plan_code)
        async for line in self.subscription_change.each(ctx):
            codes |= {line.plan_code, line.from_plan_code or line.plan_code}
        for code in codes:
            plan = await self.plan.find(ctx, code=code)
            if plan is not None and plan.family is family:
                return True
        return False

    async def activate_subscription(self, ctx: Context, request: port.ActivateSubscription) -> None:
        """Carry out an order whose seats are sold."""
        order = await self._order(ctx, request.body.order_id)
        over = (models.OrderStatus.fulfilled, models.OrderStatus.cancelled)
        if order is None or order.status in (*over, models.OrderStatus.cancelling):
            return
        held = await self.subscription.find(ctx, id=order.subscription_id)
        if held is None:
            raise NOT_FOUND(f"the subscription of order {order.id} is unknown")
        plan = await self.known_plan(ctx, order.plan_code)
        fields = await self._ordered(ctx, order, held)
        if held.status in (_STATES.incomplete, _STATES.trialing):
            now_held = await self.subscription.telling().transition(
                ctx, "activate-subscription", held.id, fields
            )
        elif held.status is _STATES.active:
            fields["lastChange"] = _CHANGES.plan
            now_held = await self.subscription.rewrite(ctx, held, fields)
            await self.subscription.announce(
                ctx,
                "subscription-changed",
                now_held,
                held,
                entitlements=plan.entitlements.model_dump(by_alias=True),
            )
        else:
            log.warning("order_of_no_living_subscription", order_id=str(order.id))
            return
        await self.subscription.announce(
            ctx,
            "subscription-activated",
            now_held,
            held,
            **_entitling(plan),
            periodEnd=now_held.current_period_end,
            trial=False,
            orderId=order.id,
        )

    async def _ordered(
        self, ctx: Context, order: models.Order, held: models.Subscription
    ) -> dict[str, Any]:
        """What the subscription is once the order is carried out, priced as when it was placed."""
        fields: dict[str, Any] = {
            "planCode": order.plan_code,
            "seatQuantity": order.seat_quantity,
            "billingInterval": order.billing_interval,
            "currency": order.currency,
            "unitAmountMinor": await self._unit_ordered(ctx, order, held),
            "currentPeriodStart": ctx.now,
            "currentPeriodEnd": after(ctx.now, order.billing_interval),
            "trialEndsAt": None,
            "scheduledPlanCode": None,
            "scheduledSeatQuantity": None,
            "paymentMethodId": order.payment_method_id,
        }
        if order.purchase_order_number is not None:
            fields["purchaseOrderNumber"] = order.purchase_order_number
        if order.promotion_code is not None:
            promotion = await self.promotion.find(ctx, promotionCode=order.promotion_code)
            fields |= promoted(held, promotion) if promotion else {}
        return fields

    async def _unit_ordered(
        self, ctx: Context, order: models.Order, held: models.Subscription
    ) -> int:
        """What a seat costs by the order; those that did not keep it ask the list of their day."""
        if order.unit_amount_minor is not None:
            return order.unit_amount_minor
        price = await self.price_at(
            ctx, order.plan_code, order.billing_interval, order.currency, order.created_at
        )
        return unit(price.tiers, order.seat_quantity) if price else held.unit_amount_minor

    async def expire_subscription(self, ctx: Context, request: port.ExpireSubscription) -> None:
        """Close the frame of a cancelled order; what is in force keeps its plan."""
        held = await self.subscription.find(ctx, id=request.body.subscription_id)
        if held is not None and held.status is _STATES.incomplete:
            fields = {"endedAt": ctx.now}
            await self.subscription.transition(ctx, "expire-subscription", held.id, fields)

    async def mark_past_due(self, ctx: Context, request: port.MarkPastDue) -> None:
        """Start the thirty days, once."""
        held = await self._named(ctx, request.body.subscription_id)
        if held is None or held.past_due_since is not None:
            return
        if held.status in (_STATES.active, _STATES.cancelling):
            fields = {"pastDueSince": ctx.now, "lastChange": _CHANGES.past_due}
            await self.subscription.transition(ctx, "mark-past-due", held.id, fields)

    async def recover_subscription(self, ctx: Context, request: port.RecoverSubscription) -> None:
        """Stop the thirty days, unless another invoice is overdue."""
        held = await self._named(ctx, request.body.subscription_id)
        if held is None or held.past_due_since is None or request.body.still_overdue:
            return
        if held.status in (_STATES.past_due, _STATES.cancelling):
            fields = {"pastDueSince": None, "lastChange": _CHANGES.recovery}
            await self.subscription.transition(ctx, "recover-subscription", held.id, fields)

    async def _named(self, ctx: Context, subscription: Any) -> models.Subscription | None:
        if subscription is None:
            return None
        return await self.subscription.find(ctx, id=subscription)

    async def cancel_subscriptions_of_organization(
        self, ctx: Context, request: port.CancelSubscriptionsOfOrganization
    ) -> None:
        """Give notice on all that is in force and undo what is ordered and not paid."""
        waiting = (
            models.OrderStatus.awaiting_approval,
            models.OrderStatus.placed,
            models.OrderStatus.seats_reserved,
        )
        async for order in self.order.each(ctx, status=waiting):
            await self.undo(ctx, order, models.OrderCancelReason.customer)
        fields = {
            "cancellationReason": models.CancellationReason.offboarding,
            "cancelAtPeriodEnd": True,
            "lastChange": _CHANGES.cancellation_requested,
        }
        command = "cancel-subscriptions-of-organization"
        states = (_STATES.trialing, _STATES.active, _STATES.past_due, _STATES.paused)
        async for held in self.subscription.each(ctx, status=states):
            told = self.subscription.telling("subscription-changed")
            await told.transition(ctx, command, held.id, fields)

    async def restore_subscriptions_of_organization(
        self, ctx: Context, request: port.RestoreSubscriptionsOfOrganization
    ) -> None:
        """Withdraw the notices that the deletion gave."""
        offboarding = models.CancellationReason.offboarding
        async for held in self.subscription.each(
            ctx, status=_STATES.cancelling, cancellationReason=offboarding
        ):
            fields: dict[str, Any] = {
                "cancellationReason": None,
                "cancelAtPeriodEnd": False,
                "lastChange": _CHANGES.cancellation_withdrawn,
            }
            if held.paused_until is not None and held.paused_until <= ctx.now:
                fields["pausedUntil"] = None
            command = "restore-subscriptions-of-organization"
            await self.subscription.transition(ctx, command, held.id, fields)

    async def end_subscriptions_of_organization(
        self, ctx: Context, request: port.EndSubscriptionsOfOrganization
    ) -> None:
        """End what still ran and erase the billing contact everywhere."""
        async for held in self.subscription.each(ctx):
            if held.status in _IN_FORCE:
                reason = held.cancellation_reason or models.CancellationReason.offboarding
                fields = {
                    "cancellationReason": reason,
                    "endedAt": ctx.now,
                    "pausedUntil": None,
                    "pastDueSince": None,
                    "scheduledPlanCode": None,
                    "scheduledSeatQuantity": None,
                    "billingContactEmail": None,
                }
                command = "end-subscriptions-of-organization"
                await self.subscription.transition(ctx, command, held.id, fields)
            elif held.billing_contact_email is not None:
                await self.subscription.rewrite(ctx, held, {"billingContactEmail": None})

    async def recount_members(self, ctx: Context, request: port.RecountMembers) -> None:
        """Bring the recommendation of each living subscription to the same number of people."""
        await self._recount(ctx, 0)

    async def _recount(self, ctx: Context, by: int) -> None:
        async for held in self.subscription.each(ctx, status=_IN_FORCE):
            members = max(0, members_of(held) + by)
            fields = {"recommendedSeats": members + members // 20}
            await self.subscription.update(ctx, "recount-members", held.id, fields)

    async def on_subscription_changed(
        self, ctx: Context, event: Received[models.SubscriptionChanged]
    ) -> None:
        """The history grows by a line for each event, be two of them alike."""
        await self.subscription_change.create(
            ctx, "record-subscription-change", event.data, event=event.event.id
        )

    async def on_seats_committed(
        self, ctx: Context, event: Received[models.SeatsCommitted]
    ) -> None:
        """Plan, seats and period of the order take effect."""
        await self.activate_subscription(ctx, port.ActivateSubscription(body=event.data))

    async def on_order_cancelled(
        self, ctx: Context, event: Received[models.OrderCancelled]
    ) -> None:
        """The frame of the order expires with it."""
        await self.expire_subscription(ctx, port.ExpireSubscription(body=event.data))

    async def on_invoice_overdue(
        self, ctx: Context, event: Received[models.InvoiceOverdue]
    ) -> None:
        """Thirty days begin."""
        await self.mark_past_due(ctx, port.MarkPastDue(body=event.data))

    async def on_invoice_paid(self, ctx: Context, event: Received[models.InvoicePaid]) -> None:
        """Thirty days end."""
        await self.recover_subscription(ctx, port.RecoverSubscription(body=event.data))

    async def on_member_joined(self, ctx: Context, event: Received[models.MemberJoined]) -> None:
        """A full member more; guests and light ones need no full seat."""
        if event.data.seat_type is models.SeatType.full:
            await self._recount(ctx, 1)

    async def on_member_removed(self, ctx: Context, event: Received[models.MemberRemoved]) -> None:
        """A member less."""
        await self._recount(ctx, -1)

    async def on_organization_created(
        self, ctx: Context, event: Received[models.OrganizationCreated]
    ) -> None:
        """A new organisation tries the plan that the settings name; once."""
        if await self.subscription.count(ctx):
            return
        body = models.StartTrialRequest(plan_code=self.settings.trial_plan)
        await self.start_trial(ctx, port.StartTrial(body=body))

    async def on_organization_deleted(
        self, ctx: Context, event: Received[models.OrganizationDeleted]
    ) -> None:
        """Notice is given on all that the tenant has."""
        request = port.CancelSubscriptionsOfOrganization(body=event.data)
        await self.cancel_subscriptions_of_organization(ctx, request)

    async def on_organization_restored(
        self, ctx: Context, event: Received[models.OrganizationRestored]
    ) -> None:
        """Those notices are withdrawn."""
        request = port.RestoreSubscriptionsOfOrganization(body=event.data)
        await self.restore_subscriptions_of_organization(ctx, request)

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        """Everything ends."""
        request = port.EndSubscriptionsOfOrganization(body=event.data)
        await self.end_subscriptions_of_organization(ctx, request)


def members_of(held: models.Subscription) -> int:
    """The full members that a recommendation was made from (n + n/20, which can be undone)."""
    recommended = held.recommended_seats or 0
    return recommended - recommended // 21


def _entitling(plan: models.Plan) -> dict[str, Any]:
    """What an activation says of its plan."""
    return {"planFamily": plan.family, "entitlements": plan.entitlements.model_dump(by_alias=True)}


def promoted(held: models.Subscription, promotion: models.Promotion) -> dict[str, Any]:
    """The larger discount counts; who made a promotion answers for it."""
    fields: dict[str, Any] = {"promotionCode": promotion.promotion_code}
    if promotion.percent_off_basis_points > held.discount_basis_points:
        fields["discountBasisPoints"] = promotion.percent_off_basis_points
        fields["approvedBy"] = promotion.created_by
    return fields
