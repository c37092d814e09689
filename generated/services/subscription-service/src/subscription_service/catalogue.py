"""Plans, prices and promotions. They are CloudSync's own, and every tenant sees the same ones."""

from __future__ import annotations

from datetime import datetime, timedelta

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import breaks_rule
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.shared import Shared

from .generated import models, port, problems
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .pricing import unit
from .tax import StandardRates, TaxEstimator

NOTICE = timedelta(days=30)
"""How long ahead a price that replaces another is published."""

_OFFERED = 40
_PRICES = 14


class Catalogue(Defaults):
    """What is on sale, and at which price."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        settings = runtime.settings
        if not isinstance(settings, ServiceSettings):
            raise TypeError("settings of another service")
        self.settings = settings
        self.taxes: TaxEstimator = StandardRates()
        self.plan.repository = Shared(self.plan.repository, PLATFORM)
        self.plan_price.repository = Shared(self.plan_price.repository, PLATFORM)
        self.promotion.repository = Shared(self.promotion.repository, PLATFORM)

    async def introduce_plan(self, ctx: Context, request: port.IntroducePlan) -> None:
        """Enter a plan; entering the same one again changes nothing."""
        await self.plan.create(ctx.within(PLATFORM), "introduce-plan", request.body)

    async def publish_plan_price(self, ctx: Context, request: port.PublishPlanPrice) -> None:
        """Add a price and end the one before it at that moment.

        Raises:
            Problem: `rule-broken`: it would change a price within thirty days.
        """
        inside, wanted = ctx.within(PLATFORM), request.body
        known = {
            "planCode": wanted.plan_code,
            "interval": wanted.interval,
            "currency": wanted.currency,
        }
        same = await self.plan_price.find(inside, **known, validFrom=wanted.valid_from)
        if same is None:
            async for each in self.plan_price.each(inside, **known):
                if each.valid_until is None:
                    await self._close_price(inside, each, wanted.valid_from)
        elif same.tiers == wanted.tiers:
            return
        await self.plan_price.create(inside, "publish-plan-price", wanted)

    async def _close_price(self, ctx: Context, present: models.PlanPrice, end: datetime) -> None:
        if end < ctx.now + NOTICE or end <= present.valid_from:
            raise breaks_rule("a new price is published thirty days ahead", pointer="/validFrom")
        await self.plan_price.rewrite(ctx, present, {"validUntil": end})

    async def create_promotion(
        self, ctx: Context, request: port.CreatePromotion
    ) -> models.Promotion:
        """Make a code that all tenants can redeem."""
        return await self.promotion.create(ctx.within(PLATFORM), "create-promotion", request.body)

    async def list_plans(self, ctx: Context, request: port.ListPlans) -> models.PlanOfferList:
        """Plans on sale with the prices of this moment; cheaper families first."""
        order = list(models.PlanFamily)
        offers = [
            await self._offer(ctx, plan)
            async for plan in self.plan.each(ctx.within(PLATFORM))
            if _on_sale(plan, ctx.now)
        ]
        offers.sort(key=lambda each: (order.index(each.family), each.code))
        return models.PlanOfferList(items=offers[:_OFFERED])

    async def _offer(self, ctx: Context, plan: models.Plan) -> models.PlanOffer:
        prices = [
            models.OfferedPrice(interval=each.interval, currency=each.currency, tiers=each.tiers)
            async for each in self.plan_price.each(ctx.within(PLATFORM), planCode=plan.code)
            if _valid(each, ctx.now)
        ]
        return models.PlanOffer(
            code=plan.code,
            display_name=plan.display_name,
            family=plan.family,
            min_seats=plan.min_seats,
            max_seats=plan.max_seats,
            trial_days=plan.trial_days,
            entitlements=plan.entitlements,
            prices=prices[:_PRICES],
        )

    async def known_plan(self, ctx: Context, code: str) -> models.Plan:
        """A plan that somebody has, be it on sale or not.

        Raises:
            Problem: `plan-not-on-sale`.
        """
        plan = await self.plan.find(ctx, code=code)
        if plan is None:
            raise problems.PLAN_NOT_ON_SALE("no such plan")
        return plan

    async def plan_on_sale(self, ctx: Context, code: str) -> models.Plan:
        """A plan that can be bought at this moment.

        Raises:
            Problem: `plan-not-on-sale`.
        """
        plan = await self.known_plan(ctx, code)
        if not _on_sale(plan, ctx.now):
            raise problems.PLAN_NOT_ON_SALE(f"{code} is not offered")
        return plan

    async def price_at(
        self,
        ctx: Context,
        plan: str,
        interval: models.BillingInterval,
        currency: models.Currency,
        moment: datetime,
    ) -> models.PlanPrice | None:
        """The price of a plan at a moment, if it had one."""
        known = {"planCode": plan, "interval": interval, "currency": currency}
        async for each in self.plan_price.each(ctx, **known):
            if _valid(each, moment):
                return each
        return None

    async def unit_at(
        self, ctx: Context, held: models.Subscription, plan: str, seats: int
    ) -> int | None:
        """The present price of one seat on a plan, in the subscription's currency and interval."""
        price = await self.price_at(ctx, plan, held.billing_interval, held.currency, ctx.now)
        return unit(price.tiers, seats) if price else None


def _on_sale(plan: models.Plan, now: datetime) -> bool:
    return plan.on_sale_from <= now and (plan.on_sale_until is None or now < plan.on_sale_until)


def _valid(price: models.PlanPrice, moment: datetime) -> bool:
    return price.valid_from <= moment and (price.valid_until is None or moment < price.valid_until)
