"""Scores: by the version that the route names, else by the default of the model, marked as such."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from functools import partial
from time import perf_counter
from uuid import NAMESPACE_OID, UUID, uuid5

from cloudsync_chassis.context import Context
from cloudsync_chassis.problem import NOT_FOUND
from cloudsync_chassis.runtime import Runtime

from .base import PLATFORM, Base
from .features import RULES, features
from .generated import models, port, problems
from .readings import Readings
from .trees import Ensemble, UnreadableError
from .world import BUCKET

STAGES = models.ModelStage
_DECISIONS = models.PredictionDecision
_ANSWERING = (STAGES.serving, STAGES.canary, STAGES.shadow)
_REVIEW_FROM = 0.6
_RULE_THRESHOLD = 0.8
_SLOTS = 2
_REASONS = 5
_LOADED = 16
_HUNDRED = 100


class Serving(Base):
    """Answers."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.readings = Readings()
        self._loaded: dict[str, Ensemble] = {}
        self._batches = 0
        self._answers: Counter[tuple[str, bool]] = Counter()

    async def routes(self, ctx: Context, key: str) -> list[models.ModelModel]:
        """Versions of a key that see requests: the tenant's, else the platform's."""
        for tenant in dict.fromkeys((ctx.tenant, PLATFORM)):
            inside = ctx.within(tenant)
            each = self.model.each(inside, modelKey=key, stage=_ANSWERING)
            found = [one async for one in each]
            if any(one.stage is not STAGES.shadow for one in found):
                return found
        return []

    async def is_off(self, ctx: Context, key: str) -> bool:
        """Whether somebody has pulled the switch of a key."""
        found = await self.switches.find(ctx.within(PLATFORM), modelKey=key)
        return found is not None and found.off

    def loaded(self, version: models.ModelModel) -> Ensemble | None:
        """The trees of a version, if its artefact is ours, unaltered and of a kind that we read."""
        digest = version.artifact_digest
        if digest not in self._loaded:
            content = self.bucket.read(version.artifact_uri.removeprefix(BUCKET))
            if content is None or hashlib.sha256(content).hexdigest() != digest:
                return None
            try:
                ensemble = Ensemble.from_bytes(content)
            except UnreadableError:
                return None
            while len(self._loaded) >= _LOADED:
                self._loaded.pop(next(iter(self._loaded)))
            self._loaded[digest] = ensemble
        return self._loaded[digest]

    async def predict(self, ctx: Context, request: port.Predict) -> models.PredictionAnswer:
        """Score one subject; what is sampled is kept after the answer.

        Raises:
            Problem: `model-unknown`.
        """
        wish, began = request.body, perf_counter()
        inline = {each.name: each.value for each in wish.features or ()}
        answer = await self.judged(ctx, wish.model_key, wish.entity_ref, inline, wish.request_id)
        took = perf_counter() - began
        self.metrics.ml_prediction_seconds(took, model=wish.model_key)
        return answer

    async def judged(
        self,
        ctx: Context,
        key: str,
        ref: str,
        inline: Mapping[str, float],
        request_id: UUID | None = None,
    ) -> models.PredictionAnswer:
        """The answer about a subject with these features and those that are known of it.

        Raises:
            Problem: `model-unknown`.
        """
        routes = [] if await self.is_off(ctx, key) else await self.routes(ctx, key)
        answering = _chosen(routes, ref)
        for each in routes:
            if each.stage is STAGES.shadow:
                await self._score(ctx, each, ref, inline)
        if answering is not None:
            scored = await self._score(ctx, answering, ref, inline)
            if scored is not None:
                score, row, ensemble = scored
                decision = decided(answering, score)
                kept = None
                if request_id is not None and self._sampled(request_id):
                    kept = prediction_id(request_id)
                    body = models.KeepPredictionRequest(
                        model_key=key,
                        model_id=answering.id,
                        request_id=request_id,
                        entity_ref=ref,
                        score=score,
                        decision=decision,
                        explanation=_explained(ensemble, row),
                        served_at=ctx.now,
                    )
                    keep = partial(self._keep, port.KeepPrediction(body=body))
                    self.runtime.work.soon(ctx, "keep-prediction", keep)
                self._count(key, answering.semver, decision, degraded=False)
                return models.PredictionAnswer(
                    prediction_id=kept,
                    score=score,
                    decision=decision,
                    semver=answering.semver,
                    degraded=False,
                )
        return await self._by_rule(ctx, key, ref, inline)

    async def _by_rule(
        self, ctx: Context, key: str, ref: str, inline: Mapping[str, float]
    ) -> models.PredictionAnswer:
        """The default of a key."""
        rule = RULES.get(key)
        if rule is None:
            raise problems.MODEL_UNKNOWN(f"no version of {key} serves")
        score = rule({**await self._numbers(ctx, ref), **inline})
        decision = _line(score, _RULE_THRESHOLD)
        self._count(key, "rule", decision, degraded=True)
        return models.PredictionAnswer(score=score, decision=decision, degraded=True)

    def _count(
        self, key: str, version: str, decision: models.PredictionDecision, *, degraded: bool
    ) -> None:
        self._answers[(key, degraded)] += 1
        given = self._answers[(key, True)]
        all_ = given + self._answers[(key, False)]
        self.metrics.ml_degraded_ratio(given / all_, model=key)
        self.metrics.ml_predictions_total(model=key, model_version=version, decision=decision.value)

    async def _score(
        self, ctx: Context, version: models.ModelModel, ref: str, inline: Mapping[str, float]
    ) -> tuple[float, dict[str, float], Ensemble] | None:
        """Score, features and trees of a version; None where it cannot be loaded."""
        began, ensemble = perf_counter(), self.loaded(version)
        if ensemble is None:
            return None
        row: dict[str, float] = {}
        for each in version.feature_views:
            row |= await self._of_view(ctx, each.root, ref)
        row |= inline
        score = max(-1e9, min(1e9, ensemble.score(row)))
        refused = decided(version, score) is _DECISIONS.refuse
        self.readings.note(version.id, ctx.now, perf_counter() - began, refused)
        return score, row, ensemble

    async def _numbers(self, ctx: Context, ref: str) -> dict[str, float]:
        trace = await self.trails.find(ctx, entityRef=ref)
        return features(trace.marks if trace is not None else (), ctx.now)

    async def view(self, ctx: Context, name: str) -> models.FeatureView | None:
        """A view by `name@number`: the tenant's, else the platform's."""
        plain, _, number = name.partition("@")
        for tenant in dict.fromkeys((ctx.tenant, PLATFORM)):
            found = await self.feature_view.find(
                ctx.within(tenant), viewName=plain, viewNumber=int(number)
            )
            if found is not None:
                return found
        return None

    async def _of_view(self, ctx: Context, name: str, ref: str) -> dict[str, float]:
        view = await self.view(ctx, name)
        return (await self._vector(ctx, view, ref))[0] if view is not None else {}

    async def _vector(
        self, ctx: Context, view: models.FeatureView, ref: str
    ) -> tuple[dict[str, float], int]:
        """Values of a view for a subject, and how many are stand-ins."""
        trace = await self.trails.find(ctx, entityRef=ref)
        known: dict[str, float] = {}
        if trace is not None and trace.marks:
            age = (ctx.now - trace.marks[-1].at).total_seconds()
            known = features(trace.marks, ctx.now) if age <= view.lifetime_seconds else {}
        row = {each.name: known.get(each.name, each.stand_in) for each in view.features}
        return row, sum(each.name not in known for each in view.features)

    async def get_features(self, ctx: Context, request: port.GetFeatures) -> models.FeatureVectors:
        """Values of one view for up to a hundred subjects.

        Raises:
            Problem: `view-unknown`.
        """
        view = await self.view(ctx, request.body.feature_view)
        if view is None:
            raise problems.VIEW_UNKNOWN(f"no view {request.body.feature_view}")
        items = []
        for each in request.body.entity_refs:
            row, stand_ins = await self._vector(ctx, view, each.root)
            told = [models.FeatureValue(name=n, value=_bounded(v)) for n, v in row.items()]
            vector = models.FeatureVector(entity_ref=each.root, features=told, stand_ins=stand_ins)
            items.append(vector)
        return models.FeatureVectors(items=items)

    async def predict_batch(
        self, ctx: Context, request: port.PredictBatch
    ) -> AsyncIterator[models.BatchItem]:
        """Score up to ten thousand subjects with one version.

        Raises:
            Problem: `model-unknown`, `batch-slots`.
        """
        wish = request.body
        routes = (
            [] if await self.is_off(ctx, wish.model_key) else await self.routes(ctx, wish.model_key)
        )
        version = next((each for each in routes if each.stage is STAGES.serving), None)
        if version is None or self.loaded(version) is None:
            raise problems.MODEL_UNKNOWN(f"no version of {wish.model_key} serves")
        if self._batches >= _SLOTS:
            raise problems.BATCH_SLOTS("two batches are being scored already")
        return self._batch(ctx, version, [each.root for each in wish.entity_refs])

    async def _batch(
        self, ctx: Context, version: models.ModelModel, refs: list[str]
    ) -> AsyncIterator[models.BatchItem]:
        self._batches += 1
        try:
            for each in refs:
                ctx.deadline.check()
                scored = await self._score(ctx, version, each, {})
                if scored is None:
                    raise NOT_FOUND("the artefact has gone")
                decision = decided(version, scored[0])
                yield models.BatchItem(entity_ref=each, score=scored[0], decision=decision)
        finally:
            self._batches -= 1

    async def keep_prediction(self, ctx: Context, request: port.KeepPrediction) -> None:
        """Write a sampled answer under the id that its caller was told."""
        body = request.body
        if await self.prediction.find(ctx, requestId=body.request_id) is None:
            record = body.model_dump(by_alias=True)
            await self.prediction.insert(ctx, {**record, "id": prediction_id(body.request_id)})

    async def _keep(self, wish: port.KeepPrediction, ctx: Context) -> None:
        await self.keep_prediction(ctx, wish)

    def _sampled(self, request_id: UUID) -> bool:
        return _share(str(request_id)) < self.settings.sampling_percent


def prediction_id(request_id: UUID) -> UUID:
    """The id of a kept prediction, which follows from its request (RFC 9562, version 5)."""
    return uuid5(NAMESPACE_OID, f"prediction/{request_id}")


def decided(version: models.ModelModel, score: float) -> models.PredictionDecision:
    """What a version's score says; of what is no yes or no, nothing."""
    if version.decision_threshold is None:
        return _DECISIONS.undecided
    return _line(score, version.decision_threshold)


def _line(score: float, threshold: float) -> models.PredictionDecision:
    if score >= threshold:
        return _DECISIONS.refuse
    return _DECISIONS.review if score >= _REVIEW_FROM * threshold else _DECISIONS.accept


def _chosen(routes: list[models.ModelModel], ref: str) -> models.ModelModel | None:
    """The canary for its share of subjects, always the same ones; the serving version for others."""
    for each in routes:
        share = _share(f"{each.model_key}/{ref}")
        if each.stage is STAGES.canary and share < each.traffic_percent:
            return each
    return next((each for each in routes if each.stage is STAGES.serving), None)


def _share(text: str) -> int:
    """From 0 to 99, the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % _HUNDRED


def _explained(ensemble: Ensemble, row: Mapping[str, float]) -> list[models.FeatureWeight]:
    """The five features that moved a score most."""
    reasons = ensemble.reasons(row)
    most = sorted(reasons, key=lambda name: (-abs(reasons[name]), name))[:_REASONS]
    return [
        models.FeatureWeight(feature=name, weight=max(-100.0, min(100.0, reasons[name])))
        for name in most
        if reasons[name]
    ]


def _bounded(value: float) -> float:
    return max(-1e9, min(1e9, value))
