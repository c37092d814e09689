"""Doors: what they tell whoever brings a code, who gets through, and who waits before them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import FORBIDDEN, NOT_FOUND, Problem
from cloudsync_chassis.security.access import heirs
from cloudsync_chassis.security.passwords import is_password
from cloudsync_chassis.security.principal import Principal, workload
from cloudsync_chassis.security.tokens import TokenIssuer

from .base import INSIDE, PHASES, STATES, itself, traced
from .booking import Booking
from .generated import models, port, problems

_TRY = Operation(id="count-wrong-code", access="workload", writes=True)
_WINDOW = timedelta(minutes=10)
_KNOWN_FOR = timedelta(days=1)
_MEMBER = frozenset({"member"})
_SENT_AWAY_FOR_GOOD = 2


@dataclass(frozen=True, slots=True)
class Comer:
    """Who stands before a door. Only people with an account have an id."""

    user_id: UUID | None
    member: bool
    role: models.MeetingRole
    entry: models.Participant | None

    @property
    def is_host(self) -> bool:
        """Whether the door is theirs to open."""
        return self.role is not models.MeetingRole.attendee


class Doors(Booking):
    """Looking up, joining, and letting in."""

    async def look_up_meeting(
        self, ctx: Context, request: port.LookUpMeeting
    ) -> models.MeetingCard:
        """What a code leads to.

        Raises:
            Problem: `code-unknown`, `address-locked-out`.
        """
        await self._check_address(ctx)
        meeting = await self._by_code(ctx, request.body.join_code)
        if meeting is None:
            await self._wrong(ctx)
            raise problems.CODE_UNKNOWN("no meeting of the last day or to come has the code")
        return models.MeetingCard(
            meeting_id=meeting.id,
            phase=meeting.phase,
            scheduled_start=meeting.scheduled_start,
            admission=meeting.admission,
            passcode_needed=meeting.passcode_hash is not None,
        )

    async def join_meeting(self, ctx: Context, request: port.JoinMeeting) -> models.MeetingJoined:
        """Let somebody in, or to the lobby.

        Raises:
            Problem: `not-found`, `rooms-barred`, `passcode-wrong`, `meeting-locked`,
                `meeting-full`, `address-locked-out`, `forbidden`.
        """
        wish = request.body
        self.metrics.video_joins_total(device=wish.device.value)
        try:
            return await self._join(ctx, wish)
        except Problem as problem:
            self.metrics.video_join_failures_total(reason=problem.kind.slug)
            raise

    async def _join(self, ctx: Context, wish: models.JoinMeetingRequest) -> models.MeetingJoined:
        await self._check_address(ctx)
        meeting = await self._by_code(ctx, wish.join_code)
        if meeting is None or meeting.phase in (PHASES.ended, PHASES.cancelled, PHASES.expired):
            await self._wrong(ctx)
            raise NOT_FOUND("no meeting that can be joined has the code")
        comer = await self._comer(ctx, meeting)
        await self._check_passcode(ctx, meeting, comer, wish.passcode)
        await self.check_open(ctx)
        await self.lock(ctx, meeting.id)
        meeting = await self.known(ctx, meeting.id)
        comer = await self._comer(ctx, meeting)
        _check_welcome(meeting, comer)
        if meeting.phase is PHASES.scheduled:
            await self.open_lobby(itself(ctx), port.OpenLobby(meeting_id=meeting.id))
        state = await self._state(ctx, meeting, comer)
        entry = await self._enter(ctx, meeting, comer, wish, state)
        traced(participant_device=entry.device.value, meeting_phase=meeting.phase.value)
        if state is not STATES.admitted:
            return models.MeetingJoined(participant=entry)
        node = await self._node(ctx, meeting)
        return models.MeetingJoined(
            participant=entry, media_token=self.media_token(ctx, entry, node), media_node=node
        )

    async def _by_code(self, ctx: Context, code: str) -> models.Meeting | None:
        """The meeting of a code, unless it has been over for more than a day."""
        found = await self.meeting.find(ctx, joinCode=code)
        if found is None or found.phase is PHASES.live:
            return found
        over = found.actual_end or found.scheduled_end
        return found if over + _KNOWN_FOR >= ctx.now else None

    async def _comer(self, ctx: Context, meeting: models.Meeting) -> Comer:
        user = UUID(ctx.principal.subject) if ctx.principal.kind == "user" else None
        entry = None
        if user is not None:
            entry = await self.participant.find(ctx, meetingId=meeting.id, userId=user)
        members = heirs(_MEMBER, self.runtime.spec.inherits)
        member = user is not None and bool(members & ctx.principal.roles)
        return Comer(user, member, role_of(meeting, user), entry)

    async def _check_passcode(
        self,
        ctx: Context,
        meeting: models.Meeting,
        comer: Comer,
        passcode: str | None,
    ) -> None:
        """Hosts made it, and whoever has an entry has known it: they ask every few seconds.

        Raises:
            Problem: `passcode-wrong`.
        """
        known = meeting.passcode_hash
        if known is None or comer.is_host or comer.entry is not None:
            return
        if passcode is None or not await asyncio.to_thread(is_password, passcode, known):
            await self._wrong(ctx)
            raise problems.PASSCODE_WRONG("the passcode is missing or does not fit")

    async def _state(self, ctx: Context, meeting: models.Meeting, comer: Comer) -> models.JoinState:
        """Where somebody gets to.

        Raises:
            Problem: `meeting-full`.
        """
        if meeting.phase is not PHASES.live:
            return STATES.waiting
        inside = comer.entry is not None and comer.entry.join_state in INSIDE
        if inside:
            return STATES.admitted
        if not self.lets_in(meeting, comer.member, comer.role):
            return STATES.waiting
        await self.check_free(ctx, meeting)
        return STATES.admitted

    async def check_free(self, ctx: Context, meeting: models.Meeting) -> None:
        """Refuse one more where all seats are taken; the meeting is locked by then.

        Raises:
            Problem: `meeting-full`.
        """
        inside = await self.participant.count(ctx, meetingId=meeting.id, joinState=INSIDE)
        if inside >= meeting.max_participants:
            raise problems.MEETING_FULL(f"{inside} are inside")

    async def _enter(
        self,
        ctx: Context,
        meeting: models.Meeting,
        comer: Comer,
        wish: models.JoinMeetingRequest,
        state: models.JoinState,
    ) -> models.Participant:
        """Somebody's entry, the one that they had or a new one."""
        fields: dict[str, Any] = {
            "displayName": wish.display_name,
            "device": wish.device,
            "joinState": state,
            "meetingRole": comer.role,
        }
        self.told(ctx)
        if comer.entry is not None:
            if comer.entry.join_state is STATES.connected:
                await self.headcount(ctx, meeting.id, -1)
            place = await self.places.find(ctx, participantId=comer.entry.id)
            if place is not None:
                await self.places.rewrite(ctx, place, {"member": comer.member})
            return await self.participant.rewrite(ctx, comer.entry, fields)
        fields |= {"meetingId": meeting.id, "userId": comer.user_id}
        made = await self.participant.insert(ctx, fields)
        known = {"participantId": made.id, "meetingId": meeting.id}
        await self.places.insert(ctx, {**known, "member": comer.member, "sentAway": 0})
        return made

    async def _node(self, ctx: Context, meeting: models.Meeting) -> str:
        """The node of a live meeting, found anew where its room is lost."""
        room = await self.room(ctx, meeting.id)
        if room is None:
            region = meeting.media_region.value if meeting.media_region else self.home
            _, node = await self.placed(ctx, region, meeting.max_participants)
            room = await self.open_room(ctx, meeting, node)
        return room.node

    def media_token(self, ctx: Context, participant: models.Participant, node: str) -> str:
        """A token (RFC 7519) that one node takes from one participant for a minute."""
        issuer = TokenIssuer(
            self.runtime.identity.keys.ensure(),
            self.settings.issuer,
            int(self.settings.media_token_lifetime),
            algorithm=self.settings.token_algorithm,
        )
        return issuer.issue(Principal(str(participant.id), "user", ctx.tenant), [node])

    async def admit_participant(
        self, ctx: Context, request: port.AdmitParticipant
    ) -> models.Participant:
        """A host's word. Whoever is sent away a second time is not let in again.

        Raises:
            Problem: `not-found`, `forbidden`, `not-waiting`, `meeting-full`.
        """
        wish = request.body
        found = await self.participant.get(ctx, wish.participant_id)
        meeting = await self.known(ctx, found.meeting_id)
        await self.lock(ctx, meeting.id)
        found = await self.participant.find(ctx, id=found.id) or found
        heard = INSIDE if wish.admit else (STATES.removed,)
        if found.join_state in heard:
            return found
        if found.join_state is not STATES.waiting:
            raise problems.NOT_WAITING(f"the person is {found.join_state.value}")
        self.told(ctx)
        if wish.admit:
            await self.check_free(ctx, meeting)
            return await self.participant.rewrite(ctx, found, {"joinState": STATES.admitted})
        place = await self.places.find(ctx, participantId=found.id)
        sent_away = 1
        if place is not None:
            sent_away += place.sent_away
            await self.places.rewrite(ctx, place, {"sentAway": sent_away})
        final = sent_away >= _SENT_AWAY_FOR_GOOD
        fields = {"joinState": STATES.removed, "leftAt": ctx.now, "banned": final}
        return await self.participant.rewrite(ctx, found, fields)

    async def _check_address(self, ctx: Context) -> None:
        """Raises `address-locked-out` for whom guesses came from."""
        if ctx.source_ip is None:
            return
        known = await self.tries.find(ctx.within(PLATFORM), address=ctx.source_ip)
        if known is None or known.shut_until is None or known.shut_until <= ctx.now:
            return
        problem = problems.ADDRESS_LOCKED_OUT("too many wrong codes came from this address")
        seconds = (known.shut_until - ctx.now).total_seconds()
        problem.headers = {"Retry-After": str(max(1, round(seconds)))}
        raise problem

    async def _wrong(self, ctx: Context) -> None:
        """Count a wrong code, in a transaction of its own: the refusal undoes this one."""
        address = ctx.source_ip
        if address is None:
            return
        await ctx.unit.close()
        by = workload(self.runtime.spec.name, PLATFORM)
        incoming = Incoming(principal=by, trace=ctx.trace)
        await self.runtime.executor.run(_TRY, incoming, lambda each: self._count(each, address))

    async def _count(self, ctx: Context, address: str) -> None:
        known = await self.tries.find(ctx, address=address)
        if known is None or known.began_at + _WINDOW <= ctx.now:
            wrong, began = 1, ctx.now
        else:
            wrong, began = known.wrong + 1, known.began_at
        shut = wrong >= self.settings.join_failures_allowed
        until = ctx.now + timedelta(seconds=self.settings.join_lockout) if shut else None
        fields = {"beganAt": began, "wrong": wrong, "shutUntil": until}
        if known is None:
            await self.tries.insert(ctx, {"address": address, **fields})
        else:
            await self.tries.rewrite(ctx, known, fields)


def role_of(meeting: models.Meeting, user: UUID | None) -> models.MeetingRole:
    """What somebody is in a meeting."""
    if user is not None and user == meeting.host_id:
        return models.MeetingRole.host
    if user in meeting.cohost_ids:
        return models.MeetingRole.cohost
    return models.MeetingRole.attendee


def _check_welcome(meeting: models.Meeting, comer: Comer) -> None:
    """Raises `forbidden` or `meeting-locked`."""
    entry = comer.entry
    if entry is not None and entry.banned:
        raise FORBIDDEN("a host has removed the caller for good")
    own = meeting.admission is models.AdmissionPolicy.organisation_only
    if own and not (comer.member or comer.is_host):
        raise FORBIDDEN("the meeting is for members of the organisation")
    back = entry is not None and entry.join_state in (*INSIDE, STATES.left)
    if meeting.locked and not (comer.is_host or back):
        raise problems.MEETING_LOCKED("a host has shut the door")
