"""Tasks: written, changed, dated, put into hands and decided against."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from cloudsync_chassis.client.errors import CallError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.model import given, to_record
from cloudsync_chassis.problem import (
    CONDITION_NOT_MET,
    FORBIDDEN,
    REFERENCE_UNKNOWN,
    FieldError,
)
from cloudsync_chassis.store.query import ListQuery, PageRequest

from .columns import Columns
from .generated import models, port, problems
from .ranks import between
from .work import IN_HAND, OPEN

_AWAY = ("suspended", "deactivated", "deletionPending", "deleted")
"""Accounts that nobody looks out of any more."""


class Tasks(Columns):
    """Commands on one task that are no moves."""

    async def create_task(self, ctx: Context, request: port.CreateTask) -> models.Task:
        unreadable = await self._unreadable(request.body.document_ids or ())
        board = await self.known_board(ctx, request.board_id)
        await self.board.grants.require(ctx, to_record(board))
        if board.archived_at is not None:
            raise problems.BOARD_ARCHIVED("the board is kept for reading alone")
        if (await self.policy(ctx)).locked_since is not None:
            raise problems.BOARDS_LOCKED("the organisation is being off-boarded")
        if unreadable:
            errors = [FieldError("no such document for you", "/documentIds")]
            raise REFERENCE_UNKNOWN("a linked document cannot be read", errors=errors)
        return await self.new_task(ctx, board, given(request.body))

    async def new_task(
        self, ctx: Context, board: models.Board, fields: dict[str, Any]
    ) -> models.Task:
        """A task with the next number of the board, at the end of its backlog."""
        caller = self.person(ctx)
        column = await self._backlog(ctx, board.id)
        above = await self.last_rank(ctx, column.id)
        known = {
            "boardKey": board.board_key,
            "number": await self._next_number(ctx, board.id),
            "columnId": column.id,
            "rank": between(above, None),
            "reporterId": caller,
            "movedBy": caller,
        }
        return await self.task.create(ctx, "create-task", {**fields, **known}, boardId=board.id)

    async def _next_number(self, ctx: Context, board_id: UUID) -> int:
        """Counts on under a lock of the board's row.

        The board's version stays: its lead, who is changing the title, has lost nothing by it.
        """
        await self.lock_board(ctx, board_id)
        board = await self.known_board(ctx, board_id)
        number = board.next_number
        counted = board.model_copy(update={"next_number": number + 1})
        if not await self.board.repository.replace(ctx, counted, board.version):
            raise CONDITION_NOT_MET("the board is being changed")
        return number

    async def _backlog(self, ctx: Context, board_id: UUID) -> models.BoardColumn:
        columns = await self.columns_of(ctx, board_id)
        for column in columns:
            if column.maps_to == "backlog":
                return column
        if not columns:
            raise CONDITION_NOT_MET("the board has no column that could take a card")
        return columns[0]

    async def last_rank(self, ctx: Context, column_id: UUID) -> str | None:
        """The rank of the lowest card of a column."""
        page = PageRequest(limit=1, sort="-rank")
        found = await self.task.repository.select(ctx, ListQuery(page, {"columnId": column_id}))
        return found.items[0].rank if found.items else None

    async def update_task(self, ctx: Context, request: port.UpdateTask) -> models.Task:
        unreadable = await self._unreadable(request.body.document_ids or ())
        task = await self.granted_task(ctx, request.task_id)
        self.check_version(ctx, task)
        if task.workflow_state == "dropped":
            raise problems.TASK_DROPPED("the task was decided against")
        if unreadable - set(task.document_ids):
            raise problems.DOCUMENT_NOT_READABLE(
                "a linked document does not exist for you",
                errors=[FieldError("not readable", "/documentIds")],
            )
        fields = given(request.body)
        if "documentIds" in fields:
            linked = set(fields["documentIds"])
            fields["staleDocumentIds"] = [
                each for each in task.stale_document_ids if each in linked
            ]
        return await self.task.update(ctx, "update-task", task.id, fields)

    async def _unreadable(self, document_ids: Iterable[UUID]) -> set[UUID]:
        """Documents that document-service says are none; what it does not say is let pass."""

        async def refused(document_id: UUID) -> bool:
            try:
                await self.clients.document.get_document(document_id=document_id)
            except RefusedError as error:
                return error.status in (403, 404)
            except CallError:
                return False
            return False

        asked = list(document_ids)
        answers = await asyncio.gather(*(refused(each) for each in asked))
        return {each for each, said in zip(asked, answers, strict=True) if said}

    async def reschedule_task(self, ctx: Context, request: port.RescheduleTask) -> models.Task:
        task = await self.granted_task(ctx, request.task_id)
        if task.workflow_state == "dropped":
            raise problems.TASK_DROPPED("there is nothing to be due any more")
        start, due = request.body.start_on, request.body.due_on
        if start is not None and due is not None and due < start:
            raise problems.DATES_OUT_OF_ORDER("the last day lies before the first")
        after = await self.task.rewrite(ctx, task, {"startOn": start, "dueOn": due})
        if due != task.due_on:
            told = {"oldDueOn": task.due_on, "newDueOn": due}
            await self.task.announce(ctx, "task-due-date-changed", after, task, **told)
        return after

    async def assign_task(self, ctx: Context, request: port.AssignTask) -> models.Task:
        wanted = request.body.assignee_ids
        away = await self._away(wanted)
        task = await self.granted_task(ctx, request.task_id)
        kept = [each for each in task.assignee_ids if each in wanted]
        added = [each for each in wanted if each not in task.assignee_ids]
        removed = [each for each in task.assignee_ids if each not in wanted]
        if not wanted and task.workflow_state in IN_HAND:
            raise problems.HANDS_NEEDED("the task is in progress and would have nobody left")
        await self._check_seats(ctx, task.board_id, added, away)
        caller = self.person(ctx)
        await self._check_quota(ctx, caller, len(added))
        fields = {
            "assigneeIds": kept + added,
            "addedAssigneeIds": added,
            "removedAssigneeIds": removed,
            "assignedBy": caller,
        }
        after = await self.task.update(ctx, "assign-task", task.id, fields)
        if added:
            organization, now = ctx.tenant, ctx.now
            ctx.unit.after_commit(lambda: self.ledger.book(organization, caller, len(added), now))
        return after

    async def _away(self, people: Iterable[UUID]) -> set[UUID]:
        """Whose account is gone or locked; a stranger is accepted and checked by event."""

        async def gone(user: UUID) -> bool:
            try:
                account = await self.clients.user.get_user(user_id=user)
            except RefusedError as error:
                return error.status == 404
            except CallError:
                return False
            return str(account.status) in _AWAY

        asked = list(people)
        answers = await asyncio.gather(*(gone(each) for each in asked))
        return {each for each, said in zip(asked, answers, strict=True) if said}

    async def _check_seats(
        self, ctx: Context, board_id: UUID, people: list[UUID], away: set[UUID]
    ) -> None:
        """Only those who see the board can be given its work."""
        board = await self.known_board(ctx, board_id)
        seated = {
            seat.user_id
            async for seat in self.board_member.each(ctx, boardId=board_id, userId=tuple(people))
        }
        blind = [
            each
            for each in people
            if each in away or (each not in seated and each != board.lead_user_id)
        ]
        if blind:
            raise problems.ASSIGNEE_NOT_ON_BOARD(
                "somebody of the list cannot see the board",
                errors=[FieldError(f"{each} cannot see it", "/assigneeIds") for each in blind],
            )

    async def _check_quota(self, ctx: Context, caller: UUID, people: int) -> None:
        most = (await self.policy(ctx)).assignments_per_hour
        booked = self.ledger.within_the_hour(ctx.tenant, caller, ctx.now)
        if people and booked + people > most:
            raise problems.ASSIGNMENTS_EXHAUSTED(f"{most} people within an hour are the most")

    async def drop_task(self, ctx: Context, request: port.DropTask) -> models.Task:
        task = await self.granted_task(ctx, request.task_id)
        return await self.drop(ctx, task, {})

    async def drop(self, ctx: Context, task: models.Task, fields: dict[str, Any]) -> models.Task:
        """Decide against a task, and change `fields` with it.

        Raises:
            Problem: `successor-waits`, `illegal-transition`, `forbidden`.
        """
        if task.workflow_state in ("backlog", "ready", "blocked"):
            waiting = await self._waiting(ctx, task.id)
            if waiting:
                raise problems.SUCCESSOR_WAITS(
                    "an open task waits for this one", tasks=[str(each) for each in waiting]
                )
        gone = {**fields, "movedBy": self.person(ctx), "blockedReason": None}
        return await self.task.transition(ctx, "drop-task", task.id, gone)

    async def _waiting(self, ctx: Context, task_id: UUID) -> list[UUID]:
        """Open tasks that wait for this one."""
        edges = self.task_dependency.each(ctx, predecessorId=task_id)
        successors = tuple([each.successor_id async for each in edges])
        waiting: list[UUID] = []
        for start in range(0, len(successors), 200):
            some = successors[start : start + 200]
            async for task in self.task.each(ctx, id=some, workflowState=OPEN):
                waiting.append(task.id)
        return waiting

    async def check_person_moves(self, ctx: Context, task_id: UUID) -> models.Task:
        """The task, for steps of its life that are signed by whoever takes them."""
        task = await self.granted_task(ctx, task_id)
        if ctx.principal.kind != "user":
            raise FORBIDDEN(f"{ctx.operation.id} is for people")
        return task
