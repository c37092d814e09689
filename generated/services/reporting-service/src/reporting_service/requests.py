"""Wishes for reports, once or again and again, and what a tenant's edition lets it ask for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import FORBIDDEN, Problem, breaks_rule

from . import recurrence
from .dashboards import Dashboards
from .generated import models, operations, port, problems
from .periods import days_of
from .templates import TEMPLATES, Template, edition_of, open_to, withheld_from

_LAPSED = (
    models.SubscriptionStatus.incomplete,
    models.SubscriptionStatus.cancelled,
    models.SubscriptionStatus.expired,
)

log = logger("requests")


class Requests(Dashboards):
    """Commands and queries up to the moment in which a report is written down."""

    async def request_report(self, ctx: Context, request: port.RequestReport) -> models.Report:
        body = request.body
        template = self._template(ctx, body.template_key)
        zone = body.time_zone or "Etc/UTC"
        parameters = {name: each.root for name, each in body.parameters.items()}
        check_wish(template, parameters, zone)
        if (body.range_end - body.range_start).days > template.longest_range_days:
            raise problems.RANGE_TOO_WIDE(
                f"the template takes {template.longest_range_days} days at most"
            )
        self.notice_administrator(ctx)
        self.runtime.work.wake(ctx, operations.QUEUE_REPORT.id)
        return await super().request_report(ctx, request)

    async def schedule_report(
        self, ctx: Context, request: port.ScheduleReport
    ) -> models.ReportSchedule:
        body = request.body
        template = self._template(ctx, body.template_key)
        if not any(each in body.recurrence for each in ("BYMINUTE", "BYSECOND")):
            check_wish(template, {}, body.time_zone or "Etc/UTC")
            check_rule(body.recurrence, body.next_run_at, body.time_zone or "Etc/UTC")
        self.notice_administrator(ctx)
        self.runtime.work.wake(ctx, operations.RUN_SCHEDULE.id)
        return await super().schedule_report(ctx, request)

    async def resume_schedule(
        self, ctx: Context, request: port.ResumeSchedule
    ) -> models.ReportSchedule:
        self.runtime.work.wake(ctx, operations.RUN_SCHEDULE.id)
        return await super().resume_schedule(ctx, request)

    def _template(self, ctx: Context, key: str) -> Template:
        """The template, if it is open to the caller.

        Raises:
            Problem: `template-not-in-plan`: it is in nobody's; `forbidden`.
        """
        template = TEMPLATES.get(key)
        if template is None:
            raise problems.TEMPLATE_NOT_IN_PLAN("no edition has such a template")
        if not template.roles & ctx.principal.roles:
            raise FORBIDDEN("the template is open to other roles")
        return template

    async def list_report_templates(
        self, ctx: Context, request: port.ListReportTemplates
    ) -> models.ReportTemplateList:
        entitlement = await self.report_entitlement.find(ctx)
        withheld = [each.root for each in entitlement.withheld_templates] if entitlement else []
        found = open_to(ctx.principal.roles, withheld)
        return models.ReportTemplateList(items=[each.offered() for each in found])

    async def adopt_edition(self, ctx: Context, request: port.AdoptEdition) -> None:
        """A change that is announced ahead counts from its day on; the clock sees to it."""
        body = request.body
        edition = edition_of(body.plan_code)
        if edition is None:  # an add-on
            return
        if body.status in _LAPSED:
            edition = models.Edition.free
        elif body.status == models.SubscriptionStatus.trialing:
            edition = models.Edition.enterprise
        at = ctx.cause.time if ctx.cause is not None else ctx.now
        known = await self.plan_words.find(ctx)
        if known is not None and known.at > at:
            return
        effective = body.effective_at or at
        word = {
            "at": at,
            "edition": edition.value,
            "effectiveAt": effective,
            "state": "awaited" if effective > ctx.now else "counts",
        }
        await self.remember(ctx, self.plan_words, word)
        if word["state"] == "counts":
            await self._set_edition(ctx, edition, effective)

    async def take_awaited_edition(self, ctx: Context) -> None:
        """Let an edition count whose day has come."""
        word = await self.plan_words.find(ctx)
        if word is None or word.state != "awaited":
            return
        if word.effective_at <= ctx.now:
            await self.plan_words.rewrite(ctx, word, {"state": "counts"})
            await self._set_edition(ctx, models.Edition(word.edition), word.effective_at)

    async def _set_edition(self, ctx: Context, edition: models.Edition, since: datetime) -> None:
        """Known is only an edition that withholds something."""
        withheld = withheld_from(edition)
        async for schedule in self.report_schedule.each(ctx, state="active"):
            if schedule.template_key in withheld:
                await self.pause_with_reason(ctx, schedule)
        if withheld:
            fields = {
                "edition": edition.value,
                "withheldTemplates": withheld,
                "editionSince": since,
            }
            await self.remember(ctx, self.report_entitlement, fields)
            return
        known = await self.report_entitlement.find(ctx)
        if known is not None:
            await self.report_entitlement.remove(ctx, known)

    async def pause_with_reason(
        self, ctx: Context, schedule: models.ReportSchedule
    ) -> models.ReportSchedule:
        """Pause a schedule whose template its tenant has no more; its last report says so."""
        wish = self.wish_of(schedule, ctx.now)
        record = {
            **wish,
            "requestedBy": schedule.owner_id,
            "status": "failed",
            "failureCode": models.ReportFailureCode.cancelled_by_limit.value,
        }
        refused = await self.write_down(ctx, record)
        await self.report.announce(ctx, "report-failed", refused)
        fields = {"state": "paused", "lastReportId": refused.id}
        return await self.report_schedule.rewrite(ctx, schedule, fields)

    def wish_of(self, schedule: models.ReportSchedule, now: datetime) -> dict[str, Any]:
        """What a schedule asks for at a moment: the days since the run before, at most as many as
        the template takes.
        """
        template = TEMPLATES.get(schedule.template_key)
        most = template.longest_range_days if template else 1
        today = now.astimezone(zone_of(schedule.time_zone)).date()
        start, end = days_of(recurrence.parse(schedule.recurrence), today, most)
        return {
            "templateKey": schedule.template_key,
            "title": schedule.schedule_name,
            "parameters": {},
            "rangeStart": start,
            "rangeEnd": end,
            "timeZone": schedule.time_zone,
            "format": schedule.format.value,
            "audience": "named" if schedule.recipient_ids else "private",
            "recipientIds": list(schedule.recipient_ids),
        }

    async def on_subscription_changed(
        self, ctx: Context, event: Received[models.SubscriptionChanged]
    ) -> None:
        await self.adopt_edition(ctx, port.AdoptEdition(body=event.data))


def zone_of(name: str) -> ZoneInfo:
    """The zone.

    Raises:
        Problem: `rule-broken`.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise breaks_rule("no such time zone", pointer="/timeZone") from error


def check_wish(
    template: Template,
    parameters: Mapping[str, str],
    zone: str,
) -> None:
    """Whether the template can be computed like this.

    Raises:
        Problem: `rule-broken`.
    """
    zone_of(zone)
    for name in parameters:
        if name not in template.parameters:
            raise breaks_rule("the template has no such parameter", pointer=f"/parameters/{name}")


def check_rule(text: str, first: datetime, zone: str) -> None:
    """Whether a rule can be followed.

    Raises:
        Problem: `rule-broken`.
    """
    try:
        recurrence.parse(text).following(first, zone_of(zone), first)
    except recurrence.RuleError as error:
        raise breaks_rule(str(error), pointer="/recurrence") from error


def why_not(report: models.Report) -> models.ReportFailureCode | None:
    """Why a wish cannot be computed whenever it is tried; it may be older than its template."""
    template = TEMPLATES.get(report.template_key)
    if template is None:
        return models.ReportFailureCode.invalid_parameters
    parameters = {name: each.root for name, each in report.parameters.items()}
    try:
        check_wish(template, parameters, report.time_zone)
    except Problem:
        return models.ReportFailureCode.invalid_parameters
    return None


def midnight(now: datetime) -> datetime:
    """When the day of limits began, in UTC."""
    day: date = now.astimezone(UTC).date()
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
