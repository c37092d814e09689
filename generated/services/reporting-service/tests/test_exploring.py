"""Curves, funnels, the dictionary and revenue, and what is said where a source is away."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from cloudsync_chassis.client.call import Call
from cloudsync_chassis.ids import PLATFORM

from .steps import Desk, away, metric, played

DAYS = {"rangeStart": "2026-09-01", "rangeEnd": "2026-09-30"}


def question(*keys: str, **more: Any) -> dict[str, Any]:
    """A question about September."""
    return {"metricKeys": list(keys or ("active_users",)), **DAYS, "granularity": "day", **more}


def test_the_catalogue_tells_what_may_be_shown_and_not_how_it_is_computed(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_dictionary(
            metric(),
            metric(revision=2, displayName="Active people"),
            metric("staff_hours", sensitivity="staffOnly"),
            metric("mrr_minor", sensitivity="finance"),
            metric("old_users", status="deprecated", replacedBy="active_users"),
        )
        found = await desk.did(desk.manager, "GET", "/v1/metric-catalogue")
        assert [each["metricKey"] for each in found["items"]] == ["active_users", "old_users"]
        first, old = found["items"]
        assert first["displayName"] == "Active people"
        assert "expression" not in first
        assert "openAnomalies" not in first  # nobody said
        assert old["replacedBy"] == "active_users"
        desk.service.answers("metrics-service", "ListAnomalies", {"items": []})
        finance = desk.person("finance-operator")
        found = await desk.did(finance, "GET", "/v1/metric-catalogue")
        assert [each["metricKey"] for each in found["items"]] == [
            "active_users",
            "mrr_minor",
            "old_users",
        ]
        assert found["items"][0]["openAnomalies"] == 0

    played(tmp_path, play)


def test_the_dictionary_is_kept_for_six_hours(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_dictionary(metric())
        assert "staleAt" not in await desk.did(desk.manager, "GET", "/v1/metric-catalogue")
        await desk.service.settle()
        desk.silence("metrics-service", "ListMetrics")
        desk.service.later(timedelta(hours=5))
        found = await desk.did(desk.manager, "GET", "/v1/metric-catalogue")
        assert found["items"][0]["metricKey"] == "active_users"
        assert "staleAt" in found
        desk.service.later(timedelta(hours=2))
        slug = await desk.refused(desk.manager, "GET", "/v1/metric-catalogue")
        assert slug == "source-unavailable"
        stranger = desk.service.caller("team-manager")
        assert await desk.refused(stranger, "GET", "/v1/metric-catalogue") == "source-unavailable"

    played(tmp_path, play)


def test_curves_are_told_with_their_age(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_dictionary(metric())
        desk.tell_series(42.0, team="north")
        body = question(groupBy=["team"])
        found = await desk.did(desk.manager, "POST", "/v1/explorations", body)
        assert found["series"][0]["points"][0]["value"] == 42.0
        assert found["series"][0]["dimensionValues"] == {"team": "north"}
        assert desk.asked[0]["groupBy"] == ["team"]
        assert str(desk.asked[0]["until"]).startswith("2026-10-01T00:00")
        await desk.service.settle()
        desk.silence("metrics-service", "Query")
        old = await desk.did(desk.manager, "POST", "/v1/explorations", body)
        assert old["series"] == found["series"]
        assert "staleAt" in old
        other = question()
        slug = await desk.refused(desk.manager, "POST", "/v1/explorations", other)
        assert slug == "source-unavailable"
        desk.service.later(timedelta(hours=7))
        desk.tell_dictionary(metric())
        slug = await desk.refused(desk.manager, "POST", "/v1/explorations", body)
        assert slug == "source-unavailable"

    played(tmp_path, play)


def test_answers_that_stand_in_for_none_any_more_go(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_dictionary(metric(), metric("storage_bytes"))
        desk.tell_series()
        await desk.tell(
            "analytics.metric-activated", {"metricKey": "storage_bytes", "revision": 2}, PLATFORM
        )

        async def kept() -> tuple[int, int]:
            handlers = desk.handlers
            answers = await handlers.as_service(desk.organization, handlers.kept_answers.count)
            return answers, await handlers.as_service(PLATFORM, handlers.renewals.count)

        await desk.did(desk.manager, "POST", "/v1/explorations", question())
        await desk.round()
        assert await kept() == (2, 1)  # one of them is the dictionary
        desk.service.later(timedelta(hours=5))
        await desk.round()
        assert await kept() == (2, 1)
        desk.service.later(timedelta(hours=2, minutes=1))
        await desk.round()
        assert await kept() == (0, 0)

    played(tmp_path, play)


def test_what_cannot_be_explored(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_dictionary(metric(), metric("mrr_minor", sensitivity="finance"))
        desk.tell_series()

        async def slug(body: Any, *roles: str) -> str:
            return await desk.refused(desk.person(*roles), "POST", "/v1/explorations", body)

        assert await slug(question("nobody_knows")) == "metric-unknown"
        assert await slug(question("mrr_minor")) == "metric-unknown"
        finance = desk.person("finance-operator")
        await desk.did(finance, "POST", "/v1/explorations", question("mrr_minor"))
        assert await slug(question(rangeStart="2025-08-01")) == "range-too-wide"
        assert await slug(question(granularity="minute")) == "range-too-wide"
        assert await slug(question(granularity="month")) == "rule-broken"
        assert await slug(question(groupBy=["galaxy"])) == "rule-broken"
        assert await slug(question(rangeStart="2026-10-01")) == "rule-broken"

    played(tmp_path, play)


def test_a_forecast_goes_on_where_the_facts_end(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_dictionary(metric())
        desk.tell_series(10.0)
        told = []

        def predict(call: Call) -> Any:
            told.append(call.body)
            ahead = {each["name"]: each["value"] for each in call.body["features"]}
            score = ahead["lag_1"] + ahead["buckets_ahead"]
            return {"score": score, "decision": "undecided", "degraded": score > 12}

        desk.service.answers("ml-service", "Predict", predict)
        body = question(withForecast=True)
        found = await desk.did(desk.manager, "POST", "/v1/explorations", body)
        [curve] = found["forecast"]
        assert [each["value"] for each in curve["points"]] == [11.0, 12.0]
        assert [each["bucketStart"][:10] for each in curve["points"]] == [
            "2026-09-02",
            "2026-09-03",
        ]
        assert {each["modelKey"] for each in told} == {"metric-forecast"}
        desk.silence("ml-service", "Predict")
        found = await desk.did(desk.manager, "POST", "/v1/explorations", body)
        assert "forecast" not in found
        assert found["series"]

    played(tmp_path, play)


def test_a_funnel_names_nobody(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        asked = []

        def count(call: Call) -> Any:
            asked.append(call.body)
            counts = [
                {"group": {}, "step": 2, "events": 30, "actors": 20},
                {"group": {}, "step": 1, "events": 90, "actors": 40},
                {"group": {}, "step": 3, "events": 9, "actors": 4},
            ]
            return {"counts": counts, "suppressedGroups": 1}

        desk.service.answers("events-service", "CountEvents", count)
        types = ["cloudsync.user.auth.LoginSucceeded", "cloudsync.content.file.FileUploaded"]
        body = {"shape": "funnel", "eventTypes": types, **DAYS}
        found = await desk.did(desk.manager, "POST", "/v1/explorations/usage", body)
        assert found == {
            "steps": [
                {"step": 1, "people": 40, "events": 90},
                {"step": 2, "people": 20, "events": 30},
            ],
            "suppressedGroups": 2,
        }
        assert "cohortWeeks" not in asked[0]

        async def slug(**more: Any) -> str:
            changed = {**body, **more}
            return await desk.refused(desk.manager, "POST", "/v1/explorations/usage", changed)

        assert await slug(rangeStart="2026-08-30") == "range-too-wide"
        assert await slug(shape="retention") == "rule-broken"
        returns = {**body, "shape": "retention", "eventTypes": types[:1], "cohortWeeks": 3}
        await desk.did(desk.manager, "POST", "/v1/explorations/usage", returns)
        assert asked[-1]["cohortWeeks"] == 3
        desk.silence("events-service", "CountEvents")
        assert await slug() == "source-unavailable"

    played(tmp_path, play)


def test_revenue_adds_up_or_is_not_told(tmp_path: Path) -> None:
    moved = {"new": 500.0, "expanded": 200.0, "contracted": -50.0, "churned": -150.0}

    def answer(call: Call) -> Any:
        [key] = call.body["metricKeys"]
        assert call.body["filters"] == [{"dimension": "currency", "anyOf": ["eur"]}]
        groups = moved if key == "mrr_movement_minor" else {"": 1000.0 if key == "mrr_minor" else 7}
        series = [
            {
                "metricKey": key,
                "dimensionValues": {"movement": name} if name else {},
                "points": [{"bucketStart": call.body["since"], "value": value, "sampleCount": 1}],
                "suppressedGroups": 0,
            }
            for name, value in groups.items()
        ]
        return {"series": series, "computedThrough": "2026-10-01T00:00:00Z"}

    async def play(desk: Desk) -> None:
        desk.service.answers("metrics-service", "Query", answer)
        finance = desk.person("finance-operator")
        body = {**DAYS, "currency": "eur"}
        found = await desk.did(finance, "POST", "/v1/revenue-summaries", body)
        assert found == {
            "currency": "eur",
            "openingMrrMinor": 1000,
            "newMrrMinor": 500,
            "expandedMrrMinor": 200,
            "contractedMrrMinor": -50,
            "churnedMrrMinor": -150,
            "closingMrrMinor": 1500,
            "cashMinor": 7,
            "computedThrough": "2026-10-01T00:00:00Z",
        }
        path = "/v1/revenue-summaries"
        assert await desk.refused(desk.manager, "POST", path, body) == "forbidden"
        wide = {**body, "rangeStart": "2025-01-01"}
        assert await desk.refused(finance, "POST", path, wide) == "range-too-wide"
        moved["churned"] = -5000.0
        assert await desk.refused(finance, "POST", path, body) == "source-unavailable"
        moved["churned"] = -150.0
        desk.service.answers("metrics-service", "Query", away)
        assert await desk.refused(finance, "POST", path, body) == "source-unavailable"

    played(tmp_path, play)
