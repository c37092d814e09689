"""Exceptions, segments, and what subscriptions unlock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.store.query import ListQuery, PageRequest

from . import memory, rules
from .base import Base
from .generated import models, port, problems

_MANY = 200
_EDITIONS = models.Edition
_RANKS = {each: place for place, each in enumerate(_EDITIONS)}
_ENDED = (
    models.SubscriptionStatus.incomplete,
    models.SubscriptionStatus.cancelled,
    models.SubscriptionStatus.expired,
)


class Excepting(Base):
    """What decides beside the rules of a flag."""

    async def set_override(self, ctx: Context, request: port.SetOverride) -> models.FlagOverride:
        """Make an exception for one organisation, or renew it.

        Raises:
            Problem: `override-expired`, `entitlement-not-overridable`, `unknown-variant`,
                `not-found`.
        """
        self.check_region()
        inside, body = ctx.within(PLATFORM), request.body
        flag = await self.flag(ctx, body.feature_flag_id)
        if flag.purpose is models.FlagPurpose.entitlement:
            raise problems.ENTITLEMENT_NOT_OVERRIDABLE("it comes from subscriptions alone")
        if body.variant not in {each.name for each in flag.variants}:
            raise problems.UNKNOWN_VARIANT(f"{flag.key} has no {body.variant}")
        latest = ctx.now + timedelta(days=self.settings.override_days)
        if not ctx.now < body.expires_at <= latest:
            raise problems.OVERRIDE_EXPIRED(f"it may last until {latest.isoformat()}")
        fields = {**body.model_dump(by_alias=True), "grantedBy": ctx.principal.subject}
        found = await self.flag_override.put(inside, "set-override", fields)
        self.changes.strike_after(ctx)
        return found

    async def clear_override(self, ctx: Context, request: port.ClearOverride) -> None:
        """End an exception at once."""
        self.check_region()
        await super().clear_override(ctx.within(PLATFORM), request)
        self.changes.strike_after(ctx)

    async def drop_expired(self, ctx: Context) -> None:
        """Remove exceptions whose end has come; they have decided nothing since."""
        async for each in self.flag_override.each(ctx, {"expiresAt": ctx.now}):
            await self.flag_override.remove(ctx, each)

    async def define_segment(self, ctx: Context, request: port.DefineSegment) -> models.FlagSegment:
        """Create or replace a group.

        Raises:
            Problem: `condition-invalid`, `invariant-broken`.
        """
        self.check_region()
        inside, body = ctx.within(PLATFORM), request.body
        fields = body.model_dump(by_alias=True, exclude_none=True)
        fields.setdefault("organizationIds", [])
        fields["lastMatchedCount"] = 0
        if body.condition is not None:
            if not rules.is_condition(body.condition):
                raise problems.CONDITION_INVALID("CEL over plan, country and size")
            fields["lastMatchedCount"] = await self._matched(ctx, body.condition)
        else:
            fields["condition"] = None
        found = await self.flag_segment.put(inside, "define-segment", fields)
        self.changes.strike_after(ctx)
        return found

    async def _matched(self, ctx: Context, condition: str) -> int:
        """Organisations with a subscription that a condition matches, whose country is not known
        here.
        """
        found = 0
        after: UUID | None = None
        query = ListQuery(PageRequest(limit=_MANY))
        while tenants := await self.subscribed.repository.tenants(ctx, query, after):
            for tenant in tenants:
                plan, seats = await self.bought(ctx.within(tenant))
                found += rules.in_condition(condition, plan, "", seats)
            after = tenants[-1]
        return found

    async def bought(self, ctx: Context) -> tuple[models.Edition, int]:
        """The edition that the tenant's subscriptions give it by now, and its seats."""
        edition, seats = _EDITIONS.free, 0
        async for each in self.subscribed.each(ctx):
            now = _present(each, ctx.now)
            if now is not None:
                edition = max(edition, now, key=_RANKS.__getitem__)
                seats += each.seats
        return edition, seats

    async def grant_flag_entitlements(
        self, ctx: Context, request: port.GrantFlagEntitlements
    ) -> None:
        """Write what a new subscription gives the tenant; entitlement flags decide by it."""
        told = request.body
        fields = {
            "edition": _edition(told.plan_code, told.plan_family),
            "seats": told.seat_quantity,
            "later": None,
            "laterFrom": None,
        }
        await self._keep(ctx, told.subscription_id, fields)

    async def adjust_flag_entitlements(
        self, ctx: Context, request: port.AdjustFlagEntitlements
    ) -> None:
        """Write what a subscription gives now; a smaller plan takes nothing before the paid period
        is over.
        """
        told = request.body
        edition = _edition(told.plan_code)
        fields: dict[str, Any] = {
            "edition": edition,
            "seats": told.seat_quantity,
            "later": None,
            "laterFrom": None,
        }
        known = await self.subscribed.find(ctx, subscriptionId=told.subscription_id)
        before = _present(known, ctx.now) if known else None
        if before is None and told.from_plan_code is not None:
            before = _edition(told.from_plan_code)
        if told.status in _ENDED:
            fields["edition"] = None
        elif before is not None and _RANKS[edition] < _RANKS[before]:
            ends = told.effective_at or told.current_period_end
            fields |= {"edition": before, "later": edition, "laterFrom": ends}
        await self._keep(ctx, told.subscription_id, fields)

    async def withdraw_flag_entitlements(
        self, ctx: Context, request: port.WithdrawFlagEntitlements
    ) -> None:
        """Leave the tenant with what its other subscriptions give, or the free edition."""
        told = request.body
        fields = {
            "edition": None,
            "seats": told.seat_quantity,
            "later": None,
            "laterFrom": None,
        }
        await self._keep(ctx, told.subscription_id, fields)

    async def _keep(self, ctx: Context, subscription: UUID, fields: dict[str, Any]) -> None:
        """Note the last word on a subscription; an older one is passed over."""
        at = ctx.cause.time if ctx.cause is not None else ctx.now
        known = await self.subscribed.find(ctx, subscriptionId=subscription)
        if known is None:
            await self.subscribed.insert(ctx, {"subscriptionId": subscription, "at": at, **fields})
        elif known.at <= at:
            await self.subscribed.rewrite(ctx, known, {**fields, "at": at})

    async def drop_overrides(self, ctx: Context, request: port.DropOverrides) -> None:
        """Forget an organisation; a segment that loses its last member goes with it."""
        gone = request.body.organization_id
        async for override in self.flag_override.each(ctx, targetOrganizationId=str(gone)):
            await self.flag_override.remove(ctx, override)
        async for segment in self.flag_segment.each(ctx, organizationIds=str(gone)):
            left = [each for each in segment.organization_ids if each != gone]
            if left:
                await self.flag_segment.rewrite(ctx, segment, {"organizationIds": left})
            else:
                await self.flag_segment.remove(ctx, segment)
        inside = ctx.within(gone)
        async for subscribed in self.subscribed.each(inside):
            await self.subscribed.remove(inside, subscribed)
        self.changes.strike_after(ctx)

    async def on_subscription_activated(
        self, ctx: Context, event: Received[models.SubscriptionActivated]
    ) -> None:
        """What was bought is unlocked."""
        await self.grant_flag_entitlements(ctx, port.GrantFlagEntitlements(body=event.data))

    async def on_subscription_changed(
        self, ctx: Context, event: Received[models.SubscriptionChanged]
    ) -> None:
        """Entitlements follow the new plan."""
        await self.adjust_flag_entitlements(ctx, port.AdjustFlagEntitlements(body=event.data))

    async def on_subscription_cancelled(
        self, ctx: Context, event: Received[models.SubscriptionCancelled]
    ) -> None:
        """Entitlements fall back."""
        await self.withdraw_flag_entitlements(ctx, port.WithdrawFlagEntitlements(body=event.data))

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        """Exceptions, entitlements and memberships are forgotten."""
        await self.drop_overrides(ctx, port.DropOverrides(body=event.data))


def _present(known: memory.Subscribed, now: datetime) -> models.Edition | None:
    """What a subscription gives at a moment; None once it has ended."""
    if known.later_from is not None and known.later_from <= now:
        return known.later
    return known.edition


def _edition(code: str, family: models.PlanFamily | None = None) -> models.Edition:
    """The edition of a plan, by its family or the first word of its code; `starter` and what is not
    known have what is free.
    """
    name = family.value if family is not None else code.partition("-")[0]
    return _EDITIONS(name) if name in {each.value for each in _EDITIONS} else _EDITIONS.free
