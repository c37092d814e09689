"""What has had its time goes: events after seven years, bookings and imports after ninety days."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.runtime import Runtime

from .generated import tables
from .scheduling import EVENTS_KEPT
from .series_changes import SeriesChanges

_DAY = timedelta(days=1).total_seconds()
_KEPT = timedelta(days=90)
_ENDED = ("succeeded", "failed")
_AT_A_TIME = 500
"""Events that are removed in one transaction."""

_EVENTS = "drop-old-events"


class Retention(SeriesChanges):
    """The jobs that remove."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        work = runtime.work
        old = Due(aggregate="calendar-event", since="endsAt", after=EVENTS_KEPT.total_seconds())
        past = Due(aggregate="calendar-event", since="startsAt", after=_KEPT.total_seconds())
        ended = Due(
            aggregate="ics-import",
            where={"stage": _ENDED},
            since="endedAt",
            after=_KEPT.total_seconds(),
        )
        work.every(_DAY, _EVENTS, self.drop_old_events, old)
        work.every(_DAY, "drop-past-bookings", self.drop_past_bookings, past)
        work.every(_DAY, "drop-ended-imports", self.drop_ended_imports, ended)

    async def drop_old_events(self, ctx: Context) -> None:
        """Remove the tenant's events whose last occurrence is seven years old; a series after its
        changed dates.
        """
        table = tables.calendar_events
        over = sa.func.coalesce(table.c.last_occurrence_ends_at, table.c.ends_at)
        statement = sa.select(table.c.id).where(
            table.c.organization_id == ctx.tenant, over <= ctx.now - EVENTS_KEPT
        )
        statement = statement.order_by(over, table.c.id).limit(_AT_A_TIME)
        removed = 0
        for key in (await (await ctx.unit.connection()).execute(statement)).scalars().all():
            event = await self.calendar_event.find(ctx, id=key)
            if event is not None and not await self.overrides(ctx, key):
                await self.remove_event(ctx, event)
                removed += 1
        if removed == _AT_A_TIME:
            self.runtime.work.wake(ctx, _EVENTS)

    async def drop_past_bookings(self, ctx: Context) -> None:
        """Remove the quarter hours that the tenant's rooms were booked for long ago."""
        slots = tables.resource_slots
        statement = sa.delete(slots).where(
            slots.c.organization_id == ctx.tenant, slots.c.slot_start < ctx.now - _KEPT
        )
        await (await ctx.unit.connection()).execute(statement)

    async def drop_ended_imports(self, ctx: Context) -> None:
        """Remove the results of the tenant's imports that nobody asks for any more."""
        due = {"endedAt": ctx.now - _KEPT}
        async for each in self.ics_import.each(ctx, due, stage=_ENDED):
            await self.ics_import.remove(ctx, each)
