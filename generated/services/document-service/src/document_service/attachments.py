"""Attached files: their names and addresses, and what scanners and purges mean for documents."""

from __future__ import annotations

import asyncio
from uuid import UUID

from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import from_record
from file_client import models as files

from .base import Base
from .generated import models, port, problems

_VALID_SECONDS = 300
_HARMLESS = (models.ScanVerdict.clean, models.ScanVerdict.unscannable)


class Attachments(Base):
    """Queries on attachments, and followers of file-service's events."""

    async def grant_attachment_download(
        self, ctx: Context, request: port.GrantAttachmentDownload
    ) -> models.DownloadAddress:
        document = await self.document.get(ctx, request.document_id)
        if request.file_id not in document.attachment_file_ids:
            raise problems.NOT_ATTACHED("no such attachment at the document's head")
        if request.file_id in document.blocked_file_ids:
            raise problems.FILE_QUARANTINED("the attachment is in quarantine")
        wish = {
            "disposition": str(request.body.disposition),
            "validSeconds": _VALID_SECONDS,
            "granteeId": self.person(ctx),
        }
        if request.body.variant is not None:
            wish["variant"] = str(request.body.variant)
        try:
            address = await self.clients.file.client.grant_download(
                from_record(files.GrantDownloadRequest, wish), file_id=request.file_id
            )
        except CallError as error:
            raise _refused(error) from error
        return from_record(models.DownloadAddress, address.model_dump(by_alias=True))

    async def list_attachments(
        self, ctx: Context, request: port.ListAttachments
    ) -> models.AttachmentList:
        document = await self.document.get(ctx, request.document_id)
        wanted = document.attachment_file_ids
        answers = await asyncio.gather(*(self._file(each) for each in wanted))
        blocked = document.blocked_file_ids
        items = [
            models.Attachment(
                file_id=each.id,
                file_name=each.file_name,
                media_type=each.media_type,
                size_bytes=each.size_bytes,
                status=models.FileStatus(str(each.status)),
                blocked=each.id in blocked,
            )
            for each in answers
            if each is not None
        ]
        pairs = zip(wanted, answers, strict=True)
        omitted = [each for each, answer in pairs if answer is None]
        return models.AttachmentList(document_id=document.id, items=items, omitted_file_ids=omitted)

    async def on_file_quarantined(
        self, ctx: Context, event: Received[models.FileQuarantined]
    ) -> None:
        await self.block_attachment(ctx, port.BlockAttachment(body=event.data))

    async def block_attachment(self, ctx: Context, request: port.BlockAttachment) -> None:
        file_id = request.body.file_id
        if await self._gone(ctx, file_id) or not await self.news(ctx, f"file:{file_id}", "blocked"):
            return
        async for each in self.document.each(ctx, attachmentFileIds=file_id):
            if file_id not in each.blocked_file_ids:
                fields = {"blockedFileIds": [*each.blocked_file_ids, file_id]}
                await self.document.update(ctx, "block-attachment", each.id, fields)

    async def on_file_deleted(self, ctx: Context, event: Received[models.FileDeleted]) -> None:
        await self.drop_attachment(ctx, port.DropAttachment(body=event.data))

    async def drop_attachment(self, ctx: Context, request: port.DropAttachment) -> None:
        file_id = request.body.file_id
        if not await self._gone(ctx, file_id):
            await self.news(ctx, f"file:{file_id}", "gone")
        async for each in self.document.each(ctx, attachmentFileIds=file_id):
            fields = {
                "attachmentFileIds": _without(each.attachment_file_ids, file_id),
                "blockedFileIds": _without(each.blocked_file_ids, file_id),
            }
            await self.document.update(ctx, "drop-attachment", each.id, fields)

    async def on_file_scanned(self, ctx: Context, event: Received[models.FileScanned]) -> None:
        await self.show_attachment(ctx, port.ShowAttachment(body=event.data))

    async def on_file_released(self, ctx: Context, event: Received[models.FileReleased]) -> None:
        await self._show(ctx, event.data.file_id, event.data.scan_verdict)

    async def show_attachment(self, ctx: Context, request: port.ShowAttachment) -> None:
        await self._show(ctx, request.body.file_id, request.body.scan_verdict)

    async def _show(self, ctx: Context, file_id: UUID, verdict: models.ScanVerdict) -> None:
        if verdict not in _HARMLESS or await self._gone(ctx, file_id):
            return
        if not await self.news(ctx, f"file:{file_id}", "shown"):
            return
        async for each in self.document.each(ctx, attachmentFileIds=file_id):
            if file_id in each.blocked_file_ids:
                fields = {"blockedFileIds": _without(each.blocked_file_ids, file_id)}
                await self.document.update(ctx, "show-attachment", each.id, fields)

    async def _gone(self, ctx: Context, file_id: UUID) -> bool:
        """Bytes that were destroyed never come back, whichever event comes later."""
        return await self.word(ctx, f"file:{file_id}") == "gone"

    async def _file(self, file_id: UUID) -> files.StoredFileView | None:
        """What file-service knows; None where it does not answer in time, or knows nothing."""
        try:
            return await self.clients.file.get_file(file_id=file_id)
        except CallError:
            return None


def _without(listed: list[UUID], file_id: UUID) -> list[UUID]:
    return [each for each in listed if each != file_id]


def _refused(error: CallError) -> Exception:
    """The refusal that a refusal of file-service's comes to."""
    if isinstance(error, RefusedError) and error.status == 451:
        return problems.FILE_QUARANTINED("the attachment was withdrawn")
    if isinstance(error, RefusedError) and error.status in (404, 410):
        return problems.NOT_ATTACHED("the attachment's file is not there any more")
    return problems.FILE_UNREACHABLE("file-service did not answer: try again")
