"""Rules, anomalies and who closes them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from cloudsync_chassis import clock
from cloudsync_chassis.ids import uuid7
from desk import HOUR, Desk, hour, played, text


async def _watched(at: Desk, hours: int = 60, **rule: Any) -> Any:
    """A curve of 10 and 11 by turns, and a rule."""
    await at.active(granularities=["hour"])
    facts = [at.fact(10 + each % 2, hour(each)) for each in range(1, hours + 1)]
    await at.record(*facts)
    known = {"metricKey": "api_calls", "method": "ewma", "minSamples": 20, **rule}
    return await at.done("PutAnomalyRule", at.author, **known)


def _window(hours: int = 30) -> dict[str, Any]:
    return {"metricKey": "api_calls", "since": text(hour(hours)), "until": text(clock.now())}


def test_a_bucket_outside_its_band_is_told_once(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await _watched(at)
        calm = await at.done("DetectAnomalies", at.author, **_window())
        assert calm["items"] == []
        assert calm["examined"] == 30
        await at.record(at.fact(500, hour(2)))
        found = await at.done("DetectAnomalies", at.author, **_window())
        worst = found["items"][0]
        assert (worst["observed"], worst["bucketStart"]) in (
            (510, text(hour(2))),
            (511, text(hour(2))),
        )
        assert worst["expectedLow"] < 10.5 < worst["expectedHigh"] < 20
        assert 0.9 < worst["score"] <= 1
        again = await at.done("DetectAnomalies", at.author, **_window())
        assert again["items"][0]["id"] == worst["id"]
        told = [e for e in await at.said("metric-anomaly-detected") if e["observed"] > 500]
        assert [each["anomalyId"] for each in told] == [worst["id"]]
        key = {"anomalyId": worst["id"]}
        note = {"note": "The load test of Tuesday"}
        assert await at.refused("ExplainAnomaly", at.author, **key, **note) == "illegal-transition"
        seen = await at.done("AcknowledgeAnomaly", at.author, **key)
        assert seen["assigneeId"] == str(at.author.subject)
        done = await at.done("ExplainAnomaly", at.author, **key, **note)
        assert (done["state"], done["note"]) == ("explained", note["note"])

    played(tmp_path, play)


def test_rules_ask_for_enough_points_and_a_counting_metric(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await _watched(at, 10)
        assert await at.refused("DetectAnomalies", at.author, **_window()) == "too-few-samples"
        nothing = {**_window(), "metricKey": "nothing"}
        assert await at.refused("DetectAnomalies", at.author, **nothing) == "not-found"
        back = {**_window(), "since": text(clock.now() + HOUR)}
        assert await at.refused("DetectAnomalies", at.author, **back) == "rule-broken"
        edgeless = {"metricKey": "api_calls", "method": "staticBand"}
        assert await at.refused("PutAnomalyRule", at.author, **edgeless) == "invariant-broken"

    played(tmp_path, play)


def test_muted_rules_find_and_keep_quiet(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        rule = await _watched(at, method="staticBand", bandFloor=5, bandCeiling=20)
        key = {"anomalyRuleId": rule["id"], "muteReason": "Release of Tuesday"}
        long = {**key, "mutedUntil": text(clock.now() + timedelta(days=15))}
        assert await at.refused("MuteRule", at.author, **long) == "mute-too-long"
        await at.done("MuteRule", at.author, **{**key, "mutedUntil": text(clock.now() + HOUR)})
        await at.record(at.fact(500, hour(2)))
        found = await at.done("DetectAnomalies", at.author, **_window())
        assert len(found["items"]) == 1
        assert await at.said("metric-anomaly-detected") == []

    played(tmp_path, play)


def test_the_clock_judges_hours_as_they_close(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await _watched(at, method="staticBand", bandFloor=5, bandCeiling=20)
        await at.service.tick("watch-metrics")
        await at.record(at.fact(500))
        await at.service.tick("watch-metrics")
        assert await at.said("metric-anomaly-detected") == []
        at.service.later(HOUR)
        await at.service.tick("watch-metrics")
        await at.service.tick("watch-metrics")
        (told,) = await at.said("metric-anomaly-detected")
        assert (told["observed"], told["expectedHigh"]) == (500, 20)
        at.service.later(HOUR)
        await at.service.tick("watch-metrics")
        assert [each["observed"] for each in await at.said("metric-anomaly-detected")] == [500, 0]

    played(tmp_path, play)


def test_hours_that_wait_for_late_facts_are_judged_later(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await _watched(at, method="staticBand", bandFloor=5, bandCeiling=20)
        other = {"granularities": ["hour"], "rollupDelaySeconds": 5400}
        await at.active("slow_calls", **other)
        facts = [at.fact(10, hour(each), metricKey="slow_calls") for each in range(1, 40)]
        await at.record(*facts)
        rule = {**_rule(), "metricKey": "slow_calls"}
        await at.done("PutAnomalyRule", at.author, **rule)
        await at.service.tick("watch-metrics")
        await at.record(at.fact(500, metricKey="slow_calls"))
        at.service.later(HOUR)
        await at.service.tick("watch-metrics")
        slow = [e for e in await at.said("metric-anomaly-detected") if e["observed"] == 500]
        assert slow == []
        at.service.later(HOUR)
        await at.service.tick("watch-metrics")
        slow = [e for e in await at.said("metric-anomaly-detected") if e["observed"] == 500]
        assert [each["metricKey"] for each in slow] == ["slow_calls"]

    played(tmp_path, play)


def test_false_alarms_widen_the_band(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await _watched(at, method="staticBand", bandFloor=5, bandCeiling=15)
        await at.record(*[at.fact(50, hour(each)) for each in range(2, 7)])
        found = await at.done("DetectAnomalies", at.author, **_window())
        assert len(found["items"]) == 5
        for place, each in enumerate(found["items"]):
            page = await at.done("PutAnomalyRule", at.author, **_rule())
            assert page["bandCeiling"] == 15, place
            key = {"anomalyId": each["id"]}
            await at.done("AcknowledgeAnomaly", at.author, **key)
            await at.done("DismissAnomaly", at.author, **key, note="Nothing there")

        async def edges(ctx: Any) -> Any:
            rule = await at.handlers.anomaly_rule.find(ctx, metricKey="api_calls")
            assert rule is not None
            return rule.band_floor, rule.band_ceiling

        assert await at.inside(edges) == (4.5, 15.5)

    played(tmp_path, play)


def _rule() -> dict[str, Any]:
    return {
        "metricKey": "api_calls",
        "method": "staticBand",
        "bandFloor": 5,
        "bandCeiling": 15,
        "minSamples": 20,
    }


def test_rules_follow_the_forecast_that_serves(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        rule = await _watched(at, method="forecast", seasonality="none")

        async def model(ctx: Any) -> Any:
            found = await at.handlers.anomaly_rule.find(ctx, metricKey="api_calls")
            assert found is not None
            return found.forecast_model

        deployed = {"modelId": str(uuid7()), "modelKey": "metric-forecast"}
        await at.tell(
            "analytics.model-deployed", **{**deployed, "modelKey": "churn"}, semver="1.0.0"
        )
        assert await at.inside(model) is None
        await at.tell("analytics.model-deployed", **deployed, semver="1.1.0")
        assert await at.inside(model) == "metric-forecast@1.1.0"
        await at.record(at.fact(500, hour(2)))
        found = await at.done("DetectAnomalies", at.author, **_window())
        assert max(each["observed"] for each in found["items"]) > 500
        back = {**deployed, "semver": "1.1.0", "withdrawalReason": "It erred by half"}
        await at.tell("analytics.model-rolled-back", **back, previousSemver="1.0.0")
        assert await at.inside(model) == "metric-forecast@1.0.0"
        await at.tell("analytics.model-rolled-back", **back)
        assert await at.inside(model) is None
        assert rule["method"] == "forecast"

    played(tmp_path, play)
