"""Training, the way of versions into service, what they answer, and how they leave."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cloudsync_chassis import clock
from cloudsync_chassis.ids import uuid7
from desk import LAST, VIEW, Desk, now, played, rows, small_model, text
from ml_service import snapshots
from ml_service.snapshots import SnapshotRow
from ml_service.world import BUCKET


def test_a_model_is_trained_registered_and_measured(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        snapshot = uuid7()
        snapshots.write(at.handlers.bucket, snapshot, rows(10_000))
        wish: dict[str, Any] = {
            "modelKey": "payment-risk",
            "framework": "xgboost",
            "trainingDataset": at.dataset(snapshot),
            "featureViews": ["payer@1"],
            "parameters": {"trees": "5"},
            "gpuMinutesAllowed": 10,
        }
        run = await at.done("StartTraining", at.engineer, **wish)
        assert run["runState"] == "queued"
        await at.service.tick("train-models")
        done = await at.done("GetTrainingRun", at.engineer, trainingRunId=run["id"])
        assert (done["runState"], done["gpuMinutesUsed"]) == ("succeeded", 1)
        (told,) = await at.said("model-trained")
        assert told["trainingRunId"] == run["id"]
        artefact = {name: done[name] for name in ("artifactUri", "artifactDigest")}
        manifest = at.manifest(**artefact, trainingRunId=run["id"])
        made = await at.done("RegisterModel", at.engineer, **manifest)
        assert (made["stage"], made["registeredBy"]) == (
            "registered",
            str(at.engineer.subject),
        )
        test = uuid7()
        snapshots.write(at.handlers.bucket, test, rows(1000, 42))
        scores = {"primaryScore": 0.99, "baselineScore": 0.1, "fairnessGap": 0.02}
        measure = {"modelId": made["id"], "testSnapshotId": str(test), **scores}
        early = {**measure, "testFirstDay": LAST.isoformat()}
        assert await at.refused("EvaluateModel", at.engineer, **early) == (
            "test-data-overlaps-training"
        )
        found = await at.done("EvaluateModel", at.engineer, **measure, testFirstDay="2029-02-01")
        assert 0.65 < found["primaryScore"] < 0.95, "measured here, not believed"
        assert found["baselineScore"] == 0.5

    played(tmp_path, play)


def test_runs_that_cannot_be_trained_say_why(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        wish: dict[str, Any] = {
            "modelKey": "payment-risk",
            "framework": "xgboost",
            "trainingDataset": at.dataset(),
            "featureViews": ["payer@1"],
            "gpuMinutesAllowed": 10,
        }
        small = await at.done("StartTraining", at.engineer, **wish)
        onnx = await at.done("StartTraining", at.engineer, **{**wish, "framework": "onnx"})
        large = await at.done("StartTraining", at.engineer, **{**wish, "gpuMinutesAllowed": 601})
        await at.service.tick("train-models")
        found = {
            name: await at.done("GetTrainingRun", at.engineer, trainingRunId=each["id"])
            for name, each in {"small": small, "onnx": onnx, "large": large}.items()
        }
        assert "0 rows of 10000" in found["small"]["failure"]
        assert "xgboost" in found["onnx"]["failure"]
        assert found["large"]["runState"] == "queued"
        stopped = await at.done("StopTraining", at.engineer, trainingRunId=large["id"])
        assert stopped["runState"] == "stopped"

    played(tmp_path, play)


def test_only_our_unaltered_artefacts_are_registered(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        known = at.stored()
        for wrong in (
            {**known, "artifactDigest": "0" * 64},
            {**known, "artifactUri": BUCKET + "artifacts/none.json"},
            {**known, "artifactUri": BUCKET + "artifacts/../signing.key"},
        ):
            manifest = at.manifest(**wrong)
            assert await at.refused("RegisterModel", at.engineer, **manifest) == (
                "unsigned-artifact"
            )
        place = tmp_path / "ml-service" / "bucket" / known["artifactUri"].removeprefix(BUCKET)
        content = place.read_bytes()
        place.with_name(place.name + ".signature").write_bytes(b"forged")
        assert await at.refused("RegisterModel", at.engineer, **at.manifest(**known)) == (
            "unsigned-artifact"
        )
        at.handlers.bucket.put(known["artifactUri"].removeprefix(BUCKET), content)
        manifest = at.manifest(**known)
        made = await at.done("RegisterModel", at.engineer, **manifest)
        again = await at.done("RegisterModel", at.engineer, **manifest)
        assert again["id"] == made["id"]
        other = at.manifest(**known)
        assert await at.refused("RegisterModel", at.engineer, **other) == "already-exists"

    played(tmp_path, play)


def test_a_version_earns_its_traffic(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.done("DefineFeatureView", at.engineer, **VIEW)
        made = await at.evaluated()
        key = {"modelId": made["id"]}
        await at.done("StartShadow", at.engineer, **key)
        canary = {**key, "trafficPercent": 20}
        assert await at.refused("StartCanary", at.engineer, **canary) == "self-approval"
        assert await at.refused("StartCanary", at.approver, **canary) == "guard-failed"
        at.service.later(timedelta(hours=25))
        assert await at.refused("StartCanary", at.approver, **canary) == "guard-failed"
        await at.noted(made["id"])
        await at.done("StartCanary", at.approver, **canary)
        (told,) = await at.said("model-canary-started")
        assert told["trafficPercent"] == 20
        refs = [f"{each:032x}" for each in range(200)]
        answers = [await at.predict(each, declined_day=5.0) for each in refs]
        by_model = [each for each in answers if not each["degraded"]]
        assert 20 <= len(by_model) <= 60
        assert {each["semver"] for each in by_model} == {"1.0.0"}
        assert await at.refused("DeployModel", at.approver, **key) == "canary-guard-failed"
        at.service.later(timedelta(hours=7))
        await at.noted(made["id"])
        await at.done("DeployModel", at.approver, **key)
        assert not (await at.predict(declined_day=5.0))["degraded"]
        (deployed,) = await at.said("model-deployed")
        assert deployed["semver"] == "1.0.0"

    played(tmp_path, play)


def test_a_successor_takes_over_and_is_taken_back(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        first = await at.serving()
        second = await at.serving("1.1.0", 6)
        assert second["previousSemver"] == "1.0.0"
        get = await at.done("GetModel", at.engineer, modelId=first["id"])
        assert (get["stage"], get["trafficPercent"]) == ("retired", 0)
        assert (await at.predict())["semver"] == "1.1.0"
        why = {"withdrawalReason": "It refuses three times as many as before"}
        await at.done("RollBackModel", at.engineer, modelId=second["id"], **why)
        assert (await at.predict())["semver"] == "1.0.0"
        (told,) = await at.said("model-rolled-back")
        assert (told["semver"], told["previousSemver"]) == ("1.1.0", "1.0.0")
        alone = {"modelId": first["id"], **why}
        assert await at.refused("RollBackModel", at.engineer, **alone) == "no-predecessor"
        third = await at.canary("1.2.0", 7)
        await at.done("RollBackModel", at.engineer, modelId=third["id"], **why)
        assert (await at.predict())["semver"] == "1.0.0"

    played(tmp_path, play)


def test_a_version_that_refuses_too_many_is_taken_back_by_itself(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.serving()
        second = await at.serving("1.1.0", 6)

        async def seen(refused: int) -> None:
            for place in range(30):
                at.handlers.readings.note(UUID(second["id"]), clock.now(), 0.004, place < refused)
            at.service.later(timedelta(minutes=10))
            await at.service.tick("guard-refusals")

        for _ in range(8):
            await seen(2)
        assert (await at.predict())["semver"] == "1.1.0"
        await seen(5)
        assert (await at.predict())["semver"] == "1.1.0"
        await seen(20)
        assert (await at.predict())["semver"] == "1.0.0"
        (told,) = await at.said("model-rolled-back")
        assert "three times the median" in told["withdrawalReason"]

    played(tmp_path, play)


def test_the_default_answers_where_no_version_can(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        calm = await at.predict()
        assert (calm["degraded"], calm["decision"], "semver" in calm) == (True, "accept", False)
        risky = await at.predict(declined_hour=4.0, disputed_sixty_days=1.0)
        assert risky["score"] > calm["score"]
        assert risky["decision"] == "refuse"
        wish = {"requestId": str(uuid7()), "modelKey": "search-ranking", "entityRef": "0" * 32}
        assert await at.refused("Predict", at.caller, **wish) == "model-unknown"
        made = await at.serving()
        assert not (await at.predict())["degraded"]
        flag = {
            "featureFlagId": str(uuid7()),
            "key": "ml.payment-risk",
            "environment": "production",
            "purpose": "killSwitch",
            "rolloutPercent": 0,
        }
        await at.tell("platform.flag-changed", **{**flag, "purpose": "release"}, status="killed")
        assert not (await at.predict())["degraded"]
        await at.tell("platform.flag-changed", **flag, status="killed")
        assert (await at.predict())["degraded"]
        await at.tell("platform.flag-changed", **flag, status="active")
        assert not (await at.predict())["degraded"]
        place = tmp_path / "ml-service" / "bucket" / made["artifactUri"].removeprefix(BUCKET)
        place.write_bytes(place.read_bytes() + b" ")
        at.handlers._loaded.clear()
        assert (await at.predict())["degraded"], "an altered artefact is not loaded"

    played(tmp_path, play)


def test_kept_answers_are_explained_and_joined_with_outcomes(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.serving()
        answer = await at.predict(declined_day=5.0)
        await at.service.settle()
        key = {"predictionId": answer["predictionId"]}
        kept = await at.done("ExplainPrediction", at.engineer_of(), **key)
        assert kept["score"] == answer["score"]
        assert kept["explanation"][0]["feature"] == "declined_day"
        assert kept["explanation"][0]["weight"] > 0
        outcome = {"outcome": 1, "outcomeAt": text(now())}
        joined = await at.done("RecordOutcome", at.caller, **key, **outcome)
        assert joined["outcome"] == 1
        at.service.later(timedelta(days=61))
        late = await at.refused("RecordOutcome", at.caller, **key, outcome=0, outcomeAt=text(now()))
        assert late == "outcome-too-late"

    played(tmp_path, play, sampling_percent=100)


def test_few_answers_are_kept(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.serving()
        answers = [await at.predict() for _ in range(40)]
        assert sum("predictionId" in each for each in answers) < 12

    played(tmp_path, play)


def test_batches_are_scored_by_one_version_and_two_at_a_time(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        refs = [f"{each:032x}" for each in range(50)]
        wish = {"requestId": str(uuid7()), "modelKey": "payment-risk", "entityRefs": refs}
        assert await at.refused("PredictBatch", at.caller, **wish) == "model-unknown"
        await at.serving()
        items = await at.done("PredictBatch", at.caller, **wish)
        assert [each["entityRef"] for each in items] == refs
        assert at.handlers._batches == 0
        at.handlers._batches = 2
        assert await at.refused("PredictBatch", at.caller, **wish) == "batch-slots"

    played(tmp_path, play)


def test_drift_is_measured_and_flagged(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        model = await at.serving()
        wish = {"modelId": model["id"], "windowDays": 7}
        assert await at.refused("MeasureDrift", at.engineer, **wish) == "too-few-samples"
        await _kept(at, model["id"], [each.features for each in rows(1000, 12)])
        calm = await at.done("MeasureDrift", at.engineer, **wish)
        assert (calm["verdict"], calm["sampledRequests"]) == ("stable", 1000)
        await at.service.tick("flag-drift")
        assert await at.said("model-drift-detected") == []
        await _kept(at, model["id"], [{"declined_day": 5.0}] * 1000)
        moved = await at.done("MeasureDrift", at.engineer, **wish)
        assert (moved["verdict"], moved["worstFeature"]) == ("drifted", "declined_day")
        await at.service.tick("flag-drift")
        (told,) = await at.said("model-drift-detected")
        assert told["worstFeature"] == "declined_day"

    played(tmp_path, play)


async def _kept(at: Desk, model: str, requests: list[dict[str, float]]) -> None:
    known = small_model()

    async def keep(ctx: Any) -> None:
        for each in requests:
            reasons = known.reasons(each)
            record = {
                "modelKey": "payment-risk",
                "modelId": model,
                "requestId": uuid7(),
                "entityRef": "0" * 32,
                "score": known.score(each),
                "decision": "accept",
                "explanation": [{"feature": n, "weight": w} for n, w in reasons.items()],
                "servedAt": clock.now(),
            }
            await at.handlers.prediction.insert(ctx, record)

    await at.inside(keep)


def test_snapshots_take_no_more_than_a_share_from_anybody() -> None:
    def row(tenant: str, place: int) -> SnapshotRow:
        return SnapshotRow("churn", tenant, f"{place}", f"2029-{place:03}", {}, 0.0)

    light = [row(str(place % 4), place) for place in range(40)]
    heavy = [row("9", place) for place in range(60)]
    kept = snapshots.shared([*light, *heavy])
    assert [sum(each.tenant == name for each in kept) for name in "01239"] == [10] * 4 + [20]
    assert min(each.at for each in kept if each.tenant == "9") == "2029-040"
    many = [row(str(place), 1) for place in range(150)] + [row("x", place) for place in range(50)]
    assert sum(each.tenant == "x" for each in snapshots.shared(many)) == 2
