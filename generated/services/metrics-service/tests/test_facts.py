"""Definitions, facts, roll-ups, questions, and what events count."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from desk import HOUR, Desk, hour, played, text


def test_a_number_takes_two_people_and_an_expression_that_compiles(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        made = await at.done("DefineMetric", at.author, **at.wording())
        key = {"metricDefinitionId": made["id"]}
        assert await at.refused("DefineMetric", at.author, **at.wording()) == "metric-key-taken"
        assert await at.refused("ActivateMetric", at.steward, **key) == "illegal-transition"
        report = await at.done("ValidateMetric", at.author, **key)
        assert (report["compiles"], report["estimatedSeries"]) == (True, 1)
        assert await at.refused("ActivateMetric", at.author, **key) == "forbidden"
        await at.done("ActivateMetric", at.steward, **key)
        assert await at.said("metric-activated") == [{"metricKey": "api_calls", "revision": 1}]
        for wrong in (
            {"expression": "sum(cost)"},
            {"expression": 'sum(value, place == "x")'},
            {"expression": "avg(value)"},
            {"instrument": "ratio", "additive": False},
            {"instrument": "uniqueCount", "additive": False},
        ):
            bad = await at.done(
                "DefineMetric", at.author, **at.wording(f"bad_{uuid7().hex}", **wrong)
            )
            answer = await at.refused("ValidateMetric", at.author, metricDefinitionId=bad["id"])
            assert answer == "expression-invalid"

    played(tmp_path, play)


def test_facts_count_once_and_by_the_hour(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.active()
        first = at.fact(2, hour(3), dims={"plan": "team"})
        more = [at.fact(3, hour(3)), at.fact(5, hour(1), dims={"plan": "team", "route": "a"})]
        assert await at.record(first, *more) == {"accepted": 3, "duplicate": 0}
        assert await at.record(first) == {"accepted": 0, "duplicate": 1}
        assert await at.values() == {"": [5, 5]}
        assert await at.values(groupBy=["plan"]) == {"none": [3], "team": [2, 5]}
        assert await at.values(groupBy=["plan", "route"]) == {
            "none/none": [3],
            "team/a": [5],
            "team/none": [2],
        }
        some = [{"dimension": "plan", "anyOf": ["team"]}]
        assert await at.values(filters=some) == {"": [2, 5]}
        other = at.service.caller("data-analyst")
        wish = {"since": text(hour(9)), "until": text(hour()), "granularity": "hour"}
        assert await at.refused("Query", other, metricKeys=["api_calls"], **wish) == (
            "metric-unknown"
        )
        lost = at.fact(1, dims={"planet": "mars"})
        assert await at.refused("RecordFacts", at.reporter, facts=[at.fact(), lost]) == (
            "dimension-not-declared"
        )
        unknown = at.fact(metricKey="nothing")
        assert await at.refused("RecordFacts", at.reporter, facts=[unknown]) == "metric-unknown"
        assert await at.values() == {"": [5, 5]}

    played(tmp_path, play)


def test_days_and_months_are_built_from_hours(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.active(granularities=["hour", "day", "month"])
        day = hour(48).replace(hour=0)
        await at.record(*[at.fact(1, day + each * HOUR) for each in range(20)])
        wide = {"since": text(day - timedelta(days=40)), "granularity": "day"}
        assert await at.values(**wide) == {}
        await at.service.tick("roll-up-points")
        assert await at.values(**wide) == {"": [20]}
        assert await at.values(**{**wide, "granularity": "month"}) == {"": [20]}
        await at.record(at.fact(1, day))
        await at.service.tick("roll-up-points")
        assert await at.values(**wide) == {"": [21]}

    played(tmp_path, play)


def test_questions_are_bounded(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.active(granularities=["hour"])
        ratio = {"expression": "sum(value) / count()", "instrument": "ratio", "additive": False}
        await at.active("mean_size", **ratio, granularities=["hour"])
        await at.record(at.fact(4, hour(2)), at.fact(6, hour(1)))
        assert await at.values(granularity="day", since=text(hour(4))) in (
            {"": [10]},
            {"": [4, 6]},
        )

        async def refused(key: str = "api_calls", **more: Any) -> str:
            wish = {"metricKeys": [key], "since": text(hour(9)), "until": text(hour())}
            return await at.refused("Query", at.author, **{**wish, "granularity": "hour", **more})

        assert await refused("mean_size", granularity="day") == "not-additive"
        assert await refused("nothing") == "metric-unknown"
        assert await refused(granularity="minute", since=text(hour(24 * 20))) == "too-many-points"
        assert await refused(since=text(hour(-1))) == "rule-broken"
        assert await refused(groupBy=["planet"]) == "rule-broken"
        member = at.service.caller("member", organization=at.tenant)
        body = {"metricKeys": ["api_calls"], "since": text(hour(9)), "until": text(hour())}
        assert await at.refused("Query", member, **body, granularity="hour") == "forbidden"

    played(tmp_path, play)


def test_a_curve_lies_beside_an_earlier_one(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.active()
        await at.record(at.fact(1, hour(6)), at.fact(2, hour(2)))
        answer = await at.curve(since=text(hour(4)), until=text(hour()), compareTo="previous")
        assert answer["series"][0]["points"][0]["value"] == 2
        assert answer["comparison"][0]["points"][0]["value"] == 1
        assert answer["computedThrough"] == text(hour())

    played(tmp_path, play)


def test_who_may_see_what(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.active("for_staff", sensitivity="staffOnly")
        await at.active("for_finance", sensitivity="finance")
        await at.record(at.fact(1, metricKey="for_staff"), at.fact(1, metricKey="for_finance"))
        finance = at.service.caller("finance-operator", organization=at.tenant)
        assert await at.values("for_staff") == {"": [1]}
        assert await at.values("for_finance", finance) == {"": [1]}
        wish = {"since": text(hour(3)), "until": text(hour()), "granularity": "hour"}
        for key, by in (
            ("for_finance", at.author),
            ("for_finance", at.reporter),
            ("for_staff", at.reporter),
        ):
            assert await at.refused("Query", by, metricKeys=[key], **wish) == "metric-unknown"

    played(tmp_path, play)


def test_a_revision_takes_over_at_the_full_hour(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        first = await at.active()
        wish = at.wording(expression="count()")
        wish.pop("metricKey")
        key = {"metricDefinitionId": first["id"]}
        second = await at.done("ReviseMetric", at.author, **key, **wish)
        assert (second["revision"], second["status"]) == (2, "draft")
        assert await at.refused("ReviseMetric", at.author, **key, **wish) == "revision-in-progress"
        wish |= {"metricDefinitionId": second["id"], "displayName": "Calls"}
        again = await at.done("ReviseMetric", at.author, **wish)
        assert (again["id"], again["version"]) == (second["id"], 2)
        await at.record(at.fact(7))
        before = hour()
        await at.done("ValidateMetric", at.author, metricDefinitionId=second["id"])
        await at.done("ActivateMetric", at.steward, metricDefinitionId=second["id"])
        page = await at.done("ListMetrics", at.author, metricKey="api_calls")
        states = {each["revision"]: each["status"] for each in _items(page)}
        assert states == {1: "retired", 2: "active"}
        await at.record(at.fact(5))
        at.service.later(HOUR)
        await at.record(at.fact(5), at.fact(5))
        assert before <= hour(1)
        assert await at.values() == {"": [12, 2]}

    played(tmp_path, play)


def _items(page: Any) -> list[dict[str, Any]]:
    return page if isinstance(page, list) else page["items"]


def test_what_nobody_asks_for_is_retired(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        made = await at.active()
        key = {"metricDefinitionId": made["id"]}
        why = {"deprecationReason": "Replaced by calls of version two"}
        self_ = await at.refused(
            "DeprecateMetric", at.steward, **key, **why, replacedBy="api_calls"
        )
        assert self_ == "invariant-broken"
        await at.done("DeprecateMetric", at.steward, **key, **why)
        at.service.later(timedelta(days=89))
        await at.curve()
        await at.service.settle()
        at.service.later(timedelta(days=2))
        await at.service.tick("retire-metrics")
        assert (await at.done("GetMetric", at.author, **key))["status"] == "deprecated"
        at.service.later(timedelta(days=88))
        await at.service.tick("retire-metrics")
        assert (await at.done("GetMetric", at.author, **key))["status"] == "retired"
        assert await at.refused("RecordFacts", at.reporter, facts=[at.fact()]) == "metric-unknown"

    played(tmp_path, play)


def test_past_days_are_computed_anew(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        first = await at.active()
        day = hour(48).replace(hour=0)
        await at.record(*[at.fact(5, day + each * HOUR) for each in range(3)])
        wish = at.wording(expression="count()")
        wish.pop("metricKey")
        second = await at.done("ReviseMetric", at.author, metricDefinitionId=first["id"], **wish)
        await at.done("ValidateMetric", at.author, metricDefinitionId=second["id"])
        await at.done("ActivateMetric", at.steward, metricDefinitionId=second["id"])
        run = {
            "metricKey": "api_calls",
            "revision": 2,
            "fromDay": day.date().isoformat(),
            "toDay": (day + timedelta(days=1)).date().isoformat(),
            "totalDays": 2,
        }
        wrong = {**run, "totalDays": 3}
        assert await at.refused("StartBackfill", at.author, **wrong) == "days-miscounted"
        made = await at.done("StartBackfill", at.author, **run)
        await at.service.tick("work-on-backfills")
        await at.service.tick("work-on-backfills")
        done = await at.done("GetBackfill", at.author, backfillRunId=made["id"])
        assert (done["status"], done["processedDays"]) == ("done", 2)
        assert await at.values(since=text(day)) == {"": [1, 1, 1]}
        await at.service.tick("roll-up-points")
        assert await at.values(since=text(day), granularity="day") == {"": [3]}

    played(tmp_path, play)


def test_days_whose_facts_have_gone_fail_a_backfill(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.active()
        day = (hour() - timedelta(days=60)).date().isoformat()
        run = {
            "metricKey": "api_calls",
            "revision": 1,
            "fromDay": day,
            "toDay": day,
            "totalDays": 1,
        }
        made = await at.done("StartBackfill", at.author, **run)
        for _ in range(3):
            await at.service.tick("work-on-backfills")
        failed = await at.done("GetBackfill", at.author, backfillRunId=made["id"])
        assert failed["status"] == "failed"
        assert day in failed["failure"]
        old = (hour() - timedelta(days=403)).date().isoformat()
        wrong = {**run, "fromDay": old, "toDay": old}
        assert await at.refused("StartBackfill", at.author, **wrong) == "backfill-too-old"

    played(tmp_path, play)


def test_too_many_series_fall_into_other(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.active()
        for name in ("a", "b", "c", "d"):
            await at.record(at.fact(1, hour(2), dims={"route": name}))
        assert await at.values(groupBy=["route"]) == {"a": [1], "b": [1], "other": [2]}
        wish = {"metricKeys": ["api_calls"]}
        made = await at.done("DefineMetric", at.author, **at.wording("many"))
        facts = [at.fact(dims={"route": each}) for each in ("a", "b", "c")]

        async def draft(ctx: Context) -> None:
            for each in facts:
                record = {
                    "factId": each["factId"],
                    "metricKey": "many",
                    "factKind": "custom",
                    "value": 1,
                    "occurredAt": clock.now() - HOUR,
                    "dimensionValues": each["dimensions"],
                    "sourceService": "test",
                }
                await at.handlers.metric_fact.insert(ctx, record)

        await at.inside(draft)
        refused = await at.refused("ValidateMetric", at.author, metricDefinitionId=made["id"])
        assert (refused, wish) == ("cardinality-exceeded", wish)

    played(tmp_path, play, series_limit=2)


def test_the_newest_minute_is_streamed(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.active()
        await at.record(at.fact(3, dims={"plan": "a"}), at.fact(4, dims={"plan": "b"}))
        at.service.later(timedelta(minutes=1))
        (point,) = await at.done("StreamLatest", at.author, metricKeys=["api_calls"])
        assert point["value"] == 7
        wish = {"metricKeys": ["revenue_cash_minor"]}
        assert await at.refused("StreamLatest", at.author, **wish) == "metric-unknown"

    played(tmp_path, play)
