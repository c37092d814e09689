"""Curves that leave their bands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.problem import NOT_FOUND, breaks_rule
from cloudsync_chassis.runtime import Runtime

from . import bands, buckets
from .asking import Asking
from .bands import Band
from .base import itself
from .dictionary import plain
from .expressions import compiled
from .facts import WIDTHS
from .generated import models, port, problems
from .generated.aggregates import ANOMALY_RULE

_PAUSE = 300.0
_HISTORY = timedelta(weeks=8)
_CATCH_UP = timedelta(days=1)
_MONTH = timedelta(days=30)
_STEP_AFTER = 5
_MOST = 200
_WIDER = 0.1
_MODEL = "metric-forecast"
_METHODS = models.DetectionMethod
_STATES = models.AnomalyState
_SEASONS = {
    models.Seasonality.none: 1,
    models.Seasonality.day: 24,
    models.Seasonality.week: 168,
}

Dims = tuple[tuple[str, str], ...]
Curve = list[tuple[datetime, float]]


class Watching(Asking):
    """Rules, and what they find."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        every = Due(aggregate=ANOMALY_RULE.name)
        runtime.work.every(_PAUSE, "watch-metrics", self.watch_due, every)

    async def detect_anomalies(
        self, ctx: Context, request: port.DetectAnomalies
    ) -> models.DetectedAnomalies:
        """Hold the closed hours of a window against their bands; each is reported once.

        Raises:
            Problem: `too-few-samples`; `not-found`: the metric has no rule, or does not count;
                `rule-broken`: a window that runs backwards.
        """
        wish = request.body
        if wish.since > wish.until:
            raise breaks_rule("the window runs backwards", pointer="/until")
        rule = await self.anomaly_rule.find(ctx, metricKey=wish.metric_key)
        if rule is None:
            raise NOT_FOUND("no anomaly-rule of this metric")
        definition = await self.known(ctx, wish.metric_key)
        if definition is None:
            raise NOT_FOUND("the metric does not count")
        until = min(wish.until, _closed(ctx, definition))
        window = (wish.since, until)
        found, examined, longest = await self._examine(ctx, rule, definition, *window)
        if longest < rule.min_samples:
            raise problems.TOO_FEW_SAMPLES(f"{longest} points of {rule.min_samples}")
        found.sort(key=lambda each: -each.score)
        return models.DetectedAnomalies(items=found[:_MOST], examined=examined)

    async def watch_due(self, ctx: Context) -> None:
        """Judge the hours that closed since the round before, of all the tenant's rules."""
        async for rule in self.anomaly_rule.each(ctx):
            definition = await self.known(ctx, rule.metric_key)
            if definition is None:
                continue
            closed = _closed(ctx, definition)
            known = await self.judged.find(ctx, metricKey=rule.metric_key)
            since = known.through if known is not None else closed - buckets.HOUR
            since = max(since, closed - _CATCH_UP)
            if since < closed:
                await self._examine(ctx, rule, definition, since, closed)
            if known is None:
                fields = {"metricKey": rule.metric_key, "through": closed}
                await self.judged.insert(ctx, fields)
            else:
                await self.judged.rewrite(ctx, known, {"through": closed})

    async def _examine(
        self,
        ctx: Context,
        rule: models.AnomalyRule,
        definition: models.MetricDefinition,
        since: datetime,
        until: datetime,
    ) -> tuple[list[models.Anomaly], int, int]:
        """Anomalies of a window, how many points were looked at, and the longest curve's points."""
        curves = await self._curves(ctx, definition, since - _HISTORY, until)
        found: list[models.Anomaly] = []
        examined = longest = 0
        for dims, curve in curves.items():
            longest = max(longest, len(curve))
            banded = Banded(rule, [each for _, each in curve])
            for place, (start, value) in enumerate(curve):
                if start < since or place + 1 < rule.min_samples:
                    continue
                examined += 1
                ctx.deadline.check()
                band = banded.band(place)
                if not band.holds(value):
                    found.append(await self._report(ctx, rule, dims, start, value, band))
        return found, examined, longest

    async def _curves(
        self,
        ctx: Context,
        definition: models.MetricDefinition,
        since: datetime,
        until: datetime,
    ) -> dict[Dims, Curve]:
        """The hours of each series; those of an additive metric without facts are 0."""
        found: dict[Dims, dict[datetime, float]] = {}
        expression = compiled(definition.expression)
        points = self.between(
            ctx,
            self.metric_point,
            "bucketStart",
            since,
            until,
            metricKey=definition.metric_key,
            granularity=WIDTHS.hour,
        )
        async for each in points:
            dims = tuple(sorted(plain(each.dimension_values).items()))
            found.setdefault(dims, {})[each.bucket_start] = each.value
        if not expression.additive:
            return {dims: sorted(points.items()) for dims, points in found.items()}
        return {dims: _filled(points, until) for dims, points in found.items()}

    async def _report(
        self,
        ctx: Context,
        rule: models.AnomalyRule,
        dims: Dims,
        start: datetime,
        value: float,
        band: Band,
    ) -> models.Anomaly:
        """The anomaly, told of unless it was found before or its rule is muted."""
        async for each in self.anomaly.each(ctx, anomalyRuleId=rule.id, bucketStart=start):
            if tuple(sorted(plain(each.dimension_values).items())) == dims:
                return each
        fields: dict[str, Any] = {
            "anomalyRuleId": rule.id,
            "metricKey": rule.metric_key,
            "bucketStart": start,
            "dimensionValues": dict(dims),
            "observed": value,
            "expectedLow": band.low,
            "expectedHigh": band.high,
            "score": band.score(value),
        }
        muted = rule.muted_until is not None and rule.muted_until > ctx.now
        aggregate = self.anomaly.telling() if muted else self.anomaly
        found = await aggregate.create(itself(ctx), "detect-anomalies", fields)
        state = "muted" if muted else "open"
        self.metrics.metrics_anomalies_total(method=rule.method.value, state=state)
        return found

    async def dismiss_anomaly(self, ctx: Context, request: port.DismissAnomaly) -> models.Anomaly:
        """Close an anomaly as none; each fifth in a month widens the band of its rule by a step."""
        found = await super().dismiss_anomaly(ctx, request)
        lately = 0
        async for each in self.anomaly.each(
            ctx, anomalyRuleId=found.anomaly_rule_id, state=_STATES.false_positive
        ):
            lately += each.closed_at is not None and each.closed_at + _MONTH > ctx.now
        rule = await self.anomaly_rule.find(ctx, id=found.anomaly_rule_id)
        if rule is not None and lately % _STEP_AFTER == 0:
            await self.anomaly_rule.rewrite(ctx, rule, _wider(rule))
        return found

    async def adopt_forecast(self, ctx: Context, request: port.AdoptForecast) -> None:
        """Let all rules that follow a forecast name the version that draws their bands."""
        if request.body.model_key == _MODEL:
            await self._follow(ctx, f"{_MODEL}@{request.body.semver}")

    async def drop_forecast(self, ctx: Context, request: port.DropForecast) -> None:
        """Go back to the restored version, or to seasonal decomposition where none is left."""
        body = request.body
        if body.model_key == _MODEL:
            former = body.previous_semver
            await self._follow(ctx, f"{_MODEL}@{former}" if former is not None else None)

    async def _follow(self, ctx: Context, name: str | None) -> None:
        """The models are the platform's, the rules are everybody's."""
        async for tenant in self.tenants(ctx, self.anomaly_rule, method=_METHODS.forecast):
            inside = ctx.within(tenant)
            async for each in self.anomaly_rule.each(inside, method=_METHODS.forecast):
                await self.anomaly_rule.rewrite(inside, each, {"forecastModel": name})

    async def on_model_deployed(self, ctx: Context, event: Received[models.ModelDeployed]) -> None:
        """Bands are drawn anew when the model is metric-forecast, others are passed over."""
        await self.adopt_forecast(ctx, port.AdoptForecast(body=event.data))

    async def on_model_rolled_back(
        self, ctx: Context, event: Received[models.ModelRolledBack]
    ) -> None:
        """Bands of a withdrawn metric-forecast are drawn as they were before it."""
        await self.drop_forecast(ctx, port.DropForecast(body=event.data))


class Banded:
    """A curve and how its rule has it watched."""

    def __init__(self, rule: models.AnomalyRule, values: Sequence[float]) -> None:
        self._rule = rule
        self._values = values
        self._reach = bands.width_of(rule.sensitivity_percent)
        self._season = _SEASONS[rule.seasonality]
        self._decomposed = bands.Decomposed(values, self._season)

    def band(self, place: int) -> Band:
        """In which the point at a place is expected, by those before it."""
        rule, before = self._rule, self._values[:place]
        if rule.method is _METHODS.static_band:
            return Band(rule.band_floor or 0.0, rule.band_ceiling or 0.0)
        if rule.method is _METHODS.ewma:
            return bands.ewma(before, self._reach)
        if rule.method is _METHODS.forecast and rule.forecast_model is not None:
            return bands.forecast(before, self._season, self._reach)
        return self._decomposed.band(place, self._reach)


def _closed(ctx: Context, definition: models.MetricDefinition) -> datetime:
    """The end of the last hour whose facts are in."""
    delay = timedelta(seconds=definition.rollup_delay_seconds)
    return buckets.start(ctx.now - delay, WIDTHS.hour)


def _wider(rule: models.AnomalyRule) -> dict[str, Any]:
    """One step: a point in a hundred less outside, or a tenth more between static edges."""
    if rule.method is not _METHODS.static_band:
        return {"sensitivityPercent": max(1, rule.sensitivity_percent - 1)}
    low, high = rule.band_floor or 0.0, rule.band_ceiling or 0.0
    more = (high - low) * _WIDER / 2
    return {"bandFloor": low - more, "bandCeiling": high + more}


def _filled(points: dict[datetime, float], until: datetime) -> Curve:
    """Every hour from the first point to the end."""
    found: Curve = []
    start = min(points)
    while start < until:
        found.append((start, points.get(start, 0.0)))
        start += buckets.HOUR
    return found
