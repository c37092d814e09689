"""What happens without anybody asking: bytes follow the state of their file, clocks run out.

What the service itself announced is handled like the events of others, so that no crash leaves
bytes behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.consumer import Subscription
from cloudsync_chassis.events.envelope import Received, typed
from cloudsync_chassis.jobs.spec import Action, Due, Job
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.runtime import Runtime

from .generated import models, port, tables
from .generated.operations import TRASH_FILE
from .judges import CannotRenderError
from .objects import ObjectMissingError
from .tenants import Tenants

_TOPIC = "cloudsync.content.file.v1"
_RENDERED = 64 * 1024 * 1024
"""Bytes of a file that a renderer is given at most."""

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
_STUCK = 600.0
"""Seconds after which a scan that gave no verdict is tried again."""

_RENDER_TIME = 120.0
_GRANTS_KEPT, _SESSIONS_KEPT = 14 * _DAY, 7 * _DAY

_SCAN = Operation(id="scan-again", access="workload", writes=True, timeout=_MINUTE)
_RESCAN = Operation(id="rescan", access="workload", writes=True, timeout=_MINUTE)
_RENDER = Operation(id="render", access="workload", writes=True, timeout=_RENDER_TIME + 30)


class Upkeep(Tenants):
    """Reactions to the service's own events, renditions, rescans, and the clock."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._plan()
        runtime.subscribe(
            [
                _own("file-uploaded", typed(models.FileUploaded, self._scan_uploaded)),
                _own("file-scanned", typed(models.FileScanned, self._link_scanned)),
                _own("file-quarantined", typed(models.FileQuarantined, self._lock_away)),
                _own("file-released", typed(models.FileReleased, self._bring_back)),
                _own("file-deleted", typed(models.FileDeleted, self._destroy)),
                _own("upload-aborted", typed(models.UploadAborted, self._drop)),
            ]
        )
        runtime.sagas.compensate(
            {
                ("file-upload", "Scan the bytes"): self._leave,
                ("file-upload", "Link to its target"): self._undo_link,
                ("recorded-meeting", "Store it as a file"): self._undo_recording,
            }
        )

    async def _scan_uploaded(self, ctx: Context, event: Received[models.FileUploaded]) -> None:
        file = await self.known_file(ctx, event.data.file_id)
        if file.status == models.FileStatus.scanning:
            await self.scan(ctx, file.id)
            await self.objects.drop_parts(file.object_key or "")

    async def _link_scanned(self, ctx: Context, event: Received[models.FileScanned]) -> None:
        file = await self.known_file(ctx, event.data.file_id)
        if event.data.target is not None and file.status == models.FileStatus.available:
            await self.link(ctx, file, event.data.target, file.uploader_id)

    async def _lock_away(self, ctx: Context, event: Received[models.FileQuarantined]) -> None:
        file = await self.known_file(ctx, event.data.file_id)
        if file.status == models.FileStatus.quarantined and file.object_key is not None:
            await self.objects.lock_away(file.object_key)

    async def _bring_back(self, ctx: Context, event: Received[models.FileReleased]) -> None:
        file = await self.known_file(ctx, event.data.file_id)
        if file.status == models.FileStatus.available and file.object_key is not None:
            await self.objects.bring_back(file.object_key)

    async def _destroy(self, ctx: Context, event: Received[models.FileDeleted]) -> None:
        file = await self.known_file(ctx, event.data.file_id)
        if file.object_key is not None:
            await self.objects.delete(file.object_key)
        async for each in self.rendition.each(ctx, fileId=file.id):
            if each.object_key is not None:
                await self.objects.delete(each.object_key)
            await self.rendition.remove(ctx, each)
            await self._forget_failure(ctx, each.id)

    async def _drop(self, ctx: Context, event: Received[models.UploadAborted]) -> None:
        file = await self.known_file(ctx, event.data.file_id)
        if file.object_key is not None:
            await self.objects.delete(file.object_key)

    async def _leave(self, ctx: Context, data: Mapping[str, Any]) -> None:
        """A run that went back says nothing about the bytes: their verdict stands."""

    async def _undo_link(self, ctx: Context, data: Mapping[str, Any]) -> None:
        target = data.get("target")
        link = target and await self.file_link.find(
            ctx,
            fileId=UUID(str(data["fileId"])),
            targetKind=target["targetKind"],
            targetId=UUID(str(target["targetId"])),
            status="live",
        )
        if link:
            await self.unlink(ctx, link)

    async def _undo_recording(self, ctx: Context, data: Mapping[str, Any]) -> None:
        file = await self.file.find(ctx, id=UUID(str(data["recordingId"])), status="available")
        if file is not None:
            await self.trash_file(ctx, port.TrashFile(file_id=file.id))

    async def rescan_file(self, ctx: Context, request: port.RescanFile) -> models.StoredFileView:
        found = await super().rescan_file(ctx, request)
        self.runtime.work.wake(ctx, _RESCAN.id)
        return found

    async def request_rendition(
        self, ctx: Context, request: port.RequestRendition
    ) -> models.Rendition:
        made = await super().request_rendition(ctx, request)
        self.runtime.work.wake(ctx, _RENDER.id)
        return made

    def _plan(self) -> None:
        """Add the jobs that the model cannot tell, since they follow settings or ports."""
        work, tidy = self.runtime.work, self._tidy
        orphan = Due(
            aggregate="file",
            where={"status": "available", "referenceCount": 0},
            since="updatedAt",
            after=self.settings.orphan_after,
        )
        unjudged = Due(
            aggregate="file", where={"status": "scanning"}, since="updatedAt", after=_STUCK
        )
        queued = Due(aggregate="rendition", where={"state": "queued"})
        wished = Due(aggregate=self.rescans.spec.name)
        work.add(
            (
                _job(TRASH_FILE, _HOUR, orphan, self._trash_orphan),
                _job(_SCAN, _STUCK, unjudged, self.scan),
                _job(_RESCAN, _MINUTE, wished, self._rescan),
                _job(_RENDER, _MINUTE, queued, self._render),
            )
        )
        granted = Due(aggregate="download-grant")
        work.every(_MINUTE, "account-downloads", self.account, granted)
        work.every(_MINUTE, "measure-files", self._measure)
        work.every(_HOUR, "keep-ledger", self.keep_ledger, Due(aggregate="file"))
        work.every(_HOUR, "free-rooms", self.free_rooms)
        work.every(_DAY, "retry-renditions", self._retry, Due(aggregate=self.failures.spec.name))
        past = Due(aggregate="download-grant", since="createdAt", after=_GRANTS_KEPT)
        work.every(_HOUR, "drop-grants", tidy(self.download_grant, past), past)
        past = Due(
            aggregate="upload-session",
            where={"outcome": ("completed", "aborted")},
            since="createdAt",
            after=_SESSIONS_KEPT,
        )
        work.every(_HOUR, "drop-sessions", tidy(self.upload_session, past), past)

    def _tidy(self, aggregate: Aggregate[Any], past: Due) -> Action:
        """Removes what a tenant has of an aggregate and what its table keeps no longer."""

        async def remove(ctx: Context) -> None:
            async for each in aggregate.each(ctx, past.by(ctx.now), **past.where):
                await aggregate.remove(ctx, each)

        return remove

    async def _trash_orphan(self, ctx: Context, file_id: UUID) -> None:
        await self.trash_file(ctx, port.TrashFile(file_id=file_id))

    async def _rescan(self, ctx: Context, key: UUID) -> None:
        wish = await self.rescans.find(ctx, id=key)
        if wish is not None:
            await self.rescans.remove(ctx, wish)
            await self.scan(ctx, wish.file_id)

    async def _retry(self, ctx: Context) -> None:
        """Queue what an earlier engine of the renderers could not make."""
        async for failure in self.failures.each(ctx):
            if failure.engine == self.renderer.engine:
                continue
            await self.failures.remove(ctx, failure)
            key = failure.rendition_id
            if await self.rendition.find(ctx, id=key, state="failed") is not None:
                await self.retry_rendition(ctx, port.RetryRendition(rendition_id=key))
                self.runtime.work.wake(ctx, _RENDER.id)

    async def _measure(self, ctx: Context) -> None:
        """How long the scanner has owed its oldest verdict, and what is stored in all."""
        files = tables.files
        oldest = sa.select(sa.func.min(files.c.created_at)).where(files.c.status == "scanning")
        stored = sa.select(
            files.c.origin, files.c.storage_class, sa.func.sum(files.c.size_bytes).label("size")
        ).where(files.c.status.in_(("scanning", "available", "quarantined", "trashed")))
        stored = stored.group_by(files.c.origin, files.c.storage_class)
        connection = await ctx.unit.connection()
        since = await connection.scalar(oldest)
        rows = (await connection.execute(stored)).all()
        waited = (ctx.now - since).total_seconds() if since is not None else 0.0
        self.metrics.file_scan_oldest_seconds(max(0.0, waited))
        for row in rows:
            self.metrics.file_stored_bytes(
                float(row.size), origin=row.origin, storage_class=row.storage_class
            )

    async def _render(self, ctx: Context, key: UUID) -> None:
        rendition = await self.rendition.find(ctx, id=key, state="queued")
        if rendition is None:
            return
        file = await self.known_file(ctx, rendition.file_id)
        if file.status == models.FileStatus.available:
            await self._render_one(ctx, file, rendition)

    async def _render_one(
        self, ctx: Context, file: models.StoredFile, rendition: models.Rendition
    ) -> None:
        try:
            content = await self.objects.head(file.object_key or "", _RENDERED)
            async with asyncio.timeout(_RENDER_TIME):
                made = await self.renderer.render(content, file.media_type, rendition.variant)
        except ObjectMissingError:
            await self._fail(ctx, rendition, "bytes-missing")
            return
        except (CannotRenderError, TimeoutError) as error:
            code = error.code if isinstance(error, CannotRenderError) else "took-too-long"
            await self._fail(ctx, rendition, code)
            fields = {"renditionId": rendition.id, "engine": self.renderer.engine}
            await self.failures.insert(ctx, fields)
            return
        key = self.new_key()
        await self.objects.put(key, made)
        body = models.FinishRenditionRequest(object_key=key, bytes=len(made))
        await self.finish_rendition(ctx, port.FinishRendition(rendition_id=rendition.id, body=body))

    async def _fail(self, ctx: Context, rendition: models.Rendition, code: str) -> None:
        await self._forget_failure(ctx, rendition.id)
        body = models.FailRenditionRequest(failure_code=code)
        await self.fail_rendition(ctx, port.FailRendition(rendition_id=rendition.id, body=body))

    async def _forget_failure(self, ctx: Context, rendition_id: UUID) -> None:
        known = await self.failures.find(ctx, renditionId=rendition_id)
        if known is not None:
            await self.failures.remove(ctx, known)


def _job(
    operation: Operation,
    every: float,
    due: Due,
    call: Callable[[Context, UUID], Awaitable[None]],
) -> Job:
    """A job that takes each entity by itself, so that none stands in the way of others."""
    return Job(operation=operation, every=every, per="entity", due=due, call=call)


def _own(name: str, handle: Any) -> Subscription:
    return Subscription(_TOPIC, f"cloudsync.content.{name}.v1", handle)
