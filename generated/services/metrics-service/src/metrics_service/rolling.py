"""Days and months of hours, the recomputation of past days, and what goes when its time has come."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.runtime import Runtime

from . import buckets, memory
from .base import PLATFORM
from .dictionary import plain
from .expressions import Expression, States, compiled
from .facts import WIDTHS, Place
from .generated import models, port
from .generated.aggregates import BACKFILL_RUN, METRIC_FACT, METRIC_POINT
from .money import Money

_PAUSE = 60.0
_DAY = 86_400.0
_AT_ONCE = 500
_FACTS_STAY = timedelta(days=40)
_MONEY_STAYS = timedelta(days=400)
_MINUTES_STAY = timedelta(days=14)
_HOURS_STAY = timedelta(days=400)
_ATTEMPTS = 3
_RUN = models.BackfillStatus
_EMPTYING, _EMPTY = "emptying", "empty"

Series = dict[tuple[tuple[str, str], ...], tuple[States, int]]


class GoneError(Exception):
    """The facts of a day are kept no longer, so it cannot be computed from them."""


class Rolling(Money):
    """What the clock does with points."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        raised = Due(aggregate=memory.RAISED.name)
        unfinished = Due(
            aggregate=BACKFILL_RUN.name, where={"status": (_RUN.queued.value, _RUN.running.value)}
        )
        old = Due(aggregate=METRIC_FACT.name, since="occurredAt", after=_FACTS_STAY / _SECOND)
        fine = Due(
            aggregate=METRIC_POINT.name,
            where={"granularity": (WIDTHS.minute.value, WIDTHS.hour.value)},
            since="bucketStart",
            after=_MINUTES_STAY / _SECOND,
        )
        purged = Due(aggregate=memory.PURGES.name, where={"state": _EMPTYING})
        runtime.work.every(_PAUSE, "roll-up-points", self.roll_up_due, raised)
        runtime.work.every(_PAUSE, "work-on-backfills", self.backfill_due, unfinished)
        runtime.work.every(_DAY, "drop-old-facts", self.drop_old_facts, old)
        runtime.work.every(_DAY, "drop-old-points", self.drop_old_points, fine)
        runtime.work.every(_PAUSE, "empty-tenants", self.empty_tenant, purged)

    async def roll_up_due(self, ctx: Context) -> None:
        """Compute the tenant's days and months whose hours have changed: days first."""
        marks = [each async for each in self.raised.each(ctx)]
        for mark in sorted(marks, key=lambda each: each.granularity)[:_AT_ONCE]:
            width = models.Granularity(mark.granularity)
            definition = await self._counted_by(ctx, mark.metric_key, width, mark.bucket_start)
            if definition is not None and width in definition.granularities:
                await self._roll_up(ctx, definition, width, mark.bucket_start)
                self._measure_freshness(ctx, definition)
            await self.raised.remove(ctx, mark)

    async def _counted_by(
        self, ctx: Context, key: str, width: models.Granularity, start: datetime
    ) -> models.MetricDefinition | None:
        """The newest revision that has counted hours of a bucket; after a change of meaning only
        what it has counted is in the bucket.
        """
        newest, end = 0, buckets.end(start, width)
        hours = {"metricKey": key, "granularity": WIDTHS.hour}
        points = self.between(ctx, self.metric_point, "bucketStart", start, end, **hours)
        async for each in points:
            newest = max(newest, each.revision)
        revisions = await self.revisions(ctx, key)
        return next((each for each in revisions if each.revision == newest), None)

    def _measure_freshness(self, ctx: Context, definition: models.MetricDefinition) -> None:
        delay = timedelta(seconds=definition.rollup_delay_seconds)
        through = buckets.start(ctx.now - delay, WIDTHS.hour)
        seconds = (ctx.now - through).total_seconds()
        self.metrics.metrics_freshness_seconds(seconds, metric_key=definition.metric_key)

    async def _roll_up(
        self,
        ctx: Context,
        definition: models.MetricDefinition,
        width: models.Granularity,
        start: datetime,
    ) -> None:
        """A bucket anew, from the hours in it that the same revision has counted."""
        end = buckets.end(start, width)
        found = await self.merged(ctx, definition, WIDTHS.hour, start, end)
        for key, (states, samples) in found.items():
            place = Place(definition.metric_key, width, start, dict(key))
            await self.put_point(ctx, definition, place, states, samples)

    async def merged(
        self,
        ctx: Context,
        definition: models.MetricDefinition,
        width: models.Granularity,
        since: datetime,
        until: datetime,
    ) -> Series:
        """The states of a stretch by dimension values, put together of its buckets."""
        expression, found = compiled(definition.expression), Series()
        points = self.between(
            ctx,
            self.metric_point,
            "bucketStart",
            since,
            until,
            metricKey=definition.metric_key,
            granularity=width,
        )
        async for each in points:
            if each.revision != definition.revision or each.sketch is None:
                continue
            key = tuple(sorted(plain(each.dimension_values).items()))
            states, samples = found.get(key) or (expression.empty(), 0)
            states.merge(expression.read(each.sketch))
            found[key] = (states, samples + each.sample_count)
        return found

    async def backfill_due(self, ctx: Context) -> None:
        """Take the tenant's next runs on and compute one day of each that is under way."""
        running = [each async for each in self.backfill_run.each(ctx, status=_RUN.running)]
        async for run in self.backfill_run.each(ctx, status=_RUN.queued):
            if len(running) == self.settings.backfill_slots:
                break
            await self.begin_backfill(ctx, port.BeginBackfill(backfill_run_id=run.id))
            running.append(run)
        for run in running:
            await self._next_day(ctx, run)
        if running:
            self.runtime.work.wake(ctx, "work-on-backfills")

    async def _next_day(self, ctx: Context, run: models.BackfillRun) -> None:
        day = run.from_day + timedelta(days=run.processed_days)
        try:
            await self._compute_day(ctx, run, day)
        except GoneError:
            await self._try_again(ctx, run, day)
            return
        done = models.BackfillProgress(processed_days=run.processed_days + 1)
        await self.advance_backfill(ctx, port.AdvanceBackfill(backfill_run_id=run.id, body=done))
        if done.processed_days == run.total_days:
            await self.complete_backfill(ctx, port.CompleteBackfill(backfill_run_id=run.id))

    async def _try_again(self, ctx: Context, run: models.BackfillRun, day: date) -> None:
        """Wait for a replay of the archive; after three attempts at a day the run fails."""
        known = await self.attempts.find(ctx, backfillRunId=run.id)
        tries = known.attempts + 1 if known is not None and known.day == day else 1
        if tries >= _ATTEMPTS:
            body = models.BackfillFailure(
                failure=f"the facts of {day} have gone, replay its events"
            )
            await self.fail_backfill(ctx, port.FailBackfill(backfill_run_id=run.id, body=body))
        elif known is None:
            fields = {"backfillRunId": run.id, "day": day, "attempts": tries}
            await self.attempts.insert(ctx, fields)
        else:
            await self.attempts.rewrite(ctx, known, {"day": day, "attempts": tries})

    async def _compute_day(self, ctx: Context, run: models.BackfillRun, day: date) -> None:
        start = datetime.combine(day, time(), UTC)
        definition = await self._revision(ctx, run)
        tenants = [ctx.tenant]
        if ctx.tenant == PLATFORM:
            others = self.tenants(ctx, self.metric_fact, metricKey=run.metric_key)
            tenants += [each async for each in others if each != PLATFORM]
        whole: dict[tuple[models.Granularity, datetime], Series] = {}
        facts = 0
        for tenant in tenants:
            inside = ctx.within(tenant)
            series, seen = await self._of_facts(inside, definition, start)
            facts += seen
            if tenant != PLATFORM:
                await self._replace(inside, definition, start, series)
            _add(whole, series, compiled(definition.expression))
        if not facts and start + _FACTS_STAY <= ctx.now:
            raise GoneError
        if ctx.tenant == PLATFORM:
            await self._replace(ctx, definition, start, whole)

    async def _revision(self, ctx: Context, run: models.BackfillRun) -> models.MetricDefinition:
        revisions = await self.revisions(ctx, run.metric_key)
        found = [each for each in revisions if each.revision == run.revision]
        if not found:
            raise GoneError
        return found[0]

    async def _of_facts(
        self, ctx: Context, definition: models.MetricDefinition, day: datetime
    ) -> tuple[dict[tuple[models.Granularity, datetime], Series], int]:
        """Hours and minutes of a day, computed from its facts, and how many those are."""
        expression, seen = compiled(definition.expression), 0
        names = {each.root for each in definition.dimensions}
        widths = [each for each in definition.granularities if each in _FINE]
        found: dict[tuple[models.Granularity, datetime], Series] = {}
        end, key = day + buckets.DAY, definition.metric_key
        facts = self.between(ctx, self.metric_fact, "occurredAt", day, end, metricKey=key)
        async for each in facts:
            seen += 1
            dims = {n: v for n, v in plain(each.dimension_values).items() if n in names}
            for width in widths:
                series = found.setdefault((width, buckets.start(each.occurred_at, width)), {})
                place = tuple(sorted(dims.items()))
                states, samples = series.get(place) or (expression.empty(), 0)
                states.add(each.value, each.occurred_at, dims)
                series[place] = (states, samples + 1)
        return found, seen

    async def _replace(
        self,
        ctx: Context,
        definition: models.MetricDefinition,
        day: datetime,
        found: dict[tuple[models.Granularity, datetime], Series],
    ) -> None:
        """Put computed buckets of a day in the place of those that there are."""
        end, key = day + buckets.DAY, definition.metric_key
        points = self.between(
            ctx, self.metric_point, "bucketStart", day, end, metricKey=key, granularity=_FINE
        )
        async for each in points:
            await self.metric_point.remove(ctx, each)
        for (width, start), series in found.items():
            for dims, (states, samples) in series.items():
                place = Place(key, width, start, dict(dims))
                await self.put_point(ctx, definition, place, states, samples)
        await self.mark(ctx, key, day)

    async def drop_old_facts(self, ctx: Context) -> None:
        """Remove the tenant's facts of forty days; of money, those of 400."""
        by = {"occurredAt": ctx.now - _FACTS_STAY}
        async for each in self.metric_fact.each(ctx, by):
            money = each.payment_id is not None or each.order_id is not None
            if not money or each.occurred_at + _MONEY_STAYS <= ctx.now:
                await self.metric_fact.remove(ctx, each)

    async def drop_old_points(self, ctx: Context) -> None:
        """Remove the tenant's minutes of fourteen days and hours of 400."""
        stays = {WIDTHS.minute: _MINUTES_STAY, WIDTHS.hour: _HOURS_STAY}
        for width, how_long in stays.items():
            by = {"bucketStart": ctx.now - how_long}
            async for each in self.metric_point.each(ctx, by, granularity=width):
                await self.metric_point.remove(ctx, each)

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        """The tenant's facts and points are dropped, sums over all tenants stay as they were."""
        await self.purge_tenant_metrics(ctx, port.PurgeTenantMetrics(body=event.data))

    async def purge_tenant_metrics(self, ctx: Context, request: port.PurgeTenantMetrics) -> None:
        """Let nothing more be counted for a tenant, and its rows go in the background."""
        if not await self.purges.count(ctx):
            await self.purges.insert(ctx, {"state": _EMPTYING})
            self.runtime.work.wake(ctx, "empty-tenants")

    async def empty_tenant(self, ctx: Context) -> None:
        """Remove rows of a purged tenant, 500 at a time."""
        done = 0
        rows: tuple[Aggregate[Any], ...] = (
            self.metric_fact,
            self.metric_point,
            self.anomaly,
            self.anomaly_rule,
            self.backfill_run,
            self.raised,
            self.subscribed,
            self.attempts,
            self.judged,
        )
        for aggregate in rows:
            async for each in aggregate.each(ctx):
                if done == _AT_ONCE:
                    self.runtime.work.wake(ctx, "empty-tenants")
                    return
                await aggregate.remove(ctx, each)
                done += 1
        async for purge in self.purges.each(ctx, state=_EMPTYING):
            await self.purges.rewrite(ctx, purge, {"state": _EMPTY})


_FINE = (WIDTHS.minute, WIDTHS.hour)
_SECOND = timedelta(seconds=1)


def _add(
    whole: dict[tuple[models.Granularity, datetime], Series],
    part: dict[tuple[models.Granularity, datetime], Series],
    expression: Expression,
) -> None:
    """Count a tenant's buckets into those of all."""
    for place, series in part.items():
        for key, (states, samples) in series.items():
            total, seen = whole.setdefault(place, {}).get(key) or (expression.empty(), 0)
            total.merge(states)
            whole[place][key] = (total, seen + samples)
