"""The recorder, the restorer, and contents as they are sent."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import from_record
from cloudsync_chassis.problem import NOT_FOUND

from .base import Base
from .generated import models, port, problems

_CHUNK = 262_144
_FETCHED_WITHIN = timedelta(days=1)
_TRIED_FOR = timedelta(hours=1)
_UNCHANGED = dict.fromkeys(("blocksAdded", "blocksRemoved", "wordsDelta", "cellsChanged"), 0)


class Recording(Base):
    """From a noted moment to a version that can be read, and back to the subject."""

    async def create_version(
        self, ctx: Context, request: port.CreateVersion
    ) -> models.ContentVersion:
        self.wake(ctx)
        return await super().create_version(ctx, request)

    async def restore_version(
        self, ctx: Context, request: port.RestoreVersion
    ) -> models.RestoreJob:
        self.wake(ctx)
        return await super().restore_version(ctx, request)

    async def accept_restore_request(
        self, ctx: Context, request: port.AcceptRestoreRequest
    ) -> None:
        self.wake(ctx)
        await super().accept_restore_request(ctx, request)

    async def record(self, ctx: Context) -> None:
        """Seal the moments whose content is there; drop those that nobody can fetch any more."""
        async for each in self.content_version.each(ctx, status="recording"):
            newest = await self._newest(ctx, each.subject_id)
            covered = newest is not None and newest.to_sequence > each.to_sequence
            content = await asyncio.to_thread(self.contents.read, each.content_ref or "body:")
            if content is not None and not covered:
                if hashlib.sha256(content).hexdigest() != each.content_digest:
                    await self.mark_corrupted(ctx, port.MarkCorrupted(content_version_id=each.id))
                    continue
                await self._seal(ctx, each, content, newest)
            elif covered or each.created_at + _FETCHED_WITHIN <= ctx.now:
                lost = port.DiscardRecording(content_version_id=each.id)
                await self.discard_recording(ctx, lost)

    async def restore(self, ctx: Context) -> None:
        """Make the content of an earlier version the newest, for each job that waits."""
        async for job in self.restore_job.each(ctx, outcome="queued"):
            late = job.created_at + _TRIED_FOR <= ctx.now
            target = await self.content_version.find(
                ctx, subjectId=job.subject_id, versionNumber=job.target_number
            )
            if target is None or target.status in ("thinned", "corrupted"):
                what = "is not there" if target is None else f"is {target.status}"
                end = models.EndRestoreRequest(problem=f"Version {job.target_number} {what}.")
                refused = port.RefuseRestore(restore_job_id=job.id, body=end)
                await self.refuse_restore(ctx, refused)
            elif not await self._restored(ctx, job, target) and late:
                end = models.EndRestoreRequest(problem="A store did not answer for an hour.")
                await self.fail_restore(ctx, port.FailRestore(restore_job_id=job.id, body=end))

    async def stream_content(
        self, ctx: Context, request: port.StreamContent
    ) -> AsyncIterator[models.ContentChunk]:
        wanted = request.body.content_version_id
        version = await self.content_version.find(ctx, id=wanted)
        if version is None:
            raise NOT_FOUND("no such version")
        history = await self.content_history.get(ctx, version.subject_id)
        if history.status != models.HistoryStatus.kept:
            raise NOT_FOUND("the subject is gone")
        if version.status == models.VersionStatus.thinned:
            raise problems.VERSION_THINNED("only the row of the version is left")
        content = await self._content(version)
        if content is None:
            raise NOT_FOUND("the version was not recorded yet")
        if hashlib.sha256(content).hexdigest() != version.content_digest:
            raise problems.DIGEST_MISMATCH("the content does not give the digest on record")
        return _chunks(content, request.body.offset or 0, version.content_digest)

    async def _content(self, version: models.ContentVersion) -> bytes | None:
        if version.payload_key is None:
            return None
        return await asyncio.to_thread(self.payloads.read, version.payload_key)

    async def _newest(self, ctx: Context, subject: UUID) -> models.ContentVersion | None:
        async for each in self.content_version.each(ctx, subjectId=subject, status="sealed"):
            return each
        return None

    async def _seal(
        self,
        ctx: Context,
        version: models.ContentVersion,
        content: bytes,
        newest: models.ContentVersion | None,
    ) -> int:
        """Write a payload, give the version its number, and step its predecessor down."""
        numbers = [
            each.version_number or 0
            async for each in self.content_version.each(ctx, subjectId=version.subject_id)
        ]
        number = max(numbers, default=0) + 1
        key = f"{ctx.tenant}/{version.subject_id}/{version.id.hex}.zst"
        before = await self._content(newest) if newest is not None else None
        size = await asyncio.to_thread(self.payloads.write, key, content)
        fields = {
            "versionNumber": number,
            "encoding": "full",
            "payloadKey": key,
            "payloadBytes": size,
            "changeSummary": _summary(version.subject_kind, content, before),
        }
        body = from_record(models.SealVersionRequest, fields)
        sealed = port.SealVersion(content_version_id=version.id, body=body)
        if newest is not None:
            down = port.SupersedeVersion(content_version_id=newest.id)
            await self.supersede_version(ctx, down)
        await self.seal_version(ctx, sealed)
        return number

    async def _restored(
        self, ctx: Context, job: models.RestoreJob, target: models.ContentVersion
    ) -> bool:
        """Seal the old content as a new version and report it; False where it cannot be read."""
        content = await self._content(target)
        newest = await self._newest(ctx, job.subject_id)
        if content is None or newest is None:
            return False
        reach = newest.to_sequence + 1
        fields = {
            "subjectKind": str(job.subject_kind),
            "subjectId": job.subject_id,
            "trigger": "preRestore",
            "contentRef": f"payload:{target.payload_key}",
            "contentDigest": target.content_digest,
            "fromSequence": reach,
            "toSequence": reach,
            "contributorIds": [job.requested_by],
        }
        made = await self.content_version.create(ctx, "create-version", fields)
        number = await self._seal(ctx, made, content, newest)
        applied = {"newNumber": number, "safetyVersionNumber": newest.version_number}
        key = f"{ctx.tenant}/{job.subject_id}/{made.id.hex}.zst"
        told = {**applied, "restoredNumber": job.target_number, "contentRef": f"payload:{key}"}
        await self.restore_job.transition(ctx, "apply-restore", job.id, told)
        return True


async def _chunks(content: bytes, start: int, digest: str) -> AsyncIterator[models.ContentChunk]:
    """A content from an offset on; the last chunk says what the whole has to give."""
    while True:
        last = start + _CHUNK >= len(content)
        chunk: dict[str, Any] = {
            "offset": start,
            "data": base64.b64encode(content[start : start + _CHUNK]).decode(),
            "last": last,
        }
        if last:
            chunk["contentDigest"] = digest
        yield from_record(models.ContentChunk, chunk)
        if last:
            return
        start += _CHUNK


def _summary(kind: models.SubjectKind, content: bytes, before: bytes | None) -> dict[str, int]:
    """How much differs from the version before; files differ as a whole or not at all."""
    if kind != models.SubjectKind.document:
        return {**_UNCHANGED, "blocksAdded": 1, "blocksRemoved": 0 if before is None else 1}
    new, old = _blocks(content), _blocks(before or b"[]")
    cells_new, cells_old = _cells(new), _cells(old)
    changed = cells_new.keys() | cells_old.keys()
    return {
        "blocksAdded": len(new.keys() - old.keys()),
        "blocksRemoved": len(old.keys() - new.keys()),
        "wordsDelta": _words(new) - _words(old),
        "cellsChanged": sum(cells_new.get(each) != cells_old.get(each) for each in changed),
    }


def _blocks(content: bytes) -> dict[str, dict[str, Any]]:
    return {str(each["blockId"]): each for each in json.loads(content)}


def _words(blocks: dict[str, dict[str, Any]]) -> int:
    return sum(len(str(each.get("text", "")).split()) for each in blocks.values())


def _cells(blocks: dict[str, dict[str, Any]]) -> dict[tuple[str, str], str]:
    return {
        (key, cell["cell"]): cell["cellValue"]
        for key, block in blocks.items()
        for cell in block.get("cells", ())
    }
