"""Rooms open and close: lobby, start, end, and what shuts every door of an organisation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import PLATFORM

from . import memory
from .base import INSIDE, PHASES, STATES, seconds_in, traced
from .generated import models, port, problems, tables
from .recordings import Recordings

OVERFLOW = "video.placement.overflow"
_HOSTS = (models.MeetingRole.host, models.MeetingRole.cohost)
_HOME = "usEast1"
_BEFORE = (STATES.waiting, STATES.admitted, STATES.connected)


class Opening(Recordings):
    """The phases of a meeting."""

    async def placed(self, ctx: Context, region: str, seats: int) -> tuple[str, str]:
        """Seats in a region or, where it is loaded, in the nearest other one; region and node.

        Raises:
            Problem: `media-capacity-unavailable`.
        """
        limit = self.settings.placement_overflow
        if OVERFLOW in await self._off(ctx):
            limit = 1.0
        found = await self.nodes.place(ctx, region, seats, limit)
        if found is None:
            raise problems.MEDIA_CAPACITY_UNAVAILABLE(f"no media node near {region} has room")
        traced(media_region=found[0], media_overflow=str(found[0] != region).lower())
        return found

    async def _off(self, ctx: Context) -> set[str]:
        return {
            each.key async for each in self.switches.each(ctx.within(PLATFORM)) if each.percent == 0
        }

    async def open_room(self, ctx: Context, meeting: models.Meeting, node: str) -> memory.Room:
        """The room of a meeting, as empty as it begins, with the switches of this moment."""
        switches = [
            each.key
            async for each in self.switches.each(ctx.within(PLATFORM))
            if meeting.id.int % 100 < each.percent
        ]
        region = meeting.media_region.value if meeting.media_region else self.home
        fields = {
            "meetingId": meeting.id,
            "node": node,
            "region": region,
            "seats": meeting.max_participants,
            "switches": sorted(switches),
            "connected": 0,
            "peak": 0,
            "seconds": 0.0,
            "countedAt": ctx.now,
            "emptySince": ctx.now,
        }
        self.told(ctx)
        known = await self.room(ctx, meeting.id)
        if known is not None:
            return await self.rooms.rewrite(ctx, known, fields)
        return await self.rooms.insert(ctx, fields)

    @property
    def home(self) -> str:
        """The region whose nodes a lobby is opened on, until a host says where people are."""
        known = {_word(each.value): each.value for each in models.Region}
        return known.get(_word(self.settings.region or ""), _HOME)

    async def open_lobby(self, ctx: Context, request: port.OpenLobby) -> None:
        """Reserve a node and let people stand before the door.

        Raises:
            Problem: `media-capacity-unavailable`, `illegal-transition`, `not-found`.
        """
        meeting = await self.known(ctx, request.meeting_id)
        await super().open_lobby(ctx, request)
        if meeting.phase is PHASES.scheduled:
            _, node = await self.placed(ctx, self.home, meeting.max_participants)
            await self.open_room(ctx, meeting, node)

    async def start_meeting(self, ctx: Context, request: port.StartMeeting) -> models.Meeting:
        """Open the door for all whom the admission policy lets in by itself.

        Raises:
            Problem: `not-found`, `forbidden`, `rooms-barred`, `host-absent`,
                `media-capacity-unavailable`, `illegal-transition`.
        """
        meeting = await self.meeting.get(ctx, request.body.meeting_id)
        if meeting.phase is PHASES.live:
            return meeting
        await self.check_open(ctx)
        await self.lock(ctx, meeting.id)
        region, node = request.body.media_region.value, ""
        if meeting.phase is PHASES.lobby:
            await self._check_host(ctx, meeting)
            region, node = await self._moved(ctx, meeting, region)
        fields = {"actualStart": ctx.now, "mediaRegion": region}
        started = await self.meeting.transition(ctx, "start-meeting", meeting.id, fields)
        await self.open_room(ctx, started, node)
        await self._let_in(ctx, started)
        traced(meeting_phase=started.phase.value, meeting_admission=started.admission.value)
        return started

    async def _check_host(self, ctx: Context, meeting: models.Meeting) -> None:
        waiting = await self.people(ctx, meeting.id, STATES.waiting)
        if not any(each.meeting_role in _HOSTS for each in waiting):
            raise problems.HOST_ABSENT("nobody who may start the meeting stands in its lobby")

    async def _moved(self, ctx: Context, meeting: models.Meeting, region: str) -> tuple[str, str]:
        """Region and node of the seats, which are taken where people are."""
        room = await self.room(ctx, meeting.id)
        if room is not None and room.region == region:
            return region, room.node
        if room is not None:
            await self.nodes.free(ctx, room.node, room.seats)
        return await self.placed(ctx, region, meeting.max_participants)

    def lets_in(self, meeting: models.Meeting, member: bool, role: models.MeetingRole) -> bool:
        """Whether somebody needs no host's word."""
        if role in _HOSTS or meeting.admission is models.AdmissionPolicy.open:
            return True
        return member and meeting.admission is not models.AdmissionPolicy.lobby_for_all

    async def _let_in(self, ctx: Context, meeting: models.Meeting) -> None:
        places = {
            each.participant_id: each async for each in self.places.each(ctx, meetingId=meeting.id)
        }
        inside = await self.participant.count(ctx, meetingId=meeting.id, joinState=INSIDE)
        for each in await self.people(ctx, meeting.id, STATES.waiting):
            place = places.get(each.id)
            member = place is not None and place.member
            if inside < meeting.max_participants and self.lets_in(
                meeting, member, each.meeting_role
            ):
                await self.participant.rewrite(ctx, each, {"joinState": STATES.admitted})
                inside += 1

    async def final(self, ctx: Context, meeting_id: UUID) -> dict[str, Any]:
        """What the room has counted until now, in whole minutes."""
        meeting = await self.known(ctx, meeting_id)
        room = await self.room(ctx, meeting_id)
        if room is None:
            return {}
        minutes = int(seconds_in(room, ctx) // 60)
        return {
            "peakParticipants": max(
                meeting.peak_participants, min(room.peak, meeting.max_participants)
            ),
            "participantMinutes": max(meeting.participant_minutes, min(1_440_000, minutes)),
        }

    async def end_meeting(self, ctx: Context, request: port.EndMeeting) -> models.Meeting:
        key = request.meeting_id
        await self.lock(ctx, key)
        before = await self.known(ctx, key)
        final = await self.final(ctx, key) if before.phase is PHASES.live else {}
        ended = await self.meeting.transition(ctx, "end-meeting", key, final)
        await self.vacate(ctx, ended)
        traced(meeting_phase=ended.phase.value)
        return ended

    async def close_empty_meeting(self, ctx: Context, request: port.CloseEmptyMeeting) -> None:
        final = await self.final(ctx, request.meeting_id)
        closed = await self.meeting.transition(
            ctx, "close-empty-meeting", request.meeting_id, final
        )
        await self.vacate(ctx, closed)

    async def cancel_meeting(self, ctx: Context, request: port.CancelMeeting) -> models.Meeting:
        cancelled = await super().cancel_meeting(ctx, request)
        await self.vacate(ctx, cancelled)
        return cancelled

    async def expire_meeting(self, ctx: Context, request: port.ExpireMeeting) -> None:
        await super().expire_meeting(ctx, request)
        await self.vacate(ctx, await self.known(ctx, request.meeting_id))

    async def vacate(self, ctx: Context, meeting: models.Meeting) -> None:
        """Send everybody out, stop what is captured, close side rooms and give the node back."""
        await self.stop_capture(ctx, meeting.id)
        for each in await self.people(ctx, meeting.id, *_BEFORE):
            await self.count_minutes(ctx, each)
            fields = {"joinState": STATES.left, "leftAt": ctx.now}
            await self.participant.rewrite(ctx, each, fields)
        async for side in self.breakout_room.each(ctx, meetingId=meeting.id):
            await self.breakout_room.remove(ctx, side)
        room = await self.room(ctx, meeting.id)
        if room is not None:
            await self.nodes.free(ctx, room.node, room.seats)
            await self.rooms.remove(ctx, room)
        self.told(ctx)

    async def count_minutes(self, ctx: Context, participant: models.Participant) -> None:
        """Measure how long somebody was connected who is about to be no longer."""
        if participant.join_state is not STATES.connected or participant.joined_at is None:
            return
        minutes = (ctx.now - participant.joined_at).total_seconds() / 60
        editions = [each.edition async for each in self.limits.each(ctx)]
        self.metrics.video_participant_minutes_total(
            max(0.0, minutes),
            device=participant.device.value,
            edition=editions[0] if editions else "none",
        )

    async def lock_meeting(self, ctx: Context, request: port.LockMeeting) -> models.Meeting:
        self.told(ctx)
        return await super().lock_meeting(ctx, request)

    async def count_attendance(self, ctx: Context, request: port.CountAttendance) -> None:
        self.told(ctx)
        await super().count_attendance(ctx, request)

    async def bar_tenant_rooms(self, ctx: Context, request: port.BarTenantRooms) -> None:
        """End what is live and open no door; bookings stay."""
        table, connection = tables.tenant_states, await ctx.unit.connection()
        mine = sa.select(table.c.barred_since).where(table.c.organization_id == ctx.tenant)
        if (await connection.execute(mine)).first() is None:
            row = {"organization_id": ctx.tenant, "barred_since": ctx.now}
            await connection.execute(sa.insert(table).values(row))
        async for each in self.meetings_in(ctx, PHASES.live):
            fields = {**await self.final(ctx, each.id), "actualEnd": ctx.now}
            ended = await self.meeting.transition(ctx, "bar-tenant-rooms", each.id, fields)
            await self.vacate(ctx, ended)

    async def readmit_tenant_rooms(self, ctx: Context, request: port.ReadmitTenantRooms) -> None:
        """Open the doors again."""
        await self.forget_bar(ctx)

    async def forget_bar(self, ctx: Context) -> None:
        """Drop the row of a barred organisation."""
        table = tables.tenant_states
        gone = sa.delete(table).where(table.c.organization_id == ctx.tenant)
        await (await ctx.unit.connection()).execute(gone)

    async def on_organization_deleted(
        self, ctx: Context, event: Received[models.OrganizationDeleted]
    ) -> None:
        await self.bar_tenant_rooms(ctx, port.BarTenantRooms(body=event.data))

    async def on_organization_restored(
        self, ctx: Context, event: Received[models.OrganizationRestored]
    ) -> None:
        await self.readmit_tenant_rooms(ctx, port.ReadmitTenantRooms(body=event.data))


def _word(region: str) -> str:
    """`euwest1` of `eu-west-1` and of `euWest1`."""
    return region.replace("-", "").lower()
