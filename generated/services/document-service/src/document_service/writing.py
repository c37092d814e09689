"""Real-time editing: batches of operations, what others wrote meanwhile, and restores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import to_record
from cloudsync_chassis.problem import FORBIDDEN, NOT_FOUND, RATE_LIMITED, UNAVAILABLE, breaks_rule
from cloudsync_chassis.store.cursor import Position
from cloudsync_chassis.store.query import ListQuery, Page, PageRequest
from pydantic import TypeAdapter
from version_grpc_client import models as versions

from . import editing, languages, memory
from .base import as_asked, in_order
from .bodies import Bodies
from .editing import Body
from .generated import models, port, problems
from .generated.models import EditOperation
from .transforming import rehung, transformed

_BATCH = 500
_MOST_CONCURRENT = 5_000
_READ = 100
_EDITORS_TOLD = 100
_BLOCKS = TypeAdapter(list[models.Block])


class Writing(Bodies):
    """Commands and queries on operations."""

    async def apply_operations(
        self, ctx: Context, request: port.ApplyOperations
    ) -> models.OperationsApplied:
        document = await self._editable(ctx, request)
        body, author = request.body, self.person(ctx)
        first, base = document.head_sequence + 1, body.base_sequence
        if base > document.head_sequence:
            raise breaks_rule("ahead of the document's head", pointer="/baseSequence")
        if document.head_sequence - base > self.settings.max_base_distance:
            raise problems.BASE_TOO_OLD("the base is too far behind the head")
        before = await self._since(ctx, document, base)
        known = [
            each
            for each in before
            if (each.client_id, each.base_sequence, each.author_id)
            == (body.client_id, base, author)
        ]
        if known:
            return await self._applied_before(ctx, document, body, before, known)
        mine, theirs = transformed(body.operations, _operations(before, base))
        content = Body(await self.blocks_of(ctx, document))
        try:
            kept = [content.carry_out(each) for each in mine]
        except editing.BodyTooLargeError as error:
            raise problems.BODY_TOO_LARGE(str(error)) from error
        concurrent = rehung(theirs, kept)
        if len(concurrent) > _MOST_CONCURRENT:
            raise problems.BASE_TOO_OLD("too much was written meanwhile")
        await self._append(ctx, document.id, first, request.body, author, kept)
        after = await self._advance(ctx, document, content, first + len(kept) - 1)
        await self._tell(ctx, document, after, author)
        for each in body.operations:
            kind = str(each.kind)
            self.metrics.document_operations_total(operation=kind, client=ctx.principal.kind)
        return _applied(after, first, after.head_sequence, str(after.body_checksum), concurrent)

    async def list_operations(
        self, ctx: Context, request: port.ListOperations
    ) -> Page[models.OperationBatch]:
        await self.document.get(ctx, request.document_id)
        page = in_order(request.page, "firstSequence")
        if page.after is None and request.from_sequence is not None:
            # a place that no page has told: behind all batches that end before the sequence
            start = Position("firstSequence", request.from_sequence - _BATCH, UUID(int=0))
            page = replace(page, after=start)
        query = ListQuery(page, {"documentId": request.document_id})
        found = await self.operation_batch.repository.select(ctx, query)
        wanted = request.from_sequence or 0
        items = tuple(each for each in found.items if each.last_sequence >= wanted)
        return as_asked(replace(found, items=items), request.page)

    async def restore_to_version(
        self, ctx: Context, request: port.RestoreToVersion
    ) -> models.RestoreAccepted:
        document = await self.document.get(ctx, request.document_id)
        await self.check_writable(ctx)
        if document.status not in (models.DocumentStatus.draft, models.DocumentStatus.active):
            raise FORBIDDEN(f"the document is {document.status}: nothing in it can be changed")
        self.check_unlocked(ctx, document)
        person, number = self.person(ctx), request.body.version_number
        await self._keep_present(ctx, document, person)
        wish = versions.RestoreVersionRequest(
            subject_kind=versions.SubjectKind.document,
            subject_id=document.id,
            target_number=number,
            requested_by=person,
        )
        outcome = models.JobOutcome.running
        try:
            await self.clients.version.client.restore_version(
                wish, idempotency_key=ctx.idempotency_key
            )
        except CallError as error:
            _check_restorable(error)
            outcome = models.JobOutcome.queued
            told = {"versionNumber": number, "requestedBy": person}
            await self.document.announce(ctx, "restore-requested", document, document, **told)
        return models.RestoreAccepted(
            document_id=document.id, version_number=number, outcome=outcome
        )

    async def on_version_restored(
        self, ctx: Context, event: Received[models.VersionRestored]
    ) -> None:
        await self.apply_restored_version(ctx, port.ApplyRestoredVersion(body=event.data))

    async def apply_restored_version(
        self, ctx: Context, request: port.ApplyRestoredVersion
    ) -> None:
        restored = request.body
        if restored.subject_kind != models.SubjectKind.document:
            return
        document = await self.document.find(ctx, id=restored.subject_id)
        if document is None or await self.word(ctx, f"restore:{restored.restore_job_id}"):
            return
        content = Body(await self._restored(ctx, restored.content_ref))
        about = f"restore:{restored.restore_job_id}"
        await self.standings.insert(ctx, {"about": about, "at": ctx.now, "word": "applied"})
        sequence = document.head_sequence + 1
        after = await self._advance(ctx, document, content, sequence)
        told = {
            "fromSequence": sequence,
            "toSequence": sequence,
            "editorIds": [],
            "origin": models.ChangeOrigin.restore,
            **_files_changed(document, after),
        }
        await self.document.announce(ctx, "document-updated", after, after, **told)

    async def flush_updates(self, ctx: Context) -> None:
        """Tell what was held back since the last DocumentUpdated of a document."""
        due = {"toldAt": ctx.now - self._distance}
        async for each in self.pending.each(ctx, due, waiting=True):
            document = await self.document.find(ctx, id=each.document_id)
            if document is not None:
                await self._tell_now(ctx, document, to_record(each))
            await self.pending.rewrite(ctx, each, {"waiting": False, "toldAt": ctx.now})

    @property
    def _distance(self) -> timedelta:
        return timedelta(seconds=self.settings.coalesce_updates)

    async def _editable(self, ctx: Context, request: port.ApplyOperations) -> models.Document:
        """The document, if the caller may write in it now.

        Raises:
            Problem: `not-found`, `forbidden`, `illegal-transition`, `tenant-read-only`,
                `document-locked`, `rate-limited`.
        """
        await self.document.get(ctx, request.document_id)
        await self.lock(ctx, request.document_id)
        document = await self.document.get(ctx, request.document_id)
        if document.status not in (models.DocumentStatus.draft, models.DocumentStatus.active):
            raise problems.ILLEGAL_TRANSITION(f"the document is {document.status}")
        if await self.read_only(ctx):
            raise problems.TENANT_READ_ONLY("the organisation is restricted")
        self.check_unlocked(ctx, document)
        client = f"batch:{document.id}:{ctx.principal.subject}:{request.body.client_id}"
        limits = (
            (client, self.settings.batches_per_client),
            (f"batch:{document.id}", self.settings.batches_per_document),
        )
        for who, most in limits:
            if not self.world.throttle.admit(who, most, 1.0):
                slower = RATE_LIMITED("too many batches in a second")
                slower.headers = {"Retry-After": "1"}
                raise slower
        return document

    async def _since(
        self, ctx: Context, document: models.Document, base: int
    ) -> list[models.OperationBatch]:
        """Batches with operations after a sequence, oldest first.

        Raises:
            Problem: `base-too-old`: a restore lies between, which no operation tells.
        """
        found: list[models.OperationBatch] = []
        page = PageRequest(limit=_READ, sort="-firstSequence")
        reached = document.head_sequence + 1
        while reached > base + 1:
            query = ListQuery(page, {"documentId": document.id})
            rows = await self.operation_batch.repository.select(ctx, query)
            for each in rows.items:
                if reached <= base + 1 or each.last_sequence != reached - 1:
                    break
                found.append(each)
                reached = each.first_sequence
            if reached > base + 1 and (
                rows.following is None or rows.items[-1].first_sequence != reached
            ):
                raise problems.BASE_TOO_OLD("the content was replaced since: reload")
            page = replace(page, after=rows.following)
        return found[::-1]

    async def _applied_before(
        self,
        ctx: Context,
        document: models.Document,
        body: models.ApplyOperationsRequest,
        before: Sequence[models.OperationBatch],
        known: Sequence[models.OperationBatch],
    ) -> models.OperationsApplied:
        """The answer to a batch that was taken in already, as far as it came then."""
        first, last = known[0].first_sequence, known[-1].last_sequence
        earlier = [each for each in before if each.last_sequence < first]
        kept = [each for batch in known for each in batch.operations]
        _, theirs = transformed(body.operations, _operations(earlier, body.base_sequence))
        then = await self.bodies.find(ctx, documentId=document.id, sequence=last)
        checksum = then.checksum if then is not None else str(document.body_checksum)
        return _applied(document, first, last, checksum, rehung(theirs, kept))

    async def _append(
        self,
        ctx: Context,
        document_id: UUID,
        first: int,
        body: models.ApplyOperationsRequest,
        author: UUID,
        operations: Sequence[EditOperation],
    ) -> None:
        """Write operations to the history, 500 a batch: some became two on their way."""
        for start in range(0, len(operations), _BATCH):
            part = operations[start : start + _BATCH]
            fields = {
                "documentId": document_id,
                "firstSequence": first + start,
                "lastSequence": first + start + len(part) - 1,
                "baseSequence": body.base_sequence,
                "authorId": author,
                "clientId": body.client_id,
                "operations": [to_record(each) for each in part],
            }
            await self.operation_batch.insert(ctx, fields)

    async def _advance(
        self, ctx: Context, document: models.Document, content: Body, head: int
    ) -> models.Document:
        """Give the document new content under a new head."""
        blocks = content.blocks
        fields = await self.lay_down(ctx, document, blocks, head)
        fields |= await self._files(ctx, document, editing.attached(blocks))
        if document.content_language is None:
            language = languages.guessed(editing.plain_text(blocks, 10 * languages.ENOUGH))
            if language is not None:
                fields["contentLanguage"] = language
        return await self.write(ctx, document.id, fields)

    async def _files(
        self, ctx: Context, document: models.Document, files: Sequence[UUID]
    ) -> dict[str, Any]:
        """Attachments that still exist, and those of them that are in quarantine."""
        known, blocked = set(document.attachment_file_ids), set(document.blocked_file_ids)
        there = []
        for each in files:
            word = "" if each in known else await self.word(ctx, f"file:{each}")
            if word != "gone":
                there.append(each)
            if word == "blocked":
                blocked.add(each)
        if len(there) > editing.MOST_ATTACHMENTS:
            raise breaks_rule("a document has 200 attachments at most", pointer="/operations")
        return {
            "attachmentFileIds": there,
            "blockedFileIds": [each for each in there if each in blocked],
        }

    async def _tell(
        self, ctx: Context, before: models.Document, after: models.Document, author: UUID
    ) -> None:
        """DocumentUpdated, or a part of the next one where the last was told just now."""
        files = _files_changed(before, after)
        known = await self.pending.find(ctx, documentId=after.id)
        news: dict[str, Any] = {
            "fromSequence": before.head_sequence + 1,
            "editorIds": [author],
            **files,
        }
        if known is not None and known.waiting:
            await self.pending.rewrite(ctx, known, _joined(known, news))
        elif known is not None and known.told_at + self._distance > ctx.now:
            await self.pending.rewrite(ctx, known, {"waiting": True, **news})
        else:
            await self._tell_now(ctx, after, news)
            if known is not None:
                await self.pending.rewrite(ctx, known, {"toldAt": ctx.now})
            else:
                about = {"documentId": after.id, "toldAt": ctx.now, "waiting": False}
                await self.pending.insert(ctx, {**about, **news})

    async def _tell_now(
        self, ctx: Context, document: models.Document, news: dict[str, Any]
    ) -> None:
        names = ("fromSequence", "editorIds", "attachedFileIds", "detachedFileIds")
        told = {name: news[name] for name in names}
        told |= {"toSequence": document.head_sequence, "origin": models.ChangeOrigin.edit}
        await self.document.announce(ctx, "document-updated", document, document, **told)

    async def _keep_present(self, ctx: Context, document: models.Document, person: UUID) -> None:
        """Have what is there now kept as a version."""
        if document.body_ref is None or document.body_checksum is None:
            return
        await self.clients.version.create_version(
            ctx,
            versions.CreateVersionRequest(
                subject_kind=versions.SubjectKind.document,
                subject_id=document.id,
                trigger=versions.VersionTrigger.pre_restore,
                content_ref=f"body:{document.body_ref}",
                content_digest=document.body_checksum,
                from_sequence=document.head_sequence,
                to_sequence=document.head_sequence,
                contributor_ids=[person],
            ),
        )

    async def _restored(self, ctx: Context, reference: str) -> list[editing.Block]:
        """Blocks of an earlier version.

        Raises:
            Problem: `unavailable`: they cannot be read now, so the event has to come again.
        """
        if reference.startswith("body:"):
            blocks = await self.body_by_reference(ctx, reference.removeprefix("body:"))
        else:
            content = self.world.payloads.read(reference)
            blocks = _blocks_in(content) if content is not None else None
        if blocks is None:
            raise UNAVAILABLE("the content of the version cannot be read")
        return blocks


def _operations(batches: Sequence[models.OperationBatch], base: int) -> list[EditOperation]:
    """Operations of batches in a row, those after a sequence."""
    found: list[EditOperation] = []
    for each in batches:
        found += each.operations[max(0, base + 1 - each.first_sequence) :]
    return found


def _applied(
    document: models.Document,
    first: int,
    head: int,
    checksum: str,
    concurrent: list[EditOperation],
) -> models.OperationsApplied:
    return models.OperationsApplied(
        document_id=document.id,
        first_sequence=first,
        head_sequence=head,
        body_checksum=checksum,
        concurrent=concurrent,
    )


def _files_changed(before: models.Document, after: models.Document) -> dict[str, list[UUID]]:
    old, new = before.attachment_file_ids, after.attachment_file_ids
    return {
        "attachedFileIds": [each for each in new if each not in old],
        "detachedFileIds": [each for each in old if each not in new],
    }


def _joined(known: memory.PendingUpdate, news: dict[str, Any]) -> dict[str, Any]:
    """What is held back with what came since; who came and went meanwhile is no change."""
    attached = [*known.attached_file_ids, *news["attachedFileIds"]]
    detached = [*known.detached_file_ids, *news["detachedFileIds"]]
    return {
        "editorIds": list(dict.fromkeys([*known.editor_ids, *news["editorIds"]]))[:_EDITORS_TOLD],
        "attachedFileIds": [each for each in dict.fromkeys(attached) if each not in detached],
        "detachedFileIds": [each for each in dict.fromkeys(detached) if each not in attached],
    }


def _blocks_in(content: bytes) -> list[editing.Block]:
    """Blocks in JSON, checked against their schema."""
    blocks = _BLOCKS.validate_json(content)
    return [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in blocks]


def _check_restorable(error: CallError) -> None:
    """Nothing where version-service gave no answer.

    Raises:
        Problem: `version-thinned`, `not-found`: what it refused.
    """
    if error.retriable:
        return
    if isinstance(error, RefusedError) and error.slug == problems.VERSION_THINNED.slug:
        raise problems.VERSION_THINNED("the version was thinned") from error
    if isinstance(error, RefusedError) and error.status == 404:
        raise NOT_FOUND("no such version") from error
    raise UNAVAILABLE("version-service does not take the restore at present") from error
