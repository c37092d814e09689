"""What uses a file."""

from __future__ import annotations

from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import given
from cloudsync_chassis.problem import CONDITION_NOT_MET

from .base import MOST_FILES
from .generated import models, port, problems
from .scanning import Scanning


class Links(Scanning):
    """Links made by people, by uploads and by events."""

    async def link_file(self, ctx: Context, request: port.LinkFile) -> models.FileLink:
        file = await self.file.get(ctx, request.file_id)
        await self.require_open(ctx)
        if not self.usable(file):
            raise CONDITION_NOT_MET("only a file that can be used is linked")
        target = {**given(request.body), "status": models.LinkStatus.live}
        if await self.file_link.find(ctx, **target, fileId=file.id) is not None:
            raise problems.ALREADY_LINKED("a live link between the two exists")
        if await self.file_link.count(ctx, **target) >= MOST_FILES:
            raise problems.TARGET_LIMIT(f"the target holds {MOST_FILES} files")
        fields = {**given(request.body), "linkedBy": self.actor(ctx)}
        made = await self.file_link.create(ctx, "link-file", fields, fileId=file.id)
        await self.recount(ctx, file.id)
        return made

    async def unlink_file(self, ctx: Context, request: port.UnlinkFile) -> None:
        link = await self.file_link.get(ctx, request.file_link_id, fileId=request.file_id)
        if link.status != models.LinkStatus.live:
            raise problems.ILLEGAL_TRANSITION("the link had ended before")
        ended = {"unlinkedAt": ctx.now}
        await self.file_link.transition(ctx, "unlink-file", link.id, ended)
        await self.recount(ctx, link.file_id)

    async def follow_attachments(self, ctx: Context, request: port.FollowAttachments) -> None:
        body = request.body
        target = models.FileTarget(
            target_kind=models.LinkTargetKind.document, target_id=body.document_id
        )
        for file_id in body.detached_file_ids:
            await self._end(ctx, target, file_id)
        for file_id in body.attached_file_ids:
            file = await self.file.find(ctx, id=file_id)
            if file is not None and self.usable(file):
                by = body.editor_ids[0] if body.editor_ids else file.uploader_id
                await self.link(ctx, file, target, by)

    async def unlink_target(self, ctx: Context, request: port.UnlinkTarget) -> None:
        await self._end_all(ctx, models.LinkTargetKind.document, request.body.document_id)

    async def _end(self, ctx: Context, target: models.FileTarget, file_id: UUID) -> None:
        link = await self.file_link.find(
            ctx,
            targetKind=target.target_kind,
            targetId=target.target_id,
            fileId=file_id,
            status=models.LinkStatus.live,
        )
        if link is not None:
            await self.unlink(ctx, link)

    async def _end_all(self, ctx: Context, kind: models.LinkTargetKind, target_id: UUID) -> None:
        async for link in self.file_link.each(
            ctx, targetKind=kind, targetId=target_id, status=models.LinkStatus.live
        ):
            await self.unlink(ctx, link)

    async def on_document_updated(
        self, ctx: Context, event: Received[models.DocumentUpdated]
    ) -> None:
        await self.follow_attachments(ctx, port.FollowAttachments(body=event.data))

    async def on_document_deleted(
        self, ctx: Context, event: Received[models.DocumentDeleted]
    ) -> None:
        await self.unlink_target(ctx, port.UnlinkTarget(body=event.data))

    async def on_message_purged(self, ctx: Context, event: Received[models.MessagePurged]) -> None:
        await self._end_all(ctx, models.LinkTargetKind.message, event.data.message_id)

    async def on_message_retracted(
        self, ctx: Context, event: Received[models.MessageRetracted]
    ) -> None:
        await self._end_all(ctx, models.LinkTargetKind.message, event.data.message_id)

    async def on_task_dropped(self, ctx: Context, event: Received[models.TaskDropped]) -> None:
        await self._end_all(ctx, models.LinkTargetKind.task, event.data.task_id)
