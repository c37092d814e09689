"""People and tenants that are gone: what other services tell, carried out on reports and boards."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import TOMBSTONE

from .generated import models, port
from .handing_out import HandingOut
from .schedules import UNDER_WAY
from .templates import FINAL_EXPORT

_LONGEST_NAME = 80


class Leavers(HandingOut):
    """Reactions to events about people and tenants."""

    async def pause_schedules_of_user(
        self, ctx: Context, request: port.PauseSchedulesOfUser
    ) -> None:
        body = request.body
        erased = 0
        async for schedule in self.report_schedule.each(ctx, ownerId=body.user_id, state="active"):
            await self.report_schedule.rewrite(ctx, schedule, {"state": "paused"})
            erased += 1
        erased += await self._strike(ctx, body.user_id)
        await self._hand_boards_on(ctx, body.user_id, body.successor_user_id)
        async for link in self.report_share_link.each(ctx, sharedBy=body.user_id):
            await self.report_share_link.rewrite(ctx, link, {"sharedBy": TOMBSTONE})
        told = {
            "userId": body.user_id,
            "erasureRequestId": body.erasure_request_id,
            "store": "reports",
            "erasedItems": erased,
        }
        await self.report_schedule.announce(ctx, "reporting-erasure-completed", {}, **told)

    async def _strike(self, ctx: Context, user: UUID) -> int:
        """Take somebody out of all lists of recipients; out of how many that was."""
        struck = 0
        async for schedule in self.report_schedule.each(ctx, recipientIds=user):
            rest = [each for each in schedule.recipient_ids if each != user]
            await self.report_schedule.rewrite(ctx, schedule, {"recipientIds": rest})
            struck += 1
        async for report in self.report.each(ctx, recipientIds=user):
            rest = [each for each in report.recipient_ids if each != user]
            fields: dict[str, object] = {"recipientIds": rest}
            if not rest and report.audience == models.ReportAudience.named:
                fields["audience"] = "private"
            await self.report.rewrite(ctx, report, fields)
            struck += 1
        return struck

    async def _hand_boards_on(self, ctx: Context, user: UUID, successor: UUID | None) -> None:
        """Private boards go, open ones are an administrator's from now on."""
        heir = successor or self.world.administrators.one_of(ctx.tenant, user) or TOMBSTONE
        async for board in self.dashboard.each(ctx, ownerId=user):
            if board.visibility == models.DashboardVisibility.private:
                await self.dashboard.remove(ctx, board)
                continue
            name = await self._free_name(ctx, heir, board.dashboard_name)
            fields = {"ownerId": heir, "dashboardName": name}
            await self.dashboard.rewrite(ctx, board, fields)

    async def _free_name(self, ctx: Context, owner: UUID, name: str) -> str:
        """The name, or the first with a number behind it that the new owner has no board of."""
        number, free = 1, name
        while await self.dashboard.find(ctx, ownerId=owner, dashboardName=free) is not None:
            number += 1
            suffix = f" ({number})"
            free = name[: _LONGEST_NAME - len(suffix)] + suffix
        return free

    async def expire_tenant_reports(self, ctx: Context, request: port.ExpireTenantReports) -> None:
        async for schedule in self.report_schedule.each(ctx, state="active"):
            await self.report_schedule.rewrite(ctx, schedule, {"state": "paused"})
        async for report in self.report.each(ctx, status=(*UNDER_WAY, "ready")):
            if report.template_key == FINAL_EXPORT:
                continue
            if report.status != models.ReportStatus.ready:
                await self.report.rewrite(ctx, report, {"status": "cancelled"})
                continue
            fields = {"status": "expired", "expiresAt": ctx.now, "objectKey": None}
            await self.report.rewrite(ctx, report, fields)
            await self.drop_links(ctx, report)
            self.remove_file(ctx, report)

    async def purge_tenant_reporting(
        self, ctx: Context, request: port.PurgeTenantReporting
    ) -> None:
        everything: tuple[Aggregate[Any], ...] = (
            self.report_share_link,
            self.report_schedule,
            self.report,
            self.dashboard,
            self.report_entitlement,
            self.kept_answers,
            self.plan_words,
        )
        for aggregate in everything:
            async for entity in aggregate.each(ctx):
                await aggregate.remove(ctx, entity)
        tenant = ctx.tenant
        ctx.unit.after_commit(lambda: self.world.bucket.empty(tenant))
        ctx.unit.after_commit(lambda: self.world.administrators.forget(tenant))

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        body = port.PauseSchedulesOfUser(body=event.data)
        await self.pause_schedules_of_user(ctx, body)

    async def on_organization_deleted(
        self, ctx: Context, event: Received[models.OrganizationDeleted]
    ) -> None:
        inside = ctx.within(event.data.organization_id)
        await self.expire_tenant_reports(inside, port.ExpireTenantReports(body=event.data))

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        inside = ctx.within(event.data.organization_id)
        await self.purge_tenant_reporting(inside, port.PurgeTenantReporting(body=event.data))
