"""Runs and steps that have had their time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.logs import logger
from cloudsync_chassis.sagas.log import SagaLog, within
from cloudsync_chassis.sagas.repeats import Repeats
from cloudsync_chassis.sagas.spec import Saga

log = logger("saga")

_GRACE = timedelta(minutes=5)
"""What compensations get beyond a run's deadline before it is called stuck."""


class Late:
    """Tells of what is late. `say`: one line of a saga's log, within the transaction."""

    def __init__(
        self,
        sagas: Mapping[str, Saga],
        records: SagaLog,
        repeats: Repeats,
        say: Callable[..., Awaitable[None]],
    ) -> None:
        self._repeats = repeats
        self._sagas = sagas
        self._log = records
        self._tell = say

    async def tell(self, ctx: Context) -> None:
        """Say so on the sagas' logs; a run that cannot be undone is stuck, and needs a person."""
        for run in await self._log.late_runs(ctx):
            await self._run(within(ctx, run.organization), run.id, run.saga)
        for each in await self._log.late_steps(ctx):
            saga, inside = self._sagas.get(each.run.saga), within(ctx, each.run.organization)
            await self._log.note(inside, each.run.id, each.step, due_at=None)
            if each.run.state == "completed":
                name = each.run.saga
                log.error("saga_step_late", saga=name, run=str(each.run.id), step=each.step)
                await self._repeats.hurry(inside, each.run.id, each.step)
            elif saga is not None:
                reason = f"time-out: {saga.steps[each.step].name}"
                await self._tell(inside, saga, each.run.id, "failed", step=each.step, reason=reason)

    async def _run(self, ctx: Context, identity: UUID, name: str) -> None:
        """A run past its deadline fails; one that cannot be undone needs a person."""
        saga = self._sagas.get(name)
        run = await self._log.get(ctx, identity)
        if saga is not None and run.state == "running":
            await self._log.move(ctx, identity, "running", "deadline")
            if run.reason != "deadline":
                await self._tell(ctx, saga, identity, "failed", reason="deadline")
        elif run.state == "failing" and ctx.now > run.deadline_at + _GRACE:
            log.error("saga_stuck", saga=name, run=str(identity), reason=run.reason)
            await self._log.move(ctx, identity, "stuck")
