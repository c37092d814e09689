"""People who are gone, and what runs out by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context, Grant
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import TOMBSTONE
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload

from .attendees import Attendees
from .calendars import Calendars
from .generated import models, operations, port, tables
from .ics_imports import IcsImports

_AT_A_TIME = 500
"""Series whose blocks are written anew in one transaction."""


class Farewells(Attendees, Calendars, IcsImports):
    """Reactions to erasures, and what the clock does to pencilled slots, shares and blocks."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        # not the model's schedule: a share is found by its calendar as well, which no clock knows
        lapsed = Due(aggregate="calendar-share", since="lapsesAt")
        runtime.work.every(60.0, "lapse-calendar-shares", self.lapse_due, lapsed)

    async def hand_over_events(self, ctx: Context, request: port.HandOverEvents) -> None:
        user, successor = request.body.user_id, request.body.successor_user_id
        heir = await self.primary_of(ctx, successor) if successor else None
        erased = 0
        async for event in self.calendar_event.each(ctx, organizerId=user):
            await self._pass_on(ctx, event, user, heir)
            erased += 1
        async for event in self.calendar_event.each(ctx, attendeeUserIds=user):
            people = [each for each in event.attendee_user_ids if each != user]
            await self.calendar_event.rewrite(ctx, event, {"attendeeUserIds": people})
            await self.free_people(ctx, event.id, user)
            erased += 1
        async for event in self.calendar_event.each(ctx, cancelledBy=user):
            await self.calendar_event.rewrite(ctx, event, {"cancelledBy": TOMBSTONE})
            erased += 1
        erased += await self._remove(ctx, self.event_attendee, userId=user)
        erased += await self._remove(ctx, self.calendar_share, granteeId=user)
        erased += await self._remove(ctx, self.working_hours, userId=user)
        for aggregate, field in (
            (self.event_attendee, "invitedBy"),
            (self.calendar_share, "grantedBy"),
            (self.ics_import, "broughtBy"),
        ):
            erased += await self._bury(ctx, aggregate, field, user)
        async for calendar in self.calendar.each(ctx, ownerId=user):
            await self._close(ctx, calendar, heir)
            erased += 1
        told = {
            "userId": user,
            "erasureRequestId": request.body.erasure_request_id,
            "store": "calendars",
            "erasedItems": erased,
        }
        await self.calendar.announce(ctx, "calendar-erasure-completed", {}, **told)

    async def _pass_on(
        self,
        ctx: Context,
        event: models.CalendarEvent,
        user: UUID,
        heir: models.Calendar | None,
    ) -> None:
        """A coming event goes to the heir if others come to it, and is cancelled if nobody does."""
        ahead = any(end > ctx.now for _, end in await self.happenings(ctx, event))
        if not ahead or event.status == "cancelled" or event.source_task_id is not None:
            await self.calendar_event.rewrite(ctx, event, {"organizerId": TOMBSTONE})
            return
        others = [each for each in event.attendee_user_ids if each != user]
        if heir is not None and others:
            fields = {"organizerId": heir.owner_id, "calendarId": heir.id}
            await self.block_people(ctx, await self.calendar_event.rewrite(ctx, event, fields))
            return
        gone = {"organizerId": TOMBSTONE, "status": "cancelled", "holdUntil": None}
        after = await self.calendar_event.rewrite(ctx, event, gone)
        await self.release_rooms(ctx, event.id)
        await self.free_people(ctx, event.id)
        await self.calendar_event.announce(ctx, "event-cancelled", after)

    async def _remove(self, ctx: Context, aggregate: Any, **filters: Any) -> int:
        removed = 0
        async for entity in aggregate.each(ctx, **filters):
            await aggregate.remove(ctx, entity)
            removed += 1
        return removed

    async def _bury(self, ctx: Context, aggregate: Any, field: str, user: UUID) -> int:
        """Write the tombstone over somebody in one field; over how many that was."""
        buried = 0
        async for entity in aggregate.each(ctx, **{field: user}):
            await aggregate.rewrite(ctx, entity, {field: TOMBSTONE})
            buried += 1
        return buried

    async def _close(
        self, ctx: Context, calendar: models.Calendar, heir: models.Calendar | None
    ) -> None:
        """A room needs somebody who looks after it; a person's calendar keeps its past, unnamed."""
        fields: dict[str, Any] = {"ownerId": TOMBSTONE, "icsTokenHash": None}
        fields |= {"icsTokenIssuedAt": None, "primaryOfOwner": False}
        if calendar.owner_type == "resource" and heir is not None:
            fields["ownerId"] = heir.owner_id
        else:  # the tombstone owns many, and no two of one name
            fields["name"] = f"{calendar.id}"
        await self.calendar.rewrite(ctx, calendar, fields)

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        await self.hand_over_events(ctx, port.HandOverEvents(body=event.data))

    # What runs out by itself

    async def settle(self, ctx: Context, event: models.CalendarEvent) -> None:
        if event.resource_ids:  # a hold that ran out keeps no room, swept or not
            service = workload(self.runtime.spec.name, ctx.tenant)
            me = replace(ctx, principal=service, grant=Grant(True), if_match=None)
            ran_out = {"holdUntil": ctx.now}
            async for hold in self.calendar_event.each(me, ran_out, status="tentative"):
                await self.expire_hold(me, port.ExpireHold(calendar_event_id=hold.id))
        await super().settle(ctx, event)

    async def lapse_due(self, ctx: Context) -> None:
        """End the tenant's shares that ran out."""
        async for share in self.calendar_share.each(ctx, {"lapsesAt": ctx.now}):
            path = {"calendarId": share.calendar_id}
            await self.calendar_share.delete(ctx, "lapse-calendar-share", share.grantee_id, **path)

    async def rebuild_busy_blocks(self, ctx: Context, request: port.RebuildBusyBlocks) -> None:
        """Drop the tenant's blocks of long ago, and lead those of its series up to the horizon."""
        events, blocks = tables.calendar_events, tables.busy_blocks
        oldest = ctx.now - timedelta(seconds=self.settings.busy_block_keep)
        connection = await ctx.unit.connection()
        past = (blocks.c.organization_id == ctx.tenant, blocks.c.block_end < oldest)
        await connection.execute(sa.delete(blocks).where(*past))
        horizon = ctx.now + timedelta(days=self.settings.expansion_horizon_days)
        running = (
            events.c.recurrence_rule.is_not(None),
            events.c.status != "cancelled",
            events.c.transparency == "opaque",
        )
        last = await self._last_blocks(ctx)
        rebuilt = 0
        async for event in self.between(ctx, ctx.now, horizon, *running):
            if await self._reaches(ctx, event, last.get(event.id), horizon):
                continue
            # what has no blocks even now, as a parked series, must not be waited for
            rebuilt += await self.block_people(ctx, event) > 0
            if rebuilt == _AT_A_TIME:
                self.runtime.work.wake(ctx, operations.REBUILD_BUSY_BLOCKS.id)
                return

    async def _last_blocks(self, ctx: Context) -> dict[UUID, datetime]:
        """When the last block of each event begins."""
        blocks = tables.busy_blocks
        statement = sa.select(blocks.c.event_id, sa.func.max(blocks.c.block_start))
        statement = statement.where(blocks.c.organization_id == ctx.tenant)
        rows = await (await ctx.unit.connection()).execute(statement.group_by(blocks.c.event_id))
        return {row[0]: row[1] for row in rows.all()}

    async def _reaches(
        self, ctx: Context, event: models.CalendarEvent, last: datetime | None, horizon: datetime
    ) -> bool:
        """Whether the blocks of a series, if it has any, go as far as the horizon does."""
        try:
            stretches = await self.happenings(ctx, event)
        except Problem:
            return False  # writing them anew parks it
        begin = max((start for start, _ in stretches if start < horizon), default=None)
        return begin is None or (last is not None and last >= begin)
