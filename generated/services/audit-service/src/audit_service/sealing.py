"""Sealing hours, and what happens when a chain does not hold."""

from __future__ import annotations

import base64
from datetime import date, timedelta
from functools import partial

from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.store.query import ListQuery, PageRequest

from . import chain, memory
from .base import bounds
from .generated import models, port, problems
from .generated.models import AuditStatus
from .links import Fault, first_fault, steps_of
from .recording import Recording, unsealed_since

SETTLED = timedelta(minutes=1)
"""After the end of an hour, until nothing that began in it can still be written."""


class Sealing(Recording):
    """Seals hours; tells of broken links."""

    async def seal_records(self, ctx: Context, request: port.SealRecords) -> models.PeriodResult:
        """See `Port.seal_records`."""
        body = request.body
        inside = self.of(ctx, body.subject_organization_id)
        touched = await self.seal_day(inside, body.day, body.hour)
        told = {"day": body.day, "hour": body.hour, "records": touched}
        await self.note(ctx, inside.tenant, inside.tenant, told)
        return models.PeriodResult(records_touched=touched, records_kept=0)

    async def seal_due(self, ctx: Context) -> None:
        """Seal all hours of the tenant that are over, as far as their sequence allows."""
        query = ListQuery(PageRequest(limit=50, sort="day"), due={"unsealedSince": ctx.now})
        for day in (await self.days.repository.select(ctx, query)).items:
            try:
                await self.seal_day(ctx, day.day)
            except Problem as problem:
                if problem.kind is not problems.SEQUENCE_GAP:
                    raise
                return  # what follows hangs on it

    async def seal_day(self, ctx: Context, of: date, hour: int | None = None) -> int:
        """Seal one hour of a day or all that are over; how many records those hold.

        Raises:
            Problem: `sequence-gap`: a number is missing and may still arrive, or the hour that was
                asked for is not over.
        """
        day = await self.day_of(ctx, of)
        touched = 0
        for each in day.hours if day else ():
            if day is None or each.sealed or hour not in (None, each.hour):
                continue
            if ctx.now < bounds(day.day, each.hour)[1] + SETTLED:
                if hour is not None:
                    raise problems.SEQUENCE_GAP("the hour is not over yet")
                break
            sealed = await self._seal_hour(ctx, day, each)
            if not sealed:
                break
            touched += sealed
            hours = [e.model_dump() | {"sealed": e.sealed or e == each} for e in day.hours]
            since = unsealed_since(bounds(day.day)[0], hours)
            day = await self.days.rewrite(ctx, day, {"hours": hours, "unsealedSince": since})
        return touched

    async def _seal_hour(self, ctx: Context, day: memory.Day, hour: memory.Hour) -> int:
        """How many records were sealed; none where the chain is broken, which is reported."""
        records = await self.records_of(ctx, day.day, hour.hour)
        fault = first_fault(hour, steps_of(records))
        if fault is not None:
            numbers = {each.sequence for each in records}
            over = bounds(day.day, hour.hour)[1] + timedelta(seconds=self.settings.gap_patience)
            if fault.sequence not in numbers and ctx.now < over:
                raise problems.SEQUENCE_GAP(f"number {fault.sequence} may still arrive")
            await self.report(ctx, fault)
            return 0
        hashes = [each.hash for each in records]
        root, count = chain.root(hashes), len(hashes)
        told = chain.statement(day.day.isoformat(), hour.hour, root, count, str(ctx.tenant))
        signature, version = await self.seal_keys.sign(told)
        body = models.WriteSealRequest(
            day=day.day,
            hour=hour.hour,
            merkle_root=root,
            record_count=count,
            signature=base64.b64encode(signature).decode(),
            key_version=version,
        )
        await self.write_seal(ctx, port.WriteSeal(body=body))
        for each in records:
            if each.status is AuditStatus.recorded:
                await self.audit_record.transition(ctx, "seal-records", each.id)
        return count

    async def measure_unsealed(self, ctx: Context) -> None:
        """Count the hours that are over and have no signature, over all organisations."""
        page = PageRequest(limit=200)
        query = ListQuery(page, due={"unsealedSince": ctx.now})
        found, after = 0, None
        while tenants := await self.days.repository.tenants(ctx, query, after):
            for tenant in tenants:
                due = {"unsealedSince": ctx.now}
                async for day in self.days.each(ctx.within(tenant), due):
                    over = [e for e in day.hours if bounds(day.day, e.hour)[1] <= ctx.now]
                    found += sum(not each.sealed for each in over)
            after = tenants[-1]
        self.metrics.audit_unsealed_hours(found)

    async def report_tampering(self, ctx: Context, request: port.ReportTampering) -> None:
        """See `Port.report_tampering`."""
        body = request.body
        fault = Fault(body.sequence, body.expected_hash, body.found_hash)
        await self.report(ctx.within(body.subject_organization_id), fault)

    async def report(self, ctx: Context, fault: Fault) -> None:
        """Announce a broken link once, stop expiry of the tenant's trail and wake security."""
        told = {
            "sequence": fault.sequence,
            "expectedHash": fault.expected,
            "foundHash": fault.found,
        }
        if await self.breaks.find(ctx, **told) is not None:
            return
        await self.breaks.insert(ctx, {**told, "open": True})
        data = {"subjectOrganizationId": ctx.tenant, **told}
        await self.audit_record.announce(ctx, "tampering-detected", data)
        drill = "no" if self.settings.environment == "production" else "yes"
        ctx.unit.after_commit(partial(self.metrics.audit_tampering_total, drill=drill))
        await self.pager.wake(ctx.now, "tampering-detected", ctx.tenant)

    async def is_paused(self, ctx: Context) -> bool:
        """Whether nothing of the tenant's trail may go, since its chain is being looked into."""
        if not await self.flags.ops_audit_retention(ctx):
            return True
        return await self.breaks.count(ctx, open=True) > 0
