"""What all handlers of video-service share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.changes import Changes
from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.traced import calls
from opentelemetry import trace

from . import memory
from .films import Composer, FolderComposer, FolderTracks, Tracks
from .generated import models, problems, tables
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .nodes import LoopbackNodes, MediaNodes

PHASES = models.MeetingPhase
STATES = models.JoinState
STAGES = models.RecordingStage
INSIDE = (STATES.admitted.value, STATES.connected.value)
"""Who takes a seat."""

DEFAULT_SIZE = 100
"""How many fit into a meeting of an organisation whose plan is not known."""


class Base(Defaults):
    """The base of all mixins."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        self.rooms = runtime.aggregate(memory.ROOMS)
        self.places = runtime.aggregate(memory.PLACES)
        self.tries = runtime.aggregate(memory.TRIES)
        self.limits = runtime.aggregate(memory.LIMITS)
        self.switches = runtime.aggregate(memory.SWITCHES)
        self.followed = runtime.aggregate(memory.FOLLOWED)
        own = runtime.settings.state_path(runtime.spec.name)
        nodes = runtime.aggregate(memory.NODES)
        self.nodes: MediaNodes = LoopbackNodes(nodes, own / "lines")
        self.tracks: Tracks = calls(
            FolderTracks(runtime.settings.state_path("buckets", "recording-tracks")),
            "object-storage",
        )
        films = runtime.settings.state_path("file-service", "objects", "meetings")
        self.composer: Composer = calls(FolderComposer(films, self.tracks), "film-composer")
        self.changes = Changes()

    async def lock(self, ctx: Context, meeting_id: UUID) -> None:
        """Make others who lock the same meeting wait until this operation is over."""
        table = tables.meetings
        statement = sa.select(table.c.id).where(
            table.c.organization_id == ctx.tenant, table.c.id == meeting_id
        )
        await (await ctx.unit.connection()).execute(statement.with_for_update())

    async def known(self, ctx: Context, meeting_id: UUID) -> models.Meeting:
        """A meeting of the tenant, whoever asks.

        Raises:
            Problem: `not-found`.
        """
        found = await self.meeting.find(ctx, id=meeting_id)
        if found is None:
            raise NOT_FOUND("no such meeting")
        return found

    async def check_open(self, ctx: Context) -> None:
        """Refuse where the organisation is being off-boarded.

        Raises:
            Problem: `rooms-barred`.
        """
        table = tables.tenant_states
        statement = sa.select(table.c.barred_since).where(table.c.organization_id == ctx.tenant)
        if (await (await ctx.unit.connection()).execute(statement)).first() is not None:
            raise problems.ROOMS_BARRED("the organisation is being off-boarded")

    async def room(self, ctx: Context, meeting_id: UUID) -> memory.Room | None:
        """The open room of a meeting."""
        return await self.rooms.find(ctx, meetingId=meeting_id)

    async def people(
        self, ctx: Context, meeting_id: UUID, *states: models.JoinState
    ) -> list[models.Participant]:
        """Entries of a meeting that are in one of the states, oldest first; all without any."""
        wanted: dict[str, Any] = {"joinState": states} if states else {}
        return [each async for each in self.participant.each(ctx, meetingId=meeting_id, **wanted)]

    async def meetings_in(
        self, ctx: Context, *phases: models.MeetingPhase, **filters: Any
    ) -> AsyncIterator[models.Meeting]:
        """Meetings of the tenant that are in one of the phases."""
        async for each in self.meeting.each(ctx, phase=phases, **filters):
            yield each

    async def headcount(self, ctx: Context, meeting_id: UUID, by: int) -> None:
        """Count somebody in or out of a room, with the time up to now."""
        room = await self.room(ctx, meeting_id)
        if room is None:
            return
        connected = max(0, room.connected + by)
        fields = {
            "connected": connected,
            "peak": max(room.peak, connected),
            "seconds": seconds_in(room, ctx),
            "countedAt": ctx.now,
            "emptySince": None if connected else room.empty_since or ctx.now,
        }
        await self.rooms.rewrite(ctx, room, fields)

    def told(self, ctx: Context) -> None:
        """Tell the watchers once this has committed."""
        self.changes.strike_after(ctx)


def itself(ctx: Context) -> Context:
    """The same operation by the service itself, of whatever version is there."""
    return replace(ctx, principal=workload("video-service", ctx.tenant), if_match=None)


def seconds_in(room: memory.Room, ctx: Context) -> float:
    """Seconds of all connections of a room together, up to now."""
    since = (ctx.now - room.counted_at) / timedelta(seconds=1)
    return room.seconds + room.connected * max(0.0, since)


def traced(**facts: str) -> None:
    """Add facts to the span: `media_region` is `media.region` there."""
    span = trace.get_current_span()
    for name, value in facts.items():
        span.set_attribute(name.replace("_", ".", 1), value)
