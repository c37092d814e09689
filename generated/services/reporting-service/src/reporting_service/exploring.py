"""Curves, funnels and the dictionary, for screens of somebody's own making."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.model import from_record, to_record
from cloudsync_chassis.problem import breaks_rule
from events_grpc_client import models as events
from metrics_grpc_client import models as metrics
from ml_grpc_client import models as ml

from .generated import models, port, problems
from .sources import (
    MOST_DAYS,
    Sources,
    check_days,
    check_points,
    day_begins,
    digest,
    question_of,
)

FINANCE = "finance-operator"
FEWEST_PEOPLE = 5
"""Smaller groups are told to nobody, since they would name people."""

_USAGE_DAYS = 30
_COHORT_WEEKS = 4
_AHEAD = 3
_LAGS = 12
_MOST_SERIES = 2000
_MOST_ENTRIES = 500
_FORECAST = "metric-forecast"
_STEPS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


class Exploring(Sources):
    """Queries that other services answer."""

    async def list_metric_catalogue(
        self, ctx: Context, request: port.ListMetricCatalogue
    ) -> models.MetricCatalogue:
        dictionary = await self.ask_dictionary(ctx)
        shown = [each for each in dictionary.by_key.values() if _may_see(ctx, each)]
        anomalies = await self._open_anomalies()
        items = [_entry(each, anomalies) for each in shown[:_MOST_ENTRIES]]
        return models.MetricCatalogue(items=items, stale_at=dictionary.stale_at)

    async def _open_anomalies(self) -> dict[str, int] | None:
        """How many are open by metric, of the newest 200; None where nobody says."""
        page = await self.clients.metrics.list_anomalies(
            state=metrics.AnomalyState.open, limit=200, sort="-createdAt"
        )
        if page is None:
            return None
        found: dict[str, int] = {}
        for each in page.items:
            found[each.metric_key] = found.get(each.metric_key, 0) + 1
        return found

    async def explore_metric(self, ctx: Context, request: port.ExploreMetric) -> models.Exploration:
        body = request.body
        keys = [each.root for each in body.metric_keys]
        days = check_days(body.range_start, body.range_end, MOST_DAYS)
        check_points(days, body.granularity, len(set(keys)))
        dimensions = [each.root for each in body.group_by or ()]
        await self._check_metrics(ctx, keys, dimensions, body.granularity)
        question = question_of(
            dict.fromkeys(keys),
            body.range_start,
            body.range_end,
            granularity=body.granularity.value,
            groupBy=dimensions,
        )
        answer = await self.ask_series(ctx, question)
        told = {
            "series": [to_record(each) for each in answer.series[:_MOST_SERIES]],
            "computedThrough": answer.computed_through,
        }
        if answer.stale_at is not None:
            told["staleAt"] = answer.stale_at
        elif body.with_forecast and not dimensions and body.granularity.value in _STEPS:
            forecast = await self._forecast(ctx, answer.series, _STEPS[body.granularity.value])
            told |= {"forecast": forecast} if forecast else {}
        return from_record(models.Exploration, told)

    async def _check_metrics(
        self, ctx: Context, keys: Sequence[str], dimensions: Sequence[str], granularity: str
    ) -> None:
        """Each metric counts, may be shown to the caller and can be asked for like this."""
        dictionary = await self.ask_dictionary(ctx)
        for key in keys:
            known = dictionary.by_key.get(key)
            if known is None or not _may_see(ctx, known):
                raise problems.METRIC_UNKNOWN(f"no metric {key} counts that you may be shown")
            if not set(dimensions) <= {each.root for each in known.dimensions}:
                raise breaks_rule(f"{key} is not broken down like this", pointer="/groupBy")
            if granularity not in known.granularities:
                raise breaks_rule(f"{key} has no such buckets", pointer="/granularity")

    async def _forecast(
        self, ctx: Context, series: Sequence[metrics.MetricSeries], step: timedelta
    ) -> list[dict[str, object]]:
        """The next buckets of each curve, without those that no model could tell."""
        curves = [each for each in series if each.points][:5]
        asked = [self._next_values(ctx, each) for each in curves]
        found = []
        for each, values in zip(curves, await asyncio.gather(*asked), strict=True):
            last = each.points[-1].bucket_start
            points = [
                {"bucketStart": last + step * (place + 1), "value": value, "sampleCount": 0}
                for place, value in enumerate(values)
            ]
            if points:
                curve = {"metricKey": each.metric_key, "dimensionValues": {}, "points": points}
                found.append({**curve, "suppressedGroups": 0})
        return found

    async def _next_values(self, ctx: Context, series: metrics.MetricSeries) -> list[float]:
        """The values of the next buckets, as far as the model tells them without a gap."""
        newest = [each.value for each in reversed(series.points[-_LAGS:])]
        # features are bounded by 1e9 in the contract; a model scales them anyway
        if any(abs(each) > 1e9 for each in newest):
            return []
        lags = {f"lag_{place + 1}": each for place, each in enumerate(newest)}
        about = digest(f"{ctx.tenant}/{series.metric_key}")[:32]
        found: list[float] = []
        for ahead in range(1, _AHEAD + 1):
            features = {**lags, "buckets_ahead": float(ahead)}
            body = ml.PredictRequest(
                request_id=uuid7(),
                model_key=_FORECAST,
                entity_ref=about,
                features=[ml.FeatureValue(name=n, value=v) for n, v in features.items()],
            )
            try:
                answer = await self.clients.ml.predict(body)
            except CallError:  # no version of the model serves
                return found
            if answer is None or answer.degraded:
                return found
            found.append(answer.score)
        return found

    async def explore_usage(
        self, ctx: Context, request: port.ExploreUsage
    ) -> models.UsageExploration:
        body = request.body
        check_days(body.range_start, body.range_end, _USAGE_DAYS)
        retention = body.shape == models.CountShape.retention
        if retention and len(body.event_types) != 1:
            raise breaks_rule("people are looked for again by one type", pointer="/eventTypes")
        asked: dict[str, Any] = {
            "shape": body.shape.value,
            "eventTypes": [each.root for each in body.event_types],
            "since": day_begins(body.range_start),
            "until": day_begins(body.range_end + timedelta(days=1)),
        }
        if retention:
            asked["cohortWeeks"] = body.cohort_weeks or _COHORT_WEEKS
        try:
            counts = await self.clients.events.count_events(
                from_record(events.CountEventsRequest, asked)
            )
        except CallError as error:
            raise problems.SOURCE_UNAVAILABLE("the archive did not answer") from error
        return _usage(counts)


def _usage(counts: events.EventCounts) -> models.UsageExploration:
    """The steps in their order; those of too few people are counted and not told."""
    steps, small = [], 0
    for place, each in enumerate(counts.counts, 1):
        if each.actors < FEWEST_PEOPLE:
            small += 1
            continue
        told = {"step": each.step or min(place, 26), "people": each.actors, "events": each.events}
        steps.append(models.UsageStep.model_validate(told))
    steps.sort(key=lambda each: each.step)
    withheld = min(50_000, counts.suppressed_groups + small)
    return models.UsageExploration(
        steps=steps[:26], suppressed_groups=withheld, stale_at=counts.stale_at
    )


def _may_see(ctx: Context, metric: metrics.MetricDefinition) -> bool:
    if metric.sensitivity == metrics.MetricSensitivity.finance:
        return FINANCE in ctx.principal.roles
    return metric.sensitivity == metrics.MetricSensitivity.tenant_visible


def _entry(
    metric: metrics.MetricDefinition, anomalies: dict[str, int] | None
) -> models.CatalogueEntry:
    """In words, without the expression that computes it."""
    record = to_record(metric)
    names = {each.alias or name for name, each in models.CatalogueEntry.model_fields.items()}
    entry = {name: each for name, each in record.items() if name in names}
    if anomalies is not None:
        entry["openAnomalies"] = anomalies.get(metric.metric_key, 0)
    return from_record(models.CatalogueEntry, entry)
