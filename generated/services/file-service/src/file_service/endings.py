"""How files end: the bin's clock, quarantine's, that of exports, erasures, holds against all that."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received

from .contents import Contents
from .generated import models, port, tables

_BIN = timedelta(days=30)
_STORED = ("available", "quarantined", "trashed")
_HOLDS = tables.legal_holds
_BATCH = 500
"""Files that one run of the purge takes at most; the next run goes on."""


class Endings(Contents):
    """Purging and forgetting."""

    async def purge_file(self, ctx: Context, request: port.PurgeFile) -> None:
        reason = models.DeletionReason
        quarantine = timedelta(seconds=self.settings.quarantine_retention)
        ended: dict[str, Any] = {"origin": models.FileOrigin.export, "status": _STORED}
        clocks: tuple[tuple[models.DeletionReason, dict[str, datetime], dict[str, Any]], ...] = (
            (reason.export_expired, {"expiresAt": ctx.now}, ended),
            (reason.bin_expired, {"trashedAt": ctx.now - _BIN}, {"status": "trashed"}),
            (
                reason.quarantine_expired,
                {"updatedAt": ctx.now - quarantine},
                {"status": "quarantined"},
            ),
        )
        found: dict[UUID, tuple[models.StoredFile, models.DeletionReason]] = {}
        for why, due, which in clocks:
            async for file in self.file.each(ctx, due, **which):
                if len(found) < _BATCH and file.id not in found and not await self._kept(ctx, file):
                    found[file.id] = file, why
        for file, why in found.values():
            await self._purge(ctx, file, why)

    async def _kept(self, ctx: Context, file: models.StoredFile) -> bool:
        """Whether a lock on the object or a case of the tenant keeps the bytes."""
        if file.object_key is not None and await self.objects.retained(file.object_key):
            return True
        within = sa.and_(
            _HOLDS.c.organization_id == ctx.tenant,
            _HOLDS.c.held_from <= ctx.now,
            sa.or_(_HOLDS.c.held_until.is_(None), _HOLDS.c.held_until >= file.created_at),
        )
        connection = await ctx.unit.connection()
        return bool((await connection.execute(sa.select(sa.exists().where(within)))).scalar())

    async def _purge(
        self,
        ctx: Context,
        file: models.StoredFile,
        reason: models.DeletionReason | None,
    ) -> None:
        """End links, write the state down and tell; the bytes go by what is told."""
        async for link in self.file_link.each(ctx, fileId=file.id, status="live"):
            ended = {"status": models.LinkStatus.unlinked, "unlinkedAt": ctx.now}
            link = await self.file_link.rewrite(ctx, link, ended)
            await self.file_link.announce(ctx, "file-unlinked", link)
        after = {"status": models.FileStatus.purged, "referenceCount": 0, "keyReference": None}
        gone = await self.file.rewrite(ctx, file, after)
        await self.file.announce(ctx, "file-deleted", gone, reason=reason)

    async def purge_tenant_files(self, ctx: Context, request: port.PurgeTenantFiles) -> None:
        ctx = ctx.within(request.body.organization_id)
        await self.keys.destroy(ctx.tenant)
        reason = models.DeletionReason.organization_purged
        for status in ("pending", "scanning", "available", "quarantined", "trashed"):
            async for file in self.file.each(ctx, status=status):
                await self.close_session(ctx, file.id)
                await self._purge(ctx, file, reason)
        async for grant in self.download_grant.each(ctx):
            await self.download_grant.remove(ctx, grant)

    async def forget_uploader(self, ctx: Context, request: port.ForgetUploader) -> None:
        user, erased = request.body.user_id, 0
        async for file in self.file.each(ctx, uploaderId=user, status="pending"):
            gone = {"status": models.FileStatus.purged, "keyReference": None}
            after = await self.file.rewrite(ctx, file, gone)
            await self.close_session(ctx, file.id)
            await self.file.announce(ctx, "upload-aborted", after)
            erased += 1
        async for file in self.file.each(ctx, uploaderId=user, origin="export"):
            if str(file.status) not in ("pending", "purged") and not await self._kept(ctx, file):
                await self._purge(ctx, file, None)
                erased += 1
        async for grant in self.download_grant.each(ctx, granteeId=user):
            await self.download_grant.remove(ctx, grant)
            erased += 1
        told = {
            "erasureRequestId": request.body.erasure_request_id,
            "store": "files",
            "erasedItems": erased,
        }
        await self.file.announce(ctx, "file-erasure-completed", {"id": user}, **told)

    async def trash_avatar(self, ctx: Context, request: port.TrashAvatar) -> None:
        body = request.body
        whose = {"uploaderId": body.user_id, "origin": models.FileOrigin.avatar}
        found = [each.id async for each in self.file.each(ctx, **whose, status="available")]
        if body.avatar_file_id is not None and body.avatar_file_id not in found:
            found.append(body.avatar_file_id)
        for file_id in found:
            await self._trash_avatar(ctx, file_id)

    async def _trash_avatar(self, ctx: Context, file_id: UUID) -> None:
        file = await self.file.find(ctx, id=file_id, status="available")
        if file is not None:
            binned = {"status": models.FileStatus.trashed, "trashedAt": ctx.now}
            await self.file.update(ctx, "trash-avatar", file.id, binned)

    async def follow_file_holds(self, ctx: Context, request: port.FollowFileHolds) -> None:
        """Carry out what the event says that the operation is about.

        A release that comes before its hold is remembered, so that the hold then counts for nothing.
        """
        event = ctx.cause
        if event is None:
            return
        hold = UUID(str(event.data["legalHoldId"]))
        connection = await ctx.unit.connection()
        this = sa.and_(_HOLDS.c.organization_id == ctx.tenant, _HOLDS.c.legal_hold_id == hold)
        await connection.execute(sa.delete(_HOLDS).where(this))
        about = f"released:{hold}"
        if event.type.startswith("cloudsync.platform.legal-hold-released."):
            await self.newest(ctx, about, event.time)
        elif await self.standings.find(ctx, about=about) is None:
            placed = models.LegalHoldPlaced.model_validate(dict(event.data), strict=False)
            row = {
                "organization_id": ctx.tenant,
                "legal_hold_id": hold,
                "held_from": placed.held_from,
                "held_until": placed.held_until,
            }
            await connection.execute(sa.insert(_HOLDS).values(row))

    async def on_legal_hold_placed(
        self, ctx: Context, event: Received[models.LegalHoldPlaced]
    ) -> None:
        await self.follow_file_holds(ctx, port.FollowFileHolds())

    async def on_legal_hold_released(
        self, ctx: Context, event: Received[models.LegalHoldReleased]
    ) -> None:
        await self.follow_file_holds(ctx, port.FollowFileHolds())

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        await self.purge_tenant_files(ctx, port.PurgeTenantFiles(body=event.data))

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        await self.forget_uploader(ctx, port.ForgetUploader(body=event.data))

    async def on_profile_erased(self, ctx: Context, event: Received[models.ProfileErased]) -> None:
        await self.trash_avatar(ctx, port.TrashAvatar(body=event.data))
