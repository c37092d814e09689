"""What the numbers mean: definitions, their revisions, and which of them counts when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from time import perf_counter
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.model import given
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.repository import UniqueViolationError

from . import buckets, catalogue
from .base import PLATFORM, Base, itself
from .expressions import Expression, ExpressionError, States, compiled
from .generated import models, port, problems
from .generated.aggregates import METRIC_DEFINITION

STATUS = models.MetricStatus
HOURLY = models.Granularity.hour
_COUNTING = (STATUS.active, STATUS.deprecated)
_BEGUN = (*_COUNTING, STATUS.retired)
_SAMPLE = timedelta(days=7)
_DAY = 86_400.0
_BEFORE = timedelta(days=400)
"""What happened before the first start counts, too, as far back as points are kept by the hour."""

_SEED = Operation(id="enter-catalogue", access="workload", writes=True, timeout=60.0)
_KINDS = models.MetricInstrument


class Dictionary(Base):
    """Definitions."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        runtime.work.at_start(self.enter_catalogue)
        leaving = Due(aggregate=METRIC_DEFINITION.name, where={"status": STATUS.deprecated.value})
        runtime.work.every(_DAY, "retire-metrics", self.retire_due, leaving)

    async def enter_catalogue(self) -> None:
        """Enter the metrics that the service counts by itself, where they are missing."""
        incoming = Incoming(principal=workload(self.runtime.spec.name, PLATFORM), trace=Trace.new())
        await self.runtime.executor.run(_SEED, incoming, self._enter)

    async def _enter(self, ctx: Context) -> None:
        for each in catalogue.METRICS:
            if await self.metric_definition.find(ctx, metricKey=each["metricKey"]) is None:
                people = {"authorId": catalogue.AUTHOR, "stewardId": catalogue.STEWARD}
                state = {"status": STATUS.active, "activatedAt": ctx.now - _BEFORE}
                try:
                    await self.metric_definition.insert(ctx, {**each, **people, **state})
                except UniqueViolationError:
                    continue

    async def known(self, ctx: Context, key: str) -> models.MetricDefinition | None:
        """The newest revision that counts: the tenant's, else the platform's."""
        found = await self.revisions(ctx, key)
        counting = [each for each in found if each.status in _COUNTING]
        return max(counting, key=lambda each: each.revision, default=None)

    async def revisions(self, ctx: Context, key: str) -> list[models.MetricDefinition]:
        """Those that have ever counted: the tenant's, else the platform's."""
        for tenant in dict.fromkeys((ctx.tenant, PLATFORM)):
            each = self.metric_definition.each(ctx.within(tenant), metricKey=key, status=_BEGUN)
            found = [one async for one in each]
            if found:
                return found
        return []

    async def revise_metric(
        self, ctx: Context, request: port.ReviseMetric
    ) -> models.MetricDefinition:
        """Rewrite a draft in place, or begin the next revision of an active metric beside it.

        Raises:
            Problem: `revision-in-progress`, `illegal-transition`, `invariant-broken`.
        """
        fields = given(request.body)
        key = fields.pop("metricDefinitionId")
        fields["authorId"] = UUID(ctx.principal.subject)
        present = await self.metric_definition.get(ctx, key)
        if present.status is not STATUS.active:
            trial = {"estimatedSeries": None, "sampleCostMs": None}
            return await self.metric_definition.transition(
                ctx, "revise-metric", key, {**fields, **trial}
            )
        latest = present.revision
        async for each in self.metric_definition.each(ctx, metricKey=present.metric_key):
            if each.status in (STATUS.draft, STATUS.validated):
                raise problems.REVISION_IN_PROGRESS(f"revision {each.revision} is a draft already")
            latest = max(latest, each.revision)
        record = {"metricKey": present.metric_key, "revision": latest + 1, "status": STATUS.draft}
        return await self.metric_definition.insert(ctx, {**fields, **record})

    async def validate_metric(
        self, ctx: Context, request: port.ValidateMetric
    ) -> models.ValidationReport:
        """Compile the expression of a draft and run it over a week of facts.

        Raises:
            Problem: `expression-invalid`, `cardinality-exceeded`, `illegal-transition`.
        """
        draft = await self.metric_definition.get(ctx, request.body.metric_definition_id)
        faults: list[str] = []
        try:
            expression = compiled(draft.expression)
            faults = misfits(draft, expression)
        except ExpressionError as error:
            faults = [str(error)]
        if faults:
            raise problems.EXPRESSION_INVALID("; ".join(faults[:20]))
        series, cost = await self._sampled(ctx, draft, expression)
        limit = self.settings.series_limit
        if series > limit:
            raise problems.CARDINALITY_EXCEEDED(f"{series} series of {limit}")
        found = {"estimatedSeries": series, "sampleCostMs": cost}
        await self.metric_definition.transition(ctx, "validate-metric", draft.id, found)
        return models.ValidationReport(
            compiles=True,
            estimated_series=series,
            series_limit=min(limit, 50_000),
            sample_cost_ms=cost,
            problems=[],
        )

    async def _sampled(
        self, ctx: Context, draft: models.MetricDefinition, expression: Expression
    ) -> tuple[int, int]:
        """How many series a week makes, and the milliseconds that it takes."""
        began = perf_counter()
        seen: dict[tuple[str | None, ...], States] = {}
        names = [each.root for each in draft.dimensions]
        facts = self.between(
            ctx,
            self.metric_fact,
            "occurredAt",
            ctx.now - _SAMPLE,
            ctx.now,
            metricKey=draft.metric_key,
        )
        async for each in facts:
            dims = plain(each.dimension_values)
            key = tuple(dims.get(name) for name in names)
            seen.setdefault(key, expression.empty()).add(each.value, each.occurred_at, dims)
        for states in seen.values():
            expression.value(states)
        return max(1, len(seen)), int((perf_counter() - began) * 1000)

    async def activate_metric(
        self, ctx: Context, request: port.ActivateMetric
    ) -> models.MetricDefinition:
        """Let a revision count from the next full hour on, and retire the one before it."""
        found = await super().activate_metric(ctx, request)
        mine = itself(ctx)
        async for each in self.metric_definition.each(
            ctx, metricKey=found.metric_key, status=STATUS.active
        ):
            if each.revision < found.revision:
                await self.retire_metric(mine, port.RetireMetric(metric_definition_id=each.id))
        return found

    async def retire_due(self, ctx: Context) -> None:
        """Retire the tenant's deprecated metrics that nobody has asked for in ninety days."""
        waits = timedelta(seconds=self.settings.retire_after)
        async for each in self.metric_definition.each(ctx, status=STATUS.deprecated):
            if (each.last_queried_at or each.updated_at) + waits <= ctx.now:
                await self.retire_metric(ctx, port.RetireMetric(metric_definition_id=each.id))


def in_force(
    revisions: list[models.MetricDefinition], moment: datetime
) -> models.MetricDefinition | None:
    """The revision by which what happened at a moment counts: each does from the full hour after
    its activation on.
    """
    begun = [each for each in revisions if _begins(each) <= buckets.start(moment, HOURLY)]
    return max(begun, key=lambda each: each.revision, default=None) or min(
        revisions, key=lambda each: each.revision, default=None
    )


def _begins(definition: models.MetricDefinition) -> datetime:
    at = definition.activated_at or definition.created_at
    return buckets.end(buckets.start(at, HOURLY), HOURLY)


def plain(dims: Mapping[str, models.DimensionValuesValue]) -> dict[str, str]:
    """Dimension values as texts."""
    return {name: each.root for name, each in dims.items()}


def misfits(draft: models.MetricDefinition, expression: Expression) -> list[str]:
    """Why an expression does not fit what the definition says of itself."""
    found = []
    lost = expression.dimensions - {each.root for each in draft.dimensions}
    if lost:
        found.append(f"no dimension {', '.join(sorted(lost))}")
    if draft.additive and not expression.additive:
        found.append("its buckets cannot be summed")
    kinds = expression.kinds
    unfit = {
        _KINDS.ratio: not expression.divides,
        _KINDS.unique_count: kinds != {"unique"},
        _KINDS.counter: not kinds <= {"sum", "count"} or expression.divides,
        _KINDS.gauge: "unique" in kinds,
        _KINDS.distribution: not kinds & {"quantile", "avg", "min", "max"},
    }
    if unfit[draft.instrument]:
        found.append(f"it does not make a {draft.instrument.value}")
    return found
