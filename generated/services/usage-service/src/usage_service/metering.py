"""Readings, their sums, and the periods for which they are billed. Whole millionths of a unit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.model import from_record, given, to_record
from cloudsync_chassis.problem import Problem, breaks_rule
from cloudsync_chassis.runtime import Runtime

from .entitling import Entitling
from .generated import models, port, problems

_PERIODS = models.UsagePeriodStatus
_LEVELS = models.QuotaLevel
_CAUSES = models.UsageRejectionCause
_MICROS = 1_000_000
_GIBIBYTE = 1 << 30
_POINTS = 750
_STORAGE = "storage_gib_hours"
_MINUTE = 60.0


class Metering(Entitling):
    """What is used."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)

        async def roll_up(ctx: Context) -> None:
            await self.roll_up_usage(ctx, port.RollUpUsage())

        counting = Due(aggregate="usage-period", where={"periodStatus": _PERIODS.open.value})
        closing = Due(aggregate="usage-period", where={"periodStatus": _PERIODS.closing.value})
        runtime.work.every(_MINUTE, "roll-up-usage", roll_up, counting)
        runtime.work.every(_MINUTE, "close-periods", self.close_due, closing)

    async def period_at(self, ctx: Context, moment: datetime) -> models.UsagePeriod | None:
        """The period of the tenant in which a moment lies; the youngest where there are two."""
        found = None
        async for each in self.usage_period.each(ctx):
            if each.period_start <= moment < each.period_end:
                found = each
        return found

    async def record_usage(self, ctx: Context, request: port.RecordUsage) -> models.UsageReceipt:
        """Take readings from a workload; known ones are dropped, unbelievable ones refused.

        Raises:
            Problem: `source-not-allowed`: none of the meters is the workload's to report.
        """
        meters = await self.meters(ctx)
        accepted, duplicate, rejected = 0, 0, []
        for each in request.body.records:
            inside = ctx.within(each.organization_id)
            if await self.usage_record.find(inside, id=each.record_id) is not None:
                duplicate += 1
                continue
            cause = self._disbelieved(ctx, each, meters.get(each.meter_code))
            period = await self.period_at(inside, each.occurred_at)
            if cause is None and (period is None or period.period_status is not _PERIODS.open):
                cause = _CAUSES.record_too_old
            if cause is not None or period is None:
                known = cause or _CAUSES.record_too_old
                rejected.append(models.UsageRejection(record_id=each.record_id, cause=known))
                continue
            await self._count(inside, period.subscription_id, each)
            accepted += 1
        foreign = [each for each in rejected if each.cause is _CAUSES.source_not_allowed]
        if len(foreign) == len(request.body.records):
            raise problems.SOURCE_NOT_ALLOWED("none of the meters is yours")
        return models.UsageReceipt(accepted=accepted, duplicate=duplicate, rejected=rejected)

    def _disbelieved(
        self, ctx: Context, reading: models.UsageMeasurement, meter: models.Meter | None
    ) -> models.UsageRejectionCause | None:
        age = (ctx.now - reading.occurred_at).total_seconds()
        if meter is None:
            return _CAUSES.unknown_meter
        if ctx.principal.subject not in [_plain(each) for each in meter.allowed_sources]:
            return _CAUSES.source_not_allowed
        if age > self.settings.record_age_limit:
            return _CAUSES.record_too_old
        if -age > self.settings.clock_ahead_limit:
            return _CAUSES.clock_ahead
        if reading.quantity_micros < 0:
            return _CAUSES.negative_quantity
        allowed = {_plain(each) for each in meter.allowed_dimensions}
        strange = set(reading.dimensions or {}) - allowed
        return _CAUSES.dimension_not_allowed if strange else None

    async def _count(
        self, ctx: Context, subscription: UUID, reading: models.UsageMeasurement
    ) -> None:
        fields = given(reading)
        known = ("meterCode", "quantityMicros", "occurredAt", "sourceEventId", "dimensions")
        record = {name: fields[name] for name in known if fields.get(name) is not None}
        record |= {"subscriptionId": subscription, "sourceService": ctx.principal.subject}
        await self.usage_record.insert(ctx, {"id": reading.record_id, **record})

    async def _metered(
        self, ctx: Context, meter: str, source: str, micros: int, cause: UUID | None
    ) -> None:
        """A reading, once for each cause; nothing where the meter or a period is missing."""
        period = await self.period_at(ctx, ctx.now)
        if cause is None or period is None or meter not in await self.meters(ctx) or micros <= 0:
            return
        fields = {
            "subscriptionId": period.subscription_id,
            "meterCode": meter,
            "quantityMicros": micros,
            "occurredAt": ctx.now,
            "sourceService": source,
            "sourceEventId": cause,
        }
        if await self.usage_record.find(ctx, sourceEventId=cause, meterCode=meter) is None:
            await self.usage_record.insert(ctx, fields)

    async def meter_upload(self, ctx: Context, request: port.MeterUpload) -> None:
        """Gibibyte-hours of a file from its arrival to the end of the period."""
        period = await self.period_at(ctx, ctx.now)
        if period is None:
            return
        seconds = int((period.period_end - ctx.now).total_seconds())
        micros = _gibibyte_hours(request.body.size_bytes, seconds)
        await self._metered(ctx, _STORAGE, "file-service", micros, request.body.file_id)

    async def end_file_metering(self, ctx: Context, request: port.EndFileMetering) -> None:
        """Take back what a file was counted for from now to the end of its period, once."""
        file = request.body
        counted = await self.usage_record.find(ctx, sourceEventId=file.file_id, meterCode=_STORAGE)
        if counted is None or await self.usage_record.find(ctx, adjusts=counted.id) is not None:
            return
        period = await self.period_at(ctx, counted.occurred_at)
        seconds = int((period.period_end - ctx.now).total_seconds()) if period is not None else 0
        micros = min(counted.quantity_micros, _gibibyte_hours(file.size_bytes, seconds))
        if micros <= 0:
            return
        fields = {
            "subscriptionId": counted.subscription_id,
            "meterCode": _STORAGE,
            "quantityMicros": -micros,
            "occurredAt": ctx.now,
            "sourceService": counted.source_service,
            "adjusts": counted.id,
            "adjustReason": "The bytes of the file are destroyed",
        }
        await self.usage_record.insert(ctx, fields)

    async def meter_meeting(self, ctx: Context, request: port.MeterMeeting) -> None:
        """Minutes of all who took part."""
        micros = request.body.participant_minutes * _MICROS
        cause = ctx.cause.id if ctx.cause is not None else None
        await self._metered(ctx, "meeting_minutes", "video-service", micros, cause)

    async def adjust_usage(self, ctx: Context, request: port.AdjustUsage) -> models.UsageRecord:
        """A signed record in the open period that corrects another.

        Raises:
            Problem: `period-closed`, `record-unknown`.
        """
        wish = request.body
        periods = self.usage_period.each(
            ctx, subscriptionId=wish.subscription_id, periodStatus=_PERIODS.open
        )
        if not [each async for each in periods]:
            raise problems.PERIOD_CLOSED("no period of the subscription is open")
        wrong = await self.usage_record.find(ctx, id=wish.adjusts)
        if wrong is None or wrong.meter_code != wish.meter_code:
            raise problems.RECORD_UNKNOWN("there is no such record of the meter")
        fields = {**given(wish), "sourceService": "usage-service"}
        return await self.usage_record.create(ctx, "adjust-usage", fields)

    async def totals(
        self, ctx: Context, period: models.UsagePeriod, until: datetime | None = None
    ) -> dict[str, int]:
        """Totals of a period by meter, in millionths, as each meter is aggregated."""
        meters = await self.meters(ctx)
        found: dict[str, list[models.UsageRecord]] = {}
        end = min(period.period_end, until or period.period_end)
        async for each in self.usage_record.each(ctx, subscriptionId=period.subscription_id):
            if _within(each, period.period_start, end):
                found.setdefault(each.meter_code, []).append(each)
        sums = models.MeterAggregation.sum
        return {
            code: _aggregated(meters[code].aggregation if code in meters else sums, records)
            for code, records in sorted(found.items())
        }

    async def get_usage(self, ctx: Context, request: port.GetUsage) -> models.UsageSummary:
        """Totals of a period; those of a closed one never change again.

        Raises:
            Problem: `period-unknown`.
        """
        wish, found = request.body, None
        async for each in self.usage_period.each(ctx, subscriptionId=wish.subscription_id):
            if wish.usage_period_id in (None, each.id):
                found = each
        if found is None:
            raise problems.PERIOD_UNKNOWN("the subscription has no such period")
        final = found.period_status in (_PERIODS.closed, _PERIODS.billed)
        sums = {name: each.root for name, each in found.totals_micros.items()}
        if not final:
            sums = await self.totals(ctx, found)
        wanted = [each.root for each in wish.meter_codes or ()] or list(sums)
        record = {
            "subscriptionId": found.subscription_id,
            "usagePeriodId": found.id,
            "periodStart": found.period_start,
            "periodEnd": found.period_end,
            "periodStatus": found.period_status,
            "totalsMicros": {name: each for name, each in sums.items() if name in wanted},
            "asOf": ctx.now,
        }
        return from_record(models.UsageSummary, record)

    async def get_usage_series(
        self, ctx: Context, request: port.GetUsageSeries
    ) -> models.UsageSeries:
        """The course of a meter, gaps left out.

        Raises:
            Problem: `range-too-wide`, `rule-broken`.
        """
        wish = request.body
        if wish.since >= wish.until:
            raise breaks_rule("the range runs backwards", pointer="/until")
        hours = (wish.until - wish.since) / timedelta(hours=1)
        lengths = {"hour": 1, "day": 24, "month": 24 * 28}
        if hours / lengths[wish.granularity.value] > _POINTS:
            raise problems.RANGE_TOO_WIDE("more than 750 points")
        points: dict[datetime, int] = {}
        async for each in self.usage_record.each(
            ctx, subscriptionId=wish.subscription_id, meterCode=wish.meter_code
        ):
            if wish.since <= each.occurred_at < wish.until:
                start = _start(each.occurred_at, wish.granularity)
                points[start] = points.get(start, 0) + each.quantity_micros
        return models.UsageSeries(
            meter_code=wish.meter_code,
            granularity=wish.granularity,
            points=[
                models.UsagePoint(starts_at=start, quantity_micros=sum_)
                for start, sum_ in sorted(points.items())[:_POINTS]
            ],
        )

    async def check_quota(self, ctx: Context, request: port.CheckQuota) -> models.QuotaDecision:
        """Whether a quantity fits into what is left; advice."""
        wish, verdicts = request.body, models.QuotaVerdict
        quota = await self.quota.find(ctx, meterCode=wish.meter_code)
        if quota is None or quota.limit_micros < 0:
            return models.QuotaDecision(verdict=verdicts.allow, level=_LEVELS.none, degraded=False)
        used = await self._used(ctx, quota)
        level = _level(quota, used + wish.quantity_micros)
        verdict = verdicts.allow if level is _LEVELS.none else verdicts.allow_with_warning
        if used + wish.quantity_micros > quota.limit_micros:
            verdict = verdicts.deny
        return models.QuotaDecision(
            verdict=verdict,
            level=level,
            degraded=False,
            limit_micros=quota.limit_micros,
            remaining_micros=max(0, quota.limit_micros - used),
            resets_at=quota.resets_at,
        )

    async def _used(self, ctx: Context, quota: models.Quota) -> int:
        """What counts against a quota: of the day where it resets daily, else of the period."""
        period = await self.period_at(ctx, ctx.now)
        if period is None or period.subscription_id != quota.subscription_id:
            return 0
        start = period.period_start
        if quota.resets_at < period.period_end:
            start = max(start, quota.resets_at - timedelta(days=1))
        part = period.model_copy(update={"period_start": start})
        return (await self.totals(ctx, part)).get(quota.meter_code, 0)

    async def roll_up_usage(self, ctx: Context, request: port.RollUpUsage) -> None:
        """Tell what the tenant's meters counted since the sum before, and raise quotas' levels."""
        async for period in self.usage_period.each(ctx, periodStatus=_PERIODS.open):
            await self._roll_up(ctx, period)

    async def _roll_up(self, ctx: Context, period: models.UsagePeriod) -> None:
        """The moment up to which a period is summed up is that of the last reading in the sum."""
        fresh: dict[str, int] = {}
        since = until = period.rolled_up_until or period.created_at - timedelta(days=1)
        async for each in self.usage_record.each(ctx, subscriptionId=period.subscription_id):
            if each.created_at > since and _within(each, period.period_start, period.period_end):
                fresh[each.meter_code] = fresh.get(each.meter_code, 0) + each.quantity_micros
                until = max(until, each.created_at)
        if not fresh:
            return
        await self.usage_period.rewrite(ctx, period, {"rolledUpUntil": until})
        totals = await self.totals(ctx, period)
        for code, micros in fresh.items():
            known = {"subscriptionId": period.subscription_id, "meterCode": code}
            quota = await self.quota.find(ctx, **known)
            data: dict[str, Any] = {
                **known,
                "minuteStart": ctx.now.replace(second=0, microsecond=0),
                "quantityMicros": micros,
                "totalMicros": totals.get(code, 0),
            }
            if quota is not None:
                data["limitMicros"] = quota.limit_micros
            await self.quota.announce(ctx, "usage-recorded", data)
            if quota is not None and quota.limit_micros >= 0:
                await self._raise(ctx, quota)

    async def _raise(self, ctx: Context, quota: models.Quota) -> None:
        if quota.resets_at <= ctx.now:
            resets = quota.resets_at
            while resets <= ctx.now:
                resets += timedelta(days=1)
            fresh = {"level": _LEVELS.none, "exceededAt": None, "resetsAt": resets}
            quota = await self.quota.rewrite(ctx, quota, fresh)
        used = await self._used(ctx, quota)
        level = _level(quota, used)
        order = list(_LEVELS)
        if order.index(level) <= order.index(quota.level):
            return
        raised = await self.quota.rewrite(ctx, quota, {"level": level, "exceededAt": ctx.now})
        await self.quota.announce(ctx, "quota-exceeded", raised, totalMicros=used)

    async def close_due(self, ctx: Context) -> None:
        """Count the tenant's closing periods; one whose counts differ is counted again."""
        async for each in self.usage_period.each(ctx, periodStatus=_PERIODS.closing):
            body = models.ClosePeriodRequest(usage_period_id=each.id)
            try:
                await self.close_period(ctx, port.ClosePeriod(body=body))
            except Problem as problem:
                if problem.kind is not problems.TOTALS_UNSTABLE:
                    raise

    async def close_period(self, ctx: Context, request: port.ClosePeriod) -> models.UsagePeriod:
        """Make totals final once two counts, ten minutes apart, agree. The first count is kept.

        Raises:
            Problem: `totals-unstable`, `illegal-transition`.
        """
        period = await self.usage_period.get(ctx, request.body.usage_period_id)
        if period.period_status is _PERIODS.closed:
            return period
        if period.period_status is not _PERIODS.closing:
            raise problems.ILLEGAL_TRANSITION(f"the period is {period.period_status.value}")
        counted = await self.totals(ctx, period)
        before = {name: each.root for name, each in period.totals_micros.items()}
        apart = timedelta(seconds=self.settings.stable_count_interval)
        if counted != before:
            await self.usage_period.rewrite(ctx, period, {"totalsMicros": counted})
            await ctx.unit.commit()
            raise problems.TOTALS_UNSTABLE("the counts differ; count again in ten minutes")
        if period.updated_at + apart > ctx.now:
            raise problems.TOTALS_UNSTABLE("the first count is not ten minutes old")
        fields = {"closedAt": ctx.now}
        return await self.usage_period.transition(ctx, "close-period", period.id, fields)

    async def purge_tenant_usage(self, ctx: Context, request: port.PurgeTenantUsage) -> None:
        """Drop pools, assignments, quotas and dimensions; readings stay without a name."""
        for seat in [each async for each in self.seat_assignment.each(ctx)]:
            await self.seat_assignment.remove(ctx, seat)
        for pool in [each async for each in self.seat_pool.each(ctx)]:
            await self.seat_pool.remove(ctx, pool)
        for quota in [each async for each in self.quota.each(ctx)]:
            await self.quota.remove(ctx, quota)
        async for each in self.usage_record.each(ctx):
            if each.dimensions:
                await self.usage_record.rewrite(ctx, each, {"dimensions": {}})

    async def on_invoice_issued(self, ctx: Context, event: Received[models.InvoiceIssued]) -> None:
        """Periods on the invoice can no longer be reopened."""
        for key in event.data.usage_period_ids or ():
            period = await self.usage_period.find(ctx, id=key)
            if period is not None and period.period_status is _PERIODS.closed:
                body = models.MarkBilledRequest(billed_invoice_id=event.data.invoice_id)
                await self.mark_billed(ctx, port.MarkBilled(usage_period_id=key, body=body))

    async def on_file_uploaded(self, ctx: Context, event: Received[models.FileUploaded]) -> None:
        """Counts gibibyte-hours from here on."""
        await self.meter_upload(ctx, port.MeterUpload(body=event.data))

    async def on_file_deleted(self, ctx: Context, event: Received[models.FileDeleted]) -> None:
        """Destroyed bytes count no hour more."""
        await self.end_file_metering(ctx, port.EndFileMetering(body=event.data))

    async def on_meeting_ended(self, ctx: Context, event: Received[models.MeetingEnded]) -> None:
        """Counts the minutes of all who took part."""
        await self.meter_meeting(ctx, port.MeterMeeting(body=event.data))

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        """Pools, assignments and quotas go."""
        await self.purge_tenant_usage(ctx, port.PurgeTenantUsage(body=event.data))


def _within(record: models.UsageRecord, start: datetime, end: datetime) -> bool:
    """Whether a reading counts in a stretch; a correction does where it was written down."""
    when = record.created_at if record.adjusts else record.occurred_at
    return start <= when < end


def _plain(value: Any) -> str:
    return str(getattr(value, "root", value))


def _aggregated(how: models.MeterAggregation, records: Sequence[models.UsageRecord]) -> int:
    kinds = models.MeterAggregation
    if how is kinds.max:
        return max(each.quantity_micros for each in records)
    if how is kinds.last:
        return max(records, key=lambda each: each.occurred_at).quantity_micros
    if how is kinds.unique:
        seen = {str(to_record(each)["dimensions"]) for each in records}
        return len(seen) * _MICROS
    return sum(each.quantity_micros for each in records)


def _level(quota: models.Quota, used: int) -> models.QuotaLevel:
    if used >= quota.limit_micros:
        return _LEVELS.hard
    soft = used * 100 >= quota.limit_micros * quota.soft_limit_percent
    return _LEVELS.soft if soft else _LEVELS.none


def _start(moment: datetime, granularity: models.UsageGranularity) -> datetime:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    if granularity is models.UsageGranularity.hour:
        return hour
    day = hour.replace(hour=0)
    return day if granularity is models.UsageGranularity.day else day.replace(day=1)


def _gibibyte_hours(size: int, seconds: int) -> int:
    """In millionths, of so many bytes for so many seconds."""
    return size * seconds * _MICROS // (3_600 * _GIBIBYTE)
