"""Boards: their first columns, what is seen of them, and their end."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.store.query import ListQuery, Page

from .columns import Columns
from .generated import models, port, tables

_FIRST_COLUMNS = (
    ("Backlog", "backlog"),
    ("Ready", "ready"),
    ("In progress", "inProgress"),
    ("In review", "inReview"),
    ("Done", "done"),
)


class Boards(Columns):
    """Commands and queries on whole boards."""

    async def create_board(self, ctx: Context, request: port.CreateBoard) -> models.Board:
        await self.check_unlocked(ctx)
        board = await super().create_board(ctx, request)
        for position, (label, state) in enumerate(_FIRST_COLUMNS):
            column = {"columnLabel": label, "position": position, "mapsTo": state}
            await self.board_column.create(ctx, "add-column", column, boardId=board.id)
        return board

    async def update_board(self, ctx: Context, request: port.UpdateBoard) -> models.Board:
        await self.granted_board(ctx, request.board_id)
        return await super().update_board(ctx, request)

    async def archive_board(self, ctx: Context, request: port.ArchiveBoard) -> models.Board:
        await self.granted_board(ctx, request.board_id)
        return await super().archive_board(ctx, request)

    async def add_column(self, ctx: Context, request: port.AddColumn) -> models.BoardColumn:
        await self.granted_board(ctx, request.board_id)
        return await super().add_column(ctx, request)

    async def update_column(self, ctx: Context, request: port.UpdateColumn) -> models.BoardColumn:
        await self.granted_board(ctx, request.board_id)
        return await super().update_column(ctx, request)

    async def remove_column(self, ctx: Context, request: port.RemoveColumn) -> None:
        await self.granted_board(ctx, request.board_id)
        await self.lock(ctx, tables.board_columns, request.board_column_id)
        await super().remove_column(ctx, request)

    async def get_board(self, ctx: Context, request: port.GetBoard) -> models.BoardView:
        board = await self.board.get(ctx, request.board_id)
        columns = await self.columns_of(ctx, board.id)
        views = [await self.view(ctx, each, columns) for each in columns]
        return models.BoardView(board=board, columns=views)

    async def teams_of(self, ctx: Context, user: UUID) -> tuple[UUID, ...]:
        """Teams that org-service counts somebody among; none if it does not say."""
        try:
            found = await self.clients.org.get_membership(organization_id=ctx.tenant, user_id=user)
        except CallError:
            return ()
        return tuple(found.team_ids)

    async def browse_boards(self, ctx: Context, request: port.BrowseBoards) -> Page[models.Board]:
        teams = await self.teams_of(ctx, self.person(ctx))
        # A private board may name a team too, hence both conditions.
        filters: dict[str, Any] = {"access": ("organisation", "team"), "archivedAt": None}
        wanted = {"teamId": request.team_id, "boardKey": request.board_key}
        filters |= {name: value for name, value in wanted.items() if value is not None}
        open_to = (("access", "organisation"), ("teamId", teams))
        return await self.board.repository.select(ctx, ListQuery(request.page, filters, open_to))

    async def purge_tenant_boards(self, ctx: Context, request: port.PurgeTenantBoards) -> None:
        organization = request.body.organization_id
        connection = await ctx.unit.connection()
        for table in (
            tables.time_entries,
            tables.checklist_items,
            tables.task_dependencies,
            tables.tasks,
            tables.board_imports,
            tables.board_members,
            tables.board_columns,
            tables.boards,
            tables.work_policies,
        ):
            await connection.execute(
                sa.delete(table).where(table.c.organization_id == organization)
            )
        ctx.unit.after_commit(lambda: self.ledger.forget(organization))

    async def on_organization_purged(
        self, ctx: Context, event: Received[models.OrganizationPurged]
    ) -> None:
        await self.purge_tenant_boards(ctx, port.PurgeTenantBoards(body=event.data))
