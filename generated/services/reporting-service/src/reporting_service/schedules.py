"""Schedules that are due: what came of the last report, the next wish, the next moment."""

from __future__ import annotations

from datetime import datetime, timedelta

from cloudsync_chassis.context import Context
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import NOT_FOUND, Problem
from cloudsync_chassis.store.query import ListQuery, PageRequest

from . import recurrence
from .generated import models, operations, port
from .requests import Requests, zone_of

UNDER_WAY = ("requested", "queued", "running")
_MISSED = timedelta(hours=1)
_ENDED_WELL = ("ready", "expired")

log = logger("schedules")


class Schedules(Requests):
    """The command that runs them."""

    async def run_schedule(self, ctx: Context, request: port.RunSchedule) -> models.ReportSchedule:
        """The schedule of the tenant that has been due for the longest.

        Raises:
            Problem: `not-found`: none is due.
        """
        query = ListQuery(
            PageRequest(limit=2, sort="nextRunAt"), {"state": "active"}, due={"nextRunAt": ctx.now}
        )
        due = (await self.report_schedule.repository.select(ctx, query)).items
        if not due:
            raise NOT_FOUND("no schedule is due")
        if len(due) > 1:
            self.runtime.work.wake(ctx, operations.RUN_SCHEDULE.id)
        return await self._run(ctx, due[0])

    async def _run(self, ctx: Context, schedule: models.ReportSchedule) -> models.ReportSchedule:
        failures = await self._failures(ctx, schedule)
        if failures >= self.limits.failures_until_suspension:
            return await self._suspend(ctx, schedule, failures)
        try:
            following = _following(schedule, ctx.now)
        except (recurrence.RuleError, Problem):  # of a zone that is no more
            following = None
        if following is None:  # the rule has come to its end
            return await self.report_schedule.rewrite(
                ctx, schedule, {"state": "paused", "consecutiveFailures": failures}
            )
        moved = {"nextRunAt": following, "consecutiveFailures": failures}
        if ctx.now - schedule.next_run_at > _MISSED:
            log.info("run_skipped", schedule_id=str(schedule.id), reason="missed")
            return await self.report_schedule.rewrite(ctx, schedule, moved)
        withheld = await self.report_entitlement.find(ctx, withheldTemplates=schedule.template_key)
        if withheld is not None:
            return await self.pause_with_reason(ctx, schedule)
        if await self.report.count(ctx, status=UNDER_WAY) >= self.limits.under_way_per_organization:
            log.info("run_skipped", schedule_id=str(schedule.id), reason="under_way")
            return await self.report_schedule.rewrite(ctx, schedule, moved)
        wish = self.wish_of(schedule, ctx.now)
        asked = {**wish, "requestedBy": schedule.owner_id, "status": "requested"}
        report = await self.write_down(ctx, asked)
        self.runtime.work.wake(ctx, operations.QUEUE_REPORT.id)
        return await self.report_schedule.rewrite(
            ctx, schedule, {**moved, "lastReportId": report.id}
        )

    async def _failures(self, ctx: Context, schedule: models.ReportSchedule) -> int:
        """Failures in a row with the last report, which counts once: if it ended since the schedule
        was changed for the last time, by its last run or by a person who resumed it.
        """
        known = schedule.consecutive_failures
        if schedule.last_report_id is None:
            return known
        last = await self.report.find(ctx, id=schedule.last_report_id)
        if last is None or last.updated_at <= schedule.updated_at:
            return known
        if last.status == models.ReportStatus.failed:
            return known + 1
        return 0 if last.status in _ENDED_WELL else known

    async def _suspend(
        self, ctx: Context, schedule: models.ReportSchedule, failures: int
    ) -> models.ReportSchedule:
        log.warning("schedule_suspended", schedule_id=str(schedule.id))
        if failures == 5:
            await self.suspend_schedule(ctx, port.SuspendSchedule(report_schedule_id=schedule.id))
            suspended = await self.report_schedule.find(ctx, id=schedule.id)
            assert suspended is not None
            return suspended
        # the life cycle knows five; a setting may say another number
        return await self.report_schedule.rewrite(
            ctx, schedule, {"state": "suspended", "consecutiveFailures": failures}
        )


def _following(schedule: models.ReportSchedule, now: datetime) -> datetime | None:
    rule = recurrence.parse(schedule.recurrence)
    return rule.following(schedule.next_run_at, zone_of(schedule.time_zone), now)
