"""Countries: what may be texted there, at what price, and when nothing may."""

from __future__ import annotations

from datetime import timedelta

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import breaks_rule
from cloudsync_chassis.runtime import Runtime

from . import alphabet
from .generated import models, port, problems
from .receipts import Receipts

_DAY = timedelta(days=1)
_SUBMITTED = "sms_submitted_total"
_ALPHA = frozenset({"GB", "IE", "DE", "FR", "NL", "ES", "IT", "SE", "AT", "CH", "AU", "SG"})
_OPENED = {
    "US": 12_000, "CA": 12_000, "GB": 60_000, "IE": 90_000, "DE": 110_000, "FR": 90_000,
    "NL": 120_000, "ES": 100_000, "IT": 100_000, "SE": 70_000, "AT": 120_000, "CH": 90_000,
    "SG": 60_000, "AU": 70_000, "IN": 100_000, "JP": 100_000,
}  # fmt: skip
"""Countries that are open from the first start, and what a segment may cost there."""

_HOURLY = 5_000

log = logger("countries")


class Countries(Receipts):
    """Policies belong to the platform and to no organisation, whoever sets them."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        runtime.work.at_start(self.seed)
        due = Due(aggregate="country-policy", since="suspendedUntil")
        runtime.work.every(30.0, "resume-countries", self.resume_countries, due)

    async def seed(self) -> None:
        """Open the first countries, where no country has a policy yet."""
        await self.run(PLATFORM, self._seed)

    async def _seed(self, ctx: Context) -> None:
        if await self.country_policy.count(ctx):
            return
        for country, cap in _OPENED.items():
            fields = {
                "country": country,
                "enabledPurposes": list(models.SmsPurpose),
                "preferredRoutes": list(models.SmsRoute),
                "maxPricePerSegmentMicros": cap,
                "hourlyCap": _HOURLY,
                "alphaSenderAllowed": country in _ALPHA,
            }
            await self.country_policy.insert(ctx, fields)

    async def set_country_policy(
        self, ctx: Context, request: port.SetCountryPolicy
    ) -> models.CountryPolicy:
        """Open, change or close a country.

        Raises:
            Problem: `price-cap-missing`, `invariant-broken`.
        """
        return await super().set_country_policy(ctx.within(PLATFORM), request)

    async def suspend_country(
        self, ctx: Context, request: port.SuspendCountry
    ) -> models.CountryPolicy:
        """Stop every text to a country, for a day at most.

        Raises:
            Problem: `not-found`, `rule-broken`, `already-suspended`.
        """
        until = request.body.suspended_until
        if not ctx.now < until <= ctx.now + _DAY:
            raise breaks_rule("at most a day from now", pointer="/suspendedUntil")
        return await super().suspend_country(ctx.within(PLATFORM), request)

    async def resume_country(
        self, ctx: Context, request: port.ResumeCountry
    ) -> models.CountryPolicy:
        """End a suspension."""
        return await super().resume_country(ctx.within(PLATFORM), request)

    async def resume_countries(self, ctx: Context) -> None:
        """End the suspensions whose time is over."""
        due = {"suspendedUntil": ctx.now}
        for each in [one async for one in self.country_policy.each(ctx, due)]:
            await self.country_policy.update(ctx, "resume-country", each.country)

    async def on_metric_anomaly_detected(
        self, ctx: Context, event: Received[models.MetricAnomalyDetected]
    ) -> None:
        """An anomaly of submitted texts."""
        await self.suspend_anomalous_country(ctx, port.SuspendAnomalousCountry(body=event.data))

    async def suspend_anomalous_country(
        self, ctx: Context, request: port.SuspendAnomalousCountry
    ) -> None:
        """Suspend the country for an hour, if more is sent than expected; a lull is no fraud."""
        body, platform = request.body, ctx.within(PLATFORM)
        named = body.dimension_values.get("country")
        if body.metric_key != _SUBMITTED or named is None or body.observed <= body.expected_high:
            return
        policy = await self.country_policy.find(platform, country=named.root)
        until = ctx.now + timedelta(seconds=self.settings.anomaly_suspension)
        if policy is None:
            return
        if policy.suspended_until is not None and policy.suspended_until >= until:
            return
        fields = {
            "suspendedUntil": until,
            "suspensionCause": models.CountrySuspensionCause.anomaly,
        }
        changed = await self.country_policy.rewrite(platform, policy, fields)
        await self.country_policy.announce(platform, "sms-country-suspended", changed)
        log.error("country_suspended", country=policy.country)

    async def estimate_cost(self, ctx: Context, request: port.EstimateCost) -> models.CostEstimate:
        """What a text would cost on the route that would carry it now.

        Raises:
            Problem: `route-price-unknown`, also where none is below the country's cap;
                `rule-broken` for more than six segments.
        """
        body = request.body
        shape = alphabet.shape_of(body.text)
        if shape.segments > 6:
            raise breaks_rule("longer than six segments", pointer="/text")
        ways = await self.ways_to(ctx, body.country_code, set())
        if not ways:
            raise problems.ROUTE_PRICE_UNKNOWN("no route carries texts there now")
        way = ways[0][0]
        return models.CostEstimate(
            encoding_kind=shape.encoding,
            segment_count=shape.segments,
            cost_micros=min(way.price * shape.segments, 5_000_000),
            route=models.SmsRoute(way.route),
        )
