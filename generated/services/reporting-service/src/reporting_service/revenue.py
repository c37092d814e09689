"""Recurring revenue and cash of some days, in one currency."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from metrics_grpc_client import models as metrics

from .generated import models, port, problems
from .sources import MOST_DAYS, Sources, check_days, question_of

MRR = "mrr_minor"
"""Gauge: recurring revenue at the end of a day, in minor units; broken down by currency."""
MOVEMENTS = "mrr_movement_minor"
"""Counter by currency and movement: new, expanded, contracted (negative), churned (negative)."""
CASH = "cash_minor"
"""Counter: cash taken less what was given back, by currency."""

_MOVEMENTS = ("new", "expanded", "contracted", "churned")
_DOWN = ("contracted", "churned")


class Revenue(Sources):
    """Money, which is never shown from a cache."""

    async def summarize_revenue(
        self, ctx: Context, request: port.SummarizeRevenue
    ) -> models.RevenueSummary:
        body = request.body
        check_days(body.range_start, body.range_end, MOST_DAYS)
        in_currency = [{"dimension": "currency", "anyOf": [body.currency.value]}]
        days: dict[str, Any] = {"granularity": "day", "filters": in_currency}
        eve, first, last = body.range_start - timedelta(days=1), body.range_start, body.range_end
        query = self.clients.metrics.client.query
        try:
            answers = await asyncio.gather(
                query(question_of([MRR], eve, eve, **days)),
                query(question_of([MOVEMENTS], first, last, groupBy=["movement"], **days)),
                query(question_of([CASH], first, last, **days)),
            )
        except CallError as error:
            raise problems.SOURCE_UNAVAILABLE("metrics did not answer") from error
        before, movements, taken = answers
        opening = round(sum(each.points[-1].value for each in before.series if each.points))
        moved = dict.fromkeys(_MOVEMENTS, 0)
        for series in movements.series:
            moved[_movement(series)] += _total(series)
        if not _adds_up(opening, moved):
            raise problems.SOURCE_UNAVAILABLE("the movements do not add up at present")
        return models.RevenueSummary(
            currency=body.currency,
            opening_mrr_minor=opening,
            new_mrr_minor=moved["new"],
            expanded_mrr_minor=moved["expanded"],
            contracted_mrr_minor=moved["contracted"],
            churned_mrr_minor=moved["churned"],
            closing_mrr_minor=opening + sum(moved.values()),
            cash_minor=sum(_total(each) for each in taken.series),
            computed_through=min(each.computed_through for each in answers),
        )


def _total(series: metrics.MetricSeries) -> int:
    return round(sum(each.value for each in series.points))


def _movement(series: metrics.MetricSeries) -> str:
    """Which movement a series counts.

    Raises:
        Problem: `source-unavailable`, if it is none of the four: a sum without it would be wrong.
    """
    value = series.dimension_values.get("movement")
    name = value.root if value is not None else ""
    if name not in _MOVEMENTS:
        raise problems.SOURCE_UNAVAILABLE("metrics told a movement that nobody knows")
    return name


def _adds_up(opening: int, moved: dict[str, int]) -> bool:
    down = all(moved[each] <= 0 for each in _DOWN)
    up = all(moved[each] >= 0 for each in _MOVEMENTS if each not in _DOWN)
    return opening >= 0 and down and up and opening + sum(moved.values()) >= 0
