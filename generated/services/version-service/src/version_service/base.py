"""What all handlers of version-service share."""

from __future__ import annotations

from typing import Any, TypeVar

from cloudsync_chassis import traced
from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.camel import Kept
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime

from . import memory
from .contents import FolderPayloads, FolderSources, Payloads, Sources
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings

K = TypeVar("K", bound=Kept)


class Base(Defaults):
    """The base of all mixins."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        buckets = runtime.settings.state_path("buckets")
        self.payloads: Payloads = traced.calls(
            FolderPayloads(buckets / "versions"), "object-storage", "write", "read", "delete"
        )
        self.contents: Sources = traced.calls(
            FolderSources(buckets, runtime.settings.state_path("file-service", "objects", "files")),
            "object-storage",
            "read",
        )
        self.sources = runtime.aggregate(memory.SOURCES)
        self.team_members = runtime.aggregate(memory.TEAM_MEMBERS)
        self.standings = runtime.aggregate(memory.STANDINGS)
        self.sessions = runtime.aggregate(memory.SESSIONS)
        self.holds = runtime.aggregate(memory.HOLDS)
        self.scrubs = runtime.aggregate(memory.SCRUBS)

    async def drop(self, ctx: Context, aggregate: Aggregate[K], **filters: Any) -> None:
        """Remove all that passes."""
        async for each in aggregate.each(ctx, **filters):
            await aggregate.remove(ctx, each)

    async def news(self, ctx: Context, about: str, word: str) -> bool:
        """Note the last word on something; False where a younger one was heard already."""
        at = ctx.cause.time if ctx.cause is not None else ctx.now
        known = await self.standings.find(ctx, about=about)
        if known is None:
            await self.standings.insert(ctx, {"about": about, "at": at, "word": word})
            return True
        if known.at > at:
            return False
        await self.standings.rewrite(ctx, known, {"at": at, "word": word})
        return True

    async def word(self, ctx: Context, about: str) -> str:
        """The last word on something; empty if there was none."""
        known = await self.standings.find(ctx, about=about)
        return known.word if known is not None else ""


def cause(ctx: Context) -> Event:
    """The event that is handled.

    Raises:
        Problem: `not-found`: there is none, so nothing says what the command is about.
    """
    if ctx.cause is None:
        raise NOT_FOUND(f"{ctx.operation.id} follows events alone")
    return ctx.cause


def kind_of(event: Event) -> str:
    """`document-shared` of `cloudsync.content.document-shared.v1`."""
    return event.type.split(".")[-2]
