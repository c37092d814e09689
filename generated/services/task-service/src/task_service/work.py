"""What all handlers of boards and tasks share: look-ups, the lock of a board, quiet writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import from_record
from cloudsync_chassis.problem import FORBIDDEN, NOT_FOUND, VERSION_CONFLICT
from cloudsync_chassis.runtime import Runtime

from .assignments import AssignmentLedger, FileLedger
from .generated import models, tables
from .generated.defaults import Defaults
from .generated.settings import ServiceSettings
from .task_index import StoreIndex, TaskIndex

OPEN = ("backlog", "ready", "inProgress", "inReview", "blocked")
"""States of what is still to be done."""

IN_HAND = ("inProgress", "inReview")
"""States in which somebody has to hold a task."""


class Work(Defaults):
    """The base of all mixins."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        assert isinstance(runtime.settings, ServiceSettings)
        self.settings = runtime.settings
        self.ledger: AssignmentLedger = FileLedger(self.settings.state_path("assignments"))
        self.index: TaskIndex = StoreIndex(self.task)

    def person(self, ctx: Context) -> UUID:
        """Who asks.

        Raises:
            Problem: `forbidden`: a program, in whose name nothing can be signed.
        """
        try:
            return UUID(ctx.principal.subject)
        except ValueError as error:
            raise FORBIDDEN(f"{ctx.operation.id} is for people") from error

    async def policy(self, ctx: Context) -> models.WorkPolicy:
        """How the organisation reckons; the usual way until it has said otherwise."""
        found = await self.work_policy.find(ctx, organizationId=ctx.tenant)
        if found is not None:
            return found
        envelope = {
            "id": ctx.tenant,
            "organizationId": ctx.tenant,
            "createdAt": ctx.now,
            "updatedAt": ctx.now,
            "version": 1,
        }
        return from_record(models.WorkPolicy, {**self.work_policy.spec.defaults, **envelope})

    async def known_board(self, ctx: Context, board_id: UUID) -> models.Board:
        """The board.

        Raises:
            Problem: `not-found`.
        """
        board = await self.board.find(ctx, id=board_id)
        if board is None:
            raise NOT_FOUND("no such board")
        return board

    async def granted_board(self, ctx: Context, board_id: UUID) -> models.Board:
        """The board, if the caller may do to it what they ask for.

        Raises:
            Problem: `not-found`, `forbidden`; also while the organisation is being off-boarded.
        """
        board = await self.board.get(ctx, board_id)
        await self.check_unlocked(ctx)
        return board

    async def check_unlocked(self, ctx: Context) -> None:
        """Nothing moves in an organisation that is leaving.

        Raises:
            Problem: `forbidden`.
        """
        if (await self.policy(ctx)).locked_since is not None:
            raise FORBIDDEN("the organisation is being off-boarded: its boards are read-only")

    async def granted_task(self, ctx: Context, task_id: UUID) -> models.Task:
        """The task, if the caller may do to it what they ask for, and its board takes changes.

        Raises:
            Problem: `not-found`, `forbidden`; also on an archived board.
        """
        task = await self.task.get(ctx, task_id)
        await self.check_unlocked(ctx)
        if (await self.known_board(ctx, task.board_id)).archived_at is not None:
            raise FORBIDDEN("the board is archived: it is kept for reading alone")
        return task

    def check_version(self, ctx: Context, task: models.Task) -> None:
        """What the caller has seen comes first: other refusals would be about another state.

        Raises:
            Problem: `version-conflict`.
        """
        if ctx.if_match is not None and task.version not in ctx.if_match:
            raise VERSION_CONFLICT(f"the version is {task.version}")

    async def write(self, ctx: Context, task_id: UUID, fields: Mapping[str, Any]) -> models.Task:
        """Change fields of a task as it is by now, whatever version the caller has seen.

        Raises:
            Problem: `not-found`, `invariant-broken`, `version-conflict`.
        """
        task = await self.task.find(ctx, id=task_id)
        if task is None:
            raise NOT_FOUND("no such task")
        return await self.task.rewrite(ctx, task, fields)

    async def lock(self, ctx: Context, table: sa.Table, row_id: UUID) -> None:
        """Make others who lock the same row wait until this operation is over."""
        statement = sa.select(table.c.id).where(
            table.c.organization_id == ctx.tenant, table.c.id == row_id
        )
        await (await ctx.unit.connection()).execute(statement.with_for_update())

    async def free_hands(
        self, ctx: Context, user: UUID, by: UUID, board_id: UUID | None = None
    ) -> int:
        """Take open tasks out of somebody's hands and tell it; how many those were.

        What nobody would hold any more although it is in progress goes back to ready.
        """
        filters: dict[str, Any] = {"assigneeIds": user, "workflowState": OPEN}
        if board_id is not None:
            filters["boardId"] = board_id
        freed = 0
        async for task in self.task.each(ctx, **filters):
            fields: dict[str, Any] = {
                "assigneeIds": [each for each in task.assignee_ids if each != user]
            }
            if not fields["assigneeIds"] and task.workflow_state in IN_HAND:
                fields |= {"workflowState": "ready", "movedBy": by}
            after = await self.task.rewrite(ctx, task, fields)
            told = {"addedAssigneeIds": [], "removedAssigneeIds": [user], "assignedBy": by}
            await self.task.announce(ctx, "task-assigned", after, task, **told)
            freed += 1
        return freed

    async def lock_board(self, ctx: Context, board_id: UUID) -> None:
        """Changes that must not happen side by side on one board wait for each other."""
        await self.lock(ctx, tables.boards, board_id)
