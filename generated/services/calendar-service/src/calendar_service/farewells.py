"""People who are gone, and what runs out by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis import clock
from cloudsync_chassis.aggregate.payload import Change
from cloudsync_chassis.context import Context, Grant
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import from_record, to_record
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload

from .attendees import Attendees
from .calendars import Calendars
from .generated import models, port, tables
from .ics_imports import IcsImports
from .scheduling import TOMBSTONE

_AT_A_TIME = 500

log = logger("sweeper")


class Farewells(Attendees, Calendars, IcsImports):
    """Reactions to erasures, and the sweeper of pencilled slots, shares and blocks."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._sweeper: asyncio.Task[None] | None = None

    async def hand_over_events(self, ctx: Context, request: port.HandOverEvents) -> None:
        user, successor = request.body.user_id, request.body.successor_user_id
        heir = await self.primary_of(ctx, successor) if successor else None
        erased = 0
        async for event in self.calendar_event.each(ctx, organizerId=user):
            await self._pass_on(ctx, event, user, heir)
            erased += 1
        async for event in self.calendar_event.each(ctx, attendeeUserIds=user):
            people = [each for each in event.attendee_user_ids if each != user]
            await self.write(ctx, event, {"attendeeUserIds": people})
            await self.free_people(ctx, event.id, user)
            erased += 1
        async for event in self.calendar_event.each(ctx, cancelledBy=user):
            await self.write(ctx, event, {"cancelledBy": TOMBSTONE})
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
            "erasureRequestId": request.body.erasure_request_id,
            "store": "calendars",
            "erasedItems": erased,
        }
        emits = self.calendar.spec.commands["hand-over-events"].emits
        await self.calendar.emit(ctx, emits[:1], Change("user", {"id": user}, body=told))

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
            await self.write(ctx, event, {"organizerId": TOMBSTONE})
            return
        others = [each for each in event.attendee_user_ids if each != user]
        if heir is not None and others:
            fields = {"organizerId": heir.owner_id, "calendarId": heir.id}
            await self.block_people(ctx, await self.write(ctx, event, fields))
            return
        gone = {"organizerId": TOMBSTONE, "status": "cancelled", "holdUntil": None}
        after = await self.write(ctx, event, gone)
        await self.release_rooms(ctx, event.id)
        await self.free_people(ctx, event.id)
        emits = self.calendar.spec.commands["hand-over-events"].emits
        change = Change("calendar-event", to_record(after), parameters={"eventId": event.id})
        await self.calendar_event.emit(ctx, emits[1:], change)

    async def _remove(self, ctx: Context, aggregate: Any, **filters: Any) -> int:
        removed = 0
        async for entity in aggregate.each(ctx, **filters):
            await aggregate.repository.remove(ctx, entity.id, entity.version)
            removed += 1
        return removed

    async def _bury(self, ctx: Context, aggregate: Any, field: str, user: UUID) -> int:
        """Write the tombstone over somebody in one field; over how many that was."""
        buried = 0
        async for entity in aggregate.each(ctx, **{field: user}):
            await self._overwrite(ctx, aggregate, entity, {field: TOMBSTONE})
            buried += 1
        return buried

    async def _overwrite(
        self, ctx: Context, aggregate: Any, entity: Any, fields: dict[str, Any]
    ) -> None:
        record = {**to_record(entity), **fields, "updatedAt": ctx.now}
        record["version"] = entity.version + 1
        kept = {name: value for name, value in record.items() if value is not None}
        changed = from_record(aggregate.spec.model, kept)
        if not await aggregate.repository.replace(ctx, changed, entity.version):
            raise RuntimeError(f"{aggregate.spec.name} {entity.id} changed meanwhile")

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
        await self._overwrite(ctx, self.calendar, calendar, fields)

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        await self.hand_over_events(ctx, port.HandOverEvents(body=event.data))

    # What runs out by itself

    async def hold_slot(self, ctx: Context, request: port.HoldSlot) -> models.CalendarEvent:
        ctx.unit.after_commit(self._watch)
        return await super().hold_slot(ctx, request)

    async def settle(self, ctx: Context, event: models.CalendarEvent) -> None:
        if event.resource_ids:  # a hold that ran out keeps no room, swept or not
            await self._sweep_holds(ctx, await self._run_out_holds(ctx))
        await super().settle(ctx, event)

    async def schedule_event(
        self, ctx: Context, request: port.ScheduleEvent
    ) -> models.CalendarEvent:
        ctx.unit.after_commit(self._watch)
        return await super().schedule_event(ctx, request)

    async def share_calendar(
        self, ctx: Context, request: port.ShareCalendar
    ) -> models.CalendarShare:
        ctx.unit.after_commit(self._watch)
        return await super().share_calendar(ctx, request)

    async def list_calendar_shares(self, ctx: Context, request: port.ListCalendarShares) -> Any:
        ctx.unit.after_commit(self._watch)
        return await super().list_calendar_shares(ctx, request)

    def _watch(self) -> None:
        """Sweep from now on, if nobody does in this process."""
        if self._sweeper is None or self._sweeper.done():
            self._sweeper = asyncio.create_task(self._sweep_on())

    async def _sweep_on(self) -> None:
        while True:
            try:
                await self.sweep()
            except Exception as error:
                log.warning("sweep_failed", error=str(error))
            await asyncio.sleep(self.settings.hold_sweep_interval)

    async def sweep(self) -> None:
        """Free pencilled slots and end shares that ran out, in every organisation."""
        for organization, kind, key in await self._run_out():

            async def end(ctx: Context, kind: str = kind, key: UUID = key) -> None:
                if kind == "hold":
                    await self._sweep_holds(ctx, [key])
                else:
                    await self._lapse(ctx, key)

            await self.as_service(organization, end)

    async def _run_out(self) -> list[tuple[UUID, str, UUID]]:
        """Organisation, kind and id of what ran out, of all organisations."""
        events, shares, now = tables.calendar_events, tables.calendar_shares, clock.now()
        holds = sa.select(events.c.organization_id, events.c.id).where(
            events.c.status == "tentative", events.c.hold_until <= now
        )
        lapsed = sa.select(shares.c.organization_id, shares.c.id).where(shares.c.lapses_at <= now)
        async with self.runtime.database.transaction(write=False) as connection:
            return [
                (row.organization_id, kind, row.id)
                for kind, statement in (("hold", holds), ("share", lapsed))
                for row in (await connection.execute(statement.limit(_AT_A_TIME))).all()
            ]

    async def _run_out_holds(self, ctx: Context) -> list[UUID]:
        events = tables.calendar_events
        statement = sa.select(events.c.id).where(
            events.c.organization_id == ctx.tenant,
            events.c.status == "tentative",
            events.c.hold_until <= ctx.now,
        )
        rows = await (await ctx.unit.connection()).execute(statement.limit(_AT_A_TIME))
        return [row.id for row in rows.all()]

    async def _sweep_holds(self, ctx: Context, holds: Iterable[UUID]) -> None:
        service = workload(self.runtime.spec.name, ctx.tenant)
        me = replace(ctx, principal=service, grant=Grant(True), if_match=None)
        for each in holds:
            event = await self.calendar_event.find(me, id=each)
            ran_out = event is not None and event.hold_until is not None
            if ran_out and event is not None and event.status == "tentative":
                await self.expire_hold(me, port.ExpireHold(calendar_event_id=each))

    async def _lapse(self, ctx: Context, share_id: UUID) -> None:
        share = await self.calendar_share.find(ctx, id=share_id)
        if share is not None:
            path = {"calendarId": share.calendar_id}
            await self.calendar_share.delete(ctx, "lapse-calendar-share", share.grantee_id, **path)

    async def rebuild_busy_blocks(self, ctx: Context, request: port.RebuildBusyBlocks) -> None:
        events, blocks = tables.calendar_events, tables.busy_blocks
        oldest = ctx.now - timedelta(seconds=self.settings.busy_block_keep)
        connection = await ctx.unit.connection()
        past = (blocks.c.organization_id == ctx.tenant, blocks.c.block_end < oldest)
        await connection.execute(sa.delete(blocks).where(*past))
        horizon = ctx.now + timedelta(days=self.settings.expansion_horizon_days)
        running = events.c.recurrence_rule.is_not(None)
        async for event in self.between(ctx, ctx.now, horizon, running):
            await self.block_people(ctx, event)
