"""Checklists and time of tasks, with the sums that a task keeps of them."""

from __future__ import annotations

from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import NOT_FOUND

from .generated import models, port
from .work import Work


class Parts(Work):
    """Commands on checklist items and time entries."""

    async def add_checklist_item(
        self, ctx: Context, request: port.AddChecklistItem
    ) -> models.ChecklistItem:
        await self.granted_task(ctx, request.task_id)
        item = await super().add_checklist_item(ctx, request)
        await self._count_open(ctx, request.task_id)
        return item

    async def tick_checklist_item(
        self, ctx: Context, request: port.TickChecklistItem
    ) -> models.ChecklistItem:
        await self.granted_task(ctx, request.task_id)
        path = {"id": request.checklist_item_id, "taskId": request.task_id}
        item = await self.checklist_item.find(ctx, **path)
        if item is None:
            raise NOT_FOUND("no such checklist-item")
        if item.done == request.body.done:
            return item
        tick = {
            "done": request.body.done,
            "tickedBy": self.person(ctx) if request.body.done else None,
        }
        item = await self.checklist_item.update(
            ctx, "tick-checklist-item", item.id, tick, taskId=request.task_id
        )
        await self._count_open(ctx, request.task_id)
        return item

    async def remove_checklist_item(self, ctx: Context, request: port.RemoveChecklistItem) -> None:
        await self.granted_task(ctx, request.task_id)
        await super().remove_checklist_item(ctx, request)
        await self._count_open(ctx, request.task_id)

    async def _count_open(self, ctx: Context, task_id: UUID) -> None:
        items = await self.checklist_item.count(ctx, taskId=task_id, done=False)
        await self.write(ctx, task_id, {"openChecklistItems": items})

    async def log_time(self, ctx: Context, request: port.LogTime) -> models.TimeEntry:
        await self.granted_task(ctx, request.task_id)
        self.person(ctx)
        entry = await super().log_time(ctx, request)
        await self._sum_up(ctx, request.task_id)
        return entry

    async def retract_time_entry(self, ctx: Context, request: port.RetractTimeEntry) -> None:
        await super().retract_time_entry(ctx, request)
        await self.check_unlocked(ctx)
        await self._sum_up(ctx, request.task_id)

    async def _sum_up(self, ctx: Context, task_id: UUID) -> None:
        spent = sum([each.minutes async for each in self.time_entry.each(ctx, taskId=task_id)])
        await self.write(ctx, task_id, {"spentMinutes": spent})
