"""Side rooms of a live meeting."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import NOT_FOUND, REFERENCE_UNKNOWN, FieldError, breaks_rule

from .base import INSIDE, PHASES
from .generated import models, port, problems
from .people import People


class SideRooms(People):
    """Breakout rooms open together, so that nobody is led into two of them."""

    async def open_breakout_rooms(
        self, ctx: Context, request: port.OpenBreakoutRooms
    ) -> models.BreakoutRoomList:
        """Split a meeting.

        Raises:
            Problem: `not-found`, `forbidden`, `meeting-not-live`, `participant-in-two-rooms`,
                `reference-unknown`, `already-exists`, `rule-broken`.
        """
        wish = request.body
        meeting = await self.meeting.find(ctx, id=wish.meeting_id)
        if meeting is None:
            raise NOT_FOUND("no such meeting")
        await self.breakout_room.grants.require_new(ctx, {"meetingId": meeting.id})
        await self.lock(ctx, meeting.id)
        if meeting.phase is not PHASES.live:
            raise problems.MEETING_NOT_LIVE(f"the meeting is {meeting.phase.value}")
        if wish.closes_at is not None and wish.closes_at <= ctx.now:
            raise breaks_rule("the rooms would be closed already", pointer="/closesAt")
        open_ones = [each async for each in self.breakout_room.each(ctx, meetingId=meeting.id)]
        await self._check_people(ctx, meeting.id, wish.rooms, open_ones)
        made = []
        for each in wish.rooms:
            fields = {
                "meetingId": meeting.id,
                "roomLabel": each.room_label,
                "participantIds": each.participant_ids,
                "openedBy": ctx.principal.subject,
                "closesAt": wish.closes_at,
            }
            known = {name: value for name, value in fields.items() if value is not None}
            made.append(await self.breakout_room.create(ctx, "open-breakout-rooms", known))
        self.told(ctx)
        return models.BreakoutRoomList(rooms=made)

    async def _check_people(
        self,
        ctx: Context,
        meeting_id: UUID,
        rooms: Iterable[models.OpenBreakoutRoomsRequestRoomsItem],
        open_ones: Iterable[models.BreakoutRoom],
    ) -> None:
        led = {key for each in open_ones for key in each.participant_ids}
        inside = self.participant.each(ctx, meetingId=meeting_id, joinState=INSIDE)
        known = {each.id async for each in inside}
        for place, room in enumerate(rooms):
            for key in room.participant_ids:
                if key in led:
                    raise problems.PARTICIPANT_IN_TWO_ROOMS("somebody is named twice")
                if key not in known:
                    pointer = f"/rooms/{place}/participantIds"
                    raise REFERENCE_UNKNOWN(errors=(FieldError("is not inside", pointer),))
                led.add(key)

    async def close_breakout_room(self, ctx: Context, request: port.CloseBreakoutRoom) -> None:
        self.told(ctx)
        await super().close_breakout_room(ctx, request)
