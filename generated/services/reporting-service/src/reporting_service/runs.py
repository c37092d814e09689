"""From the wish to the file: who gets a place, and what makes a run good or bad."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from functools import partial
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import CONDITION_NOT_MET, NOT_FOUND
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .generated import models, port
from .requests import midnight, why_not
from .schedules import Schedules
from .templates import TEMPLATES

_PAGE = 200

START = "start-reports"
"""The job that begins what is queued."""


class Runs(Schedules):
    """Commands of the workers."""

    async def queue_report(self, ctx: Context, request: port.QueueReport) -> None:
        """Puts a wish in line, or lets it fail with the reason."""
        report = await self.report.find(ctx, id=request.report_id)
        if report is not None and report.status == models.ReportStatus.requested:
            reason = await self._refusal(ctx, report)
            if reason is not None:
                await self.give_up(ctx, report.id, reason)
                return
        await super().queue_report(ctx, request)
        self.runtime.work.wake(ctx, START)

    async def retry_report(self, ctx: Context, request: port.RetryReport) -> models.Report:
        self.runtime.work.wake(ctx, START)
        return await super().retry_report(ctx, request)

    async def give_up(
        self, ctx: Context, report_id: UUID, reason: models.ReportFailureCode
    ) -> None:
        """Let a report fail."""
        body = models.FailReportRequest(failure_code=reason)
        await self.fail_report(ctx, port.FailReport(report_id=report_id, body=body))

    async def _refusal(
        self, ctx: Context, report: models.Report
    ) -> models.ReportFailureCode | None:
        """Why a wish must not be queued: it cannot be computed, or is beyond the day's number."""
        reason = why_not(report)
        if reason is None and await self._before_today(ctx, report) >= self.limits.reports_per_day:
            reason = models.ReportFailureCode.cancelled_by_limit
        return reason

    async def _before_today(self, ctx: Context, report: models.Report) -> int:
        """How many reports the tenant had asked for before this one, on the day of this one."""
        begin, found, page = midnight(report.created_at), 0, PageRequest(limit=_PAGE)
        while True:
            rows = await self.report.repository.select(ctx, ListQuery(page))
            for each in rows.items:
                if each.created_at < begin:
                    return found
                found += (each.created_at, each.id) < (report.created_at, report.id)
                if found >= self.limits.reports_per_day:
                    return found
            if rows.following is None:
                return found
            page = PageRequest(limit=_PAGE, after=rows.following)

    async def start_report(self, ctx: Context, request: port.StartReport) -> models.Report:
        """The tenant's report that has waited for the longest.

        Raises:
            Problem: `not-found`: none waits; `condition-not-met`: the tenant has all its places.
        """
        running = await self.report.count(ctx, status="running")
        if running >= self.limits.running_per_organization:
            raise CONDITION_NOT_MET(f"{running} reports of the tenant are running")
        query = ListQuery(PageRequest(limit=1, sort="createdAt"), {"status": "queued"})
        waiting = await self.report.repository.select(ctx, query)
        if not waiting.items:
            raise NOT_FOUND("no report waits")
        first = waiting.items[0]
        fields = {"attempt": first.attempt + 1}
        return await self.report.transition(ctx, "start-report", first.id, fields)

    async def complete_report(self, ctx: Context, request: port.CompleteReport) -> models.Report:
        """Once the bucket has given back the file that the worker says it has written."""
        report = await self.report.find(ctx, id=request.report_id)
        if report is not None and report.status == models.ReportStatus.running:
            await self._check_file(ctx, report, request.body)
        done = await super().complete_report(ctx, request)
        if report is not None and report.status == models.ReportStatus.running:
            waited = (ctx.now - report.created_at).total_seconds()
            template = label_of(done)
            ctx.unit.after_commit(
                lambda: self.metrics.reporting_ready_seconds(waited, template=template)
            )
            ctx.unit.after_commit(self._ended(done, "ready"))
            self.changes.strike_after(ctx)
        return done

    async def _check_file(
        self, ctx: Context, report: models.Report, body: models.CompleteReportRequest
    ) -> None:
        if body.object_key != object_key(report):
            raise CONDITION_NOT_MET("the file is not this report's")
        stored = await asyncio.to_thread(self.world.bucket.read, body.object_key)
        if stored is None or len(stored) != body.size_bytes:
            raise CONDITION_NOT_MET("the bucket does not hold the file")
        if hashlib.sha256(stored).hexdigest() != body.checksum:
            raise CONDITION_NOT_MET("the bucket holds another file")

    async def fail_report(self, ctx: Context, request: port.FailReport) -> models.Report:
        before = await self.report.find(ctx, id=request.report_id)
        failed = await super().fail_report(ctx, request)
        if before is not None and before.status != models.ReportStatus.failed:
            ctx.unit.after_commit(self._ended(failed, "failed"))
            self.changes.strike_after(ctx)
        return failed

    async def cancel_report(self, ctx: Context, request: port.CancelReport) -> models.Report:
        before = await self.report.find(ctx, id=request.report_id)
        cancelled = await super().cancel_report(ctx, request)
        if before is not None and before.status != models.ReportStatus.cancelled:
            ctx.unit.after_commit(self._ended(cancelled, "cancelled"))
            self.changes.strike_after(ctx)
        return cancelled

    def _ended(self, report: models.Report, result: str) -> Callable[[], None]:
        return partial(
            self.metrics.reporting_reports_total,
            template=label_of(report),
            format_=report.format.value,
            result=result,
        )


def object_key(report: models.Report) -> str:
    """Where the file of a report lies."""
    return f"{report.organization_id}/{report.id}.{report.format.value}"


def label_of(report: models.Report) -> str:
    """The template as a label: a word of a small vocabulary."""
    return report.template_key if report.template_key in TEMPLATES else "other"
