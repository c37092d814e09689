"""Versions on their way into service and out of it."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Received
from cloudsync_chassis.jobs.spec import Due
from cloudsync_chassis.logs import logger
from cloudsync_chassis.model import given
from cloudsync_chassis.problem import NOT_FOUND, Problem
from cloudsync_chassis.runtime import Runtime

from .base import PLATFORM, itself
from .generated import models, port, problems
from .generated.aggregates import MODEL
from .observing import Observing
from .serving import STAGES
from .snapshots import rows_of
from .trees import Ensemble, auc, mean_error, stability
from .world import BUCKET

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
_REFUSING = "refusals at three times the median of the week for ten minutes"
_FEWEST = 1_000
_LARGEST = 100.0
_WATCH, _DRIFTED = 0.1, 0.25
_VERDICTS = models.DriftVerdict
_MEASURES = models.ModelMeasure

log = logger("registry")


class Registry(Observing):
    """The registry."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        trying = (STAGES.shadow.value, STAGES.canary.value)
        trial = Due(aggregate=MODEL.name, where={"stage": trying})
        serving = Due(aggregate=MODEL.name, where={"stage": STAGES.serving.value})
        runtime.work.every(_HOUR, "note-guards", self.guard_due, trial)
        runtime.work.every(_DAY, "flag-drift", self.drift_due, serving)
        runtime.work.every(_MINUTE, "guard-refusals", self.refusals_due, serving)

    async def register_model(self, ctx: Context, request: port.RegisterModel) -> models.ModelModel:
        """Take an artefact whose bytes and signature are what the manifest says.

        Raises:
            Problem: `unsigned-artifact`, `already-exists`, `reference-unknown`.
        """
        body = request.body
        content = self.bucket.read(body.artifact_uri.removeprefix(BUCKET))
        if content is None or hashlib.sha256(content).hexdigest() != body.artifact_digest:
            raise problems.UNSIGNED_ARTIFACT("missing, unsigned or another than the manifest says")
        return await self.model.create(ctx, "register-model", body)

    async def evaluate_model(self, ctx: Context, request: port.EvaluateModel) -> models.ModelModel:
        """Put scores into the manifest: measured here where snapshot and artefact can be read, for
        what somebody says of a model is no measure of it.

        Raises:
            Problem: `test-data-overlaps-training`, `illegal-transition`.
        """
        version = await self.model.get(ctx, request.model_id)
        fields = given(request.body)
        rows = rows_of(self.bucket, request.body.test_snapshot_id, version.model_key)
        ensemble = self.loaded(version)
        if rows and ensemble is not None:
            labels = [each.label for each in rows]
            scores = [ensemble.score(each.features) for each in rows]
            mean = sum(labels) / len(labels)
            if version.primary_metric is _MEASURES.auc:
                fields |= {"primaryScore": auc(scores, labels), "baselineScore": 0.5}
            elif version.primary_metric is _MEASURES.mae:
                fields["primaryScore"] = mean_error(scores, labels)
                fields["baselineScore"] = mean_error([mean] * len(labels), labels)
        return await self.model.transition(ctx, "evaluate-model", version.id, fields)

    async def deploy_model(self, ctx: Context, request: port.DeployModel) -> models.ModelModel:
        """Give the canary all requests; its predecessor is retired and stays loaded for a week."""
        version = await self.model.get(ctx, request.model_id)
        each = self.model.each(ctx, modelKey=version.model_key, stage=STAGES.serving)
        before = [one async for one in each if one.id != version.id]
        fields = {"previousSemver": before[0].semver} if before else {"previousSemver": None}
        deployed = await self.model.transition(ctx, "deploy-model", version.id, fields)
        for one in before:
            await self.model.transition(ctx, "retire-model", one.id)
        return deployed

    async def roll_back_model(self, ctx: Context, request: port.RollBackModel) -> models.ModelModel:
        """Take a version back; of one that served the predecessor serves again, unless that was
        itself taken back, and then the default answers.

        Raises:
            Problem: `no-predecessor`, `illegal-transition`.
        """
        version = await self.model.get(ctx, request.model_id)
        taken = await super().roll_back_model(ctx, request)
        if version.stage is STAGES.serving and version.previous_semver is not None:
            before = await self.model.find(
                ctx, modelKey=version.model_key, semver=version.previous_semver
            )
            if before is not None and before.withdrawal_reason is None:
                await self.reinstate_model(itself(ctx), port.ReinstateModel(model_id=before.id))
        return taken

    async def switch_model(self, ctx: Context, request: port.SwitchModel) -> None:
        """Turn the switch of the flag whose event is handled.

        Raises:
            Problem: `not-found`: no event is handled.
        """
        if ctx.cause is None:
            raise NOT_FOUND("switches follow events alone")
        data = ctx.cause.data
        area, _, key = str(data["key"]).partition(".")
        if area != "ml" or data["purpose"] != models.FlagPurpose.kill_switch.value:
            return
        off = data["status"] == models.FlagStatus.killed.value
        inside = ctx.within(PLATFORM)
        known = await self.switches.find(inside, modelKey=key)
        if known is None:
            await self.switches.insert(inside, {"modelKey": key, "off": off})
        else:
            await self.switches.rewrite(inside, known, {"off": off})

    async def on_flag_changed(self, ctx: Context, event: Received[models.FlagChanged]) -> None:
        """A kill switch of a model sends its key to the default within seconds."""
        await self.switch_model(ctx, port.SwitchModel())

    async def guard_due(self, ctx: Context) -> None:
        """Enter what the tenant's shadows and canaries took, and how many more they refused than
        the version in service, in per cent of all requests.
        """
        async for each in self.model.each(ctx, stage=(STAGES.shadow, STAGES.canary)):
            slowest = self.readings.slowest(each.id)
            if slowest is None:
                continue
            serving = await self.model.find(ctx, modelKey=each.model_key, stage=STAGES.serving)
            loss = self.readings.refusals(each.id)
            loss -= self.readings.refusals(serving.id) if serving is not None else loss
            body = models.GuardReadings(
                observed_latency_ms=min(60_000, round(slowest * 1000)),
                guard_loss_percent=max(-100.0, min(100.0, loss * 100)),
            )
            await self.note_guards(ctx, port.NoteGuards(model_id=each.id, body=body))

    async def refusals_due(self, ctx: Context) -> None:
        """Take the tenant's versions back that refuse far more than usual; causes are looked for
        afterwards. One without a predecessor stays, and a person hears of it.
        """
        async for each in self.model.each(ctx, stage=STAGES.serving):
            if not self.readings.is_alarming(each.id, ctx.now):
                continue
            body = models.WithdrawModelRequest(withdrawal_reason=_REFUSING)
            try:
                await self.roll_back_model(ctx, port.RollBackModel(model_id=each.id, body=body))
            except Problem as problem:
                if problem.kind is not problems.NO_PREDECESSOR:
                    raise
                log.error("risk_model_refusing", model=each.model_key, semver=each.semver)

    async def measure_drift(self, ctx: Context, request: port.MeasureDrift) -> models.DriftReport:
        """Compare kept predictions of some days with what the model learnt from.

        Raises:
            Problem: `too-few-samples`, `not-found`.
        """
        version = await self.model.get(ctx, request.body.model_id)
        return await self._drift(ctx, version, request.body.window_days)

    async def _drift(
        self, ctx: Context, version: models.ModelModel, days: int
    ) -> models.DriftReport:
        ensemble = self.loaded(version)
        if ensemble is None:
            raise NOT_FOUND("the artefact cannot be read")
        since = ctx.now - timedelta(days=days)
        scores: list[float] = []
        parts: dict[str, float] = dict.fromkeys(ensemble.features, 0.0)
        async for tenant in self.tenants(ctx, self.prediction, modelId=version.id):
            async for each in self.prediction.each(ctx.within(tenant), modelId=version.id):
                if each.served_at >= since:
                    scores.append(each.score)
                    for one in each.explanation:
                        parts[one.feature] = parts.get(one.feature, 0.0) + abs(one.weight)
                    ctx.deadline.check()
        if len(scores) < _FEWEST:
            raise problems.TOO_FEW_SAMPLES(f"{len(scores)} kept requests of {_FEWEST}")
        index = min(_LARGEST, stability(ensemble, scores))
        verdict = _VERDICTS.watch if index >= _WATCH else _VERDICTS.stable
        return models.DriftReport(
            population_stability=index,
            worst_feature=_worst(ensemble, parts, len(scores)),
            verdict=_VERDICTS.drifted if index >= _DRIFTED else verdict,
            sampled_requests=len(scores),
        )

    async def drift_due(self, ctx: Context) -> None:
        """Flag the tenant's versions that see another population than they learnt from."""
        async for each in self.model.each(ctx, stage=STAGES.serving):
            if self.loaded(each) is None:
                continue
            try:
                found = await self._drift(ctx, each, 1)
            except Problem as problem:
                if problem.kind is not problems.TOO_FEW_SAMPLES:
                    raise
                continue
            index = found.population_stability
            self.metrics.ml_population_stability(index, model=each.model_key)
            if index >= _DRIFTED:
                body = models.FlagDriftRequest(
                    population_stability=index, worst_feature=found.worst_feature
                )
                await self.flag_drift(ctx, port.FlagDrift(model_id=each.id, body=body))


def _worst(ensemble: Ensemble, parts: dict[str, float], requests: int) -> str:
    """The feature whose part in the scores has changed most."""
    usual = ensemble.usual
    names = sorted(parts)
    return max(names, key=lambda name: abs(parts[name] / requests - usual.get(name, 0.0)))
