"""What happens by the clock beside what the model schedules: retention, tombstones, exports."""

from __future__ import annotations

import asyncio
import html
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.jobs.spec import Due, Job
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import from_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.runtime import Runtime

from .farewells import Farewells
from .generated import models, port
from .messages import PURGE

T = TypeVar("T")

_EXPORT = Operation(id="write-channel-exports", access="workload", writes=True, timeout=600.0)
_READ = Operation(id="read-channel-export", access="workload", timeout=540.0)
_BOOK = Operation(id="book-channel-export", access="workload", writes=True, timeout=30.0)
_SAID = ("posted", "edited", "held")
_MINUTE, _HOUR = 60.0, 3600.0
_LONGEST = timedelta(hours=6)
"""How long an export is tried."""

_AT_ONCE = 1_000
"""Tombstones that are dropped in one transaction."""

_DROP = "drop-tombstones"

log = logger("timers")


class Timers(Farewells):
    """The jobs of the service's own, and the commands that wake them."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        talked_in = Due(aggregate="channel", where={"state": ("active", "archived")})
        purged = Due(
            aggregate="message",
            where={"status": "purged"},
            since="updatedAt",
            after=self.settings.tombstone_lifetime,
        )
        silent = Due(aggregate="presence", since="updatedAt", after=self.settings.presence_lifetime)
        queued = Due(aggregate="channel-export", where={"stage": "queued"})
        export = Job(
            operation=_EXPORT, every=_MINUTE, per="entity", due=queued, call=self._try_export
        )
        runtime.work.every(_HOUR, PURGE, self.purge_due, talked_in)
        runtime.work.every(_HOUR, _DROP, self.drop_tombstones, purged)
        runtime.work.every(_HOUR, "forget-presences", self.forget_presences, silent)
        runtime.work.add([export])

    async def purge_due(self, ctx: Context) -> None:
        """Carry out what the tenant's retention asks for."""
        for policy in (
            models.PurgePolicy.channel_retention,
            models.PurgePolicy.organization_retention,
        ):
            body = models.PurgeMessageRequest(policy=policy)
            await self.purge_message(ctx, port.PurgeMessage(body=body))

    async def drop_tombstones(self, ctx: Context) -> None:
        """Remove the tenant's purged messages of which every client has learnt."""
        dropped, lifetime = 0, timedelta(seconds=self.settings.tombstone_lifetime)
        async for each in self.message.each(
            ctx, {"updatedAt": ctx.now - lifetime}, status="purged"
        ):
            await self.message.remove(ctx, each)
            dropped += 1
            if dropped == _AT_ONCE:
                self.runtime.work.wake(ctx, _DROP)
                return

    async def forget_presences(self, ctx: Context) -> None:
        """Remove what no heartbeat keeps, unless it was chosen for longer or ends with a call."""
        lifetime = timedelta(seconds=self.settings.presence_lifetime)
        async for each in self.presence.each(ctx, {"updatedAt": ctx.now - lifetime}):
            chosen = each.expires_at is not None and each.expires_at > ctx.now
            if not chosen and each.meeting_id is None:
                await self.presence.remove(ctx, each)
                await self.tell_absence(ctx, each)

    # Exports

    async def export_channel(
        self, ctx: Context, request: port.ExportChannel
    ) -> models.ChannelExport:
        self.runtime.work.wake(ctx, _EXPORT.id)
        return await super().export_channel(ctx, request)

    async def _try_export(self, ctx: Context, export_id: UUID) -> None:
        """Write an export, or give it up where that was tried for too long.

        Its steps have transactions of their own; this one begins none, so that nobody waits while
        an archive is packed.
        """
        export = await self._aside(
            ctx, _READ, lambda c: self.channel_export.find(c, id=export_id, stage="queued")
        )
        if export is None:
            return
        try:
            await self._write_export(ctx, export)
        except Exception as error:
            if ctx.now - export.created_at < _LONGEST:
                raise
            log.error("export_given_up", export_id=export_id, error=error)
            cause = "storage-unavailable" if isinstance(error, OSError) else "archive-not-written"
            body = models.FailChannelExportRequest(export_failure=cause)
            failed = port.FailChannelExport(channel_export_id=export_id, body=body)
            await self._aside(ctx, _BOOK, lambda c: self.fail_channel_export(c, failed))

    async def _write_export(self, ctx: Context, export: models.ChannelExport) -> None:
        lines = await self._aside(ctx, _READ, lambda c: self._lines(c, export))
        kind = str(export.export_format)
        content = await asyncio.to_thread(_packed, lines, kind)
        key = f"{ctx.tenant}/{export.id}.{kind}.zip"
        await asyncio.to_thread(self.archives.put, key, content)
        result = {"objectKey": key, "messageCount": len(lines)}
        body = from_record(models.CompleteChannelExportRequest, result)
        done = port.CompleteChannelExport(channel_export_id=export.id, body=body)
        await self._aside(ctx, _BOOK, lambda c: self.complete_channel_export(c, done))

    async def _lines(self, ctx: Context, export: models.ChannelExport) -> list[dict[str, object]]:
        """The messages of an export in their order, held ones marked."""
        found = []
        async for each in self.message.each(ctx, channelId=export.channel_id, status=_SAID):
            at = each.posted_at
            if at is not None and export.export_from <= at < export.export_to:
                line = each.model_dump(mode="json", by_alias=True, exclude_none=True)
                found.append((at, {**line, "held": each.status == "held"}))
        return [line for _, line in sorted(found, key=lambda each: each[0])]

    async def _aside(
        self, ctx: Context, operation: Operation, action: Callable[[Context], Awaitable[T]]
    ) -> T:
        """Carry something out in a transaction of its own."""
        incoming = Incoming(principal=ctx.principal, trace=ctx.trace)
        return await self.runtime.executor.run(operation, incoming, action)

    async def expire_channel_export(self, ctx: Context, request: port.ExpireChannelExport) -> None:
        export = await self.channel_export.find(ctx, id=request.channel_export_id)
        await super().expire_channel_export(ctx, request)
        if export is not None and export.object_key is not None:
            # where this fails nothing is noted, and it is tried again
            await asyncio.to_thread(self.archives.forget, str(export.object_key))


def _packed(lines: list[dict[str, object]], kind: str) -> bytes:
    """The archive: one line of JSON, or one row of a page, per message."""
    if kind == "jsonl":
        text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines)
    else:
        rows = "".join(
            f"<tr><td>{html.escape(str(each['postedAt']))}<td>{html.escape(str(each['authorId']))}"
            f"<td>{html.escape(str(each['body']))}\n"
            for each in lines
        )
        text = f"<!doctype html><meta charset=utf-8><table>\n{rows}</table>\n"
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"messages.{kind}", text)
    return target.getvalue()
