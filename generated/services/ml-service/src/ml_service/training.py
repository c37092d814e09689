"""Training: queued, run within the minutes of the week, and left as a signed artefact."""

from __future__ import annotations

import asyncio
import hashlib
import math
from datetime import UTC, datetime, time, timedelta
from time import monotonic

from cloudsync_chassis.context import Context
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.runtime import Runtime

from . import snapshots
from .base import PLATFORM
from .generated import models, port
from .generated.aggregates import TRAINING_RUN
from .observing import believed
from .registry import Registry
from .snapshots import SnapshotRow
from .trees import Parameters, learn
from .world import BUCKET

_PAUSE = 10.0
_WEEK_MINUTES = 600
_LONGEST = 900.0
_STATES = models.TrainingRunState
_OPEN = (_STATES.queued.value, _STATES.running.value)
_NUMERIC = frozenset({"metric-forecast"})
"""Keys whose labels are numbers."""


class Training(Registry):
    """Trains models of the framework `xgboost`, as trees that are read as data."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        waiting = Due(aggregate=TRAINING_RUN.name, where={"runState": _OPEN})
        runtime.work.every(_PAUSE, "train-models", self.train_due, waiting, timeout=_LONGEST)

    async def train_due(self, ctx: Context) -> None:
        """Take the oldest run that has room on, and carry out those that are under way."""
        async for run in self.training_run.each(ctx, runState=_STATES.queued):
            if await self._minutes_left(ctx) >= run.gpu_minutes_allowed:
                await self._draw_missing(ctx, run)
                await self.begin_training(ctx, port.BeginTraining(training_run_id=run.id))
        running = [each async for each in self.training_run.each(ctx, runState=_STATES.running)]
        # learning takes a while, and nothing of the store is needed meanwhile
        await ctx.unit.commit()
        for run in running:
            await self._train(ctx, run)

    async def _minutes_left(self, ctx: Context) -> int:
        """Of the 600 of the week: what was burnt since Monday, and what runs may still burn."""
        today = datetime.combine(ctx.now.date(), time(), UTC)
        monday = today - timedelta(days=today.weekday())
        spent = 0
        async for each in self.training_run.each(ctx):
            if each.run_state is _STATES.running:
                spent += each.gpu_minutes_allowed
            elif each.started_at is not None and each.started_at >= monday:
                spent += each.gpu_minutes_used
        return _WEEK_MINUTES - spent

    async def _draw_missing(self, ctx: Context, run: models.TrainingRun) -> None:
        if not snapshots.exists(self.bucket, run.training_dataset.snapshot_id):
            await self.draw_snapshot(ctx, port.DrawSnapshot(body=run.training_dataset))

    async def draw_snapshot(self, ctx: Context, request: port.DrawSnapshot) -> None:
        """Write the rows of some days: of the tenant, or of all where the platform asks."""
        wish, rows = request.body, list[SnapshotRow]()
        tenants = [ctx.tenant]
        if ctx.tenant == PLATFORM:
            tenants = [each async for each in self.tenants(ctx, self.samples)]
        for tenant in tenants:
            inside = ctx.within(tenant)
            gone = {each.entity_ref async for each in self.forgotten.each(inside)}
            async for each in self.samples.each(inside):
                meant = wish.first_day <= each.at.date() <= wish.last_day
                if meant and each.entity_ref not in gone and believed(each, ctx):
                    row = SnapshotRow(
                        key=each.model_key,
                        tenant=str(tenant),
                        ref=each.entity_ref,
                        at=each.at.isoformat(),
                        features=each.features,
                        label=each.label,
                    )
                    rows.append(row)
                ctx.deadline.check()
        snapshots.write(self.bucket, wish.snapshot_id, snapshots.shared(rows))

    async def _train(self, ctx: Context, run: models.TrainingRun) -> None:
        began = monotonic()
        try:
            content = await asyncio.to_thread(self._learnt, run)
        except ValueError as error:
            failure = models.TrainingFailure(failure=f"not trained: {error}"[:300])
            wish = port.FailTraining(training_run_id=run.id, body=failure)
            await self.fail_training(ctx, wish)
            return
        minutes = min(run.gpu_minutes_allowed, math.ceil((monotonic() - began) / 60))
        key = f"artifacts/{run.model_key}/{run.id}.json"
        self.bucket.put(key, content)
        digest = hashlib.sha256(content).hexdigest()
        read = self.bucket.read(key)
        if read is None or hashlib.sha256(read).hexdigest() != digest:
            raise OSError("the artefact was not read back as it was written")
        result = models.TrainingResult(
            artifact_uri=BUCKET + key, artifact_digest=digest, gpu_minutes_used=minutes
        )
        await self.complete_training(
            ctx, port.CompleteTraining(training_run_id=run.id, body=result)
        )
        self.metrics.ml_gpu_minutes_total(minutes, model=run.model_key)

    def _learnt(self, run: models.TrainingRun) -> bytes:
        """The artefact of a run.

        Raises:
            ValueError: why there is none.
        """
        if run.framework is not models.ModelFramework.xgboost:
            raise ValueError("trees alone are learnt here (xgboost)")
        wish = run.training_dataset
        rows = snapshots.rows_of(self.bucket, wish.snapshot_id, run.model_key)
        if len(rows) < wish.rows:
            raise ValueError(f"the snapshot has {len(rows)} rows of {wish.rows}")
        told = {name: each.root for name, each in run.parameters.items()}
        return learn(
            [each.features for each in rows],
            [each.label for each in rows],
            Parameters.read(told),
            binary=run.model_key not in _NUMERIC,
        ).to_bytes()
