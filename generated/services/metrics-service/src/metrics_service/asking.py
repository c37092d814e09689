"""Series of metrics, and their newest minutes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter

from cloudsync_chassis.changes import Changes, heard
from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import breaks_rule

from . import buckets
from .base import PLATFORM
from .dictionary import plain
from .expressions import States, compiled
from .facts import WIDTHS
from .generated import models, port, problems
from .rolling import Rolling

_YEAR = timedelta(days=365)
_MOST_SERIES = 2_000
_ENOUGH_LEFT = 5.0
_VISIBLE = models.MetricSensitivity
_UNIQUE = models.MetricInstrument.unique_count

Grouped = dict[tuple[tuple[str, str], ...], dict[datetime, tuple[States, int]]]


class Asking(Rolling):
    """Answers."""

    async def query(self, ctx: Context, request: port.Query) -> models.SeriesAnswer:
        """Series of up to ten metrics, beside an earlier interval if wished.

        Raises:
            Problem: `metric-unknown`, `not-additive`, `too-many-points`; `rule-broken`: an interval
                that runs backwards, or a dimension that a metric does not have.
        """
        began, wish = perf_counter(), request.body
        if wish.since > wish.until:
            raise breaks_rule("the interval runs backwards", pointer="/until")
        definitions = [await self._asked(ctx, each.root, wish) for each in wish.metric_keys]
        most = buckets.count(wish.since, wish.until, wish.granularity) * len(definitions)
        if most > self.settings.points_per_answer:
            raise problems.TOO_MANY_POINTS(f"{most} points, more than fit an answer")
        series = await self._series(ctx, wish, definitions, timedelta())
        comparison = None
        if wish.compare_to is not None:
            year = wish.compare_to is models.ComparisonBasis.year_ago
            back = _YEAR if year else wish.until - wish.since
            comparison = await self._series(ctx, wish, definitions, back)
        for each in definitions:
            self._note_use(ctx, each)
        took = perf_counter() - began
        self.metrics.metrics_query_seconds(took, granularity=wish.granularity.value)
        return models.SeriesAnswer(
            series=series,
            comparison=comparison,
            computed_through=min(_through(ctx, each, wish.granularity) for each in definitions),
        )

    async def _asked(
        self, ctx: Context, key: str, wish: models.QueryRequest
    ) -> models.MetricDefinition:
        found = await self._shown(ctx, key)
        names = {each.root for each in found.dimensions}
        asked = {each.root for each in wish.group_by or ()}
        asked |= {each.dimension for each in wish.filters or ()}
        if asked - names:
            lost = ", ".join(sorted(asked - names))
            raise breaks_rule(f"{key} has no dimension {lost}", pointer="/groupBy")
        if wish.granularity not in found.granularities and not found.additive:
            raise problems.NOT_ADDITIVE(f"{key} is not counted by the {wish.granularity.value}")
        return found

    async def _shown(self, ctx: Context, key: str) -> models.MetricDefinition:
        """The metric, if it counts and the caller may be shown it."""
        found = await self.known(ctx, key)
        if found is None or not may_see(ctx, found):
            raise problems.METRIC_UNKNOWN(f"no metric {key}")
        return found

    async def _series(
        self,
        ctx: Context,
        wish: models.QueryRequest,
        definitions: list[models.MetricDefinition],
        back: timedelta,
    ) -> list[models.MetricSeries]:
        found: list[models.MetricSeries] = []
        points = 0
        for definition in definitions:
            grouped = await self._grouped(ctx, wish, definition, back)
            mine = self._told(ctx, definition, grouped)
            points += sum(len(each.points) for each in mine)
            found += mine
            if points > self.settings.points_per_answer or len(found) > _MOST_SERIES:
                raise problems.TOO_MANY_POINTS(f"over {points} points in {len(found)} series")
        return found

    async def _grouped(
        self,
        ctx: Context,
        wish: models.QueryRequest,
        definition: models.MetricDefinition,
        back: timedelta,
    ) -> Grouped:
        """States by group and bucket, put together of what is kept more finely."""
        names = [each.root for each in wish.group_by or ()]
        filters = {e.dimension: {one.root for one in e.any_of} for e in wish.filters or ()}
        kept = wish.granularity in definition.granularities
        width = wish.granularity if kept else WIDTHS.hour
        found: Grouped = {}
        revisions = {
            each.revision: each for each in await self.revisions(ctx, definition.metric_key)
        }
        points = self.between(
            ctx,
            self.metric_point,
            "bucketStart",
            buckets.start(wish.since - back, width),
            wish.until - back,
            metricKey=definition.metric_key,
            granularity=width,
        )
        async for each in points:
            dims, revision = plain(each.dimension_values), revisions.get(each.revision)
            passes = all(dims.get(name) in values for name, values in filters.items())
            if not passes or revision is None or each.sketch is None:
                continue
            states = compiled(revision.expression).read(each.sketch)
            key = tuple((name, dims.get(name, "none")) for name in names)
            start = buckets.start(each.bucket_start, wish.granularity)
            place = found.setdefault(key, {})
            if start in place and len(place[start][0].each) == len(states.each):
                states.merge(place[start][0])
                place[start] = (states, place[start][1] + each.sample_count)
            else:
                place[start] = (states, each.sample_count)
        return found

    def _told(
        self, ctx: Context, definition: models.MetricDefinition, grouped: Grouped
    ) -> list[models.MetricSeries]:
        """The groups as series, of a tenant's without those of too few people."""
        expression = compiled(definition.expression)
        few = self.settings.smallest_group if _is_tenant(ctx) else 0
        few = few if definition.instrument is _UNIQUE else 0
        shown: list[tuple[Mapping[str, str], list[models.SeriesPoint]]] = []
        withheld = 0
        for key, places in sorted(grouped.items()):
            points = [
                models.SeriesPoint(
                    bucket_start=start, value=expression.value(states), sample_count=samples
                )
                for start, (states, samples) in sorted(places.items())
                if not few or expression.value(states) >= few
            ]
            withheld += not points
            if points:
                shown.append((dict(key), points))
        if withheld and not shown:
            shown.append(({}, []))
        return [
            models.MetricSeries(
                metric_key=definition.metric_key,
                dimension_values={n: models.DimensionValuesValue(v) for n, v in dims.items()},
                points=points,
                suppressed_groups=withheld,
            )
            for dims, points in shown
        ]

    def _note_use(self, ctx: Context, definition: models.MetricDefinition) -> None:
        """Keep the day of the question, which must not wait for that."""
        last = definition.last_queried_at
        if last is not None and last.date() == ctx.now.date():
            return
        wish = port.NoteMetricUse(metric_definition_id=definition.id)
        inside = ctx.within(definition.organization_id)
        self.runtime.work.soon(inside, "note-metric-use", partial(self._used, wish))

    async def _used(self, wish: port.NoteMetricUse, ctx: Context) -> None:
        await self.note_metric_use(ctx, wish)

    async def stream_latest(
        self, ctx: Context, request: port.StreamLatest
    ) -> AsyncIterator[models.LatestPoint]:
        """The newest closed minute of each metric, once a minute until the deadline.

        Raises:
            Problem: `metric-unknown`: a key has no minutes.
        """
        definitions = [await self._shown(ctx, each.root) for each in request.body.metric_keys]
        for each in definitions:
            if WIDTHS.minute not in each.granularities:
                raise problems.METRIC_UNKNOWN(f"{each.metric_key} has no minutes")
        return self._latest(ctx, definitions)

    async def _latest(
        self, ctx: Context, definitions: list[models.MetricDefinition]
    ) -> AsyncIterator[models.LatestPoint]:
        """A caller who wants to go on asks again: a stream ends with its deadline."""
        never = Changes().coming()
        while True:
            for each in definitions:
                point = await self._newest(ctx, each)
                if point is not None:
                    yield point
            pause = 60.0
            if ctx.deadline.remaining < pause + _ENOUGH_LEFT:
                return
            await heard(never, pause)

    async def _newest(
        self, ctx: Context, definition: models.MetricDefinition
    ) -> models.LatestPoint | None:
        through = _through(ctx, definition, WIDTHS.minute)
        start = through - timedelta(minutes=1)
        found = await self.merged(ctx, definition, WIDTHS.minute, start, through)
        expression = compiled(definition.expression)
        states = expression.empty()
        for each, _ in found.values():
            states.merge(each)
        value = expression.value(states)
        if _is_tenant(ctx) and definition.instrument is _UNIQUE:
            value = value if value >= self.settings.smallest_group else 0.0
        return models.LatestPoint(
            metric_key=definition.metric_key,
            bucket_start=start,
            value=value,
            computed_through=through,
        )


def may_see(ctx: Context, definition: models.MetricDefinition) -> bool:
    """Tenants are shown what is meant for them, staff the rest, and finance what is finance's."""
    if definition.sensitivity is _VISIBLE.tenant_visible:
        return True
    if ctx.principal.kind == "workload":
        return ctx.tenant == PLATFORM
    if definition.sensitivity is _VISIBLE.finance:
        return "finance-operator" in ctx.principal.roles
    return True


def _is_tenant(ctx: Context) -> bool:
    """Whether the answer goes to a customer: a service asks in the customer's name."""
    return ctx.principal.kind == "workload" and ctx.tenant != PLATFORM


def _through(
    ctx: Context, definition: models.MetricDefinition, width: models.Granularity
) -> datetime:
    """The moment up to which all facts are in."""
    delay = timedelta(seconds=definition.rollup_delay_seconds)
    return buckets.start(ctx.now - delay, width)
