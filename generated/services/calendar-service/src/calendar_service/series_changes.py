"""Changes of time: of an event, of one date of a series, of all from a date on, of a whole series."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import to_record
from cloudsync_chassis.problem import ILLEGAL_TRANSITION, VERSION_CONFLICT, breaks_rule

from .event_commands import EventCommands
from .generated import models, port, problems
from .recurrence import moved, parse
from .scheduling import zone_of

_MOST_EXCEPTIONS = 200
_FEW = 50
"""People whose blocks are written with the move itself; of more, a moment behind it."""


class SeriesChanges(EventCommands):
    """Commands that move events or take dates out of series."""

    async def reschedule_event(
        self, ctx: Context, request: port.RescheduleEvent
    ) -> models.CalendarEvent:
        event = await self.calendar_event.get(ctx, request.calendar_event_id)
        await self.check_thawed(ctx)
        if ctx.if_match is not None and event.version not in ctx.if_match:
            raise VERSION_CONFLICT(f"the version is {event.version}")
        body = request.body
        if body.ends_at <= body.starts_at:
            raise breaks_rule("an event ends after it begins", pointer="/endsAt")
        if event.source_task_id is not None:
            raise ILLEGAL_TRANSITION("the marker of a due date is moved at its task")
        if event.status == "cancelled":
            raise ILLEGAL_TRANSITION("the event is cancelled")
        if event.recurrence_rule is None:
            if event.starts_at <= ctx.now:
                raise problems.EVENT_ALREADY_OVER("it has begun or passed")
            return await self._move_whole(ctx, event, body, timedelta())
        grabbed = self._grabbed(ctx, event, body)
        if body.scope == "this":
            return await self._move_one(ctx, event, body, grabbed)
        if body.scope == "following" and grabbed != event.starts_at:
            return await self._split(ctx, event, body, grabbed)
        return await self._move_whole(ctx, event, body, event.starts_at - grabbed)

    def _grabbed(
        self, ctx: Context, event: models.CalendarEvent, body: models.RescheduleEventRequest
    ) -> datetime:
        """The beginning of the occurrence that is meant; without a word, of the first."""
        if body.original_start is None:
            if body.scope != "all":
                raise breaks_rule("which occurrence is meant", pointer="/originalStart")
            return event.starts_at
        start = body.original_start.astimezone(UTC)
        if start not in {each[0] for each in self.occurrences(event)}:
            raise problems.OCCURRENCE_UNKNOWN("the rule does not fire at the given beginning")
        if start <= ctx.now and body.scope != "all":
            raise problems.EVENT_ALREADY_OVER("the occurrence has begun or passed")
        return start

    async def _move_whole(
        self,
        ctx: Context,
        event: models.CalendarEvent,
        body: models.RescheduleEventRequest,
        to_first: timedelta,
    ) -> models.CalendarEvent:
        """Move an event or a series; `to_first` leads from the grabbed occurrence to the first."""
        zone = zone_of(event.time_zone) or ZoneInfo("Etc/UTC")
        start = _walked(body.starts_at, to_first, zone)
        days = (start.astimezone(zone).date() - self.local_date(event, event.starts_at)).days
        fields: dict[str, Any] = {
            "startsAt": start,
            "endsAt": start + (body.ends_at - body.starts_at),
            "sequence": event.sequence + 1,
            "holdUntil": None,
        }
        if event.recurrence_rule is not None:
            fields["recurrenceRule"] = _following(event.recurrence_rule, days)
            fields["exceptionDates"] = [
                each + timedelta(days=days) for each in event.exception_dates
            ]
            for each in await self.overrides(ctx, event.id):
                assert each.original_start is not None
                shifted = _walked(each.original_start, start - event.starts_at, zone)
                await self.calendar_event.rewrite(ctx, each, {"originalStart": shifted})
        told = {
            "oldStart": body.original_start or event.starts_at,
            "newStart": body.starts_at,
            "newEnd": body.ends_at,
            "scope": str(body.scope),
        }
        after = await self.calendar_event.transition(
            ctx, "reschedule-event", event.id, {**fields, **told}
        )
        await self.settle(ctx, after)
        await self.block_few(ctx, after)
        return after

    async def _move_one(
        self,
        ctx: Context,
        series: models.CalendarEvent,
        body: models.RescheduleEventRequest,
        grabbed: datetime,
    ) -> models.CalendarEvent:
        """One date becomes an event of its own that points back at the series."""
        series = await self.calendar_event.rewrite(ctx, series, {"sequence": series.sequence + 1})
        fields: dict[str, Any] = {
            "startsAt": body.starts_at,
            "endsAt": body.ends_at,
            "sequence": series.sequence,
            "status": "confirmed",
        }
        known = await self.calendar_event.find(ctx, seriesId=series.id, originalStart=grabbed)
        if known is None:
            copied = to_record(series)
            for name in ("recurrenceRule", "recurrenceCount", "exceptionDates", "holdUntil"):
                copied.pop(name, None)
            copied |= {"seriesId": series.id, "originalStart": grabbed, **fields}
            override = await self.add(ctx, copied)
            await self.seat(ctx, override)
        else:
            override = await self.calendar_event.rewrite(
                ctx, known, {**fields, "cancelledBy": None}
            )
        await self.settle(ctx, series)
        await self.settle(ctx, override)
        await self.block_few(ctx, series)
        await self.block_few(ctx, override)
        await self._tell_moved(ctx, series, body, grabbed, None)
        return override

    async def block_few(self, ctx: Context, event: models.CalendarEvent) -> None:
        """Write the blocks at once where that is soon done; else the event's echo does."""
        if len(event.attendee_user_ids) <= _FEW:
            await self.block_people(ctx, event)

    async def seat(self, ctx: Context, event: models.CalendarEvent) -> None:
        """A line per invited colleague that has none."""
        await self.lock(ctx, event.id)
        lines = self.event_attendee.each(ctx, calendarEventId=event.id)
        seated = {each.user_id async for each in lines}
        for user in event.attendee_user_ids:
            if user not in seated:
                line = {"userId": user, "invitedBy": event.organizer_id}
                await self.event_attendee.create(
                    ctx, "invite-attendee", line, calendarEventId=event.id
                )

    async def _split(
        self,
        ctx: Context,
        event: models.CalendarEvent,
        body: models.RescheduleEventRequest,
        grabbed: datetime,
    ) -> models.CalendarEvent:
        """The series ends before the grabbed occurrence, and another goes on from the new time."""
        dates = self.series(event).dates(self.settings.expansion_cpu_budget)
        cut = self.local_date(event, grabbed)
        before, after = [each for each in dates if each < cut], [
            each for each in dates if each >= cut
        ]
        zone = zone_of(event.time_zone) or ZoneInfo("Etc/UTC")
        days = (body.starts_at.astimezone(zone).date() - cut).days
        excepted = {each for each in event.exception_dates if each >= cut}
        fields: dict[str, Any] = {
            **to_record(event),
            "startsAt": body.starts_at,
            "endsAt": body.ends_at,
            "sequence": event.sequence + 1,
            "status": "confirmed",
            "holdUntil": None,
            "icalUid": None,
        }
        fields |= _recurring(_following(event.recurrence_rule or "", days), len(after))
        if len(after) > 1:
            fields["exceptionDates"] = sorted(each + timedelta(days=days) for each in excepted)
        await self._drop_overrides(ctx, event, cut)
        kept = await self._end_before(ctx, event, before, {"sequence": event.sequence + 1})
        split = await self.add(ctx, fields)
        await self.seat(ctx, split)
        await self.settle(ctx, split)
        await self.block_few(ctx, split)
        await self._tell_moved(ctx, kept, body, grabbed, split.id)
        return split

    async def _tell_moved(
        self,
        ctx: Context,
        series: models.CalendarEvent,
        body: models.RescheduleEventRequest,
        grabbed: datetime,
        split: UUID | None,
    ) -> None:
        told = {
            "oldStart": grabbed,
            "newStart": body.starts_at,
            "newEnd": body.ends_at,
            "scope": str(body.scope),
            "splitSeriesId": split,
        }
        await self.calendar_event.announce(ctx, "event-rescheduled", series, **told)

    async def _drop_overrides(self, ctx: Context, event: models.CalendarEvent, cut: date) -> None:
        """Remove the changed occurrences from a date on."""
        for each in await self.overrides(ctx, event.id):
            assert each.original_start is not None
            if self.local_date(event, each.original_start) >= cut:
                await self.remove_event(ctx, each)

    async def remove_event(self, ctx: Context, event: models.CalendarEvent) -> None:
        """Remove an event with its rooms, blocks and lines; nobody is told."""
        await self.release_rooms(ctx, event.id)
        await self.free_people(ctx, event.id)
        async for line in self.event_attendee.each(ctx, calendarEventId=event.id):
            await self.event_attendee.remove(ctx, line)
        await self.calendar_event.remove(ctx, event)

    async def _end_before(
        self,
        ctx: Context,
        event: models.CalendarEvent,
        dates: list[date],
        more: dict[str, Any],
    ) -> models.CalendarEvent:
        """Leave a series with its first dates; one of them alone recurs no more."""
        kept = [each for each in event.exception_dates if each <= dates[-1]]
        fields = _recurring(_following(event.recurrence_rule or "", 0), len(dates))
        if len(dates) > 1:
            fields["exceptionDates"] = kept
        after = await self.calendar_event.rewrite(ctx, event, {**fields, **more})
        await self.settle(ctx, after)
        await self.block_people(ctx, after)
        return after

    async def cancel_occurrences(
        self, ctx: Context, request: port.CancelOccurrences
    ) -> models.CalendarEvent:
        event = await self.calendar_event.get(ctx, request.calendar_event_id)
        body = request.body
        if event.recurrence_rule is None:
            raise problems.NOT_A_SERIES("the event happens once and is cancelled as a whole")
        day = body.occurrence_date
        dates = self.series(event).dates(self.settings.expansion_cpu_budget)
        first = next((each for each in dates if each >= day), None)
        gone_already = day in event.exception_dates or (body.scope == "following" and first is None)
        if gone_already:
            return event
        if body.scope == "this" and first != day:
            raise breaks_rule("the series does not happen on that date", pointer="/occurrenceDate")
        assert first is not None
        if self.series(event).at(first)[0] <= ctx.now:
            raise problems.EVENT_ALREADY_OVER("the date has passed")
        if body.scope == "following" and first == dates[0]:
            whole = models.CancelEventRequest()
            wholly = port.CancelEvent(calendar_event_id=event.id, body=whole)
            return await self.cancel_event(ctx, wholly)
        if body.scope == "following":
            await self._drop_overrides(ctx, event, first)
            before = [each for each in dates if each < first]
            after = await self._end_before(ctx, event, before, {})
        else:
            after = await self._except(ctx, event, day)
        await self._tell_cancelled(ctx, after, str(body.scope), first)
        return after

    async def _except(
        self, ctx: Context, event: models.CalendarEvent, day: date
    ) -> models.CalendarEvent:
        if len(event.exception_dates) >= _MOST_EXCEPTIONS:
            raise problems.TOO_MANY_EXCEPTIONS(f"{_MOST_EXCEPTIONS} dates are excepted already")
        for each in await self.overrides(ctx, event.id):
            if each.original_start and self.local_date(event, each.original_start) == day:
                await self.remove_event(ctx, each)
        fields = {"exceptionDates": sorted([*event.exception_dates, day])}
        after = await self.calendar_event.rewrite(ctx, event, fields)
        await self.settle(ctx, after)
        await self.block_people(ctx, after)
        return after

    async def _tell_cancelled(
        self, ctx: Context, event: models.CalendarEvent, scope: str, day: date
    ) -> None:
        told = {"scope": scope, "occurrenceDate": day, "cancelledBy": self.person(ctx)}
        await self.calendar_event.announce(ctx, "event-cancelled", event, **told)


def _recurring(rule: str, count: int) -> dict[str, Any]:
    """Fields of a series of so many occurrences; of one alone there is no rule."""
    if count > 1:
        return {"recurrenceRule": rule, "recurrenceCount": count}
    return {"recurrenceRule": None, "recurrenceCount": None, "exceptionDates": []}


def _walked(moment: datetime, by: timedelta, zone: ZoneInfo) -> datetime:
    """As much earlier or later by the clock on the wall."""
    there = moment.astimezone(zone)
    offset = (moment + by).astimezone(zone).utcoffset() or timedelta()
    change = (there.utcoffset() or timedelta()) - offset
    return (moment + by + change).astimezone(UTC)


def _following(text: str, days: int) -> str:
    """The rule of a series whose dates are so many days later.

    Raises:
        Problem: `rule-broken`: it names days that it could not be moved away from.
    """
    if days and parse(text).names_days:
        raise breaks_rule("the rule names the days of the series", pointer="/startsAt")
    return moved(text, days)
