"""What the sections of a report are drawn from: curves, and lists of what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import from_record
from events_grpc_client import models as events
from metrics_grpc_client import models as metrics

from .generated import models
from .runs import Runs, label_of
from .sources import day_begins, question_of
from .templates import TEMPLATES, Section
from .written import Cell, Table

_DAILY = 100
"""Days up to which a curve has a point for each day; longer ones have one for each month."""

_WINDOW = timedelta(days=31)
_MOST_EVENTS = 10_000
_OF_A_TENANT = ("organization", "organization_id", "tenant")


class ForeignRowsError(Exception):
    """A source told rows of another tenant."""


class Sections(Runs):
    """Asks the sources of a report, section by section."""

    async def table_of(self, ctx: Context, report: models.Report, section: Section) -> Table:
        """The table of a section.

        Raises:
            Problem: the source is away.
            ForeignRowsError: rows of another tenant are among the answer.
        """
        if section.event_types:
            return await self._events(report, section)
        days = (report.range_end - report.range_start).days + 1
        question = question_of(
            section.metric_keys,
            report.range_start,
            report.range_end,
            ZoneInfo(report.time_zone),
            granularity="day" if days <= _DAILY else "month",
            groupBy=list(section.group_by),
            filters=_filters(report),
        )
        answer = await self.ask_series(ctx, question)
        foreign = sum(len(e.points) for e in answer.series if _is_foreign(e, ctx.tenant))
        if foreign:
            self.metrics.reporting_foreign_rows_total(foreign, template=label_of(report))
            raise ForeignRowsError(section.heading)
        notes = []
        if answer.stale_at is not None:
            at = answer.stale_at.astimezone(UTC).isoformat(timespec="minutes")
            notes.append(f"the source was away; as of {at}")
        small = sum(each.suppressed_groups for each in answer.series)
        if small:
            notes.append(f"{small} groups of fewer than five people are left out")
        columns = ["metric", "begins", *section.group_by, "value", "samples"]
        rows = _rows(answer.series, section.group_by, ZoneInfo(report.time_zone))
        return Table(section.heading, columns, rows, notes)

    async def _events(self, report: models.Report, section: Section) -> Table:
        """Single events; without the section's rows where the archive does not answer."""
        columns = ("at", "type", "details")
        rows: list[Sequence[Cell]] = []
        zone = ZoneInfo(report.time_zone)
        since, end = (
            day_begins(each, zone).astimezone(UTC)
            for each in (report.range_start, report.range_end + timedelta(days=1))
        )
        try:
            while since < end and len(rows) < _MOST_EVENTS:
                until = min(end, since + _WINDOW)
                asked = {"eventTypes": list(section.event_types), "since": since, "until": until}
                asked["maxEvents"] = _MOST_EVENTS - len(rows)
                body = from_record(events.QueryEventsRequest, asked)
                async for part in self.clients.events.query_events(body):
                    rows += (
                        (each.occurred_at.isoformat(), each.event_type, each.payload or "")
                        for each in part.items
                    )
                since = until
        except CallError:
            return Table(section.heading, columns, (), ["left out: the archive did not answer"])
        whole = len(rows) < _MOST_EVENTS
        notes = [] if whole else [f"the first {_MOST_EVENTS} events"]
        return Table(section.heading, columns, rows[:_MOST_EVENTS], notes)


def _filters(report: models.Report) -> list[dict[str, object]]:
    known = TEMPLATES[report.template_key].parameters
    return [
        {"dimension": known[name], "anyOf": [value.root]}
        for name, value in report.parameters.items()
        if name in known
    ]


def _is_foreign(series: metrics.MetricSeries, tenant: UUID) -> bool:
    told = (series.dimension_values.get(each) for each in _OF_A_TENANT)
    return any(each is not None and each.root != str(tenant) for each in told)


def _rows(
    series: Sequence[metrics.MetricSeries], group_by: Sequence[str], zone: ZoneInfo
) -> list[Sequence[Cell]]:
    """A row for each point, with the day in the report's own zone."""
    found: list[Sequence[Cell]] = []
    for each in series:
        groups = [each.dimension_values.get(name) for name in group_by]
        names = [value.root if value is not None else "" for value in groups]
        for point in each.points:
            day: date = point.bucket_start.astimezone(zone).date()
            found.append((each.metric_key, str(day), *names, point.value, point.sample_count))
    return found
