"""What waits for what on a board: a graph without circles, and counters that follow it."""

from __future__ import annotations

from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.store.query import Page

from .generated import models, port, problems
from .work import Work

_CHUNK = 200
_NOT_BEGUN = ("backlog", "ready")


class Dependencies(Work):
    """Commands and queries on edges of the graph."""

    async def link_dependency(
        self, ctx: Context, request: port.LinkDependency
    ) -> models.TaskDependency:
        successor = await self.granted_task(ctx, request.task_id)
        predecessor = await self.task.find(ctx, id=request.predecessor_id)
        if predecessor is None:
            raise NOT_FOUND("no such predecessor")
        if predecessor.board_id != successor.board_id:
            raise problems.NOT_THE_SAME_BOARD("the two tasks lie on different boards")
        await self.lock_board(ctx, successor.board_id)
        ends = {"predecessorId": predecessor.id, "successorId": successor.id}
        known = await self.task_dependency.find(ctx, **ends)
        if known is None:
            await self._check_new(ctx, predecessor.id, successor.id)
        body = request.body
        fields = {
            "relation": body.relation or "finishToStart",
            "lagDays": body.lag_days or 0,
            "linkedBy": known.linked_by if known else self.person(ctx),
        }
        edge = await self.task_dependency.put(ctx, "link-dependency", fields, **ends)
        await self.recount(ctx, successor)
        return edge

    async def _check_new(self, ctx: Context, predecessor: UUID, successor: UUID) -> None:
        most = self.settings.dependency_limit_per_task
        if await self.task_dependency.count(ctx, successorId=successor) >= most:
            raise problems.DEPENDENCY_LIMIT_REACHED(f"{most} predecessors are the most")
        between = await self._way(ctx, successor, predecessor)
        if between is not None and predecessor != successor:
            raise problems.DEPENDENCY_CYCLE(
                "the predecessor waits for the successor already",
                tasks=[str(each) for each in between],
            )

    async def _way(self, ctx: Context, start: UUID, goal: UUID) -> list[UUID] | None:
        """The tasks between two along the shortest chain of successors; None: there is none."""
        came_from: dict[UUID, UUID | None] = {start: None}
        front = [start]
        while front and goal not in came_from:
            following: list[UUID] = []
            for begin in range(0, len(front), _CHUNK):
                some = tuple(front[begin : begin + _CHUNK])
                async for edge in self.task_dependency.each(ctx, predecessorId=some):
                    if edge.successor_id not in came_from:
                        came_from[edge.successor_id] = edge.predecessor_id
                        following.append(edge.successor_id)
            front = following
        if goal not in came_from:
            return None
        way: list[UUID] = []
        step = came_from[goal]
        while step is not None and step != start:
            way.append(step)
            step = came_from[step]
        return way[::-1]

    async def unlink_dependency(self, ctx: Context, request: port.UnlinkDependency) -> None:
        successor = await self.granted_task(ctx, request.task_id)
        await self.task_dependency.delete(
            ctx, "unlink-dependency", request.predecessor_id, successorId=successor.id
        )
        await self.recount(ctx, successor)

    async def list_dependencies(
        self, ctx: Context, request: port.ListDependencies
    ) -> Page[models.TaskDependency]:
        # The path says taskId, the edge successorId: the default would list every task's edges.
        if await self.task.find(ctx, id=request.task_id) is None:
            raise NOT_FOUND("no such task")
        relation = {"relation": request.relation}
        return await self.task_dependency.list(
            ctx, request.page, relation, successorId=request.task_id
        )

    async def recount(self, ctx: Context, successor: models.Task) -> None:
        """Put right how many finish-to-start predecessors of a task are not done."""
        count = await self._open_before(ctx, successor)
        await self.write(ctx, successor.id, {"openPredecessors": count})

    async def _open_before(self, ctx: Context, successor: models.Task) -> int:
        edges = self.task_dependency.each(ctx, successorId=successor.id, relation="finishToStart")
        before = tuple([each.predecessor_id async for each in edges])
        done = await self.task.count(ctx, id=before, workflowState="done") if before else 0
        return len(before) - done

    async def release_successors(self, ctx: Context, request: port.ReleaseSuccessors) -> None:
        await self._recount_behind(ctx, request.body.task_id)

    async def rearm_successors(self, ctx: Context, request: port.RearmSuccessors) -> None:
        await self._recount_behind(ctx, request.body.task_id)

    async def _recount_behind(self, ctx: Context, predecessor: UUID) -> None:
        """Count anew for all successors, by what is so by now.

        Hence it does not matter in which order completions and reopenings arrive, or how often.
        Whose work has begun is never made to wait again.
        """
        async for edge in self.task_dependency.each(ctx, predecessorId=predecessor):
            successor = await self.task.find(ctx, id=edge.successor_id)
            if successor is None:
                continue
            count = await self._open_before(ctx, successor)
            if successor.workflow_state in _NOT_BEGUN or count < successor.open_predecessors:
                await self.task.rewrite(ctx, successor, {"openPredecessors": count})

    async def on_task_completed(self, ctx: Context, event: Received[models.TaskCompleted]) -> None:
        await self.release_successors(ctx, port.ReleaseSuccessors(body=event.data))

    async def on_task_reopened(self, ctx: Context, event: Received[models.TaskReopened]) -> None:
        await self.rearm_successors(ctx, port.RearmSuccessors(body=event.data))
