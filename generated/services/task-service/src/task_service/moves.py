"""Cards let go over columns, and the steps of the life cycle that this or a button takes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import REFERENCE_UNKNOWN, FieldError, Problem
from cloudsync_chassis.store.cursor import Position
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .generated import models, port, problems, tables
from .ranks import between, spread
from .tasks import Tasks
from .work import IN_HAND

_NO_STEPS = ("create-task", "release-assignments", "forget-worker", "block-task")
"""Transitions that no card can take: three are no person's, and a block needs a reason."""

_NOT_NOW = ("nobody-assigned", "predecessor-open", "own-work", "reopen-window-closed")
"""What steps are refused by that `move-task` does not speak of by name."""


class Moves(Tasks):
    """Commands that move a task through its states."""

    async def move_task(self, ctx: Context, request: port.MoveTask) -> models.Task:
        task = await self.check_person_moves(ctx, request.task_id)
        self.check_version(ctx, task)
        column = await self.board_column.find(ctx, id=request.body.column_id)
        if column is None:
            errors = [FieldError("no such column", "/columnId")]
            raise REFERENCE_UNKNOWN("no such column", errors=errors)
        if column.board_id != task.board_id:
            raise problems.COLUMN_OF_OTHER_BOARD("card and column belong to different boards")
        await self.lock(ctx, tables.board_columns, column.id)
        await self._check_limit(ctx, task, column)
        rank = await self._place(ctx, column.id, request.body.after_task_id, task.id)
        fields = {"columnId": column.id, "rank": rank}
        if column.maps_to == task.workflow_state:
            moved = await self.task.update(ctx, "update-task", task.id, fields)
        else:
            moved = await self._step(ctx, task, str(column.maps_to), fields)
        if len(rank) > self.settings.rank_rebalance_length:
            await self._rebalance(ctx, column.id)
            moved = await self.task.repository.find(ctx, {"id": task.id}) or moved
        told = moved.model_copy(update={"moved_by": self.person(ctx)})
        await self.task.announce(ctx, "task-moved", told, task)
        return moved

    async def _check_limit(
        self, ctx: Context, task: models.Task, column: models.BoardColumn
    ) -> None:
        """Cards that come in count; one that only changes its place in the column does not."""
        stood_here = task.column_id == column.id and task.workflow_state == column.maps_to
        if column.wip_limit is None or stood_here:
            return
        columns = await self.columns_of(ctx, column.board_id)
        count = await self.standing(ctx, column, columns, but=task.id)
        if count >= column.wip_limit:
            raise problems.WIP_LIMIT_REACHED(
                f"{count} cards stand in a column for {column.wip_limit}",
                limit=column.wip_limit,
                count=count,
            )

    async def _place(self, ctx: Context, column_id: UUID, after: UUID | None, moving: UUID) -> str:
        """A rank below the card `after`, or on top of the column."""
        position, above = None, None
        if after is not None and after != moving:
            neighbour = await self.task.find(ctx, id=after, columnId=column_id)
            if neighbour is None:
                errors = [FieldError("no card of that column", "/afterTaskId")]
                raise REFERENCE_UNKNOWN("the neighbour stands elsewhere", errors=errors)
            above = neighbour.rank
            position = Position("rank", above, neighbour.id)
        page = PageRequest(limit=2, sort="rank", after=position)
        found = await self.task.repository.select(ctx, ListQuery(page, {"columnId": column_id}))
        below = next((each.rank for each in found.items if each.id != moving), None)
        return between(above, below)

    async def _rebalance(self, ctx: Context, column_id: UUID) -> None:
        """Spread the ranks of a column anew, in the order that they have."""
        cards: list[models.Task] = []
        page = PageRequest(limit=200, sort="rank")
        while True:
            found = await self.task.repository.select(ctx, ListQuery(page, {"columnId": column_id}))
            cards += found.items
            if found.following is None:
                break
            page = PageRequest(limit=200, after=found.following)
        for card, rank in zip(cards, spread(len(cards)), strict=True):
            await self.task.rewrite(ctx, card, {"rank": rank})

    async def _step(
        self, ctx: Context, task: models.Task, state: str, fields: dict[str, Any]
    ) -> models.Task:
        """The step of the life cycle that leads to a state.

        Raises:
            Problem: `transition-not-allowed`, `forbidden`.
        """
        command = next(
            (
                each.command
                for each in self.task.spec.transitions
                if task.workflow_state in each.sources
                and each.to == state
                and each.command not in _NO_STEPS
            ),
            None,
        )
        if command is None:
            raise problems.TRANSITION_NOT_ALLOWED(
                f"no step leads from {task.workflow_state} to {state}"
            )
        if command == "drop-task":
            return await self._refusable(self.drop(ctx, task, fields))
        if command == "complete-task":
            return await self._refusable(self.complete(ctx, task, fields))
        if command == "plan-task":
            if task.estimate_minutes is None:
                raise problems.TRANSITION_NOT_ALLOWED("nothing is planned without an estimate")
            fields = {**fields, "estimateMinutes": task.estimate_minutes}
        return await self._refusable(self.task.transition(ctx, command, task.id, fields))

    async def _refusable(self, step: Any) -> models.Task:
        """What a step comes to, its own refusals in the words of a move."""
        try:
            moved: models.Task = await step
        except Problem as problem:
            known = (*_NOT_NOW, "successor-waits", "checklist-unfinished")
            if problem.kind.slug in known:
                raise problems.TRANSITION_NOT_ALLOWED(
                    problem.detail, cause=problem.kind.slug, **problem.extensions
                ) from problem
            raise
        return moved

    async def complete_task(self, ctx: Context, request: port.CompleteTask) -> models.Task:
        task = await self.check_person_moves(ctx, request.task_id)
        return await self.complete(ctx, task, {})

    async def complete(
        self, ctx: Context, task: models.Task, fields: dict[str, Any]
    ) -> models.Task:
        """Declare a task done, and change `fields` with it.

        Raises:
            Problem: `checklist-unfinished`, `illegal-transition`, `forbidden`.
        """
        overrides = "team-manager" in ctx.principal.roles
        if task.workflow_state in IN_HAND and task.open_checklist_items and not overrides:
            raise problems.CHECKLIST_UNFINISHED(
                f"{task.open_checklist_items} items of the checklist are open"
            )
        caller = self.person(ctx)
        begun = task.started_at or ctx.now
        done = {
            **fields,
            "movedBy": caller,
            "completedBy": caller,
            "completedAt": ctx.now,
            "cycleMinutes": max(0, int((ctx.now - begun).total_seconds() // 60)),
        }
        return await self.task.transition(ctx, "complete-task", task.id, done)

    async def plan_task(self, ctx: Context, request: port.PlanTask) -> models.Task:
        await self.check_person_moves(ctx, request.task_id)
        return await super().plan_task(ctx, request)

    async def start_task(self, ctx: Context, request: port.StartTask) -> models.Task:
        await self.check_person_moves(ctx, request.task_id)
        return await super().start_task(ctx, request)

    async def resume_task(self, ctx: Context, request: port.ResumeTask) -> models.Task:
        await self.check_person_moves(ctx, request.task_id)
        return await super().resume_task(ctx, request)

    async def request_review(self, ctx: Context, request: port.RequestReview) -> models.Task:
        await self.check_person_moves(ctx, request.task_id)
        return await super().request_review(ctx, request)

    async def return_task(self, ctx: Context, request: port.ReturnTask) -> models.Task:
        await self.check_person_moves(ctx, request.task_id)
        return await super().return_task(ctx, request)

    async def block_task(self, ctx: Context, request: port.BlockTask) -> models.Task:
        await self.check_person_moves(ctx, request.task_id)
        return await super().block_task(ctx, request)

    async def reopen_task(self, ctx: Context, request: port.ReopenTask) -> models.Task:
        await self.check_person_moves(ctx, request.task_id)
        return await super().reopen_task(ctx, request)
