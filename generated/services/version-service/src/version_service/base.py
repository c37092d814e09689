"""What all handlers of version-service share."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from cloudsync_chassis import ids
from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.aggregate.spec import Command
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.model import from_record, to_record
from cloudsync_chassis.problem import NOT_FOUND, VERSION_CONFLICT
from cloudsync_chassis.runtime import Runtime

from . import memory
from .contents import FolderPayloads, FolderSources, Payloads, Sources
from .generated import aggregates, models
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings

K = TypeVar("K", bound=memory.Kept)

QUIET = "write"
"""A command of this service's own: an update that no life cycle rules and nobody hears of."""

_QUIETLY = {QUIET: Command(effect="update", idempotency="if-match")}


class Base(Defaults):
    """The base of all mixins."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        buckets = runtime.settings.state_path("buckets")
        self.payloads: Payloads = FolderPayloads(buckets / "versions")
        self.contents: Sources = FolderSources(buckets)
        self.content_history = runtime.aggregate(
            replace(
                aggregates.CONTENT_HISTORY,
                commands={**aggregates.CONTENT_HISTORY.commands, **_QUIETLY},
            )
        )
        self.content_version = runtime.aggregate(
            replace(
                aggregates.CONTENT_VERSION,
                commands={**aggregates.CONTENT_VERSION.commands, **_QUIETLY},
            )
        )
        self.sources = runtime.aggregate(memory.SOURCES)
        self.team_members = runtime.aggregate(memory.TEAM_MEMBERS)
        self.standings = runtime.aggregate(memory.STANDINGS)
        self.sessions = runtime.aggregate(memory.SESSIONS)
        self.holds = runtime.aggregate(memory.HOLDS)
        self._clockwork: asyncio.Task[None] | None = None

    def wake(self, ctx: Context) -> None:
        """Begin what happens by the clock once the operation has committed."""
        ctx.unit.after_commit(self._wind)

    def _wind(self) -> None:
        if self._clockwork is None or self._clockwork.done():
            self._clockwork = asyncio.create_task(self.go_on())

    async def go_on(self) -> None:
        """What happens by the clock, until the service stops."""

    async def write(
        self, ctx: Context, version: models.ContentVersion, fields: Mapping[str, Any]
    ) -> models.ContentVersion:
        """Change fields of a version that nobody hears of."""
        return await self.content_version.update(ctx, QUIET, version.id, fields)

    async def keep(self, ctx: Context, aggregate: Aggregate[K], **fields: Any) -> K:
        """Add something that no command makes."""
        envelope = {
            "id": ids.uuid7(),
            "organizationId": ctx.tenant,
            "createdAt": ctx.now,
            "updatedAt": ctx.now,
            "version": 1,
        }
        entity = from_record(aggregate.spec.model, {**envelope, **fields})
        await aggregate.repository.insert(ctx, entity)
        return entity

    async def change(self, ctx: Context, aggregate: Aggregate[K], entity: K, **fields: Any) -> K:
        """Change it.

        Raises:
            Problem: `version-conflict`.
        """
        record = {**to_record(entity), **fields}
        record |= {"updatedAt": ctx.now, "version": entity.version + 1}
        changed = from_record(aggregate.spec.model, record)
        if not await aggregate.repository.replace(ctx, changed, entity.version):
            raise VERSION_CONFLICT()
        return changed

    async def drop(self, ctx: Context, aggregate: Aggregate[K], **filters: Any) -> None:
        """Remove all that passes."""
        async for each in aggregate.each(ctx, **filters):
            await aggregate.repository.remove(ctx, each.id, each.version)

    async def news(self, ctx: Context, about: str, word: str) -> bool:
        """Note the last word on something; False where a younger one was heard already."""
        at = ctx.cause.time if ctx.cause is not None else ctx.now
        known = await self.standings.find(ctx, about=about)
        if known is None:
            await self.keep(ctx, self.standings, about=about, at=at, word=word)
            return True
        if known.at > at:
            return False
        await self.change(ctx, self.standings, known, at=at, word=word)
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
