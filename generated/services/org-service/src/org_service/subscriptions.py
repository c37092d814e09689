"""Edition, seats and restrictions as billing tells them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import not_valid
from cloudsync_chassis.runtime import Runtime

from .base import FREE_SEATS, Base
from .generated import models, port
from .memory import Offer

log = logger("subscriptions")

_LAST_REMINDER = 4
_INVOICES = 100
"""Overdue invoices that an organisation keeps by id."""

_EDITIONS = {
    "free": models.Edition.free,
    "starter": models.Edition.team,
    "team": models.Edition.team,
    "business": models.Edition.business,
    "enterprise": models.Edition.enterprise,
}
"""By the first word of a plan's code."""

_EXCEEDED = models.RestrictionReason.seats_exceeded
_OVERDUE = models.RestrictionReason.payment_overdue


class Subscriptions(Base):
    """Handlers of what the billing services tell."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        ahead = Due(aggregate=self.offers.spec.name, where={"waiting": True}, since="effectiveAt")
        runtime.work.every(60.0, "change-seats", self._change_seats, ahead)

    async def on_subscription_activated(
        self, ctx: Context, event: Received[models.SubscriptionActivated]
    ) -> None:
        """Follow it."""
        await self.follow_subscription(ctx, port.FollowSubscription(body=event.data))

    async def follow_subscription(self, ctx: Context, request: port.FollowSubscription) -> None:
        """Take edition and seats from a workspace subscription that has begun."""
        body = request.body
        if body.product_line != models.ProductLine.workspace:
            return
        organization = await self.organization.find(ctx, id=ctx.tenant)
        offer = await self._hear(ctx, body.subscription_id, body.plan_code, body.seat_quantity)
        if organization is None or offer.ended:
            return
        fields = {"followedSubscriptionId": body.subscription_id}
        organization = await self._keep(ctx, organization, fields)
        await self._apply(ctx, organization)

    async def on_subscription_changed(
        self, ctx: Context, event: Received[models.SubscriptionChanged]
    ) -> None:
        """Follow the change."""
        await self.follow_subscription_change(ctx, port.FollowSubscriptionChange(body=event.data))

    async def follow_subscription_change(
        self, ctx: Context, request: port.FollowSubscriptionChange
    ) -> None:
        """Move with the subscription that is followed, at the moment that the change names."""
        body = request.body
        organization = await self.organization.find(ctx, id=ctx.tenant)
        if organization is None:
            return
        await self._hear(
            ctx, body.subscription_id, body.plan_code, body.seat_quantity, body.effective_at
        )
        if organization.followed_subscription_id == body.subscription_id:
            await self._apply(ctx, organization)

    async def on_subscription_cancelled(
        self, ctx: Context, event: Received[models.SubscriptionCancelled]
    ) -> None:
        """Fall back."""
        await self.fall_back_to_free(ctx, port.FallBackToFree(body=event.data))

    async def fall_back_to_free(self, ctx: Context, request: port.FallBackToFree) -> None:
        """Ten seats remain where the subscription that was followed has ended."""
        body = request.body
        organization = await self.organization.find(ctx, id=ctx.tenant)
        if organization is None:
            return
        offer = await self._hear(ctx, body.subscription_id, body.plan_code, body.seat_quantity)
        await self.offers.rewrite(ctx, offer, {"ended": True})
        if organization.followed_subscription_id == body.subscription_id:
            fields: dict[str, Any] = {"followedSubscriptionId": None}
            terms = models.Edition.free, FREE_SEATS
            await self._set_terms(ctx, organization, terms, fields)

    async def up_to_date(
        self, ctx: Context, organization: models.Organization
    ) -> models.Organization:
        """The organisation after a change of seats whose moment has come."""
        if organization.followed_subscription_id is None:
            return organization
        return await self._apply(ctx, organization)

    async def settle_seats(self, ctx: Context, request: port.SettleSeats) -> None:
        """Carry out what has come due, then let a tenant write again that has seats enough."""
        found = await self.locked(ctx, request.organization_id)
        missing = found.seats_taken - found.seat_limit
        if found.restricted_reason == _EXCEEDED and missing <= 0:
            await super().settle_seats(ctx, request)

    async def _change_seats(self, ctx: Context) -> None:
        """Carry out the tenant's changes of seats whose moment has come."""
        await self.locked(ctx, ctx.tenant)
        async for each in self.offers.each(ctx, {"effectiveAt": ctx.now}, waiting=True):
            await self.offers.rewrite(ctx, each, {"waiting": False})

    async def _hear(
        self,
        ctx: Context,
        subscription_id: UUID,
        plan_code: str,
        seat_quantity: int,
        effective_at: datetime | None = None,
    ) -> Offer:
        """The last word of a subscription, which an event that comes late does not change."""
        at = ctx.cause.time if ctx.cause is not None else ctx.now
        fields = {
            "subscriptionId": subscription_id,
            "at": at,
            "planCode": plan_code,
            "seatQuantity": seat_quantity,
            "effectiveAt": effective_at or at,
            "waiting": effective_at is not None and effective_at > ctx.now,
        }
        known = await self.offers.find(ctx, subscriptionId=subscription_id)
        if known is None:
            return await self.offers.insert(ctx, fields)
        return known if at < known.at else await self.offers.rewrite(ctx, known, fields)

    async def _apply(self, ctx: Context, organization: models.Organization) -> models.Organization:
        followed = organization.followed_subscription_id
        offer = await self.offers.find(ctx, subscriptionId=followed) if followed else None
        if offer is None or offer.effective_at > ctx.now:
            return organization
        word = offer.plan_code.partition("-")[0]
        edition = _EDITIONS.get(word, organization.edition)
        if word not in _EDITIONS:
            log.warning("plan_of_no_edition", plan_code=offer.plan_code)
        limit = offer.seat_quantity
        if edition == models.Edition.free:
            limit = min(limit, FREE_SEATS)
        return await self._set_terms(ctx, organization, (edition, limit), {})

    async def _set_terms(
        self,
        ctx: Context,
        organization: models.Organization,
        terms: tuple[models.Edition, int],
        fields: dict[str, Any],
    ) -> models.Organization:
        """Write edition and limit; too few seats make the tenant read-only, enough let it write.

        A tenant that is read-only for another reason stays so.
        """
        edition, limit = terms
        fields = {**fields, "edition": edition, "seatLimit": limit}
        fits = organization.seats_taken <= limit
        if organization.status == models.OrgStatus.active and not fits:
            return await self._restrict(ctx, organization, _EXCEEDED, fields)
        exceeded = organization.restricted_reason == _EXCEEDED
        if organization.status == models.OrgStatus.restricted and exceeded and fits:
            return await self._relieve(ctx, organization, fields)
        return await self._keep(ctx, organization, fields)

    async def _keep(
        self, ctx: Context, organization: models.Organization, fields: dict[str, Any]
    ) -> models.Organization:
        return await self.organization.rewrite(ctx, organization, fields)

    async def _restrict(
        self,
        ctx: Context,
        organization: models.Organization,
        reason: models.RestrictionReason,
        fields: dict[str, Any],
    ) -> models.Organization:
        told = {"status": models.OrgStatus.restricted, "restrictedReason": reason}
        changed = await self._keep(ctx, organization, {**fields, **told})
        await self.organization.announce(ctx, "organization-restricted", changed)
        return changed

    async def _relieve(
        self,
        ctx: Context,
        organization: models.Organization,
        fields: dict[str, Any],
    ) -> models.Organization:
        told = {"status": models.OrgStatus.active, "restrictedReason": None}
        changed = await self._keep(ctx, organization, {**fields, **told})
        await self.organization.announce(ctx, "organization-unrestricted", changed)
        return changed

    async def on_invoice_overdue(
        self, ctx: Context, event: Received[models.InvoiceOverdue]
    ) -> None:
        """Restrict after the last reminder."""
        await self.restrict_debtor(ctx, port.RestrictDebtor(body=event.data))

    async def restrict_debtor(self, ctx: Context, request: port.RestrictDebtor) -> None:
        """Note an invoice past its last reminder, and turn an active tenant read-only."""
        body = request.body
        if body.dunning_level < _LAST_REMINDER:
            return
        organization = await self.organization.find(ctx, id=ctx.tenant)
        settled = await self.settled.find(ctx, invoiceId=body.invoice_id)
        if organization is None or settled is not None:
            return
        known = organization.overdue_invoice_ids
        overdue = list(dict.fromkeys((*known, body.invoice_id)))[-_INVOICES:]
        fields = {"overdueInvoiceIds": overdue}
        if organization.status == models.OrgStatus.active:
            await self._restrict(ctx, organization, _OVERDUE, fields)
        else:
            await self._keep(ctx, organization, fields)

    async def on_invoice_paid(self, ctx: Context, event: Received[models.InvoicePaid]) -> None:
        """Strike it off the list."""
        await self._strike(ctx, event.data.invoice_id)

    async def on_invoice_voided(self, ctx: Context, event: Received[models.InvoiceVoided]) -> None:
        """Strike it off the list."""
        await self._strike(ctx, event.data.invoice_id)

    async def relieve_debtor(self, ctx: Context, request: port.RelieveDebtor) -> None:
        """Strike the invoice off that the event at hand tells of."""
        del request
        told = ctx.cause.data.get("invoiceId") if ctx.cause is not None else None
        if told is None:
            raise not_valid("no event says which invoice is meant", parameter="invoiceId")
        await self._strike(ctx, UUID(str(told)))

    async def _strike(self, ctx: Context, invoice_id: UUID) -> None:
        """With the last invoice the restriction ends, unless seats are missing, too."""
        if await self.settled.find(ctx, invoiceId=invoice_id) is None:
            await self.settled.insert(ctx, {"invoiceId": invoice_id})
        organization = await self.organization.find(ctx, id=ctx.tenant)
        if organization is None or invoice_id not in organization.overdue_invoice_ids:
            return
        left = [each for each in organization.overdue_invoice_ids if each != invoice_id]
        fields = {"overdueInvoiceIds": left}
        if left or organization.restricted_reason != _OVERDUE:
            await self._keep(ctx, organization, fields)
        elif organization.seats_taken <= organization.seat_limit:
            await self._relieve(ctx, organization, fields)
        else:
            await self._restrict(ctx, organization, _EXCEEDED, fields)
