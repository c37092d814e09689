"""People in a meeting: they arrive and leave, are removed, take over from one another, and are
forgotten.
"""

from __future__ import annotations

from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.problem import NOT_FOUND

from .base import PHASES, STATES
from .doors import Doors, role_of
from .generated import models, port

FORGOTTEN = "Former participant"
_PRESENT = (STATES.waiting, STATES.admitted, STATES.connected)


class People(Doors):
    """Participants."""

    async def _entry(self, ctx: Context, key: UUID) -> models.Participant:
        found = await self.participant.find(ctx, id=key)
        if found is None:
            raise NOT_FOUND("no such participant")
        return found

    async def connect_participant(self, ctx: Context, request: port.ConnectParticipant) -> None:
        """Note that somebody is seen and heard. Whoever has an account agrees by themselves."""
        before = await self._entry(ctx, request.participant_id)
        agreed = before.consented_at
        if before.user_id is None:
            agreed = request.body.consented_at or agreed
        fields = {"consentedAt": agreed}
        entry = await self.participant.transition(ctx, "connect-participant", before.id, fields)
        if before.join_state is STATES.connected:
            return
        await self.headcount(ctx, entry.meeting_id, 1)
        waited = (ctx.now - before.updated_at).total_seconds()
        self.metrics.video_join_seconds(max(0.0, waited), device=entry.device.value)
        running = await self.capturing(ctx, entry.meeting_id)
        if running is not None and agreed is not None:
            await self.tracks.let_in(running.id, entry.id, ctx.now)
        elif running is None:
            await self.capture_by_itself(ctx, await self.known(ctx, entry.meeting_id))
        self.told(ctx)

    async def leave_meeting(self, ctx: Context, request: port.LeaveMeeting) -> None:
        """Note that a line is gone; an estimate that is not given leaves the last one."""
        before = await self._entry(ctx, request.participant_id)
        score = request.body.mean_opinion_score
        fields = {"meanOpinionScore": before.mean_opinion_score if score is None else score}
        await self.participant.transition(ctx, "leave-meeting", before.id, fields)
        await self._gone(ctx, before)

    async def _gone(self, ctx: Context, before: models.Participant) -> None:
        """Count somebody out who was connected."""
        self.told(ctx)
        if before.join_state is STATES.connected:
            await self.count_minutes(ctx, before)
            await self.headcount(ctx, before.meeting_id, -1)

    async def remove_participant(
        self, ctx: Context, request: port.RemoveParticipant
    ) -> models.Participant:
        before = await self.participant.find(ctx, id=request.participant_id)
        removed = await super().remove_participant(ctx, request)
        if before is not None and before.join_state is not STATES.removed:
            await self._gone(ctx, before)
            await self._expel(ctx, removed)
        return removed

    async def _expel(self, ctx: Context, participant: models.Participant) -> None:
        room = await self.room(ctx, participant.meeting_id)
        if room is not None:
            await self.nodes.expel(room.node, participant.id)

    async def hand_over_host(self, ctx: Context, request: port.HandOverHost) -> models.Meeting:
        before = await self.meeting.find(ctx, id=request.meeting_id)
        meeting = await super().hand_over_host(ctx, request)
        heir = request.body.host_id
        cohosts = [each for each in meeting.cohost_ids if each != heir]
        meeting = await self.meeting.rewrite(ctx, meeting, {"cohostIds": cohosts})
        for user in (heir, before.host_id if before is not None else None):
            await self._name(ctx, meeting, user)
        self.told(ctx)
        return meeting

    async def _name(self, ctx: Context, meeting: models.Meeting, user: UUID | None) -> None:
        """Let somebody's entry say what they are now."""
        if user is None:
            return
        entry = await self.participant.find(ctx, meetingId=meeting.id, userId=user)
        if entry is not None:
            role = {"meetingRole": role_of(meeting, user)}
            await self.participant.rewrite(ctx, entry, role)

    async def eject_suspended(self, ctx: Context, request: port.EjectSuspended) -> None:
        """Take somebody out of all rooms; those that they hosted go on with another host."""
        user = request.body.user_id
        async for each in self.participant.each(ctx, userId=user, joinState=_PRESENT):
            fields = {"leftAt": ctx.now}
            removed = await self.participant.transition(ctx, "eject-suspended", each.id, fields)
            await self._gone(ctx, each)
            await self._expel(ctx, removed)
        async for meeting in self.meetings_in(ctx, PHASES.live, hostId=user):
            heir = await self._heir(ctx, meeting)
            if heir is not None:
                await self._pass_on(ctx, meeting, heir)

    async def _heir(self, ctx: Context, meeting: models.Meeting) -> UUID | None:
        """A co-host who is there, else whoever has been in it longest and has an account."""
        inside = await self.people(ctx, meeting.id, STATES.connected)
        known = [each for each in inside if each.user_id not in (None, meeting.host_id)]
        known.sort(key=lambda each: (each.user_id not in meeting.cohost_ids, each.joined_at))
        return known[0].user_id if known else None

    async def _pass_on(self, ctx: Context, meeting: models.Meeting, heir: UUID) -> None:
        cohosts = [each for each in meeting.cohost_ids if each != heir]
        fields = {"hostId": heir, "cohostIds": cohosts}
        passed = await self.meeting.rewrite(ctx, meeting, fields)
        await self._name(ctx, passed, heir)
        self.told(ctx)

    async def forget_participant(self, ctx: Context, request: port.ForgetParticipant) -> None:
        """Replace somebody's name, give what they would have hosted to another, and report."""
        told, changed = request.body, 0
        user, heir = told.user_id, told.successor_user_id
        async for each in self.participant.each(ctx, userId=user):
            if each.display_name != FORGOTTEN:
                await self.participant.rewrite(ctx, each, {"displayName": FORGOTTEN})
                changed += 1
        async for meeting in self.meetings_in(ctx, PHASES.scheduled, PHASES.lobby, PHASES.live):
            cohosts = [each for each in meeting.cohost_ids if each != user]
            fields: dict[str, object] = {"cohostIds": cohosts}
            if meeting.host_id == user:
                following = heir or (cohosts[0] if cohosts else user)
                others = [each for each in cohosts if each != following]
                fields = {"hostId": following, "cohostIds": others}
            passed = await self.meeting.rewrite(ctx, meeting, fields)
            if passed.version != meeting.version:
                await self._name(ctx, passed, passed.host_id)
                changed += 1
        report = {
            "userId": user,
            "erasureRequestId": told.erasure_request_id,
            "store": "meetings",
            "erasedItems": changed,
        }
        await self.participant.announce(ctx, "video-erasure-completed", {}, **report)

    async def on_user_suspended(self, ctx: Context, event: Received[models.UserSuspended]) -> None:
        await self.eject_suspended(ctx, port.EjectSuspended(body=event.data))

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        await self.forget_participant(ctx, port.ForgetParticipant(body=event.data))
