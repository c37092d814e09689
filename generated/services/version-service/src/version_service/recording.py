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
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import NOT_FOUND

from .generated import models, port, problems
from .payloads import Contents

RECORD = Operation(id="record-versions", access="workload", writes=True, timeout=60.0)
RESTORE = Operation(id="restore-versions", access="workload", writes=True, timeout=60.0)
"""The jobs of the recorder and of the restorer."""

_CHUNK = 262_144
_TRIED_FOR = timedelta(hours=1)
_UNCHANGED = dict.fromkeys(("blocksAdded", "blocksRemoved", "wordsDelta", "cellsChanged"), 0)


class Recording(Contents):
    """From a noted moment to a version that can be read, and back to the subject."""

    async def create_version(
        self, ctx: Context, request: port.CreateVersion
    ) -> models.ContentVersion:
        self.runtime.work.wake(ctx, RECORD.id)
        return await super().create_version(ctx, request)

    async def restore_version(
        self, ctx: Context, request: port.RestoreVersion
    ) -> models.RestoreJob:
        self.runtime.work.wake(ctx, RESTORE.id)
        return await super().restore_version(ctx, request)

    async def accept_restore_request(
        self, ctx: Context, request: port.AcceptRestoreRequest
    ) -> None:
        self.runtime.work.wake(ctx, RESTORE.id)
        await super().accept_restore_request(ctx, request)

    async def record(self, ctx: Context, key: UUID) -> None:
        """Seal a moment whose content is there; drop it where a later one is sealed already."""
        moment = await self.content_version.find(ctx, id=key, status="recording")
        if moment is None:
            return
        newest = await self._newest(ctx, moment.subject_id)
        if newest is not None and newest.to_sequence > moment.to_sequence:
            await self.discard_recording(ctx, port.DiscardRecording(content_version_id=key))
            return
        content = await asyncio.to_thread(self.contents.read, moment.content_ref or "body:")
        if content is None:
            return
        if hashlib.sha256(content).hexdigest() != moment.content_digest:
            await self.mark_corrupted(ctx, port.MarkCorrupted(content_version_id=key))
            return
        await self._seal(ctx, moment, content, newest)

    async def restore(self, ctx: Context, key: UUID) -> None:
        """Make the content of an earlier version the newest, as a job asks for."""
        job = await self.restore_job.find(ctx, id=key, outcome="queued")
        if job is None:
            return
        target = await self.content_version.find(
            ctx, subjectId=job.subject_id, versionNumber=job.target_number
        )
        if target is None or target.status in ("thinned", "corrupted"):
            what = "is not there" if target is None else f"is {target.status}"
            end = models.EndRestoreRequest(problem=f"Version {job.target_number} {what}.")
            await self.refuse_restore(ctx, port.RefuseRestore(restore_job_id=key, body=end))
            return
        content = await self.sound(ctx, target)
        newest = await self._newest(ctx, job.subject_id)
        if content is not None and newest is not None:
            await self._restored(ctx, job, target, content, newest)
        elif job.created_at + _TRIED_FOR <= ctx.now:
            end = models.EndRestoreRequest(problem="A store did not answer for an hour.")
            await self.fail_restore(ctx, port.FailRestore(restore_job_id=key, body=end))

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
        content = await self.content(ctx, version)
        if content is None:
            raise NOT_FOUND("the version was not recorded yet")
        if hashlib.sha256(content).hexdigest() != version.content_digest:
            raise problems.DIGEST_MISMATCH("the content does not give the digest on record")
        return _chunks(content, request.body.offset or 0, version.content_digest)

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
        whole: bool = False,
    ) -> tuple[int, str]:
        """Write a payload, give the version its number, and step its predecessor down: the number,
        and where the payload lies. `whole`: as no difference, for others to read.
        """
        numbers = [
            each.version_number or 0
            async for each in self.content_version.each(ctx, subjectId=version.subject_id)
        ]
        number = max(numbers, default=0) + 1
        before = await self.sound(ctx, newest) if newest is not None else None
        written = await self.lay_down(ctx, version, content, None if whole else newest)
        known = {name: each for name, each in written.fields.items() if each is not None}
        fields = {
            **known,
            "versionNumber": number,
            "changeSummary": _summary(version.subject_kind, content, before),
        }
        body = from_record(models.SealVersionRequest, fields)
        sealed = port.SealVersion(content_version_id=version.id, body=body)
        if newest is not None:
            down = port.SupersedeVersion(content_version_id=newest.id)
            await self.supersede_version(ctx, down)
        await self.seal_version(ctx, sealed)
        return number, written.key

    async def _restored(
        self,
        ctx: Context,
        job: models.RestoreJob,
        target: models.ContentVersion,
        content: bytes,
        newest: models.ContentVersion,
    ) -> None:
        """Seal the old content as a new version and report it."""
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
        number, key = await self._seal(ctx, made, content, newest, whole=True)
        applied = {"newNumber": number, "safetyVersionNumber": newest.version_number}
        told = {**applied, "restoredNumber": job.target_number, "contentRef": f"payload:{key}"}
        await self.restore_job.transition(ctx, "apply-restore", job.id, told)


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
