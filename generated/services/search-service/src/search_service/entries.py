"""What owning services say of their things, by call and by event, as entries."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event, Received
from cloudsync_chassis.model import given
from cloudsync_chassis.problem import NOT_FOUND

from .base import Base
from .generated import models, port, problems

_LARGEST_BATCH = 8_000_000
"""Characters of content that one batch may have."""

_RESTRICTED = (models.Sensitivity.restricted,)
DRAFT, ARCHIVED = "status:draft", "status:archived"
"""Keywords by which entries rank below finished and active work."""


class Entries(Base):
    """Calls, documents, messages."""

    async def get_entry(self, ctx: Context, request: port.GetEntry) -> models.SearchEntry:
        """What the index holds; a grave is kept for the order of versions alone."""
        found = await super().get_entry(ctx, request)
        if found.status is models.EntryStatus.tombstoned:
            raise NOT_FOUND("it was removed")
        return found

    async def index(self, ctx: Context, request: port.Index) -> models.IndexReceipt:
        drafts = request.body.entries
        if sum(len(each.content or "") for each in drafts) > _LARGEST_BATCH:
            raise problems.ENTRY_TOO_LARGE(f"more than {_LARGEST_BATCH} characters at once")
        accepted, ignored = 0, []
        for draft in drafts:
            known = await self.entry_of(ctx, str(draft.source_kind), draft.source_id)
            if known is not None and known.source_version >= draft.source_version:
                late = models.IgnoredEntry(
                    source_kind=draft.source_kind,
                    source_id=draft.source_id,
                    known_version=known.source_version,
                )
                ignored.append(late)
                continue
            if known is not None and known.status == models.EntryStatus.queued:
                await self.commit(ctx, known)
            fields = given(draft)
            where = {name: fields.pop(name) for name in ("sourceKind", "sourceId")}
            body = models.IndexEntryRequest.model_validate(fields, strict=False)
            await self.search_entry.put(ctx, "index-entry", body, **where)
            accepted += 1
        if accepted:
            self.runtime.work.soon(ctx, "commit-queued", self.commit_queued)
        return models.IndexReceipt(accepted=accepted, ignored=ignored)

    async def project_document(self, ctx: Context, request: port.ProjectDocument) -> None:
        """Carry over what the event says that the operation is about."""
        event = ctx.cause
        if event is None:
            return
        kind = event.type.split(".")[2]
        document = UUID(str(event.data["documentId"]))
        fields = await self._document(ctx, event, kind, document)
        if fields:
            await self._write(ctx, event, "document", document, fields)

    async def _document(
        self, ctx: Context, event: Event, kind: str, document: UUID
    ) -> dict[str, Any]:
        """Fields of the entry by what an event says; none where it comes too late."""
        data = event.data
        back = kind in ("document-created", "document-recovered")
        told = "there" if back else kind.replace("un", "", 1)
        if not await self.newest(ctx, f"document:{document}:{told}", event.time):
            return {}
        if kind == "document-updated":
            await self._note_body(ctx, document, str(data["bodyRef"]))
        known = await self.entry_of(ctx, "document", document)
        if kind == "document-created":
            if known is not None and known.status != models.EntryStatus.tombstoned:
                return {}
            return self._created(event, document)
        if known is None or (known.status == models.EntryStatus.tombstoned and not back):
            return {}
        if kind in ("document-updated", "document-recovered"):
            words = await self._words(ctx, document)
            changed = {"contentChangedAt": event.time, "heading": data["title"]}
            return {**changed, "content": words}
        if kind == "document-details-changed":
            words = await self._words(ctx, document)
            return self._details(data, known) | ({} if words is None else {"content": words})
        marks = {"document-published": (DRAFT, None), "document-unarchived": (ARCHIVED, None)}
        drop, add = marks.get(kind, (None, ARCHIVED))
        return {"keywords": _marked(known, drop, add)}

    async def _note_body(self, ctx: Context, document: UUID, reference: str) -> None:
        known = await self.body_places.find(ctx, documentId=document)
        fields = {"documentId": document, "bodyRef": reference}
        if known is None:
            await self.body_places.insert(ctx, fields)
        else:
            await self.body_places.rewrite(ctx, known, fields)

    async def _words(self, ctx: Context, document: UUID) -> str | None:
        """The words as they were last told; None where they are not known."""
        known = await self.body_places.find(ctx, documentId=document)
        return await self.bodies.text(known.body_ref) if known is not None else None

    def _created(self, event: Event, document: UUID) -> dict[str, Any]:
        data = event.data
        owner, folder = data["ownerId"], data.get("folderId")
        readers = dict.fromkeys([f"user:{owner}", *(data.get("principals") or ())])
        return {
            "heading": data["title"],
            "authorId": UUID(str(owner)),
            "readerPrincipals": self.folded(event, list(readers)),
            "container": f"folder:{folder}" if folder else None,
            "contentType": data["documentType"],
            "contentChangedAt": event.time,
            "keywords": [DRAFT],
            "redactionLevel": _redaction(data["sensitivity"]),
        }

    def _details(self, data: Any, known: models.SearchEntry) -> dict[str, Any]:
        marks = [each.root for each in known.keywords or () if each.root in (DRAFT, ARCHIVED)]
        language = str(data.get("contentLanguage") or "und").partition("-")[0]
        spoken = {each.value for each in models.AnalyzerLanguage}
        return {
            "heading": data["title"],
            "keywords": [*marks, *data["labels"]],
            "analyzerLanguage": language if language in spoken else "und",
            "redactionLevel": _redaction(data["sensitivity"]),
        }

    def folded(self, event: Event, readers: list[str]) -> list[str]:
        """The readers, people folded into the organisation where there are too many."""
        most = self.settings.fold_readers_above
        if len(readers) <= most:
            return readers
        groups = [each for each in readers if not each.startswith("user:")]
        return [f"org:{event.organization_id}", *groups][:most]

    async def _write(
        self, ctx: Context, event: Event, kind: str, source_id: UUID, fields: dict[str, Any]
    ) -> None:
        known = await self.entry_of(ctx, kind, source_id)
        before = known.source_version if known is not None else 0
        fields["sourceVersion"] = max(before, event.sequence)
        await self.write_entry(ctx, kind, source_id, fields)
        await self.reread_files(ctx, f"{kind}:{source_id}")

    async def change_readers(self, ctx: Context, request: port.ChangeReaders) -> None:
        """Add and drop principals of a document's entry, as the event says."""
        event = ctx.cause
        if event is None or "documentId" not in event.data:
            return
        document = UUID(str(event.data["documentId"]))
        known = await self.entry_of(ctx, "document", document)
        shared = event.data.get("principal")
        if shared is None:
            await self._moved(ctx, event, document, known)
            return
        adds = event.type.split(".")[2] == "document-shared"
        about = f"document:{document}:{shared}"
        if not await self.newest(ctx, about, event.time, adds) or known is None:
            return
        readers = [each.root for each in known.reader_principals if each.root != shared]
        await self._reread(ctx, event, known, [*readers, shared] if adds else readers)

    async def _moved(
        self, ctx: Context, event: Event, document: UUID, known: models.SearchEntry | None
    ) -> None:
        newest = await self.newest(ctx, f"document:{document}:place", event.time)
        if known is None or not newest:
            return
        folder, told = event.data.get("toFolderId"), event.data.get("principals")
        readers = [each.root for each in known.reader_principals]
        if told is not None:
            readers = list(dict.fromkeys([f"user:{known.author_id}", *told]))
        place = {"container": f"folder:{folder}" if folder else None}
        await self._reread(ctx, event, known, readers, **place)

    async def _reread(
        self,
        ctx: Context,
        event: Event,
        known: models.SearchEntry,
        readers: list[str],
        **more: Any,
    ) -> None:
        """Write other readers, also into the files that hang on the document."""
        fields = {**more, "readerPrincipals": self.folded(event, readers)}
        if known.status == models.EntryStatus.tombstoned:
            await self.search_entry.rewrite(ctx, known, fields)
        else:
            await self._write(ctx, event, "document", known.source_id, fields)
        lag = (ctx.now - event.time).total_seconds()
        self.metrics.search_acl_lag_seconds(max(0.0, lag), change="grant")

    async def reread_files(self, ctx: Context, target: str) -> None:
        """Give the files that hang on something its readers; see `files.py`."""

    async def project_message(self, ctx: Context, request: port.ProjectMessage) -> None:
        """Put the excerpt that the event brings under its channel."""
        event = ctx.cause
        if event is None:
            return
        message, data = UUID(str(event.data["messageId"])), event.data
        moment = _moment(data.get("editedAt") or data.get("postedAt")) or event.time
        if not await self.newest(ctx, f"message:{message}", event.time):
            return
        known = await self.entry_of(ctx, "message", message)
        excerpt = " ".join((data.get("excerpt") or "").split())
        author = data.get("authorId") or (known and known.author_id)
        if not excerpt or author is None:
            return
        fields = {
            "heading": excerpt[:300],
            "content": excerpt,
            "authorId": UUID(str(author)),
            "readerPrincipals": [f"channel:{data['channelId']}"],
            "container": f"channel:{data['channelId']}",
            "contentChangedAt": moment,
        }
        await self._write(ctx, event, "message", message, fields)

    async def _bury_told(self, ctx: Context, kind: str, source_id: UUID) -> None:
        """Bury what an event says is gone, unless it was told later that it is back."""
        event = ctx.cause
        assert event is not None
        about = f"{kind}:{source_id}" + (":there" if kind == "document" else "")
        if await self.newest(ctx, about, event.time, False):
            await self.bury(ctx, kind, source_id)
            await self.reread_files(ctx, f"{kind}:{source_id}")


def _redaction(sensitivity: str) -> str:
    """Restricted content is found by its heading alone."""
    restricted = models.Sensitivity(sensitivity) in _RESTRICTED
    level = models.RedactionLevel
    return level.heading_only if restricted else level.none


def _marked(known: models.SearchEntry, drop: str | None, add: str | None) -> list[str]:
    kept = [each.root for each in known.keywords or () if each.root not in (drop, add)]
    return [add, *kept] if add else kept


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else text


class EntryEvents(Entries):
    """Which event says what."""

    async def on_document_created(
        self, ctx: Context, event: Received[models.DocumentCreated]
    ) -> None:
        await self.project_document(ctx, port.ProjectDocument())

    async def on_document_updated(
        self, ctx: Context, event: Received[models.DocumentUpdated]
    ) -> None:
        await self.project_document(ctx, port.ProjectDocument())

    async def on_document_details_changed(
        self, ctx: Context, event: Received[models.DocumentDetailsChanged]
    ) -> None:
        await self.project_document(ctx, port.ProjectDocument())

    async def on_document_published(
        self, ctx: Context, event: Received[models.DocumentPublished]
    ) -> None:
        await self.project_document(ctx, port.ProjectDocument())

    async def on_document_archived(
        self, ctx: Context, event: Received[models.DocumentArchived]
    ) -> None:
        await self.project_document(ctx, port.ProjectDocument())

    async def on_document_unarchived(
        self, ctx: Context, event: Received[models.DocumentUnarchived]
    ) -> None:
        await self.project_document(ctx, port.ProjectDocument())

    async def on_document_recovered(
        self, ctx: Context, event: Received[models.DocumentRecovered]
    ) -> None:
        await self.project_document(ctx, port.ProjectDocument())

    async def on_document_shared(
        self, ctx: Context, event: Received[models.DocumentShared]
    ) -> None:
        await self.change_readers(ctx, port.ChangeReaders())

    async def on_document_unshared(
        self, ctx: Context, event: Received[models.DocumentUnshared]
    ) -> None:
        await self.change_readers(ctx, port.ChangeReaders())

    async def on_document_moved(self, ctx: Context, event: Received[models.DocumentMoved]) -> None:
        await self.change_readers(ctx, port.ChangeReaders())

    async def on_document_trashed(
        self, ctx: Context, event: Received[models.DocumentTrashed]
    ) -> None:
        await self._bury_told(ctx, "document", event.data.document_id)

    async def on_document_deleted(
        self, ctx: Context, event: Received[models.DocumentDeleted]
    ) -> None:
        await self._bury_told(ctx, "document", event.data.document_id)

    async def on_message_posted(self, ctx: Context, event: Received[models.MessagePosted]) -> None:
        await self.project_message(ctx, port.ProjectMessage())

    async def on_message_edited(self, ctx: Context, event: Received[models.MessageEdited]) -> None:
        await self.project_message(ctx, port.ProjectMessage())

    async def on_message_released(
        self, ctx: Context, event: Received[models.MessageReleased]
    ) -> None:
        await self.project_message(ctx, port.ProjectMessage())

    async def on_message_held(self, ctx: Context, event: Received[models.MessageHeld]) -> None:
        await self._bury_told(ctx, "message", event.data.message_id)

    async def on_message_retracted(
        self, ctx: Context, event: Received[models.MessageRetracted]
    ) -> None:
        await self._bury_told(ctx, "message", event.data.message_id)

    async def on_message_purged(self, ctx: Context, event: Received[models.MessagePurged]) -> None:
        await self._bury_told(ctx, "message", event.data.message_id)
