"""Watching a meeting: how it is, then each change, until it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

from cloudsync_chassis.changes import heard
from cloudsync_chassis.context import Context, Deadline
from cloudsync_chassis.model import to_record

from .base import PHASES, STATES
from .following import Following
from .generated import models, port

KINDS = models.MeetingChangeKind
LONGEST = 3_600.0
"""Seconds that one stream lasts at most; whoever is cut off calls again."""

_RESERVE = 0.2
_LOOK_AGAIN = 2.0
"""Seconds after which a replica looks for what others changed."""

_OVER = (PHASES.ended, PHASES.cancelled, PHASES.expired)


@dataclass(slots=True)
class View:
    """A meeting with all that belongs to it at one moment."""

    meeting: models.Meeting
    people: dict[UUID, models.Participant] = field(default_factory=dict)
    films: dict[UUID, models.Recording] = field(default_factory=dict)
    rooms: frozenset[UUID] = frozenset()

    @property
    def connected(self) -> int:
        """How many are seen and heard."""
        return sum(each.join_state is STATES.connected for each in self.people.values())

    def change(
        self,
        kind: models.MeetingChangeKind,
        participant: models.Participant | None = None,
        recording: models.Recording | None = None,
    ) -> models.MeetingChange:
        """What a watcher is told."""
        return models.MeetingChange(
            kind=kind,
            meeting=self.meeting,
            participant=participant,
            recording=recording,
            connected_count=self.connected,
        )

    def since(self, before: View) -> list[models.MeetingChange]:
        """What has changed, phase last: nothing comes after the end."""
        changes = [
            self.change(KINDS.participant, participant=each)
            for key, each in self.people.items()
            if key not in before.people or before.people[key].version != each.version
        ]
        changes += [
            self.change(KINDS.recording, recording=each)
            for key, each in self.films.items()
            if key not in before.films or before.films[key].version != each.version
        ]
        if self.rooms != before.rooms:
            changes.append(self.change(KINDS.rooms))
        if self.meeting.locked != before.meeting.locked:
            changes.append(self.change(KINDS.lock))
        if self.meeting.phase != before.meeting.phase:
            changes.append(self.change(KINDS.phase))
        return changes


class Watching(Following):
    """The stream of a meeting."""

    async def watch_meeting(
        self, ctx: Context, request: port.WatchMeeting
    ) -> AsyncIterator[models.MeetingChange]:
        """A snapshot and the changes after it.

        Raises:
            Problem: `not-found`, `forbidden`.
        """
        meeting = await self.meeting.get(ctx, request.body.meeting_id)
        return self._stream(ctx, meeting)

    async def _stream(
        self, ctx: Context, meeting: models.Meeting
    ) -> AsyncIterator[models.MeetingChange]:
        ends = Deadline.after(min(ctx.deadline.remaining - _RESERVE, LONGEST))
        seen: View | None = None
        while True:
            stroke = self.changes.coming()
            view = await self._view(ctx, meeting.id)
            if view is None:
                return
            told = [view.change(KINDS.snapshot)] if seen is None else view.since(seen)
            for each in told:
                yield each
            seen = view
            if view.meeting.phase in _OVER or ends.remaining <= 0:
                return
            await heard(stroke, min(ends.remaining, _LOOK_AGAIN))

    async def _view(self, ctx: Context, meeting_id: UUID) -> View | None:
        """The meeting as it is; None once it is gone or no longer the caller's to see."""
        meeting = await self.meeting.find(ctx, id=meeting_id)
        if meeting is None:
            return None
        names = frozenset(ctx.operation.relations)
        user = ctx.principal.kind == "user"
        if user and not await self.meeting.grants.stands(ctx, names, to_record(meeting)):
            return None
        films = self.recording.each(ctx, meetingId=meeting_id)
        rooms = self.breakout_room.each(ctx, meetingId=meeting_id)
        return View(
            meeting,
            {each.id: each for each in await self.people(ctx, meeting_id)},
            {each.id: each async for each in films},
            frozenset([each.id async for each in rooms]),
        )
