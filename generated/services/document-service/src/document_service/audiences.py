"""Audiences of documents, which follow shares, folders and teams; and who is in which team."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.store.database import dialect_insert

from .base import cause, moment
from .folders import Folders
from .generated import models, port, tables
from .people import lists_of


class Audiences(Folders):
    """What is resolved anew when events say that somebody may have come or gone."""

    async def resolve_audience(self, ctx: Context, request: port.ResolveAudience) -> None:
        await self.resolve(ctx, UUID(str(cause(ctx).data["documentId"])))

    async def on_document_created(
        self, ctx: Context, event: Received[models.DocumentCreated]
    ) -> None:
        await self._followed(ctx, event.data.document_id)

    async def on_document_moved(self, ctx: Context, event: Received[models.DocumentMoved]) -> None:
        await self._followed(ctx, event.data.document_id)

    async def on_document_published(
        self, ctx: Context, event: Received[models.DocumentPublished]
    ) -> None:
        await self._followed(ctx, event.data.document_id)

    async def on_document_shared(
        self, ctx: Context, event: Received[models.DocumentShared]
    ) -> None:
        await self._followed(ctx, event.data.document_id)

    async def on_document_unshared(
        self, ctx: Context, event: Received[models.DocumentUnshared]
    ) -> None:
        await self._followed(ctx, event.data.document_id)

    async def _followed(self, ctx: Context, document_id: UUID) -> None:
        await self.resolve(ctx, document_id)
        lag = max(0.0, (ctx.now - moment(ctx)).total_seconds())
        self.metrics.document_projection_lag_seconds(lag, projection="principals")

    async def resolve(self, ctx: Context, document_id: UUID) -> None:
        """Work out who has a document by way of groups; nothing for one that is gone."""
        document = await self.document.find(ctx, id=document_id)
        if document is None:
            return
        people = await self.audience(ctx, document, document.folder_id)
        known = await self.document_audience.find(ctx, documentId=document_id)
        fields = {"documentId": document_id, **lists_of(people)}
        if people or known is not None:
            await self.document_audience.put(ctx, "resolve-audience", fields)

    async def on_team_member_added(
        self, ctx: Context, event: Received[models.TeamMemberAdded]
    ) -> None:
        await self.update_principal_members(ctx, port.UpdatePrincipalMembers())

    async def on_team_member_removed(
        self, ctx: Context, event: Received[models.TeamMemberRemoved]
    ) -> None:
        await self.update_principal_members(ctx, port.UpdatePrincipalMembers())

    async def update_principal_members(
        self, ctx: Context, request: port.UpdatePrincipalMembers
    ) -> None:
        event = cause(ctx)
        team = UUID(str(event.data["teamId"]))
        added = event.type.endswith("team-member-added.v1")
        changed = False
        for each in event.data["userIds"]:
            user = UUID(str(each))
            if await self.news(ctx, f"member:{team}:{user}", "in" if added else "out"):
                await self._set_member(ctx, team, user, added)
                changed = True
        if changed:
            await self.principal_changed(ctx, f"team:{team}")
            await self.principal_changed(ctx, f"org:{ctx.tenant}")

    async def principal_changed(self, ctx: Context, principal: str) -> None:
        """Rewrite readers of folders and audiences of documents that a principal was given."""
        given = {each.document_id async for each in self.share_grant.each(ctx, principal=principal)}
        for document_id in sorted(given):
            await self.resolve(ctx, document_id)
        async for folder in self.folder.each(ctx):
            if any(each.principal == principal for each in folder.shared_with):
                for below in await self.tree(ctx, folder):
                    await self.refresh_readers(ctx, below)
                    async for document in self.document.each(ctx, folderId=below.id):
                        await self.resolve(ctx, document.id)

    async def _set_member(self, ctx: Context, team: UUID, user: UUID, member: bool) -> None:
        table = tables.principal_members
        row: dict[str, Any] = {
            "organization_id": ctx.tenant,
            "user_id": user,
            "team_id": team,
            "since": moment(ctx),
        }
        connection = await ctx.unit.connection()
        if member:
            insert = dialect_insert(connection, table).values(row)
            await connection.execute(insert.on_conflict_do_nothing())
            return
        gone = sa.delete(table).where(
            table.c.organization_id == ctx.tenant,
            table.c.team_id == team,
            table.c.user_id == user,
        )
        await connection.execute(gone)
