"""Facts, each once, and the hours and minutes that they raise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from cloudsync_chassis.context import Context
from cloudsync_chassis.store.repository import UniqueViolationError

from . import buckets
from .base import PLATFORM
from .dictionary import Dictionary, in_force, plain
from .expressions import States, compiled
from .generated import models, port, problems

KINDS = models.FactKind
WIDTHS = models.Granularity
_RAISED_AT_ONCE = (WIDTHS.minute, WIDTHS.hour)
_OTHER = "other"
_SERVICE = re.compile("[a-z][a-z-]{2,59}")

Revisions = dict[str, list[models.MetricDefinition]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something to be counted; `source` is the event or workload that told of it."""

    id: UUID
    key: str
    kind: models.FactKind
    value: float
    at: datetime
    source: str
    dims: Mapping[str, str] = field(default_factory=dict)
    order: UUID | None = None
    payment: UUID | None = None
    counter_to: UUID | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What a bucket is the bucket of."""

    metric: str
    width: models.Granularity
    start: datetime
    dims: Mapping[str, str]

    @property
    def names(self) -> dict[str, Any]:
        """The fields that all series of the metric share there."""
        return {"metricKey": self.metric, "granularity": self.width, "bucketStart": self.start}

    def key(self, ctx: Context) -> UUID:
        """The id of the bucket, which follows from the rest (RFC 9562, version 5)."""
        dims = sorted(self.dims.items())
        told = json.dumps([self.metric, self.width.value, self.start.isoformat(), dims])
        return uuid5(ctx.tenant, told)


class Facts(Dictionary):
    """The way of facts into buckets."""

    async def record_facts(self, ctx: Context, request: port.RecordFacts) -> models.FactsReceipt:
        """Take facts of a workload; known ones are dropped.

        Raises:
            Problem: `metric-unknown`, `dimension-not-declared`; nothing of the batch is kept then.
        """
        revisions: Revisions = {}
        for each in request.body.facts:
            await self._check(ctx, each, revisions)
        accepted = 0
        for each in request.body.facts:
            dims = plain(each.dimensions or {})
            currency = dims.get("currency", "").upper()
            fact = Fact(
                id=each.fact_id,
                key=each.metric_key,
                kind=KINDS.custom,
                value=each.value,
                at=each.at,
                source=_named(ctx),
                dims=dims,
                currency=currency if currency.isalpha() and len(currency) == 3 else None,
            )
            accepted += await self.book(ctx, fact, revisions)
        return models.FactsReceipt(accepted=accepted, duplicate=len(request.body.facts) - accepted)

    async def _check(self, ctx: Context, fact: models.RecordedFact, revisions: Revisions) -> None:
        definition = await self.known(ctx, fact.metric_key)
        if definition is None:
            raise problems.METRIC_UNKNOWN(f"{fact.metric_key} does not count")
        declared = {each.root for each in definition.dimensions}
        strange = set(fact.dimensions or {}) - declared
        if strange:
            raise problems.DIMENSION_NOT_DECLARED(
                f"{fact.metric_key} has no {', '.join(sorted(strange))}"
            )
        if fact.metric_key not in revisions:
            revisions[fact.metric_key] = await self.revisions(ctx, fact.metric_key)

    async def book(self, ctx: Context, fact: Fact, revisions: Revisions | None = None) -> bool:
        """Write a fact and raise its buckets; False where it is known."""
        known = {"factId": fact.id, "metricKey": fact.key}
        if await self.purges.count(ctx) or await self.metric_fact.find(ctx, **known) is not None:
            self.metrics.metrics_facts_total(kind=fact.kind.value, result="duplicate")
            return False
        record: dict[str, Any] = {
            **known,
            "factKind": fact.kind,
            "value": fact.value,
            "occurredAt": fact.at,
            "dimensionValues": dict(fact.dims),
            "orderId": fact.order,
            "paymentId": fact.payment,
            "counterTo": fact.counter_to,
            "currency": fact.currency,
            "sourceService": fact.source,
        }
        try:
            await self.metric_fact.insert(ctx, record)
        except UniqueViolationError:
            return False
        self.metrics.metrics_facts_total(kind=fact.kind.value, result="counted")
        found = (revisions or {}).get(fact.key) or await self.revisions(ctx, fact.key)
        definition = in_force(found, fact.at)
        if definition is not None:
            await self._raise(ctx, definition, fact)
        return True

    async def _raise(self, ctx: Context, definition: models.MetricDefinition, fact: Fact) -> None:
        """The tenant's own buckets, and those of the sums over all tenants."""
        names = {each.root for each in definition.dimensions}
        dims = {name: each for name, each in fact.dims.items() if name in names}
        ends = buckets.end(buckets.start(fact.at, WIDTHS.hour), WIDTHS.hour)
        if ends + timedelta(seconds=definition.rollup_delay_seconds) <= ctx.now:
            self.metrics.metrics_late_facts_total(source_event=fact.source)
        states = compiled(definition.expression).empty()
        states.add(fact.value, fact.at, dims)
        for tenant in dict.fromkeys((ctx.tenant, PLATFORM)):
            inside = ctx.within(tenant)
            for width in _RAISED_AT_ONCE:
                if width in definition.granularities:
                    start = buckets.start(fact.at, width)
                    place = Place(definition.metric_key, width, start, dims)
                    await self.raise_bucket(inside, definition, place, states)
            await self.mark(inside, definition.metric_key, fact.at)

    async def raise_bucket(
        self, ctx: Context, definition: models.MetricDefinition, place: Place, states: States
    ) -> None:
        """Count a fact into a bucket; beyond the budget of series into that of `other`."""
        fresh = await self.metric_point.find(ctx, id=place.key(ctx)) is None
        limit = self.settings.series_limit
        if place.dims and fresh and await self.metric_point.count(ctx, **place.names) >= limit:
            place = replace(place, dims=dict.fromkeys(place.dims, _OTHER))
        await self.put_point(ctx, definition, place, states, 1, onto=True)

    async def put_point(
        self,
        ctx: Context,
        definition: models.MetricDefinition,
        place: Place,
        states: States,
        samples: int,
        *,
        onto: bool = False,
    ) -> None:
        """Write the states of a bucket; `onto` what the same revision has counted there."""
        expression = compiled(definition.expression)
        point = await self.metric_point.find(ctx, id=place.key(ctx))
        same = point is not None and point.revision == definition.revision
        if onto and same and point is not None and point.sketch is not None:
            before = expression.read(point.sketch)
            before.merge(states)
            states, samples = before, samples + point.sample_count
        fields = {
            "revision": definition.revision,
            "value": expression.value(states),
            "sampleCount": samples,
            "sketch": states.text,
            "computedAt": ctx.now,
        }
        if point is not None:
            await self.metric_point.rewrite(ctx, point, fields)
            return
        told = {"id": place.key(ctx), **place.names, "dimensionValues": dict(place.dims)}
        await self.metric_point.insert(ctx, {**told, **fields})

    async def mark(self, ctx: Context, key: str, moment: datetime) -> None:
        """Have the day and the month of a moment computed anew."""
        for width in (WIDTHS.day, WIDTHS.month):
            place = {
                "metricKey": key,
                "granularity": width.value,
                "bucketStart": buckets.start(moment, width),
            }
            if await self.raised.find(ctx, **place) is None:
                await self.raised.insert(ctx, place)

    async def undo(
        self,
        ctx: Context,
        facts: Iterable[models.MetricFact],
        at: datetime,
        source: str,
        by: Mapping[UUID, float] | None = None,
    ) -> None:
        """Count facts of opposite sign, once each; of those in `by` only as much as it says, under
        an id that follows from `source`.
        """
        for each in [one for one in facts if one.counter_to is None]:
            undone = [one async for one in self.metric_fact.each(ctx, counterTo=each.id)]
            left = each.value + sum(one.value for one in undone)
            part = (by or {}).get(each.id)
            amount = left if part is None else min(abs(left), part) * (1 if left > 0 else -1)
            if not amount:
                continue
            name = "all" if part is None else source
            fact = Fact(
                id=uuid5(each.id, name),
                key=each.metric_key,
                kind=KINDS.counter,
                value=-amount,
                at=at,
                source="metrics-service",
                dims=plain(each.dimension_values),
                order=each.order_id,
                payment=each.payment_id,
                counter_to=each.id,
                currency=each.currency,
            )
            await self.book(ctx, fact)


def _named(ctx: Context) -> str:
    """What the caller is called, if it is a service."""
    name = ctx.principal.subject
    return name if _SERVICE.fullmatch(name) else "unnamed"
