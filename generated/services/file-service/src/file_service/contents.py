"""Other bytes for the same file: replaced, restored, or copied in from a recording."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.problem import CONDITION_NOT_MET, REFERENCE_UNKNOWN, FieldError
from version_grpc_client import models as versions

from .downloads import Downloads
from .generated import models, port, problems
from .objects import Assembled, ObjectMissingError

_OUTCOMES = {"queued": "queued", "applied": "succeeded", "refused": "refused", "failed": "failed"}


class Contents(Downloads):
    """Swapping bytes."""

    async def replace_content(
        self, ctx: Context, request: port.ReplaceContent
    ) -> models.StoredFileView:
        file = await self.file.get(ctx, request.file_id)
        await self.require_open(ctx)
        if file.status != models.FileStatus.available:
            raise CONDITION_NOT_MET("only an available file takes other bytes")
        other = await self._second(ctx, file, request.body.uploaded_file_id)
        await self._keep_as_version(ctx, file)
        taken = {
            "status": models.FileStatus.purged,
            "objectKey": None,
            "keyReference": None,
            "referenceCount": 0,
        }
        links = self.file_link.each(ctx, fileId=other.id, status="live")
        for link in [each async for each in links]:
            await self.unlink(ctx, link)
        other = await self.known_file(ctx, other.id)
        key, digest = other.object_key, other.content_sha256
        await self.file.rewrite(ctx, other, taken)
        fields = {
            "objectKey": key,
            "contentSha256": digest,
            "sizeBytes": other.size_bytes,
            "scanVerdict": other.scan_verdict,
            "signatureVersion": other.signature_version,
            "media": other.media and other.media.model_dump(by_alias=True, exclude_none=True),
            "storageClass": models.StorageClass.standard,
            "oldSha256": file.content_sha256,
            "newSha256": digest,
        }
        found = await self.file.update(ctx, "replace-content", file.id, fields)
        await self._renew_renditions(ctx, file.id)
        return self.view(found)

    async def _second(
        self, ctx: Context, file: models.StoredFile, file_id: UUID
    ) -> models.StoredFile:
        """The upload whose bytes are taken: the caller's own, clean, and of the same type."""
        other = await self.file.find(ctx, id=file_id)
        mine = other is not None and (
            ctx.principal.kind != "user" or other.uploader_id == self.actor(ctx)
        )
        if other is None or not mine or other.id == file.id:
            fault = FieldError("no other upload of yours", "/uploadedFileId")
            raise REFERENCE_UNKNOWN(errors=(fault,))
        if str(other.status) in ("pending", "scanning"):
            raise problems.FILE_SCANNING("the second upload has not passed the scanner yet")
        if other.status != models.FileStatus.available:
            raise CONDITION_NOT_MET("the second upload cannot be used")
        if other.media_type != file.media_type:
            raise problems.MEDIA_TYPE_CHANGED(f"the file is of type {file.media_type}")
        return other

    async def _keep_as_version(self, ctx: Context, file: models.StoredFile) -> None:
        """Have the present bytes kept; until that is noted their object stays where it is."""
        wish = versions.CreateVersionRequest(
            subject_kind=versions.SubjectKind.file,
            subject_id=file.id,
            trigger=versions.VersionTrigger.replace_,
            content_ref=f"file:{file.object_key}",
            content_digest=file.content_sha256 or "",
            from_sequence=file.version,
            to_sequence=file.version,
            contributor_ids=[self.actor(ctx)],
        )
        await self.clients.version.create_version(ctx, wish)

    async def _renew_renditions(self, ctx: Context, file_id: UUID) -> None:
        """What was derived of the old bytes is thrown away and queued anew."""
        async for each in self.rendition.each(ctx, fileId=file_id):
            if each.object_key is not None:
                ctx.unit.before_commit(partial(self.objects.delete, each.object_key))
            queued = {
                "state": models.RenditionState.queued,
                "objectKey": None,
                "bytes": 0,
                "failureCode": None,
            }
            await self.rendition.rewrite(ctx, each, queued)

    async def restore_file_content(
        self, ctx: Context, request: port.RestoreFileContent
    ) -> models.FileRestoreAccepted:
        file = await self.file.get(ctx, request.file_id)
        if file.status != models.FileStatus.available:
            raise problems.ILLEGAL_TRANSITION("only an available file is turned back")
        number = request.body.version_number
        wish = versions.RestoreVersionRequest(
            subject_kind=versions.SubjectKind.file,
            subject_id=file.id,
            target_number=number,
            requested_by=self.actor(ctx),
        )
        job = await self.clients.version.restore_version(
            ctx, wish, idempotency_key=ctx.idempotency_key
        )
        outcome = models.JobOutcome(_OUTCOMES[str(job.outcome)] if job is not None else "queued")
        return models.FileRestoreAccepted(file_id=file.id, version_number=number, outcome=outcome)

    async def put_back_content(self, ctx: Context, request: port.PutBackContent) -> None:
        body = request.body
        if body.subject_kind != models.SubjectKind.file:
            return
        file = await self.file.find(ctx, id=body.subject_id)
        key = self.new_key(body.restore_job_id)
        gone = file is None or str(file.status) not in ("available", "trashed")
        if file is None or gone or file.object_key == key:
            return
        kind, _, source = body.content_ref.partition(":")
        bucket = "files" if kind == "file" else "versions"
        found = await self.objects.copy(bucket, source, key)
        swapped = {
            "objectKey": key,
            "contentSha256": found.sha256,
            "sizeBytes": found.size,
            "oldSha256": file.content_sha256,
            "newSha256": found.sha256,
        }
        await self.file.update(ctx, "put-back-content", file.id, swapped)
        await self._renew_renditions(ctx, file.id)

    async def take_in_recording(self, ctx: Context, request: port.TakeInRecording) -> None:
        body = request.body
        if await self.file.find(ctx, id=body.recording_id) is not None:
            return
        key = self.new_key(body.recording_id)
        try:
            found = await self.objects.copy("meetings", body.bucket_key, key)
        except ObjectMissingError as error:
            raise REFERENCE_UNKNOWN("no film lies there") from error
        if found != Assembled(body.size_bytes, body.sha256):
            await self.objects.delete(key)
            raise problems.CHECKSUM_MISMATCH("the film has another digest than was told")
        ending = body.bucket_key.rpartition(".")[2]
        fields = {
            "id": body.recording_id,
            "fileName": f"recording-{ctx.now:%Y-%m-%d}.{ending}",
            "mediaType": "video/mp4" if ending == "mp4" else "audio/mp4",
            "sizeBytes": body.size_bytes,
            "contentSha256": body.sha256,
            "objectKey": key,
            "keyReference": await self.keys.reference(ctx.tenant),
            "uploaderId": body.share_with[0] if body.share_with else self.actor(ctx),
            "origin": models.FileOrigin.recording,
            "target": {
                "targetKind": models.LinkTargetKind.meeting,
                "targetId": body.meeting_id,
            },
            "status": models.FileStatus.scanning,
            "media": {"durationMs": body.duration_seconds * 1000},
        }
        made = await self.file.insert(ctx, fields)
        await self.file.announce(ctx, "file-uploaded", made)

    async def on_version_restored(
        self, ctx: Context, event: Received[models.VersionRestored]
    ) -> None:
        await self.put_back_content(ctx, port.PutBackContent(body=event.data))

    async def on_recording_ready(
        self, ctx: Context, event: Received[models.RecordingReady]
    ) -> None:
        await self.take_in_recording(ctx, port.TakeInRecording(body=event.data))
