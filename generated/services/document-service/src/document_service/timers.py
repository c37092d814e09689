"""What happens by the clock beside what the model schedules: what was held back is told, hand-overs
go on, and what has had its time goes.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due, Job
from cloudsync_chassis.runtime import Runtime

from .bodies import KEPT_FOR
from .generated import operations, port
from .leavers import Leavers
from .links import Links
from .transfers import MOVE

_HOUR = 3600.0
_TRANSFERS_KEPT = timedelta(days=90)
_ENDED = ("succeeded", "refused", "failed", "cancelled")


class Timers(Links, Leavers):
    """The jobs of the service's own."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        work, kept_for = runtime.work, KEPT_FOR.total_seconds()
        waiting = Due(
            aggregate=self.pending.spec.name,
            where={"waiting": True},
            since="toldAt",
            after=self.settings.coalesce_updates,
        )
        ended = Due(
            aggregate="document-transfer",
            where={"outcome": _ENDED},
            since="updatedAt",
            after=_TRANSFERS_KEPT.total_seconds(),
        )
        superseded = Due(aggregate=self.bodies.spec.name, since="supersededAt", after=kept_for)
        work.every(1.0, "tell-updates", self.flush_updates, waiting)
        work.every(_HOUR, "drop-superseded-bodies", self.drop_superseded, superseded)
        work.every(_HOUR, "drop-ended-transfers", self._drop_transfers, ended)
        work.add((self._moving(), self._emptying()))

    def _moving(self) -> Job:
        running = Due(aggregate="document-transfer", where={"outcome": "running"})
        return Job(operation=MOVE, every=10.0, per="entity", due=running, call=self.go_on)

    def _emptying(self) -> Job:
        """The bin: the schedule in the model could not tell what is retained, nor the setting."""
        trashed = Due(
            aggregate="document",
            where={"status": "trashed"},
            since="trashedAt",
            after=self.settings.bin_retention,
        )
        return Job(
            operation=operations.DELETE_DOCUMENT,
            every=_HOUR,
            per="entity",
            due=trashed,
            call=self._end,
        )

    async def _end(self, ctx: Context, document_id: UUID) -> None:
        """Delete what lay in the bin for its time and is not retained."""
        document = await self.document.find(ctx, id=document_id)
        until = document.retain_until if document is not None else None
        if document is not None and (until is None or until <= ctx.now):
            await self.delete_document(ctx, port.DeleteDocument(document_id=document_id))

    async def _drop_transfers(self, ctx: Context) -> None:
        due = {"updatedAt": ctx.now - _TRANSFERS_KEPT}
        async for each in self.document_transfer.each(ctx, due, outcome=_ENDED):
            await self.document_transfer.remove(ctx, each)
