"""What happens by the clock: waiting messages go out, exports are written and deleted.

The timer is a task of this process, begun by the first operation that gives it something to do.
"""

from __future__ import annotations

import asyncio
import html
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import from_record
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.document import sortable
from cloudsync_chassis.store.system import documents

from .farewells import Farewells
from .generated import models, port

_WORK = Operation(id="chat-timer", access="workload", writes=True, timeout=60.0)
_SAID = ("posted", "edited", "held")
_AT_A_TIME = 200
_BETWEEN_PURGES = timedelta(hours=1)

log = logger("timers")


class Timers(Farewells):
    """The timer, and the commands that wake it."""

    pause = 5.0
    """Seconds between two rounds."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._timer: asyncio.Task[None] | None = None
        self._purged_at = clock.now()

    async def schedule_message(self, ctx: Context, request: port.ScheduleMessage) -> models.Message:
        ctx.unit.after_commit(self._watch)
        return await super().schedule_message(ctx, request)

    async def post_message(self, ctx: Context, request: port.PostMessage) -> models.Message:
        ctx.unit.after_commit(self._watch)
        return await super().post_message(ctx, request)

    async def export_channel(
        self, ctx: Context, request: port.ExportChannel
    ) -> models.ChannelExport:
        ctx.unit.after_commit(self._watch)
        return await super().export_channel(ctx, request)

    async def get_channel_export(
        self, ctx: Context, request: port.GetChannelExport
    ) -> models.ChannelExport:
        ctx.unit.after_commit(self._watch)
        return await super().get_channel_export(ctx, request)

    def _watch(self) -> None:
        if self._timer is None or self._timer.done():
            self._timer = asyncio.create_task(self._go_on())

    async def _go_on(self) -> None:
        while True:
            try:
                await self.round()
            except Exception as error:
                log.warning("round_failed", error=str(error))
            await asyncio.sleep(self.pause)

    async def round(self) -> None:
        """Do what is due in every organisation."""
        for organization in await self._organizations("message", "status", "scheduled", "sendAt"):
            await self._within(organization, self._release_due)
        for organization in await self._organizations("channel-export", "stage", "queued"):
            await self._within(organization, self._write_exports)
        for organization in await self._organizations(
            "channel-export", "stage", "ready", "expiresAt"
        ):
            await self._within(organization, self._expire_exports)
        if clock.now() - self._purged_at >= _BETWEEN_PURGES:
            self._purged_at = clock.now()
            for organization in await self._organizations("channel"):
                await self._within(organization, self._purge_old)

    async def _purge_old(self, ctx: Context) -> None:
        """Carry out what retention asks for, and remove the channels that it has emptied."""
        for policy in (
            models.PurgePolicy.channel_retention,
            models.PurgePolicy.organization_retention,
        ):
            body = models.PurgeMessageRequest(policy=policy)
            await self.purge_message(ctx, port.PurgeMessage(body=body))
        await self.delete_channel(ctx, port.DeleteChannel())

    async def _organizations(
        self, collection: str, field: str = "", value: str = "", due: str | None = None
    ) -> list[UUID]:
        """Organisations with a document (in a state, with a moment that has come)."""
        statement = sa.select(documents.c.organization_id).distinct()
        statement = statement.where(documents.c.collection == collection)
        if field:
            state = documents.c.body[field].as_string() == value
            statement = statement.where(state).limit(_AT_A_TIME)
        if due is not None:
            now = sortable(clock.now())
            statement = statement.where(documents.c.body[due].as_string() <= now)
        async with self.runtime.database.transaction(write=False) as connection:
            return list((await connection.execute(statement)).scalars())

    async def _within(
        self, organization: UUID, action: Callable[[Context], Awaitable[None]]
    ) -> None:
        me = workload(self.runtime.spec.name, organization)
        incoming = Incoming(principal=me, trace=Trace.new())
        await self.runtime.executor.run(_WORK, incoming, action)

    async def _release_due(self, ctx: Context) -> None:
        await self.release_scheduled_message(ctx, port.ReleaseScheduledMessage())

    async def _write_exports(self, ctx: Context) -> None:
        async for export in self.channel_export.each(ctx, stage="queued"):
            lines = await self._lines(ctx, export)
            kind = str(export.export_format)
            content = _packed(lines, kind)
            key = f"{ctx.tenant}/{export.id}.{kind}.zip"
            await asyncio.to_thread(self.archives.put, key, content)
            result = {"objectKey": key, "messageCount": len(lines)}
            body = from_record(models.CompleteChannelExportRequest, result)
            done = port.CompleteChannelExport(channel_export_id=export.id, body=body)
            await self.complete_channel_export(ctx, done)

    async def _lines(self, ctx: Context, export: models.ChannelExport) -> list[dict[str, object]]:
        """The messages of an export in their order, held ones marked."""
        found = []
        async for each in self.message.each(ctx, channelId=export.channel_id, status=_SAID):
            at = each.posted_at
            if at is not None and export.export_from <= at < export.export_to:
                line = each.model_dump(mode="json", by_alias=True, exclude_none=True)
                found.append((at, {**line, "held": each.status == "held"}))
        return [line for _, line in sorted(found, key=lambda each: each[0])]

    async def _expire_exports(self, ctx: Context) -> None:
        async for export in self.channel_export.each(ctx, stage="ready"):
            if export.expires_at is not None and export.expires_at <= ctx.now:
                if export.object_key is not None:
                    await asyncio.to_thread(self.archives.forget, str(export.object_key))
                gone = port.ExpireChannelExport(channel_export_id=export.id)
                await self.expire_channel_export(ctx, gone)


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
