"""Legal holds: what they cover is marked within a minute, and freed when the last one is lifted."""

from __future__ import annotations

from collections.abc import Sequence

from cloudsync_chassis.context import Context

from .asking import Asking
from .generated import models, port
from .generated.models import AuditRecord, AuditStatus, HoldStatus

KEEPING = (HoldStatus.active, HoldStatus.release_requested)
"""States in which a hold keeps what it covers."""

MARK, FREE = "mark-held-records", "free-held-records"


class Holding(Asking):
    """Places and lifts holds."""

    async def place_legal_hold(
        self, ctx: Context, request: port.PlaceLegalHold
    ) -> models.LegalHold:
        """See `Port.place_legal_hold`."""
        hold = await super().place_legal_hold(ctx, request)
        self.runtime.work.wake(ctx, MARK)
        await self.note(ctx, hold.id, told={"status": hold.status})
        return hold

    async def request_hold_release(
        self, ctx: Context, request: port.RequestHoldRelease
    ) -> models.LegalHold:
        """See `Port.request_hold_release`."""
        return await self._noted(ctx, await super().request_hold_release(ctx, request))

    async def keep_legal_hold(self, ctx: Context, request: port.KeepLegalHold) -> models.LegalHold:
        """See `Port.keep_legal_hold`."""
        return await self._noted(ctx, await super().keep_legal_hold(ctx, request))

    async def release_legal_hold(
        self, ctx: Context, request: port.ReleaseLegalHold
    ) -> models.LegalHold:
        """See `Port.release_legal_hold`."""
        hold = await super().release_legal_hold(ctx, request)
        self.runtime.work.wake(ctx, FREE)
        return await self._noted(ctx, hold)

    async def hold_record(self, ctx: Context, request: port.HoldRecord) -> None:
        """See `Port.hold_record`."""
        found = await self.audit_record.find(ctx, id=request.audit_record_id)
        await super().hold_record(ctx, request)
        if found is not None and found.archived_at is not None:
            await self.archive.hold(ctx.tenant, found.recorded_at.date(), found.id)

    async def free_record(self, ctx: Context, request: port.FreeRecord) -> None:
        """See `Port.free_record`."""
        found = await self.audit_record.find(ctx, id=request.audit_record_id)
        await super().free_record(ctx, request)
        if found is not None and found.archived_at is not None:
            await self.archive.free(ctx.tenant, found.recorded_at.date(), found.id)

    async def mark_held(self, ctx: Context) -> None:
        """Hold each record of the tenant that a hold covers and that nothing holds yet."""
        free = (AuditStatus.sealed, AuditStatus.archived)
        for hold in await self._holds(ctx):
            people = tuple(str(each) for each in hold.custodian_ids)
            async for record in self.audit_record.each(ctx, actorId=people, status=free):
                if covers(hold, record):
                    await self.hold_record(ctx, port.HoldRecord(audit_record_id=record.id))

    async def free_held(self, ctx: Context) -> None:
        """Free each record of the tenant that no hold covers any more."""
        holds = await self._holds(ctx)
        async for record in self.audit_record.each(ctx, status=AuditStatus.held):
            if not any(covers(each, record) for each in holds):
                await self.free_record(ctx, port.FreeRecord(audit_record_id=record.id))

    async def _holds(self, ctx: Context) -> Sequence[models.LegalHold]:
        return [each async for each in self.legal_hold.each(ctx, status=KEEPING)]

    async def _noted(self, ctx: Context, hold: models.LegalHold) -> models.LegalHold:
        await self.note(ctx, hold.id, told={"status": hold.status})
        return hold


def covers(hold: models.LegalHold, record: AuditRecord) -> bool:
    """Whether a record is of one of a hold's people, and of its stretch."""
    if record.actor_id not in {str(each) for each in hold.custodian_ids}:
        return False
    until = hold.held_until
    return hold.held_from <= record.occurred_at and (until is None or record.occurred_at <= until)
