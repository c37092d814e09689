"""People and documents that are gone: what other services tell, carried out on boards and tasks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from cloudsync_chassis.aggregate.engine import Aggregate
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.ids import TOMBSTONE

from .generated import models, port
from .work import Work


class Leavers(Work):
    """Reactions to events."""

    async def release_assignments(self, ctx: Context, request: port.ReleaseAssignments) -> None:
        user = request.body.user_id
        await self._end_seats(ctx, user)
        await self._hand_over(ctx, user, request.body.successor_user_id)
        await self.free_hands(ctx, user, TOMBSTONE)

    async def forget_worker(self, ctx: Context, request: port.ForgetWorker) -> None:
        user = request.body.user_id
        erased = await self._end_seats(ctx, user)
        erased += await self._hand_over(ctx, user, request.body.successor_user_id or TOMBSTONE)
        erased += await self.free_hands(ctx, user, TOMBSTONE)
        async for task in self.task.each(ctx, assigneeIds=user):
            rest = [each for each in task.assignee_ids if each != user]
            await self.task.rewrite(ctx, task, {"assigneeIds": rest})
            erased += 1
        for aggregate, field in (
            (self.task, "reporterId"),
            (self.task, "movedBy"),
            (self.task, "completedBy"),
            (self.time_entry, "workerId"),
            (self.checklist_item, "tickedBy"),
            (self.task_dependency, "linkedBy"),
            (self.board_member, "seatedBy"),
            (self.board_import, "startedBy"),
        ):
            erased += await self._bury(ctx, aggregate, field, user)
        told = {
            "userId": user,
            "erasureRequestId": request.body.erasure_request_id,
            "store": "tasks",
            "erasedItems": erased,
        }
        await self.task.announce(ctx, "task-erasure-completed", {}, **told)

    async def _end_seats(self, ctx: Context, user: UUID) -> int:
        ended = 0
        async for seat in self.board_member.each(ctx, userId=user):
            await self.board_member.remove(ctx, seat)
            ended += 1
        return ended

    async def _hand_over(self, ctx: Context, user: UUID, successor: UUID | None) -> int:
        """Boards that somebody led are their successor's, where one is named."""
        handed = 0
        if successor is not None:
            async for board in self.board.each(ctx, leadUserId=user):
                await self.board.rewrite(ctx, board, {"leadUserId": successor})
                handed += 1
        return handed

    async def _bury(self, ctx: Context, aggregate: Aggregate[Any], field: str, user: UUID) -> int:
        """Write the tombstone over somebody in one field; over how many that was."""
        buried = 0
        async for entity in aggregate.each(ctx, **{field: user}):
            await aggregate.rewrite(ctx, entity, {field: TOMBSTONE})
            buried += 1
        return buried

    async def mark_stale_documents(self, ctx: Context, request: port.MarkStaleDocuments) -> None:
        document = request.body.document_id
        async for task in self.task.each(ctx, documentIds=document):
            if document not in task.stale_document_ids:
                linked = [each for each in task.stale_document_ids if each in task.document_ids]
                await self.task.rewrite(ctx, task, {"staleDocumentIds": [*linked, document]})

    async def drop_document_links(self, ctx: Context, request: port.DropDocumentLinks) -> None:
        document = request.body.document_id
        async for task in self.task.each(ctx, documentIds=document):
            fields = {
                "documentIds": [each for each in task.document_ids if each != document],
                "staleDocumentIds": [each for each in task.stale_document_ids if each != document],
            }
            await self.task.rewrite(ctx, task, fields)

    async def on_member_removed(self, ctx: Context, event: Received[models.MemberRemoved]) -> None:
        await self.release_assignments(ctx, port.ReleaseAssignments(body=event.data))

    async def on_user_deleted(self, ctx: Context, event: Received[models.UserDeleted]) -> None:
        await self.forget_worker(ctx, port.ForgetWorker(body=event.data))

    async def on_document_archived(
        self, ctx: Context, event: Received[models.DocumentArchived]
    ) -> None:
        await self.mark_stale_documents(ctx, port.MarkStaleDocuments(body=event.data))

    async def on_document_deleted(
        self, ctx: Context, event: Received[models.DocumentDeleted]
    ) -> None:
        await self.drop_document_links(ctx, port.DropDocumentLinks(body=event.data))
