"""The scanner's verdict, and what it leads to: use, quarantine, release."""

from __future__ import annotations

from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import given

from .generated import models, port, problems
from .judges import Judgement
from .uploads import Uploads

_WHOLE = 64 * 1024 * 1024
"""Bytes up to which a file is looked at as a whole."""

_SIZES = ((1_048_576, "1mib"), (16_777_216, "16mib"), (104_857_600, "100mib"))
_BYTES_THERE = ("scanning", "available", "quarantined", "trashed")


class Scanning(Uploads):
    """Judging files."""

    async def rescan_file(self, ctx: Context, request: port.RescanFile) -> models.StoredFileView:
        file = await self.file.get(ctx, request.file_id)
        under_way = await self.rescans.find(ctx, fileId=file.id)
        if file.status == models.FileStatus.scanning or under_way is not None:
            raise problems.FILE_SCANNING("a scan is under way")
        if str(file.status) in _BYTES_THERE:
            await self.rescans.insert(ctx, {"fileId": file.id})
        return self.view(file)

    async def quarantine_file(
        self, ctx: Context, request: port.QuarantineFile
    ) -> models.StoredFileView:
        before = await self.known_file(ctx, request.file_id)
        links = self.file_link.each(ctx, fileId=request.file_id, status="live")
        targets = [
            {"targetKind": each.target_kind, "targetId": each.target_id} async for each in links
        ]
        fields = {**given(request.body), "targets": targets[:1000]}
        found = await self.file.transition(ctx, "quarantine-file", request.file_id, fields)
        if before.status != found.status:
            family = request.body.threat_name.replace("-", ".").partition(".")[0]
            self.metrics.file_quarantined_total(threat_family=family)
        return self.view(found)

    async def scan(self, ctx: Context, file_id: UUID) -> None:
        """Have a file judged and do what the verdict asks for."""
        file = await self.file.find(ctx, id=file_id)
        if file is None or str(file.status) not in _BYTES_THERE:
            return
        content = await self.objects.head(file.object_key or "", _WHOLE)
        whole = len(content) == file.size_bytes
        found = await self.scanner.judge(content, file.media_type, whole)
        threat = found.threat or await self._unwanted(ctx, found)
        if threat is not None:
            await self._condemn(ctx, file, found, threat)
        elif str(file.status) in ("scanning", "available"):
            await self._accept(ctx, file, found)
        waited = (ctx.now - file.updated_at).total_seconds()
        self.metrics.file_scan_seconds(waited, size_bucket=_bucket(file.size_bytes))

    async def _unwanted(self, ctx: Context, found: Judgement) -> str | None:
        """What stands against a file that nobody can look into, where a tenant has none of it."""
        if found.verdict != models.ScanVerdict.unscannable:
            return None
        rules = await self.rules.of(ctx.tenant)
        own = rules.unscannable
        allowed = self.settings.unscannable_allowed if own is None else own
        return None if allowed else "Unscannable.Archive"

    async def _condemn(
        self, ctx: Context, file: models.StoredFile, found: Judgement, threat: str
    ) -> None:
        if file.status == models.FileStatus.quarantined:
            return
        infected = found.verdict == models.ScanVerdict.infected
        verdict = models.QuarantineFileRequestScanVerdict
        body = models.QuarantineFileRequest(
            scan_verdict=verdict.infected if infected else verdict.suspicious,
            threat_name=threat,
            signature_version=found.signatures,
        )
        await self.quarantine_file(ctx, port.QuarantineFile(file_id=file.id, body=body))

    async def _accept(self, ctx: Context, file: models.StoredFile, found: Judgement) -> None:
        body = models.RecordScanRequest(
            scan_verdict=models.RecordScanRequestScanVerdict(str(found.verdict)),
            signature_version=found.signatures,
            media_type=found.media_type,
            media=file.media,
            text_extract_key=await self._extract(ctx, file, found.text),
        )
        await self.record_scan(ctx, port.RecordScan(file_id=file.id, body=body))

    async def _extract(self, ctx: Context, file: models.StoredFile, text: str | None) -> str | None:
        """Keep the words that the scanner saw as a rendition; where they lie."""
        if not text:
            return None
        content, variant = text.encode(), models.RenditionVariant.text_extract
        known = await self.rendition.find(ctx, fileId=file.id, variant=variant)
        key = (known and known.object_key) or self.new_key()
        await self.objects.put(key, content)
        fields = {
            "objectKey": key,
            "bytes": len(content),
            "state": models.RenditionState.ready,
            "failureCode": None,
        }
        if known is None:
            whose = {"fileId": file.id, "variant": variant}
            made = await self.rendition.insert(ctx, {**fields, **whose})
        else:
            made = await self.rendition.rewrite(ctx, known, fields)
        if known is None or known.state != models.RenditionState.ready:
            await self.rendition.announce(ctx, "rendition-ready", made)
        return key


def _bucket(size: int) -> str:
    return next((name for most, name in _SIZES if size <= most), "larger")
