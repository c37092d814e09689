"""What an erased account leaves behind: grants, mentions, locks, places in teams and folders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.model import to_record

from .audiences import Audiences
from .generated import models, port, tables
from .transfers import Transfers


class Leavers(Transfers, Audiences):
    """The follower of erasures."""

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        await self.forget_author(ctx, port.ForgetAuthor(body=event.data))

    async def forget_author(self, ctx: Context, request: port.ForgetAuthor) -> None:
        body = request.body
        found = 0
        for organization in await self._organizations(ctx, body.user_id):
            inside = ctx.within(organization)
            found += await self._forget(inside, body.user_id)
            await self.news(inside, f"left:{body.user_id}", "left")
            found += await self.hand_over(inside, body.user_id, body.successor_user_id)
        told: Mapping[str, Any] = {
            "id": body.user_id,
            "userId": body.user_id,
            "erasureRequestId": body.erasure_request_id,
            "store": "documents",
            "erasedItems": found,
        }
        await self.document.announce(ctx, "document-erasure-completed", told)

    async def _organizations(self, ctx: Context, user: UUID) -> list[UUID]:
        """Where somebody may have left traces: an account is of no organisation alone."""
        documents, grants, members = tables.documents, tables.share_grants, tables.principal_members
        threads, folders = tables.comment_threads, tables.folders
        statements = (
            sa.select(documents.c.organization_id).where(documents.c.owner_id == user),
            sa.select(grants.c.organization_id).where(grants.c.principal == f"user:{user}"),
            sa.select(members.c.organization_id).where(members.c.user_id == user),
            sa.select(folders.c.organization_id).where(folders.c.owner_id == user),
            sa.select(threads.c.organization_id).where(threads.c.author_id == user),
        )
        connection = await ctx.unit.connection()
        found = {ctx.tenant}
        for statement in statements:
            found.update((await connection.execute(statement.distinct())).scalars())
        return sorted(found)

    async def _forget(self, ctx: Context, user: UUID) -> int:
        """End what somebody has in one organisation; in how many places that was."""
        found = 0
        async for grant in self.share_grant.each(ctx, principal=f"user:{user}"):
            await self.share_grant.delete(ctx, "expire-share", grant.id)
            found += 1
        async for thread in self.comment_thread.each(ctx, mentions=user):
            mentions = [each for each in thread.mentions if each != user]
            await self.comment_thread.rewrite(ctx, thread, {"mentions": mentions})
            found += 1
        found += await self._unlock(ctx, user)
        found += await self._leave_folders(ctx, user)
        return found + await self._leave_teams(ctx, user)

    async def _unlock(self, ctx: Context, user: UUID) -> int:
        table = tables.documents
        locked = sa.select(table.c.id, table.c.edit_lock).where(
            table.c.organization_id == ctx.tenant, table.c.edit_lock.is_not(None)
        )
        rows = (await (await ctx.unit.connection()).execute(locked)).all()
        held = [row.id for row in rows if str(row.edit_lock["holderId"]) == str(user)]
        for each in held:
            await self.write(ctx, each, {"editLock": None})
        return len(held)

    async def _leave_folders(self, ctx: Context, user: UUID) -> int:
        """Take somebody out of the shares of folders, and out of what these come down to."""
        found = 0
        async for folder in self.folder.each(ctx):
            kept = [each for each in folder.shared_with if each.principal != f"user:{user}"]
            if len(kept) == len(folder.shared_with):
                continue
            fields = {"sharedWith": [to_record(each) for each in kept]}
            changed = await self.write_folder(ctx, folder.id, fields)
            for below in await self.tree(ctx, changed):
                await self.refresh_readers(ctx, below)
                async for document in self.document.each(ctx, folderId=below.id):
                    await self.resolve(ctx, document.id)
            found += 1
        return found

    async def _leave_teams(self, ctx: Context, user: UUID) -> int:
        table = tables.principal_members
        mine = (table.c.organization_id == ctx.tenant, table.c.user_id == user)
        connection = await ctx.unit.connection()
        teams = list((await connection.execute(sa.select(table.c.team_id).where(*mine))).scalars())
        await connection.execute(sa.delete(table).where(*mine))
        for team in teams:
            await self.principal_changed(ctx, f"team:{team}")
        if teams:
            await self.principal_changed(ctx, f"org:{ctx.tenant}")
        return len(teams)
