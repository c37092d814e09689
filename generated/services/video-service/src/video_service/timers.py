"""What happens by the clock beside what the model schedules."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due, Job
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .base import PHASES, STATES
from .generated import models, port
from .recordings import COMPOSE
from .watching import Watching

_OPEN = Operation(id="open-lobbies", access="workload", writes=True, timeout=30.0)
_COMPOSE = Operation(id=COMPOSE, access="workload", writes=True, timeout=60.0)
_HEAR = Operation(id="hear-media-nodes", access="workload", writes=True, timeout=30.0)
_COUNT = Operation(id="count-rooms", access="workload", writes=True, timeout=30.0)
_FEW, _HALF_MINUTE, _MINUTE, _DAY = 5.0, 30.0, 60.0, 86_400.0
_TRACKS_KEPT = timedelta(days=7)


class Timers(Watching):
    """The jobs of the service's own."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        live = Due(aggregate="meeting", where={"phase": PHASES.live.value})
        soon = Due(
            aggregate="meeting",
            where={"phase": PHASES.scheduled.value},
            since="scheduledStart",
            after=-self.settings.lobby_lead,
        )
        composing = Due(aggregate="recording", where={"stage": "composing"})
        empty = Due(
            aggregate=self.rooms.spec.name,
            since="emptySince",
            after=self.settings.empty_room_after,
        )
        runtime.work.add(
            (
                Job(operation=_OPEN, every=_MINUTE, per="entity", due=soon, call=self._open),
                Job(operation=_HEAR, every=_FEW, per="entity", due=live, call=self._hear),
                Job(operation=_COUNT, every=_MINUTE, per="entity", due=live, call=self._count_room),
                Job(
                    operation=_COMPOSE,
                    every=_HALF_MINUTE,
                    per="entity",
                    due=composing,
                    call=self.compose,
                ),
            )
        )
        runtime.work.every(_MINUTE, "close-empty-rooms", self._close_empty, empty)
        runtime.work.every(_MINUTE, "measure-meetings", self._measure)
        runtime.work.every(_DAY, "drop-tracks", self._drop_tracks)

    async def _open(self, ctx: Context, key: UUID) -> None:
        await self.open_lobby(ctx, port.OpenLobby(meeting_id=key))

    async def _hear(self, ctx: Context, key: UUID) -> None:
        """Carry out what a node reports of a room."""
        room = await self.room(ctx, key)
        if room is None:
            return
        people = await self.people(ctx, key, STATES.admitted, STATES.connected)
        awaited = [each.id for each in people if each.join_state is STATES.admitted]
        inside = [each.id for each in people if each.join_state is STATES.connected]
        told = await self.nodes.report(room.node, awaited, inside)
        for arrived in told.connected:
            body = models.ConnectParticipantRequest()
            await self.connect_participant(
                ctx, port.ConnectParticipant(participant_id=arrived, body=body)
            )
        for gone in told.departed:
            left = models.LeaveMeetingRequest(mean_opinion_score=gone.score)
            await self.leave_meeting(
                ctx, port.LeaveMeeting(participant_id=gone.participant_id, body=left)
            )

    async def _count_room(self, ctx: Context, key: UUID) -> None:
        counted = await self.final(ctx, key)
        if counted:
            body = models.CountAttendanceRequest(
                peak_participants=counted["peakParticipants"],
                participant_minutes=counted["participantMinutes"],
            )
            await self.count_attendance(ctx, port.CountAttendance(meeting_id=key, body=body))

    async def _close_empty(self, ctx: Context) -> None:
        by = ctx.now - timedelta(seconds=self.settings.empty_room_after)
        async for room in self.rooms.each(ctx, {"emptySince": by}):
            meeting = await self.meeting.find(ctx, id=room.meeting_id)
            if meeting is not None and meeting.phase is PHASES.live:
                await self.close_empty_meeting(ctx, port.CloseEmptyMeeting(meeting_id=meeting.id))

    async def _measure(self, ctx: Context) -> None:
        """Count rooms with somebody in them, of all tenants."""
        page, live, after = PageRequest(limit=200), 0, None
        query = ListQuery(page, {"phase": PHASES.live})
        while True:
            tenants = await self.meeting.repository.tenants(ctx, query, after)
            for tenant in tenants:
                async for room in self.rooms.each(ctx.within(tenant)):
                    live += room.connected > 0
            if len(tenants) < page.limit:
                break
            after = tenants[-1]
        self.metrics.video_meetings_live(live)

    async def _drop_tracks(self, ctx: Context) -> None:
        await self.tracks.sweep(ctx.now - _TRACKS_KEPT)
