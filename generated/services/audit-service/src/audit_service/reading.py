"""Reading the trail, investigations that let staff read on, and releases of access rules."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.problem import CURSOR_UNKNOWN, FORBIDDEN, not_valid
from cloudsync_chassis.store.query import ListQuery, Page, PageRequest

from . import memory
from .asking import Asking
from .base import backwards_from, is_staff
from .generated import models, port, problems
from .generated.models import AuditRecord, InvestigationState

_HOUR = timedelta(hours=1)
_SORT = "-occurredAt"
_FILTERS = ("actorId", "resourceType", "resourceId", "outcome")


class Reading(Asking):
    """Answers what was done, and writes down who asked."""

    async def get_audit_trail(
        self, ctx: Context, request: port.GetAuditTrail
    ) -> models.AuditRecordPage:
        """See `Port.get_audit_trail`."""
        asked = request.body
        span = asked.occurred_to - asked.occurred_from
        if span < timedelta():
            raise not_valid("before the first moment", pointer="/occurredTo")
        narrow = asked.actor_id is not None or asked.resource_id is not None
        if not narrow and span > timedelta(days=self.settings.query_days):
            raise problems.QUERY_TOO_WIDE(f"more than {self.settings.query_days} days")
        subject = await self._subject(ctx, asked.investigation_id)
        inside = ctx.within(subject)
        days = -(-span // timedelta(days=1))
        with self.asking(days, str(asked.investigation_id or "")):
            await self.obey(inside, subject)
        limit = min(asked.first or self.settings.page_size, self.settings.max_page_size)
        if asked.investigation_id is None:
            limit = min(limit, await self._free(ctx, subject))
        page = await self._page(inside, asked, limit)
        items = await self._bodies(inside, page)
        await self._write_down(ctx, subject, subject, len(items), asked)
        cursor = self.runtime.cursors.encode(page.following) if page.following else None
        return models.AuditRecordPage(items=items, next_cursor=cursor)

    async def get_audit_record(self, ctx: Context, request: port.GetAuditRecord) -> AuditRecord:
        """See `Port.get_audit_record`."""
        await self._free(ctx, ctx.tenant)
        record = await super().get_audit_record(ctx, request)
        (whole,) = await self.whole(ctx, record.recorded_at.date(), [record])
        await self._write_down(ctx, ctx.tenant, record.id, 1)
        return whole

    async def open_investigation(
        self, ctx: Context, request: port.OpenInvestigation
    ) -> models.Investigation:
        """See `Port.open_investigation`."""
        subject = request.body.subject_organization_id
        if subject != ctx.tenant and ctx.tenant != PLATFORM:
            raise FORBIDDEN("this is the trail of another organisation")
        found = await super().open_investigation(ctx, request)
        await self.note(ctx, found.id, subject, {"state": found.state})
        return found

    async def escalate_investigation(
        self, ctx: Context, request: port.EscalateInvestigation
    ) -> models.Investigation:
        """See `Port.escalate_investigation`."""
        found = await super().escalate_investigation(ctx, request)
        await self.note(ctx, found.id, found.subject_organization_id, {"state": found.state})
        await self.pager.wake(ctx.now, "investigation-escalated", found.subject_organization_id)
        return found

    async def close_investigation(
        self, ctx: Context, request: port.CloseInvestigation
    ) -> models.Investigation:
        """See `Port.close_investigation`. What stood still for a broken chain goes on."""
        found = await super().close_investigation(ctx, request)
        subject = ctx.within(found.subject_organization_id)
        async for each in self.breaks.each(subject, {"createdAt": found.opened_at}, open=True):
            await self.breaks.rewrite(subject, each, {"open": False})
        await self.note(ctx, found.id, subject.tenant, {"state": found.state})
        return found

    async def list_investigations(
        self, ctx: Context, request: port.ListInvestigations
    ) -> Page[models.Investigation]:
        """See `Port.list_investigations`."""
        found = await super().list_investigations(ctx, request)
        await self._write_down(ctx, ctx.tenant, "investigations", 0)
        return found

    async def list_legal_holds(
        self, ctx: Context, request: port.ListLegalHolds
    ) -> Page[models.LegalHold]:
        """See `Port.list_legal_holds`."""
        found = await super().list_legal_holds(ctx, request)
        await self._write_down(ctx, ctx.tenant, "legal-holds", 0)
        return found

    async def propose_policy_release(
        self, ctx: Context, request: port.ProposePolicyRelease
    ) -> models.PolicyRelease:
        """See `Port.propose_policy_release`."""
        return await self._released(ctx, await super().propose_policy_release(ctx, request))

    async def publish_policy_release(
        self, ctx: Context, request: port.PublishPolicyRelease
    ) -> models.PolicyRelease:
        """See `Port.publish_policy_release`."""
        return await self._released(ctx, await super().publish_policy_release(ctx, request))

    async def _released(self, ctx: Context, found: models.PolicyRelease) -> models.PolicyRelease:
        told = {"policyId": found.policy_id, "bundleDigest": found.bundle_digest}
        await self.note(ctx, found.id, told={**told, "status": found.status})
        return found

    async def _subject(self, ctx: Context, investigation: UUID | None) -> UUID:
        """Whose trail is read: the caller's own organisation's, or that of an investigation.

        Raises:
            Problem: `investigation-required`: it is none of the caller's that is under way.
        """
        if investigation is None:
            return ctx.tenant
        found = await self.investigation.find(ctx, id=investigation)
        if (
            found is None
            or found.state is InvestigationState.closed
            or str(found.assignee_id) != ctx.principal.subject
        ):
            raise problems.INVESTIGATION_REQUIRED("no investigation of yours is under way")
        return found.subject_organization_id

    async def _free(self, ctx: Context, subject: UUID) -> int:
        """How many records the caller may still read of an organisation within the hour.

        Raises:
            Problem: `investigation-required`: none.
        """
        most = self.settings.free_reads_per_hour
        if not is_staff(ctx.principal) or subject == PLATFORM:
            return self.settings.max_page_size
        inside, since = ctx.within(subject), ctx.now - _HOUR
        read = 0
        async for each in self.readings.each(inside, reader=ctx.principal.subject):
            read += each.records if each.created_at > since else 0
        if read >= most:
            raise problems.INVESTIGATION_REQUIRED(f"{most} records were read within the hour")
        return most - read

    async def _page(self, ctx: Context, asked: models.AuditFilter, limit: int) -> Page[AuditRecord]:
        after = backwards_from(asked.occurred_to)
        if asked.cursor is not None:
            after = self.runtime.cursors.decode(asked.cursor)
            if after.sort != _SORT:
                raise CURSOR_UNKNOWN()
        told = asked.model_dump(by_alias=True, exclude_none=True)
        filters = {name: told[name] for name in _FILTERS if name in told}
        query = ListQuery(
            PageRequest(limit, _SORT, after), filters, due={"occurredAt": asked.occurred_to}
        )
        page = await self.audit_record.repository.select(ctx, query)
        wanted = tuple(e for e in page.items if e.occurred_at >= asked.occurred_from)
        return Page(wanted, page.following if len(wanted) == len(page.items) else None)

    async def _bodies(self, ctx: Context, page: Page[AuditRecord]) -> list[AuditRecord]:
        by_day: dict[date, list[AuditRecord]] = {}
        for each in page.items:
            by_day.setdefault(each.recorded_at.date(), []).append(each)
        whole = {
            each.id: each
            for day, records in by_day.items()
            for each in await self.whole(ctx, day, records)
        }
        return [whole[each.id] for each in page.items]

    async def _write_down(
        self,
        ctx: Context,
        subject: UUID,
        resource: object,
        records: int,
        asked: models.AuditFilter | None = None,
    ) -> None:
        """Note a question, and how much somebody of the platform has read by it."""
        told = (
            asked.model_dump(by_alias=True, exclude_none=True, exclude={"cursor"})
            if asked
            else None
        )
        counted = is_staff(ctx.principal) and not (asked and asked.investigation_id)

        async def write(inside: Context) -> None:
            await self.note(self.asker(ctx, inside), resource, subject, told)
            if not counted or not records or subject == PLATFORM:
                return
            home, reader = inside.within(subject), ctx.principal.subject
            old: list[memory.Reading] = [
                each
                async for each in self.readings.each(
                    home, {"createdAt": ctx.now - _HOUR}, reader=reader
                )
            ]
            for each in old:
                await self.readings.remove(home, each)
            await self.readings.insert(home, {"reader": reader, "records": records})

        await self.apart(ctx, write)
