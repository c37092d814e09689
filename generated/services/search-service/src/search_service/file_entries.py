"""Files: found by name and text, by whoever reads what they hang on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.runtime import Runtime

from . import memory
from .entries import EntryEvents
from .generated import models, port


class FileEntries(EntryEvents):
    """Facts about files are kept, and the entry follows from them."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        undo = {("file-upload", "Index name and text"): self._undo_index}
        runtime.sagas.compensate(undo)

    async def _undo_index(self, ctx: Context, data: Mapping[str, Any]) -> None:
        """An upload went back: its entry is what the facts still give, mostly nothing."""
        await self._derive(ctx, await self._facts(ctx, UUID(str(data["fileId"]))))

    async def project_file(self, ctx: Context, request: port.ProjectFile) -> None:
        """Write the entry of the file that the event is about anew."""
        if ctx.cause is not None and "fileId" in ctx.cause.data:
            await self._derive(ctx, await self._facts(ctx, UUID(str(ctx.cause.data["fileId"]))))

    async def _facts(self, ctx: Context, file_id: UUID) -> memory.FileFacts:
        known = await self.file_facts.find(ctx, fileId=file_id)
        if known is not None:
            return known
        return await self.file_facts.insert(ctx, {"fileId": file_id})

    async def _told(self, ctx: Context, file_id: UUID, about: str, **fields: Any) -> None:
        """Note what an event says of a file, unless something later was said of that."""
        assert ctx.cause is not None
        if await self.newest(ctx, f"file:{file_id}:{about}", ctx.cause.time):
            facts = await self._facts(ctx, file_id)
            facts = await self.file_facts.rewrite(ctx, facts, fields)
            await self._derive(ctx, facts)

    async def _derive(self, ctx: Context, facts: memory.FileFacts) -> None:
        entries = [
            found
            for kind, _, target in (each.partition(":") for each in facts.targets)
            if (found := await self.entry_of(ctx, kind, UUID(target))) is not None
        ]
        readers = dict.fromkeys(
            each.root
            for entry in entries
            if entry.status != models.EntryStatus.tombstoned
            for each in entry.reader_principals
        )
        if not facts.findable or not facts.name or not readers:
            await self.bury(ctx, "file", facts.file_id)
            return
        text = await self.extracts.text(facts.text_key) if facts.text_key else ""
        known = await self.entry_of(ctx, "file", facts.file_id)
        sequence = ctx.cause.sequence if ctx.cause is not None else 0
        before = known.source_version if known is not None else 0
        fields = {
            "heading": facts.name,
            "content": text,
            "readerPrincipals": list(readers)[: self.settings.fold_readers_above],
            "authorId": entries[0].author_id,
            "contentType": facts.media_type,
            "contentChangedAt": ctx.cause.time if ctx.cause is not None else ctx.now,
            "sourceVersion": max(before, sequence),
        }
        await self.write_entry(ctx, "file", facts.file_id, fields)

    async def reread_files(self, ctx: Context, target: str) -> None:
        """Give the files that hang on something its readers."""
        async for facts in self.file_facts.each(ctx, targets=target):
            await self._derive(ctx, facts)

    async def _hang(self, ctx: Context, file_id: UUID, target: str, holds: bool) -> None:
        assert ctx.cause is not None
        if await self.newest(ctx, f"file:{file_id}:{target}", ctx.cause.time, holds):
            facts = await self._facts(ctx, file_id)
            others = [each for each in facts.targets if each != target]
            targets = {"targets": [*others, target] if holds else others}
            facts = await self.file_facts.rewrite(ctx, facts, targets)
            await self._derive(ctx, facts)

    async def on_file_scanned(self, ctx: Context, event: Received[models.FileScanned]) -> None:
        data = event.data
        known = await self._facts(ctx, data.file_id)
        await self._told(
            ctx,
            data.file_id,
            "scan",
            name=known.name or data.file_name,
            mediaType=data.media_type,
            textKey=data.text_extract_key or known.text_key,
        )
        await self._told(ctx, data.file_id, "there", findable=True)

    async def on_file_renamed(self, ctx: Context, event: Received[models.FileRenamed]) -> None:
        await self._told(ctx, event.data.file_id, "name", name=event.data.file_name)

    async def on_file_replaced(self, ctx: Context, event: Received[models.FileReplaced]) -> None:
        await self._told(ctx, event.data.file_id, "text", textKey=None)

    async def on_rendition_ready(
        self, ctx: Context, event: Received[models.RenditionReady]
    ) -> None:
        if event.data.variant == models.RenditionVariant.text_extract:
            await self.project_file(ctx, port.ProjectFile())

    async def on_file_released(self, ctx: Context, event: Received[models.FileReleased]) -> None:
        await self._told(ctx, event.data.file_id, "there", findable=True)

    async def on_file_recovered(self, ctx: Context, event: Received[models.FileRecovered]) -> None:
        await self._told(ctx, event.data.file_id, "there", findable=True)

    async def on_file_quarantined(
        self, ctx: Context, event: Received[models.FileQuarantined]
    ) -> None:
        await self._told(ctx, event.data.file_id, "there", findable=False)

    async def on_file_trashed(self, ctx: Context, event: Received[models.FileTrashed]) -> None:
        await self._told(ctx, event.data.file_id, "there", findable=False)

    async def on_file_deleted(self, ctx: Context, event: Received[models.FileDeleted]) -> None:
        gone = {"findable": False, "name": "", "textKey": None, "targets": []}
        await self._told(ctx, event.data.file_id, "there", **gone)

    async def on_file_linked(self, ctx: Context, event: Received[models.FileLinked]) -> None:
        data = event.data
        await self._hang(ctx, data.file_id, f"{data.target_kind}:{data.target_id}", True)

    async def on_file_unlinked(self, ctx: Context, event: Received[models.FileUnlinked]) -> None:
        data = event.data
        await self._hang(ctx, data.file_id, f"{data.target_kind}:{data.target_id}", False)
