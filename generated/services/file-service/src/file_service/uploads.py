"""Uploads: announced, sent in parts past this service, assembled, or given up."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import given
from cloudsync_chassis.problem import breaks_rule

from .base import Base
from .generated import models, port, problems
from .objects import Part, PartsMissingError, bytes_of_part

_EXPORT_LIFETIME = timedelta(days=7)
_PART_ADDRESS = timedelta(minutes=15)


def media_group(media_type: str) -> str:
    """The first half of a media type where it is one of the registered ones (RFC 6838)."""
    group = media_type.partition("/")[0]
    return group if group in _GROUPS else "other"


_GROUPS = frozenset(("application", "audio", "font", "image", "model", "text", "video"))


class Uploads(Base):
    """From the announcement to the scanner."""

    async def begin_upload(self, ctx: Context, request: port.BeginUpload) -> models.StoredFileView:
        body = request.body
        export = body.origin == models.BeginUploadRequestOrigin.export
        if export and ctx.principal.kind == "user":
            raise problems.ORIGIN_FORBIDDEN("services alone make exports")
        await self._require_room(ctx, body)
        life = _EXPORT_LIFETIME if export else timedelta(seconds=self.settings.upload_lifetime)
        fields = {
            **given(body),
            "uploaderId": self.actor(ctx),
            "objectKey": self.new_key(),
            "keyReference": await self.keys.reference(ctx.tenant),
            "expiresAt": ctx.now + life,
        }
        return self.view(await self.file.create(ctx, "begin-upload", fields))

    async def _require_room(self, ctx: Context, body: models.BeginUploadRequest) -> None:
        await self.require_open(ctx)
        rules = await self.rules.of(ctx.tenant)
        if body.media_type in rules.refused:
            raise problems.TYPE_FORBIDDEN(f"the organisation takes in no {body.media_type}")
        if body.size_bytes > rules.largest:
            raise problems.TOO_LARGE(f"a file has {rules.largest} bytes at most")
        state = await self.tenant_state(ctx)
        if state is not None and state.full_until is not None and state.full_until > ctx.now:
            raise problems.QUOTA_EXCEEDED("the organisation has used up its storage")

    async def sign_parts(self, ctx: Context, request: port.SignParts) -> models.SignedParts:
        file = await self.file.get(ctx, request.file_id)
        if file.status != models.FileStatus.pending:
            raise problems.ILLEGAL_TRANSITION("the upload was completed or aborted")
        self._require_time(ctx, file)
        file, key = await self._placed(ctx, file)
        session = await self._session(ctx, file)
        first, size = request.body.first_part, session.part_size_bytes
        if first > session.parts_expected:
            raise breaks_rule(f"there are {session.parts_expected} parts", pointer="/firstPart")
        until = min(ctx.now + _PART_ADDRESS, session.expires_at)
        last = min(first + request.body.count - 1, session.parts_expected)
        parts = [
            models.SignedPart(
                number=number,
                address=self.objects.part_address(
                    key, number, bytes_of_part(file.size_bytes, size, number), until
                ),
                valid_until=until,
            )
            for number in range(first, last + 1)
        ]
        return models.SignedParts(session=session, parts=parts)

    async def complete_upload(
        self, ctx: Context, request: port.CompleteUpload
    ) -> models.StoredFileView:
        file = await self.file.get(ctx, request.file_id)
        ctx = self._as_uploader(ctx, file)
        digest = request.body.content_sha256
        fields = {"contentSha256": digest}
        if file.status != models.FileStatus.pending:
            if file.content_sha256 is not None and file.content_sha256 != digest:
                raise problems.ILLEGAL_TRANSITION("the upload is complete, with other bytes")
            return self.view(await self.file.transition(ctx, "complete-upload", file.id, fields))
        self._require_time(ctx, file)
        session = await self.upload_session.find(
            ctx, fileId=file.id, outcome=models.UploadOutcome.open
        )
        numbers = [each.number for each in request.body.parts]
        if session is None or numbers != list(range(1, session.parts_expected + 1)):
            raise problems.PARTS_MISSING("the parts are not those that were announced, in order")
        await self._assemble(file, request.body)
        received = [each.model_dump(by_alias=True) for each in request.body.parts]
        ended = {"partsReceived": received, "outcome": models.UploadOutcome.completed}
        await self.upload_session.rewrite(ctx, session, ended)
        lifted = {} if file.origin == models.FileOrigin.export else {"expiresAt": None}
        found = await self.file.transition(ctx, "complete-upload", file.id, {**fields, **lifted})
        self._counted("completed", found)
        return self.view(found)

    def _as_uploader(self, ctx: Context, file: models.StoredFile) -> Context:
        """The context of a service that uploads, under the id by which its file knows it."""
        if ctx.principal.kind == "user" or file.uploader_id != self.actor(ctx):
            return ctx
        return replace(ctx, principal=replace(ctx.principal, subject=str(file.uploader_id)))

    async def abort_upload(self, ctx: Context, request: port.AbortUpload) -> models.StoredFileView:
        before = await self.known_file(ctx, request.file_id)
        found = await super().abort_upload(ctx, request)
        await self.close_session(ctx, request.file_id)
        if before.status == models.FileStatus.pending:
            self._counted("aborted", before)
        return found

    async def close_session(self, ctx: Context, file_id: UUID) -> None:
        """No part of the file is taken any more."""
        open_ = models.UploadOutcome.open
        session = await self.upload_session.find(ctx, fileId=file_id, outcome=open_)
        if session is not None:
            ended = {"outcome": models.UploadOutcome.aborted}
            await self.upload_session.rewrite(ctx, session, ended)

    async def _assemble(self, file: models.StoredFile, body: models.CompleteUploadRequest) -> None:
        key = file.object_key or ""
        try:
            found = await self.objects.assemble(
                key, [Part(each.number, each.sha256) for each in body.parts]
            )
        except PartsMissingError as error:
            raise problems.PARTS_MISSING(f"{error} has not arrived as announced") from error
        if (found.sha256, found.size) != (body.content_sha256, file.size_bytes):
            raise problems.CHECKSUM_MISMATCH("the assembled bytes have another digest")

    async def _placed(self, ctx: Context, file: models.StoredFile) -> tuple[models.StoredFile, str]:
        """The file with the place of its bytes, which one that came by an old road lacks."""
        if file.object_key is None:
            placed = {"objectKey": self.new_key()}
            file = await self.file.rewrite(ctx, file, placed)
        return file, file.object_key or ""

    async def _session(self, ctx: Context, file: models.StoredFile) -> models.UploadSession:
        open_ = models.UploadOutcome.open
        found = await self.upload_session.find(ctx, fileId=file.id, outcome=open_)
        if found is not None:
            return found
        size = self.settings.part_size_bytes
        fields = {
            "fileId": file.id,
            "partSizeBytes": size,
            "partsExpected": math.ceil(file.size_bytes / size),
            "expiresAt": self.end_of_upload(file),
        }
        return await self.upload_session.insert(ctx, fields)

    def end_of_upload(self, file: models.StoredFile) -> datetime:
        """When the upload lapses."""
        life = timedelta(seconds=self.settings.upload_lifetime)
        return file.expires_at or file.created_at + life

    def _require_time(self, ctx: Context, file: models.StoredFile) -> None:
        if self.end_of_upload(file) <= ctx.now:
            raise problems.UPLOAD_EXPIRED("the upload was announced too long ago")

    def _counted(self, outcome: str, file: models.StoredFile) -> None:
        group = media_group(file.media_type)
        self.metrics.file_uploads_total(outcome=outcome, media_group=group)
