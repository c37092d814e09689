"""Meetings are booked, or begin at once."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import given
from cloudsync_chassis.problem import (
    ALREADY_EXISTS,
    FORBIDDEN,
    REFERENCE_UNKNOWN,
    FieldError,
    Problem,
)
from cloudsync_chassis.security.passwords import hash_password

from .base import DEFAULT_SIZE, PHASES
from .generated import models, port, problems
from .opening import Opening

LETTERS = "abcdefghjkmnpqrstuvwxyz"
DIGITS = LETTERS + "23456789"
"""What cannot be mistaken for something else when it is read aloud."""

_AT_ONCE = timedelta(hours=2)
_NOT_FOUND = 404


class Booking(Opening):
    """Scheduled meetings and instant ones."""

    async def schedule_meeting(self, ctx: Context, request: port.ScheduleMeeting) -> models.Meeting:
        """Book a room; its code is found by nobody who does not have it.

        Raises:
            Problem: `rooms-barred`, `meeting-size-exceeds-plan`, `calendar-event-cancelled`,
                `occurrence-taken`, `condition-not-met`, `invariant-broken`, `reference-unknown`.
        """
        wish = request.body
        if wish.calendar_event_id is not None:
            await self._check_event(wish.calendar_event_id)
        passcode = wish.passcode
        hashed = await asyncio.to_thread(hash_password, passcode) if passcode else None
        await self.check_open(ctx)
        fields = {name: each for name, each in given(wish).items() if name != "passcode"}
        fields |= {**await self._new(ctx, wish.max_participants), "passcodeHash": hashed}
        if wish.encryption == models.EncryptionMode.end_to_end and wish.recording_policy is None:
            fields["recordingPolicy"] = models.RecordingPolicy.off
        fields = {name: each for name, each in fields.items() if each is not None}
        await self._check_occurrence(ctx, wish)
        try:
            return await self.meeting.create(ctx, "schedule-meeting", fields)
        except Problem as problem:
            if problem.kind is ALREADY_EXISTS and wish.calendar_event_id is not None:
                raise problems.OCCURRENCE_TAKEN("the occurrence has a meeting") from problem
            raise

    async def start_instant_meeting(
        self, ctx: Context, request: port.StartInstantMeeting
    ) -> models.Meeting:
        """Book a room for two hours and open it.

        Raises:
            Problem: `rooms-barred`, `media-capacity-unavailable`, `invariant-broken`.
        """
        await self.check_open(ctx)
        fields = {**given(request.body), **await self._new(ctx, None)}
        region, node = await self.placed(
            ctx, request.body.media_region.value, fields["maxParticipants"]
        )
        fields |= {
            "scheduledStart": ctx.now,
            "scheduledEnd": ctx.now + _AT_ONCE,
            "actualStart": ctx.now,
            "mediaRegion": region,
        }
        made = await self.meeting.create(ctx, "start-instant-meeting", fields)
        await self.open_room(ctx, made, node)
        return made

    async def _new(self, ctx: Context, size: int | None) -> dict[str, Any]:
        """What the service makes up: host, code, address and size.

        Raises:
            Problem: `meeting-size-exceeds-plan`, `forbidden`.
        """
        if ctx.principal.kind != "user":
            raise FORBIDDEN("a meeting has a person as its host")
        most = await self._most(ctx)
        if size is not None and size > most:
            raise problems.MEETING_SIZE_EXCEEDS_PLAN(f"the plan allows {most} participants")
        code = new_code()
        return {
            "hostId": UUID(ctx.principal.subject),
            "joinCode": code,
            "joinUrl": self.settings.join_address + code,
            "maxParticipants": size or min(DEFAULT_SIZE, most),
        }

    async def _most(self, ctx: Context) -> int:
        """How many the organisation's plans allow in one meeting, 2 to 1,000."""
        known = [each.most_participants async for each in self.limits.each(ctx)]
        return min(1_000, max([2, *known])) if known else DEFAULT_SIZE

    async def _check_event(self, event_id: UUID) -> None:
        """A calendar that does not answer keeps nobody from booking: its events are followed.

        Raises:
            Problem: `calendar-event-cancelled`, `reference-unknown`.
        """
        try:
            event = await self.clients.calendar.get_event(calendar_event_id=event_id)
        except CallError as error:
            if isinstance(error, RefusedError) and error.status == _NOT_FOUND:
                unknown = FieldError("no such event", "/calendarEventId")
                raise REFERENCE_UNKNOWN(errors=(unknown,)) from error
            if not error.retriable:
                raise
            return
        if event.status.value == "cancelled":
            raise problems.CALENDAR_EVENT_CANCELLED("the calendar event was cancelled meanwhile")

    async def _check_occurrence(self, ctx: Context, wish: models.ScheduleMeetingRequest) -> None:
        """Raises `occurrence-taken` where a meeting of it stands."""
        if wish.calendar_event_id is None:
            return
        found = await self.meeting.count(
            ctx,
            calendarEventId=wish.calendar_event_id,
            scheduledStart=wish.scheduled_start,
            phase=(PHASES.scheduled, PHASES.lobby, PHASES.live, PHASES.ended),
        )
        if found:
            raise problems.OCCURRENCE_TAKEN("the occurrence has a meeting")


def new_code() -> str:
    """A join code of 47 random bits, such as `abc-d2fg-hjk`."""
    parts = ((LETTERS, 3), (DIGITS, 4), (LETTERS, 3))
    return "-".join(
        "".join(secrets.choice(among) for _ in range(length)) for among, length in parts
    )
