"""What metrics-service is asked, with the answers of the last six hours for when it is away.

The answers are kept by tenant in the service's own store, so that their age can be told and that
those of a metric can be dropped; the client's own cache could do neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from uuid import UUID

from cloudsync_chassis import clock
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.model import from_record
from cloudsync_chassis.problem import breaks_rule
from cloudsync_chassis.runtime import Runtime
from metrics_grpc_client import models as metrics
from pydantic import TypeAdapter

from .base import Base
from .generated import problems

MOST_DAYS = 400
MOST_POINTS = 20_000
KEPT_FOR = timedelta(hours=6)
_FRESH_FOR = timedelta(seconds=60)
_LONGEST_KEPT = 2_000_000
_DICTIONARY = "dictionary"
_PAGE = 200
_MOST_METRICS = 2000
_MOST_TENANTS = 1000
_COUNTING = ("active", "deprecated")
_PER_DAY = {"minute": 1440, "hour": 24, "day": 1, "month": 1 / 28}

_DEFINITIONS = TypeAdapter(list[metrics.MetricDefinition])


@dataclass(frozen=True, slots=True)
class Answered:
    """Series; `stale_at` is when they were told, where nothing newer can be had."""

    series: list[metrics.MetricSeries]
    computed_through: datetime
    stale_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The newest wording that counts of each metric, by key; `stale_at` as in `Answered`."""

    by_key: dict[str, metrics.MetricDefinition]
    stale_at: datetime | None = None


class Sources(Base):
    """Questions to metrics-service."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._dictionaries: dict[UUID, tuple[datetime, Dictionary]] = {}

    async def ask_series(self, ctx: Context, question: metrics.QueryRequest) -> Answered:
        """The series, or those of the last six hours.

        Raises:
            Problem: `source-unavailable`, `metric-unknown`, `range-too-wide`, `rule-broken`.
        """
        key = digest(question.model_dump_json(by_alias=True, exclude_none=True))
        try:
            answer = await self.clients.metrics.client.query(question)
        except CallError as error:
            if not error.retriable:
                raise _refusal(error) from error
            kept = await self._kept(ctx, key)
            if kept is None:
                raise problems.SOURCE_UNAVAILABLE("metrics did not answer") from error
            answer = metrics.SeriesAnswer.model_validate_json(kept[0], strict=False)
            return Answered(answer.series, answer.computed_through, kept[1])
        keys = [each.root for each in question.metric_keys]
        self._keep(ctx, key, keys, answer.model_dump_json(by_alias=True, exclude_none=True))
        return Answered(answer.series, answer.computed_through)

    async def ask_dictionary(self, ctx: Context) -> Dictionary:
        """All metrics that count, or those of the last six hours.

        Raises:
            Problem: `source-unavailable`.
        """
        now = clock.now()
        at, known = self._dictionaries.get(ctx.tenant, (None, None))
        if known is not None and at is not None and now - at < _FRESH_FOR:
            return known
        try:
            found = [each for status in _COUNTING async for each in self._pages(status)]
        except CallError as error:
            kept = await self._kept(ctx, _DICTIONARY)
            if kept is None:
                raise problems.SOURCE_UNAVAILABLE("the dictionary did not answer") from error
            return Dictionary(_newest(_DEFINITIONS.validate_json(kept[0], strict=False)), kept[1])
        newest = _newest(found)
        listed = list(newest.values())
        text = _DEFINITIONS.dump_json(listed, by_alias=True, exclude_none=True).decode()
        self._keep(ctx, _DICTIONARY, list(newest), text)
        while len(self._dictionaries) >= _MOST_TENANTS:
            self._dictionaries.pop(next(iter(self._dictionaries)))
        self._dictionaries[ctx.tenant] = (now, Dictionary(newest))
        return Dictionary(newest)

    async def _pages(self, status: str) -> AsyncIterator[metrics.MetricDefinition]:
        cursor, seen = None, 0
        while seen < _MOST_METRICS:
            page = await self.clients.metrics.client.list_metrics(
                status=metrics.MetricStatus(status), limit=_PAGE, cursor=cursor
            )
            for each in page.items:
                yield each
            seen += len(page.items)
            cursor = page.next_cursor
            if cursor is None:
                return

    async def forget_metric(self, ctx: Context, metric_key: str) -> None:
        """Drop what is kept of a metric, in all tenants."""
        self._dictionaries.clear()
        async for tenant in self.tenants(ctx, self.kept_answers, metricKeys=metric_key):
            inside = ctx.within(tenant)
            async for kept in self.kept_answers.each(inside, metricKeys=metric_key):
                await self.kept_answers.remove(inside, kept)

    async def _kept(self, ctx: Context, question: str) -> tuple[str, datetime] | None:
        """The answer that is kept, and when it was given."""
        kept = await self.kept_answers.find(ctx, question=question)
        if kept is None or ctx.now - kept.asked_at > KEPT_FOR:
            return None
        keys = tuple(kept.metric_keys)
        async for each in self.renewals.each(ctx.within(PLATFORM), metricKey=keys):
            if kept.asked_at < each.counts_from <= ctx.now:
                return None
        return kept.answer, kept.asked_at

    async def renew_metric(self, ctx: Context, metric_key: str, at: datetime) -> None:
        """A new wording was made at a moment, and counts with the next full hour: answers of the
        old one are dropped now, and those that come until then are no good afterwards.
        """
        inside, hour = ctx.within(PLATFORM), at.replace(minute=0, second=0, microsecond=0)
        counts_from = hour + timedelta(hours=1)
        known = await self.renewals.find(inside, metricKey=metric_key)
        if known is None or known.counts_from < counts_from:
            told = {"countsFrom": counts_from}
            await self.remember(inside, self.renewals, told, metricKey=metric_key)
        await self.forget_metric(ctx, metric_key)

    def _keep(self, ctx: Context, question: str, keys: list[str], answer: str) -> None:
        """In a transaction of its own, since a query writes nothing; best effort."""
        if len(answer) > _LONGEST_KEPT:
            return

        async def write(inside: Context) -> None:
            told = {"metricKeys": keys, "answer": answer, "askedAt": inside.now}
            await self.remember(inside, self.kept_answers, told, question=question)

        self.runtime.work.soon(ctx, "keep-answer", write)

    async def drop_answers(self, ctx: Context) -> None:
        """Remove what is kept for the tenant and too old to stand in for an answer."""
        async for kept in self.kept_answers.each(ctx, {"askedAt": ctx.now - KEPT_FOR}):
            await self.kept_answers.remove(ctx, kept)

    async def drop_renewals(self, ctx: Context) -> None:
        """Remove new wordings before which no answer was given that is still kept."""
        async for each in self.renewals.each(ctx, {"countsFrom": ctx.now - KEPT_FOR}):
            await self.renewals.remove(ctx, each)


def digest(text: str) -> str:
    """A name for a question of any length."""
    return hashlib.sha256(text.encode()).hexdigest()


def day_begins(day: date, zone: tzinfo = UTC) -> datetime:
    """Midnight where the day is lived."""
    return datetime.combine(day, time(), zone)


def check_days(start: date, end: date, most: int) -> int:
    """How many days a range has, both ends counted.

    Raises:
        Problem: `rule-broken`, `range-too-wide`.
    """
    if end < start:
        raise breaks_rule("the range ends before it begins", pointer="/rangeEnd")
    if (end - start).days > most:
        raise problems.RANGE_TOO_WIDE(f"the range ends more than {most} days after it begins")
    return (end - start).days + 1


def check_points(days: int, granularity: str, series: int) -> None:
    """Refuse what makes too many points even without any breakdown.

    Raises:
        Problem: `range-too-wide`.
    """
    if days * _PER_DAY[granularity] * series > MOST_POINTS:
        raise problems.RANGE_TOO_WIDE(f"the days make more than {MOST_POINTS} points")


def question_of(
    keys: Iterable[str], start: date, end: date, zone: tzinfo = UTC, **more: Any
) -> metrics.QueryRequest:
    """A question about whole days; `more` are other fields by their JSON names."""
    asked = {
        "metricKeys": list(keys),
        "since": day_begins(start, zone).astimezone(UTC),
        "until": day_begins(end + timedelta(days=1), zone).astimezone(UTC),
        **{name: each for name, each in more.items() if each},
    }
    return from_record(metrics.QueryRequest, asked)


def _newest(found: Iterable[metrics.MetricDefinition]) -> dict[str, metrics.MetricDefinition]:
    newest: dict[str, metrics.MetricDefinition] = {}
    for each in found:
        known = newest.get(each.metric_key)
        if each.status in _COUNTING and (known is None or known.revision < each.revision):
            newest[each.metric_key] = each
    return dict(sorted(newest.items()))


def _refusal(error: CallError) -> Exception:
    slug = getattr(error, "slug", "")
    if slug == "metric-unknown":
        return problems.METRIC_UNKNOWN("a metric does not count any more")
    if slug == "too-many-points":
        return problems.RANGE_TOO_WIDE(f"the days make more than {MOST_POINTS} points")
    if slug == "not-additive":
        return breaks_rule("its buckets cannot be added up", pointer="/granularity")
    return problems.SOURCE_UNAVAILABLE("metrics refused the question")
