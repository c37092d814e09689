"""What all handlers of calendars share: look-ups, series, rooms, and the blocks of busy people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import from_record, to_record
from cloudsync_chassis.problem import (
    CONDITION_NOT_MET,
    FORBIDDEN,
    NOT_FOUND,
    REFERENCE_UNKNOWN,
    FieldError,
    Problem,
    breaks_rule,
)
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.query import ListQuery, PageRequest
from sqlalchemy.exc import IntegrityError

from .generated import models, problems, tables
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .recurrence import RuleError, Series, UnboundedError, parse

EVENTS_KEPT = timedelta(days=7 * 365)
"""How long an event is kept after its last occurrence."""

_CHUNK = 500
_MOST_SLOTS = 50_000

log = logger("scheduling")

Stretch = tuple[datetime, datetime]


def zone_of(name: str) -> ZoneInfo | None:
    """The zone of the IANA database; None if it has none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


class Scheduling(Defaults):
    """The base of all mixins."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings

    def person(self, ctx: Context) -> UUID:
        """Who asks.

        Raises:
            Problem: `forbidden`: a program, which has no calendar.
        """
        try:
            return UUID(ctx.principal.subject)
        except ValueError as error:
            raise FORBIDDEN(f"{ctx.operation.id} is for people") from error

    async def policy(self, ctx: Context) -> models.SchedulingPolicy:
        """The organisation's rules; the usual ones until it has its own."""
        found = await self.scheduling_policy.find(ctx, organizationId=ctx.tenant)
        if found is not None:
            return found
        envelope = {
            "id": ctx.tenant,
            "organizationId": ctx.tenant,
            "createdAt": ctx.now,
            "updatedAt": ctx.now,
            "version": 1,
        }
        usual = {**self.scheduling_policy.spec.defaults, **envelope}
        return from_record(models.SchedulingPolicy, usual)

    async def check_thawed(self, ctx: Context) -> None:
        """Nothing is scheduled in an organisation that is leaving.

        Raises:
            Problem: `calendars-frozen`.
        """
        if (await self.policy(ctx)).frozen_since is not None:
            raise problems.CALENDARS_FROZEN("the organisation is being off-boarded")

    async def known_calendar(self, ctx: Context, calendar_id: UUID) -> models.Calendar:
        """The calendar.

        Raises:
            Problem: `not-found`.
        """
        found = await self.calendar.find(ctx, id=calendar_id)
        if found is None:
            raise NOT_FOUND("no such calendar")
        return found

    async def granted_calendar(self, ctx: Context, calendar_id: UUID) -> models.Calendar:
        """The calendar, if the caller may do in it what they ask for.

        Raises:
            Problem: `not-found`, `forbidden`.
        """
        found = await self.known_calendar(ctx, calendar_id)
        await self.calendar.grants.require(ctx, to_record(found))
        return found

    async def primary_of(self, ctx: Context, user: UUID) -> models.Calendar | None:
        """The calendar that somebody's invitations land in."""
        return await self.calendar.find(ctx, ownerId=user, primaryOfOwner=True)

    def series(self, event: models.CalendarEvent) -> Series:
        """How an event recurs; one that does not is a series of one."""
        rule = parse(event.recurrence_rule) if event.recurrence_rule else None
        return Series(
            starts_at=event.starts_at,
            ends_at=event.ends_at,
            zone=zone_of(event.time_zone) or ZoneInfo("Etc/UTC"),
            all_day=event.all_day,
            rule=rule,
            count=event.recurrence_count or 1,
            exceptions=frozenset(event.exception_dates),
        )

    def occurrences(self, event: models.CalendarEvent) -> list[Stretch]:
        """When an event happens, its overrides not regarded.

        Raises:
            Problem: `rule-broken`: no rule that can be followed; `recurrence-unbounded`.
        """
        try:
            return self.series(event).occurrences(self.settings.expansion_cpu_budget)
        except RuleError as error:
            raise breaks_rule(str(error), pointer="/recurrenceRule") from error
        except UnboundedError as error:
            raise problems.RECURRENCE_UNBOUNDED(str(error)) from error

    async def overrides(self, ctx: Context, series_id: UUID) -> list[models.CalendarEvent]:
        """Changed occurrences of a series."""
        return [each async for each in self.calendar_event.each(ctx, seriesId=series_id)]

    async def happenings(self, ctx: Context, event: models.CalendarEvent) -> list[Stretch]:
        """When an event happens, without the occurrences that overrides stand for."""
        found = self.occurrences(event)
        if event.recurrence_rule is None:
            return found
        replaced = {each.original_start for each in await self.overrides(ctx, event.id)}
        return [each for each in found if each[0] not in replaced]

    async def add(self, ctx: Context, fields: Mapping[str, Any]) -> models.CalendarEvent:
        """A new event of its own id that nobody is told of."""
        own = {name: each for name, each in fields.items() if name != "id"}
        return await self.calendar_event.insert(ctx, {"status": "confirmed", **own})

    async def settle(self, ctx: Context, event: models.CalendarEvent) -> None:
        """Book the rooms of an event and note when it is over, for what happens from now on.

        Raises:
            Problem: `resource-double-booked`, `condition-not-met`, `reference-unknown`.
        """
        stretches = await self.happenings(ctx, event)
        await self.release_rooms(ctx, event.id)
        ahead = [each for each in stretches if each[1] > ctx.now]
        if event.resource_ids and event.status != "cancelled":
            await self._book(ctx, event, ahead)
        last = max((end for _, end in stretches), default=event.ends_at)
        table = tables.calendar_events
        statement = sa.update(table).where(
            table.c.organization_id == ctx.tenant, table.c.id == event.id
        )
        connection = await ctx.unit.connection()
        await connection.execute(statement.values(last_occurrence_ends_at=last))

    async def _book(
        self, ctx: Context, event: models.CalendarEvent, stretches: Sequence[Stretch]
    ) -> None:
        await self._check_rooms(ctx, event, stretches)
        grain = timedelta(minutes=self.settings.resource_slot_minutes)
        slots = sorted({each for start, end in stretches for each in _slots(start, end, grain)})
        if len(slots) * len(event.resource_ids) > _MOST_SLOTS:
            raise problems.RECURRENCE_UNBOUNDED("rooms cannot be booked for so many hours")
        if not slots:
            return
        table = tables.resource_slots
        connection = await ctx.unit.connection()
        clash = sa.select(table.c.resource_id, table.c.slot_start).where(
            table.c.organization_id == ctx.tenant,
            table.c.resource_id.in_(event.resource_ids),
            table.c.slot_start >= slots[0],
            table.c.slot_start <= slots[-1],
        )
        wanted = set(slots)
        for row in await connection.execute(clash.order_by(table.c.slot_start)):
            if row.slot_start in wanted:
                raise problems.RESOURCE_DOUBLE_BOOKED(
                    f"{row.resource_id} is taken at {row.slot_start.isoformat()}",
                    resourceId=str(row.resource_id),
                    takenAt=row.slot_start.isoformat(),
                )
        rows = [
            {
                "organization_id": ctx.tenant,
                "resource_id": room,
                "slot_start": slot,
                "event_id": event.id,
            }
            for room in event.resource_ids
            for slot in slots
        ]
        try:
            for begin in range(0, len(rows), _CHUNK):
                await connection.execute(sa.insert(table), rows[begin : begin + _CHUNK])
        except IntegrityError as error:  # somebody was faster by less than a transaction
            raise problems.RESOURCE_DOUBLE_BOOKED("a room has just been taken") from error

    async def _check_rooms(
        self, ctx: Context, event: models.CalendarEvent, stretches: Sequence[Stretch]
    ) -> None:
        """Rooms that exist, have the seats, and may be booked that far ahead."""
        for room in event.resource_ids:
            found = await self.calendar.find(ctx, id=room, ownerType="resource")
            if found is None:
                errors = [FieldError("no such room", "/resourceIds")]
                raise REFERENCE_UNKNOWN(f"{room} is no room", errors=errors)
            people = len({event.organizer_id, *event.attendee_user_ids})
            if people > (found.capacity or 0):
                raise CONDITION_NOT_MET(f"{found.name} has {found.capacity} seats for {people}")
        days = (await self.policy(ctx)).booking_horizon_days
        if stretches and stretches[-1][0] > ctx.now + timedelta(days=days):
            raise CONDITION_NOT_MET(f"rooms are booked {days} days ahead at most")

    async def release_rooms(self, ctx: Context, event_id: UUID) -> None:
        """Give back every quarter of an hour that an event has."""
        table = tables.resource_slots
        statement = sa.delete(table).where(
            table.c.organization_id == ctx.tenant, table.c.event_id == event_id
        )
        await (await ctx.unit.connection()).execute(statement)

    async def lock(self, ctx: Context, event_id: UUID) -> None:
        """Make others who seat or block the people of the same event wait until this is over."""
        table = tables.calendar_events
        statement = sa.select(table.c.id).where(
            table.c.organization_id == ctx.tenant, table.c.id == event_id
        )
        await (await ctx.unit.connection()).execute(statement.with_for_update())

    async def free_people(self, ctx: Context, event_id: UUID, user: UUID | None = None) -> None:
        """Remove the busy blocks of an event, of all people or of one."""
        table = tables.busy_blocks
        statement = sa.delete(table).where(
            table.c.organization_id == ctx.tenant, table.c.event_id == event_id
        )
        if user is not None:
            statement = statement.where(table.c.user_id == user)
        await (await ctx.unit.connection()).execute(statement)

    async def block_people(
        self, ctx: Context, event: models.CalendarEvent, users: Iterable[UUID] | None = None
    ) -> int:
        """Write the busy blocks of an event anew up to the horizon, for all who come or for some;
        how many those are.

        A series that exceeds its budget is parked: it keeps no blocks, and the log says so.
        """
        await self.lock(ctx, event.id)
        # what was read before the lock may lack somebody who was invited meanwhile
        event = await self.calendar_event.find(ctx, id=event.id) or event
        kept = list(users) if users is not None else await self._who_comes(ctx, event)
        for user in kept if users is not None else [None]:
            await self.free_people(ctx, event.id, user)
        if event.status == "cancelled" or event.transparency == "transparent":
            return 0
        try:
            stretches = await self.happenings(ctx, event)
        except Problem as error:
            log.warning("expansion_parked", event_id=str(event.id), error=str(error))
            return 0
        horizon = ctx.now + timedelta(days=self.settings.expansion_horizon_days)
        since = ctx.now - timedelta(seconds=self.settings.busy_block_keep)
        near = [each for each in stretches if each[0] < horizon and each[1] > since]
        calendar = await self.known_calendar(ctx, event.calendar_id)
        block = {
            "organization_id": ctx.tenant,
            "event_id": event.id,
            "kind": "tentative" if event.status == "tentative" else "busy",
            "private": self.shown_as(event, calendar) != "public",
        }
        connection = await ctx.unit.connection()
        rows = [
            {**block, "user_id": user, "block_start": start, "block_end": end}
            for user in kept
            for start, end in near
        ]
        for begin in range(0, len(rows), _CHUNK):
            await connection.execute(sa.insert(tables.busy_blocks), rows[begin : begin + _CHUNK])
        return len(rows)

    async def _who_comes(self, ctx: Context, event: models.CalendarEvent) -> list[UUID]:
        """The person whose calendar it stands in, or who organizes it, and those who did not
        decline.
        """
        lines = self.event_attendee.each(ctx, calendarEventId=event.id, response="declined")
        away = {each.user_id async for each in lines}
        calendar = await self.known_calendar(ctx, event.calendar_id)
        first = calendar.owner_id if calendar.owner_type == "user" else event.organizer_id
        people = dict.fromkeys([first, *event.attendee_user_ids])
        return [each for each in people if each not in away]

    def shown_as(self, event: models.CalendarEvent, calendar: models.Calendar) -> str:
        """The visibility of an event, its calendar's where it has none of its own."""
        own = str(event.visibility)
        return str(calendar.default_visibility) if own == "default" else own

    async def between(
        self, ctx: Context, start: datetime, end: datetime, *conditions: Any
    ) -> AsyncIterator[models.CalendarEvent]:
        """Events that may happen in a window, and pass conditions over their table."""
        table = tables.calendar_events
        at_all = sa.and_(
            table.c.starts_at < end,
            sa.or_(
                table.c.ends_at > start,
                sa.and_(
                    table.c.recurrence_rule.is_not(None), table.c.last_occurrence_ends_at > start
                ),
            ),
        )
        statement = sa.select(table.c.id).where(
            table.c.organization_id == ctx.tenant, at_all, *conditions
        )
        rows = (await (await ctx.unit.connection()).execute(statement)).all()
        ids = [row.id for row in rows]
        page = PageRequest(limit=_CHUNK, sort="createdAt")
        for begin in range(0, len(ids), _CHUNK):
            some = ListQuery(page, {"id": tuple(ids[begin : begin + _CHUNK])})
            for event in (await self.calendar_event.repository.select(ctx, some)).items:
                yield event

    def local_date(self, event: models.CalendarEvent, moment: datetime) -> date:
        """The date of a moment in an event's zone."""
        return moment.astimezone(zone_of(event.time_zone) or ZoneInfo("Etc/UTC")).date()


def _slots(start: datetime, end: datetime, grain: timedelta) -> Iterable[datetime]:
    """The beginnings of the slots that a stretch touches."""
    origin = start.replace(hour=0, minute=0, second=0, microsecond=0)
    slot = origin + (start - origin) // grain * grain
    while slot < end:
        yield slot
        slot += grain
