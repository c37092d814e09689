"""What screens listen to: how far a report is, and metrics by the minute."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime, timedelta

from cloudsync_chassis import clock
from cloudsync_chassis.changes import heard
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import from_record
from metrics_grpc_client import models as metrics

from .exploring import Exploring
from .generated import models, port, problems

_MINUTE = timedelta(minutes=1)
_BACK = 10 * _MINUTE
"""Roll-ups are late by as much."""

_LOOK_AGAIN = 1.0
"""Seconds until a watcher sees what another replica has written."""

_UNDER_WAY = (
    models.ReportStatus.requested,
    models.ReportStatus.queued,
    models.ReportStatus.running,
)


class Watching(Exploring):
    """Queries that answer again and again."""

    async def watch_report(
        self, ctx: Context, request: port.WatchReport
    ) -> AsyncIterator[models.Report]:
        """The report, once more with each change, until nothing moves any more.

        Raises:
            Problem: `not-found`, `forbidden`: also later on, where the caller may not see it now.
        """
        return self._states(ctx, request, await self.report.get(ctx, request.report_id))

    async def _states(
        self, ctx: Context, request: port.WatchReport, report: models.Report
    ) -> AsyncIterator[models.Report]:
        yield report
        while report.status in _UNDER_WAY:
            stroke = self.changes.coming()
            now = await self.report.get(ctx, request.report_id)
            if now.version != report.version:
                report = now
                yield report
            else:
                await heard(stroke, _LOOK_AGAIN)

    async def watch_metrics(
        self, ctx: Context, request: port.WatchMetrics
    ) -> AsyncIterator[models.MetricTick]:
        """The newest minute of each metric, then each minute that has closed.

        Raises:
            Problem: `metric-unknown`, `source-unavailable`, `rule-broken`.
        """
        keys = list(dict.fromkeys(each.root for each in request.body.metric_keys))
        await self._check_metrics(ctx, keys, (), "minute")
        try:
            first = await self._minutes(keys)
        except CallError as error:
            raise problems.SOURCE_UNAVAILABLE("metrics did not answer") from error
        return self._ticks(keys, first)

    async def _ticks(
        self, keys: Sequence[str], answer: metrics.SeriesAnswer | None
    ) -> AsyncIterator[models.MetricTick]:
        told: dict[str, datetime] = {}
        while True:
            for each in _closed(answer):
                last = told.get(each.metric_key)
                if last is None or each.bucket_start > last:
                    told[each.metric_key] = each.bucket_start
                    yield each
            await heard(asyncio.Event(), self.limits.ticker_pause)
            try:
                answer = await self._minutes(keys, min(told.values(), default=None))
            except CallError:
                answer = None  # what is missed now comes with the next answer

    async def _minutes(
        self, keys: Sequence[str], told: datetime | None = None
    ) -> metrics.SeriesAnswer:
        """The last minutes, all since one that was told where that is not long ago."""
        until = clock.now().replace(second=0, microsecond=0)
        since = until - _BACK if told is None else max(told + _MINUTE, until - 6 * _BACK)
        question = {
            "metricKeys": list(keys),
            "since": min(since, until - _MINUTE),
            "until": until,
            "granularity": "minute",
        }
        return await self.clients.metrics.client.query(from_record(metrics.QueryRequest, question))


def _closed(answer: metrics.SeriesAnswer | None) -> Iterator[models.MetricTick]:
    """Minutes of which all facts are in, in their order."""
    for series in answer.series if answer else ():
        for each in sorted(series.points, key=lambda point: point.bucket_start):
            if answer and each.bucket_start + _MINUTE <= answer.computed_through:
                yield models.MetricTick(
                    metric_key=series.metric_key,
                    bucket_start=each.bucket_start,
                    value=each.value,
                    sample_count=each.sample_count,
                )
