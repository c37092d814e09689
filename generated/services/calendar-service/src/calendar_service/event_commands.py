"""Events from their first word to their end, except for what is done to parts of a series."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import given, to_record
from cloudsync_chassis.problem import REFERENCE_UNKNOWN, FieldError, breaks_rule
from user_client import models as directory

from .generated import models, port, problems
from .recurrence import MOST, RuleError, parse
from .scheduling import Scheduling, zone_of

_LONGEST_HOLD = timedelta(days=14)
_AT_A_TIME = 200
_MASKED = 80


class EventCommands(Scheduling):
    """Commands on whole events."""

    async def schedule_event(
        self, ctx: Context, request: port.ScheduleEvent
    ) -> models.CalendarEvent:
        body = request.body
        unknown = await self.strangers(body.attendee_user_ids or [])
        calendar = await self.granted_calendar(ctx, request.calendar_id)
        await self.check_thawed(ctx)
        zone = zone_of(body.time_zone)
        if zone is None:
            raise problems.TIME_ZONE_UNKNOWN(f"{body.time_zone} is no zone")
        self._check_times(body.starts_at, body.ends_at, zone, all_day=bool(body.all_day))
        self._check_known(unknown)
        fields = {**given(body), **self._counted(body)}
        fields["organizerId"] = self.person(ctx)
        fields["summaryMasked"] = self._masked(body.summary, str(body.visibility), calendar)
        event = await self.calendar_event.create(
            ctx, "schedule-event", fields, calendarId=calendar.id
        )
        await self.settle(ctx, event)
        return event

    def _counted(self, body: models.ScheduleEventRequest) -> dict[str, int]:
        """How often a series happens, by its rule and by its count.

        Raises:
            Problem: `rule-broken`, `recurrence-unbounded`.
        """
        if body.recurrence_rule is None or body.recurrence_count is None:
            return {}
        try:
            count = parse(body.recurrence_rule).count
        except RuleError as error:
            raise breaks_rule(str(error), pointer="/recurrenceRule") from error
        if count is not None and count > MOST:
            raise problems.RECURRENCE_UNBOUNDED(f"{count} times are more than {MOST}")
        if count == 1:
            raise breaks_rule("what happens once does not recur", pointer="/recurrenceRule")
        return {"recurrenceCount": min(count or MOST, body.recurrence_count)}

    def _check_times(
        self, start: datetime, end: datetime, zone: ZoneInfo, *, all_day: bool
    ) -> None:
        if end <= start:
            raise breaks_rule("an event ends after it begins", pointer="/endsAt")
        if all_day:
            for moment, name in ((start, "/startsAt"), (end, "/endsAt")):
                if moment.astimezone(zone).time() != time():
                    raise breaks_rule("no midnight in the event's zone", pointer=name)

    async def strangers(self, people: list[UUID]) -> set[UUID]:
        """Those whom user-service does not know; nobody if it does not say."""
        known: set[UUID] = set()
        for begin in range(0, len(people), _AT_A_TIME):
            some = people[begin : begin + _AT_A_TIME]
            asked = directory.ResolveAttendeesRequest.model_validate({"userIds": some})
            try:
                answer = await self.clients.user.resolve_attendees(asked)
            except CallError:
                known.update(some)
            else:
                known.update(each.id for each in answer.attendees)
        return set(people) - known

    def _check_known(self, strangers: set[UUID]) -> None:
        if strangers:
            errors = [FieldError(f"{each} is no member", "/attendeeUserIds") for each in strangers]
            raise REFERENCE_UNKNOWN("somebody is not a member here", errors=errors)

    def _masked(self, summary: str, visibility: str, calendar: models.Calendar) -> str | None:
        """What an event's announcement may say of it."""
        shown = (
            str(calendar.default_visibility) if visibility in ("default", "None") else visibility
        )
        return summary[:_MASKED] if shown == "public" else None

    async def hold_slot(self, ctx: Context, request: port.HoldSlot) -> models.CalendarEvent:
        body = request.body
        unknown = await self.strangers(body.attendee_user_ids or [])
        calendar = await self.granted_calendar(ctx, request.calendar_id)
        await self.check_thawed(ctx)
        zone = zone_of(body.time_zone)
        if zone is None:
            raise breaks_rule(f"{body.time_zone} is no zone", pointer="/timeZone")
        if not ctx.now < body.hold_until <= ctx.now + _LONGEST_HOLD:
            raise problems.HOLD_TOO_LONG("a slot is held for fourteen days at most")
        self._check_times(body.starts_at, body.ends_at, zone, all_day=False)
        self._check_known(unknown)
        fields = {**given(body), "organizerId": self.person(ctx)}
        event = await self.calendar_event.create(ctx, "hold-slot", fields, calendarId=calendar.id)
        await self.settle(ctx, event)
        await self.block_people(ctx, event)
        return event

    async def confirm_event(self, ctx: Context, request: port.ConfirmEvent) -> models.CalendarEvent:
        event = await self.calendar_event.get(ctx, request.calendar_event_id)
        await self.check_thawed(ctx)
        calendar = await self.known_calendar(ctx, event.calendar_id)
        told = {"summaryMasked": self._masked(event.summary, str(event.visibility), calendar)}
        return await self.calendar_event.transition(ctx, "confirm-event", event.id, told)

    async def expire_hold(self, ctx: Context, request: port.ExpireHold) -> None:
        await super().expire_hold(ctx, request)
        await self.release_rooms(ctx, request.calendar_event_id)
        await self.free_people(ctx, request.calendar_event_id)

    async def cancel_event(self, ctx: Context, request: port.CancelEvent) -> models.CalendarEvent:
        event = await super().cancel_event(ctx, request)
        await self.clear(ctx, event)
        return event

    async def clear(self, ctx: Context, event: models.CalendarEvent) -> None:
        """What follows from a cancellation: rooms and people are free, changed dates go too."""
        await self.release_rooms(ctx, event.id)
        await self.free_people(ctx, event.id)
        for each in await self.overrides(ctx, event.id):
            if each.status != "cancelled" and each.ends_at > ctx.now:
                gone = {"status": "cancelled", "cancelledBy": event.cancelled_by}
                await self.calendar_event.rewrite(ctx, each, {**gone, "holdUntil": None})
                await self.release_rooms(ctx, each.id)
                await self.free_people(ctx, each.id)

    async def transfer_event(
        self, ctx: Context, request: port.TransferEvent
    ) -> models.CalendarEvent:
        event = await self.calendar_event.get(ctx, request.calendar_event_id)
        await self.check_thawed(ctx)
        body = request.body
        calendar = await self.calendar.find(ctx, id=body.calendar_id)
        if calendar is None or not await self._writes(ctx, calendar, body.organizer_id):
            raise problems.CALENDAR_NOT_OF_ORGANIZER(
                "the new organizer may not write in the given calendar"
            )
        fields = {"organizerId": body.organizer_id, "calendarId": calendar.id}
        after = await self.calendar_event.update(ctx, "transfer-event", event.id, fields)
        for each in await self.overrides(ctx, event.id):
            await self.block_people(ctx, await self.calendar_event.rewrite(ctx, each, fields))
        await self.block_people(ctx, after)
        return after

    async def _writes(self, ctx: Context, calendar: models.Calendar, user: UUID) -> bool:
        """Whether somebody may write in a calendar."""
        if calendar.owner_id == user:
            return True
        levels = ("write", "manage")
        share = {"calendarId": calendar.id, "granteeId": user, "accessLevel": levels}
        return await self.calendar_share.count(ctx, **share) > 0

    # Meetings and due dates, told by other services

    async def detach_meeting(self, ctx: Context, request: port.DetachMeeting) -> None:
        async for event in self.calendar_event.each(ctx, meetingId=request.body.meeting_id):
            await self.calendar_event.rewrite(ctx, event, {"joinUrl": None, "meetingId": None})

    async def on_meeting_scheduled(
        self, ctx: Context, event: Received[models.MeetingScheduled]
    ) -> None:
        planned = event.data.calendar_event_id
        if planned is None or await self.calendar_event.find(ctx, id=planned) is None:
            return  # an instant meeting, or one of an event that is gone
        request = port.AttachMeeting(calendar_event_id=planned, body=event.data)
        await self.attach_meeting(ctx, request)

    async def on_meeting_cancelled(
        self, ctx: Context, event: Received[models.MeetingCancelled]
    ) -> None:
        await self.detach_meeting(ctx, port.DetachMeeting(body=event.data))

    async def move_due_marker(self, ctx: Context, request: port.MoveDueMarker) -> None:
        body = request.body
        calendars: dict[UUID, models.Calendar] = {}
        if body.new_due_on is not None:
            for user in body.assignee_ids:
                primary = await self.primary_of(ctx, user)
                if primary is not None:
                    calendars[primary.id] = primary
        async for marker in self.calendar_event.each(ctx, sourceTaskId=body.task_id):
            calendar = calendars.pop(marker.calendar_id, None)
            if calendar is None:
                await self.calendar_event.remove(ctx, marker)
            else:
                await self.calendar_event.rewrite(ctx, marker, self._marked(body, calendar))
        for calendar in calendars.values():
            fields = {
                **self._marked(body, calendar),
                "calendarId": calendar.id,
                "organizerId": calendar.owner_id,
                "sourceTaskId": body.task_id,
                "allDay": True,
                "transparency": "transparent",
                "reminders": [],
            }
            await self.add(ctx, fields)

    def _marked(self, task: models.TaskDueDateChanged, calendar: models.Calendar) -> dict[str, Any]:
        """Words and day of a marker, in the zone of its calendar."""
        assert task.new_due_on is not None
        zone = zone_of(calendar.default_time_zone) or ZoneInfo("Etc/UTC")
        start = datetime.combine(task.new_due_on, time(), zone)
        end = datetime.combine(task.new_due_on + timedelta(days=1), time(), zone)
        return {
            "summary": f"{task.board_key}-{task.number} {task.headline}"[:255],
            "startsAt": start.astimezone(UTC),
            "endsAt": end.astimezone(UTC),
            "timeZone": zone.key,
        }

    async def on_task_due_date_changed(
        self, ctx: Context, event: Received[models.TaskDueDateChanged]
    ) -> None:
        await self.move_due_marker(ctx, port.MoveDueMarker(body=event.data))

    async def update_event(self, ctx: Context, request: port.UpdateEvent) -> models.CalendarEvent:
        await self.calendar_event.get(ctx, request.calendar_event_id)
        await self.check_thawed(ctx)
        event = await super().update_event(ctx, request)
        if {"visibility", "transparency"} & to_record(request.body).keys():
            await self.block_people(ctx, event)
        return event
