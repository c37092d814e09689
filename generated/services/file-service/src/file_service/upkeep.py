"""What happens without anybody asking: bytes follow the state of their file, clocks run out.

What the service itself announced is handled like the events of others, so that no crash leaves
bytes behind. The clock is a task of this process, begun by the first command.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.consumer import Subscription
from cloudsync_chassis.events.envelope import Received, typed
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.logs import logger
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload

from .generated import models, port, tables
from .judges import CannotRenderError
from .objects import ObjectMissingError
from .tenants import Tenants

_WORK = Operation(id="file-upkeep", access="workload", writes=True, timeout=60.0)
_TOPIC = "cloudsync.content.file.v1"
_RENDERED = 64 * 1024 * 1024
"""Bytes of a file that a renderer is given at most."""

_AT_A_TIME = 50

log = logger("upkeep")


class Upkeep(Tenants):
    """Reactions to the service's own events, renditions, rescans, and the clock."""

    pause = 60.0
    """Seconds between two rounds."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._timer: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()
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
            await self.rendition.repository.remove(ctx, each.id, each.version)

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

    async def begin_upload(self, ctx: Context, request: port.BeginUpload) -> models.StoredFileView:
        ctx.unit.after_commit(self._watch)
        return await super().begin_upload(ctx, request)

    async def rescan_file(self, ctx: Context, request: port.RescanFile) -> models.StoredFileView:
        found = await super().rescan_file(ctx, request)
        self._soon(ctx, self._rescan)
        return found

    async def request_rendition(
        self, ctx: Context, request: port.RequestRendition
    ) -> models.Rendition:
        made = await super().request_rendition(ctx, request)
        self._soon(ctx, self._render)
        return made

    def _soon(self, ctx: Context, work: Callable[[Context], Awaitable[None]]) -> None:
        """Do it once the operation has committed; the clock does what was lost on the way."""
        organization = ctx.tenant

        def begin() -> None:
            task = asyncio.create_task(self._quietly(organization, work))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

        ctx.unit.after_commit(begin)

    def _watch(self) -> None:
        if self._timer is None or self._timer.done():
            self._timer = asyncio.create_task(self._go_on())

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self.pause)
            await self.round()

    async def round(self) -> None:
        """Do what is due in every organisation."""
        statement = sa.select(tables.files.c.organization_id).distinct()
        async with self.runtime.database.transaction(write=False) as connection:
            organizations = list((await connection.execute(statement)).scalars())
        for organization in organizations:
            for work in (
                self._rescan,
                self._render,
                self.abort_overdue,
                self.trash_orphans,
                self.account,
                self._purge_due,
                self.keep_ledger,
            ):
                await self._quietly(organization, work)
        await self._measure()

    async def _measure(self) -> None:
        """How long the scanner has owed its oldest verdict, and what is stored in all."""
        files = tables.files
        oldest = sa.select(sa.func.min(files.c.created_at)).where(files.c.status == "scanning")
        stored = sa.select(
            files.c.origin, files.c.storage_class, sa.func.sum(files.c.size_bytes).label("size")
        ).where(files.c.status.in_(("scanning", "available", "quarantined", "trashed")))
        stored = stored.group_by(files.c.origin, files.c.storage_class)
        async with self.runtime.database.transaction(write=False) as connection:
            since = await connection.scalar(oldest)
            rows = (await connection.execute(stored)).all()
        waited = (clock.now() - since).total_seconds() if since is not None else 0.0
        self.metrics.file_scan_oldest_seconds(max(0.0, waited))
        for row in rows:
            self.metrics.file_stored_bytes(
                float(row.size), origin=row.origin, storage_class=row.storage_class
            )

    async def _purge_due(self, ctx: Context) -> None:
        await self.purge_file(ctx, port.PurgeFile())

    async def _rescan(self, ctx: Context) -> None:
        async for wish in self.rescans.each(ctx):
            await self.rescans.repository.remove(ctx, wish.id, wish.version)
            await self.scan(ctx, wish.file_id)

    async def _render(self, ctx: Context) -> None:
        done = 0
        async for each in self.rendition.each(ctx, state="queued"):
            file = await self.known_file(ctx, each.file_id)
            if file.status != models.FileStatus.available or done >= _AT_A_TIME:
                continue
            await self._render_one(ctx, file, each)
            done += 1

    async def _render_one(
        self, ctx: Context, file: models.StoredFile, rendition: models.Rendition
    ) -> None:
        try:
            content = await self.objects.head(file.object_key or "", _RENDERED)
            made = await self.renderer.render(content, file.media_type, rendition.variant)
        except (CannotRenderError, ObjectMissingError) as error:
            code = error.code if isinstance(error, CannotRenderError) else "bytes-missing"
            failed = models.FailRenditionRequest(failure_code=code)
            await self.fail_rendition(
                ctx, port.FailRendition(rendition_id=rendition.id, body=failed)
            )
            return
        key = self.new_key()
        await self.objects.put(key, made)
        body = models.FinishRenditionRequest(object_key=key, bytes=len(made))
        await self.finish_rendition(ctx, port.FinishRendition(rendition_id=rendition.id, body=body))

    async def _quietly(
        self, organization: UUID, work: Callable[[Context], Awaitable[None]]
    ) -> None:
        me = workload(self.runtime.spec.name, organization)
        incoming = Incoming(principal=me, trace=Trace.new())
        try:
            await self.runtime.executor.run(_WORK, incoming, work)
        except Exception as error:
            log.warning(
                "upkeep_failed", work=getattr(work, "__name__", ""), error=type(error).__name__
            )


def _own(name: str, handle: Any) -> Subscription:
    return Subscription(_TOPIC, f"cloudsync.content.{name}.v1", handle)
