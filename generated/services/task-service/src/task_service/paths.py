"""The critical path of a board, as it is asked for."""

from __future__ import annotations

from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.model import from_record

from .critical_path import Edge, Step, WorkDays, critical_path
from .generated import models, port, problems
from .work import OPEN, Work

_CHUNK = 200
_MOST_STEPS = 1000


class Paths(Work):
    """The query."""

    async def get_critical_path(
        self, ctx: Context, request: port.GetCriticalPath
    ) -> models.CriticalPath:
        board = await self.board.get(ctx, request.board_id)
        most = self.settings.critical_path_max_tasks
        open_here = {"boardId": board.id, "workflowState": OPEN}
        if await self.task.count(ctx, **open_here) > most:
            raise problems.DEPENDENCY_GRAPH_TOO_LARGE(f"more than {most} open tasks")
        policy = await self.policy(ctx)
        tasks = {each.id: each async for each in self.task.each(ctx, **open_here)}
        edges = await self._edges(ctx, tuple(tasks), policy.minutes_per_workday)
        path = critical_path({key: _remaining(each) for key, each in tasks.items()}, edges)
        if len(path) > _MOST_STEPS:
            raise problems.DEPENDENCY_GRAPH_TOO_LARGE(f"a path of more than {_MOST_STEPS} tasks")
        rest = [each.root for each in policy.rest_days]
        days = WorkDays(ctx.now.date(), policy.minutes_per_workday, rest)
        steps = [_told(tasks[each.task], each, days) for each in path]
        found = {
            "boardId": board.id,
            "steps": steps,
            "totalMinutes": sum(each.finish - each.start for each in path),
            "unestimatedTasks": sum(each.estimate_minutes is None for each in tasks.values()),
        }
        if steps:
            found["finishesOn"] = steps[-1]["earliestFinish"]
        return from_record(models.CriticalPath, found)

    async def _edges(
        self, ctx: Context, tasks: tuple[UUID, ...], minutes_per_day: int
    ) -> list[Edge[UUID]]:
        found: list[Edge[UUID]] = []
        for start in range(0, len(tasks), _CHUNK):
            some = tasks[start : start + _CHUNK]
            async for each in self.task_dependency.each(ctx, successorId=some):
                lag = each.lag_days * minutes_per_day
                found.append(Edge(each.predecessor_id, each.successor_id, str(each.relation), lag))
        return found


def _remaining(task: models.Task) -> int:
    """Minutes that the estimate leaves; nothing for a task without one."""
    return max(0, (task.estimate_minutes or 0) - task.spent_minutes)


def _told(task: models.Task, step: Step[UUID], days: WorkDays) -> dict[str, object]:
    return {
        "taskId": task.id,
        "number": task.number,
        "remainingMinutes": step.finish - step.start,
        "earliestStart": days.start(step.start),
        "earliestFinish": days.finish(step.start, step.finish),
    }
