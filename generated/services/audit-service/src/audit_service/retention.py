"""What time does to the trail: addresses are cut, bodies go to the archive, records go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from cloudsync_chassis.context import Context
from cloudsync_chassis.store.query import ListQuery, PageRequest

from . import chain, memory
from .asking import BODY, Asking, body_of
from .generated import models, port, problems
from .generated.models import AuditRecord, AuditRetention, AuditStatus
from .recording import KEPT

SEVEN_YEARS = timedelta(days=2557)
_AGAIN = timedelta(days=1)
_DAYS_AT_ONCE = 20


class Retention(Asking):
    """Archives and expires days, by the clock or because somebody says so."""

    async def archive_records(
        self, ctx: Context, request: port.ArchiveRecords
    ) -> models.PeriodResult:
        """See `Port.archive_records`."""
        return await self._run(ctx, request.body, self.archive_day)

    async def expire_records(
        self, ctx: Context, request: port.ExpireRecords
    ) -> models.PeriodResult:
        """See `Port.expire_records`."""
        return await self._run(ctx, request.body, self.expire_day)

    async def _run(
        self,
        ctx: Context,
        body: models.AuditPeriodRequest,
        work: Callable[[Context, memory.Day, int | None], Awaitable[models.PeriodResult]],
    ) -> models.PeriodResult:
        inside = self.of(ctx, body.subject_organization_id)
        if await self.is_paused(inside):
            raise problems.HOLD_ACTIVE("nothing goes while the chain is being looked into")
        day = await self.day_of(inside, body.day)
        if day is None:
            return models.PeriodResult(records_touched=0, records_kept=0)
        result = await work(inside, day, body.hour)
        if result.records_kept and not result.records_touched:
            raise problems.HOLD_ACTIVE("all that is due of the day is held")
        told = {"day": body.day, "hour": body.hour, "records": result.records_touched}
        await self.note(ctx, inside.tenant, inside.tenant, told)
        return result

    async def archive_day(
        self, ctx: Context, day: memory.Day, hour: int | None = None
    ) -> models.PeriodResult:
        """Archive what is due of a day, and say when it is to be looked at again."""
        records = await self.records_of(ctx, day.day)
        long = [e for e in records if e.retention_class is not AuditRetention.standard400d]
        asked = [e for e in long if hour in (None, e.recorded_at.hour)]
        old = [each for each in asked if each.recorded_at + KEPT <= ctx.now]
        due = [each for each in old if each.status is AuditStatus.sealed]
        held = [each for each in old if each.status is AuditStatus.held and not each.archived_at]
        if due:
            bodies = {each.id: body_of(each) for each in due}
            await self.archive.put(ctx.tenant, day.day, bodies)
            quiet = self.audit_record.telling()
            gone = {"archivedAt": ctx.now, **dict.fromkeys(BODY)}
            for each in due:
                await quiet.transition(ctx, "archive-records", each.id, gone)
            await self._announce(ctx, "audit-archived", day)
        left = [e for e in long if not e.archived_at and e not in due]
        again = ctx.now + _AGAIN if left else None
        await self.days.rewrite(ctx, day, {"archiveDue": max_due(day.archive_due, again)})
        return models.PeriodResult(records_touched=len(due), records_kept=len(held))

    async def expire_day(
        self, ctx: Context, day: memory.Day, hour: int | None = None
    ) -> models.PeriodResult:
        """Drop what is due of a day, and say when it is to be looked at again."""
        records = await self.records_of(ctx, day.day)
        asked = [e for e in records if hour in (None, e.recorded_at.hour)]
        over = [each for each in asked if kept_until(each) <= ctx.now]
        due = [e for e in over if e.status in (AuditStatus.sealed, AuditStatus.archived)]
        held = [each for each in over if each.status is AuditStatus.held]
        hours = [await self._drop(ctx, day, each, records, due) for each in day.hours]
        left = [each for each in records if each not in due]
        again = min((max(kept_until(e), ctx.now + _AGAIN) for e in left), default=None)
        fields = {"hours": [each.model_dump() for each in hours], "expiryDue": again}
        await self.days.rewrite(ctx, day, fields)
        if due:
            await self._announce(ctx, "audit-expired", day)
        return models.PeriodResult(records_touched=len(due), records_kept=len(held))

    async def _drop(
        self,
        ctx: Context,
        day: memory.Day,
        hour: memory.Hour,
        records: Sequence[AuditRecord],
        due: Sequence[AuditRecord],
    ) -> memory.Hour:
        """Drop the records of an hour that are due. While others of it are there the hashes stay,
        since these can else not be proved; when the last goes nothing is left but the seal.
        """
        numbers = range(hour.first, hour.last + 1)
        gone = [each for each in due if each.sequence in numbers]
        if not gone:
            return hour
        rest = any(each.sequence in numbers and each not in due for each in records)
        for each in gone:
            await self.audit_record.remove(ctx, each)
            if rest:
                kept = {"day": day.day, "hour": hour.hour, "sequence": each.sequence}
                hashes = {"previousHash": each.previous_hash, "hash": each.hash}
                await self.links.insert(ctx, {**kept, **hashes})
        if not rest:
            async for link in self.links.each(ctx, day=day.day, hour=hour.hour):
                await self.links.remove(ctx, link)
        return hour.model_copy(update={"gone": not rest})

    async def _announce(self, ctx: Context, event: str, day: memory.Day) -> None:
        told = {"subjectOrganizationId": ctx.tenant, "day": day.day}
        await self.audit_record.announce(ctx, event, told)

    async def archive_due(self, ctx: Context) -> None:
        """Archive the tenant's days that are due."""
        await self._each_due(ctx, "archiveDue", self.archive_day)

    async def expire_due(self, ctx: Context) -> None:
        """Expire the tenant's days that are due."""
        await self._each_due(ctx, "expiryDue", self.expire_day)

    async def _each_due(
        self,
        ctx: Context,
        field: str,
        work: Callable[[Context, memory.Day], Awaitable[models.PeriodResult]],
    ) -> None:
        if await self.is_paused(ctx):
            return
        for day in await self._due(ctx, field):
            await work(ctx, day)

    async def cut_addresses(self, ctx: Context) -> None:
        """Keep only the networks of addresses of the tenant's days that are due."""
        for day in await self._due(ctx, "addressesDue"):
            for each in await self.records_of(ctx, day.day):
                if each.actor_ip is not None:
                    cut = chain.network(each.actor_ip)
                    await self.audit_record.rewrite(ctx, each, {"actorIp": cut})
            await self.days.rewrite(ctx, day, {"addressesDue": None})

    async def sweep_archive(self, ctx: Context) -> None:
        """Let go of archived bodies whose seven years are over."""
        await self.archive.sweep((ctx.now - SEVEN_YEARS).date())

    async def _due(self, ctx: Context, field: str) -> Sequence[memory.Day]:
        page = PageRequest(limit=_DAYS_AT_ONCE, sort=field)
        return (await self.days.repository.select(ctx, ListQuery(page, due={field: ctx.now}))).items


def kept_until(record: AuditRecord) -> datetime:
    """When the time of a record is over."""
    standard = record.retention_class is AuditRetention.standard400d
    return record.recorded_at + (KEPT if standard else SEVEN_YEARS)


def max_due(present: datetime | None, again: datetime | None) -> datetime | None:
    """When a day is to be looked at next: never sooner than it was to be anyway."""
    if again is None or present is None:
        return again
    return max(present, again)
