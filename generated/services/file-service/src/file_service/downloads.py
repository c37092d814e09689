"""Addresses under which files can be fetched for a few minutes."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import NOT_FOUND, Problem, breaks_rule

from .generated import models, port, problems
from .links import Links
from .objects import Fetch

_SCAN_PAUSE = 5
"""Seconds after which it is worth asking again for a file that is being scanned."""

_USES = 500
"""Lines of the edge's account that are settled at a time."""

_VARIANT_TYPES = {
    "thumb256": "image/webp",
    "preview1600": "image/webp",
    "pdf": "application/pdf",
    "textExtract": "text/plain",
    "hls720": "application/vnd.apple.mpegurl",
}


class Downloads(Links):
    """Grants."""

    async def grant_download(
        self, ctx: Context, request: port.GrantDownload
    ) -> models.DownloadAddress:
        file = await self.file.get(ctx, request.file_id)
        body = request.body
        grantee = self._grantee(ctx, body)
        self._require_usable(file)
        key, media_type = await self._wanted(ctx, file, body.variant)
        inline = body.disposition == models.ContentDisposition.inline
        if inline and media_type not in self.settings.inline_media_types.split(","):
            raise problems.INLINE_FORBIDDEN(f"{media_type} may not be drawn in a page")
        if body.variant is None and file.storage_class == models.StorageClass.archive:
            await self._require_retrieved(ctx, key)
        if not await self.objects.present(key):
            raise NOT_FOUND("the bytes are not there")
        seconds = body.valid_seconds or int(self.settings.address_lifetime)
        fields = {
            "fileId": file.id,
            "granteeId": grantee,
            "disposition": body.disposition,
            "validSeconds": seconds,
            "clientNetwork": body.client_network,
        }
        grant = await self.download_grant.insert(ctx, fields)
        until = ctx.now + timedelta(seconds=seconds)
        fetch = Fetch(
            organization=ctx.tenant,
            grant=grant.id,
            until=until,
            disposition=str(body.disposition),
            media_type=media_type,
            file_name=file.file_name,
            network=body.client_network,
        )
        return models.DownloadAddress(
            download_grant_id=grant.id,
            address=self.objects.object_address(key, fetch),
            expires_at=until,
        )

    async def account(self, ctx: Context) -> None:
        """Note which addresses were used first when, and how many bytes went out."""
        uses = await self.objects.uses(ctx.tenant, _USES)
        for use in uses:
            self.metrics.file_download_bytes_total(use.size, disposition=use.disposition)
            grant = await self.download_grant.find(ctx, id=use.grant)
            if grant is not None and grant.used_at is None:
                await self.download_grant.rewrite(ctx, grant, {"usedAt": use.at})
        settled = [each.name for each in uses]
        ctx.unit.before_commit(partial(self.objects.settle_uses, ctx.tenant, settled))

    def _grantee(self, ctx: Context, body: models.GrantDownloadRequest) -> UUID:
        if ctx.principal.kind != "user":
            if body.grantee_id is None:
                raise breaks_rule("a service names the person", pointer="/granteeId")
            return body.grantee_id
        me = self.actor(ctx)
        if body.grantee_id not in (None, me):
            raise problems.GRANTEE_FORBIDDEN("an address is for whoever asks for it")
        return me

    def _require_usable(self, file: models.StoredFile) -> None:
        status = str(file.status)
        if status == "quarantined":
            raise problems.FILE_QUARANTINED("the file is in quarantine")
        if status in ("pending", "scanning"):
            raise _again_in(problems.FILE_SCANNING("the scanner is not done"), _SCAN_PAUSE)
        if status != "available":
            raise NOT_FOUND("the file is in the bin or gone")

    async def _wanted(
        self, ctx: Context, file: models.StoredFile, variant: models.RenditionVariant | None
    ) -> tuple[str, str]:
        """Key and media type of what is to be fetched."""
        if variant is None:
            return file.object_key or "", file.media_type
        ready = models.RenditionState.ready
        found = await self.rendition.find(ctx, fileId=file.id, variant=variant, state=ready)
        if found is None or found.object_key is None:
            raise NOT_FOUND(f"the file has no {variant}")
        return found.object_key, _VARIANT_TYPES[str(variant)]

    async def _require_retrieved(self, ctx: Context, key: str) -> None:
        seconds = await self.objects.retrieve(key, ctx.now)
        if seconds:
            waiting = problems.ARCHIVED_RETRIEVING("the bytes are on their way from the archive")
            raise _again_in(waiting, seconds)


def _again_in(problem: Problem, seconds: int) -> Problem:
    """The refusal with the seconds after which to ask again (RFC 9110, 10.2.3)."""
    return Problem(problem.kind, problem.detail, headers={"Retry-After": str(seconds)})
