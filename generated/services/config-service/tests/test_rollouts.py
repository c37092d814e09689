"""Rollouts in stages, freezes, the way back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from cloudsync_chassis.ids import PLATFORM, uuid7
from desk import KEY, MINUTE, QUERY, Desk, at, play


def test_a_value_goes_live_stage_by_stage_and_replaces_the_former(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await desk.define()
        old = await desk.live("10")
        assert (old["status"], old["rolloutPercent"]) == ("live", 100)
        new = await desk.rolled_out(await desk.approved("20"), first=1)
        assert (new["status"], new["rolloutPercent"]) == ("rollingOut", 1)
        [_, told] = await desk.said("config-rollout-started")
        assert told["stages"] == [1, 10, 50, 100]
        percents = []
        for _ in range(4):
            await desk.later(14 * MINUTE)
            percents.append((await desk.revision(new))["rolloutPercent"])
            await desk.later(2 * MINUTE)
        assert percents == [1, 10, 50, 100]
        assert (await desk.revision(new))["status"] == "live"
        former = await desk.revision(old)
        assert (former["status"], former["rolloutPercent"]) == ("superseded", 0)
        changed = await desk.said("config-changed")
        assert [each["revision"] for each in changed] == [1, 2]
        assert changed[1]["checksum"] == new["checksum"]

    play(tmp_path, scene)


def test_pods_get_a_value_early_and_keep_it(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await desk.define()
        await desk.live("10")
        await desk.rolled_out(await desk.approved("20"), first=10)
        pods = [f"document-{number}" for number in range(60)]

        async def early() -> set[str]:
            return {each for each in pods if (await desk.told(podName=each))[KEY] == "20"}

        first = await early()
        await desk.later(16 * MINUTE)
        second = await early()
        assert 0 < len(first) < 20
        assert first < second
        assert 15 < len(second) < 45
        assert await desk.told() == {KEY: "10"}, "nobody in particular gets what is live"

    play(tmp_path, scene)


def test_a_live_value_is_rolled_back_to_one_that_was_live(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await desk.define()
        one, two = await desk.live("10"), await desk.live("20")
        await desk.draft("25")
        three = await desk.live("30")
        assert await desk.refused("RollbackChange", desk.wayback(three, 3)) == "no-earlier-revision"
        gone = await desk.back(three, 1)
        assert (gone["status"], gone["rolloutPercent"]) == ("rolledBack", 0)
        assert (await desk.revision(one))["status"] == "live"
        assert (await desk.revision(two))["status"] == "superseded"
        assert await desk.told() == {KEY: "10"}
        assert await desk.back(three, 1) == gone, "once is enough"
        [told] = await desk.said("config-rolled-back")
        assert (told["revision"], told["toRevision"]) == (4, 1)
        assert (await desk.said("config-changed"))[-1]["revision"] == 1
        late = await desk.draft("40")
        assert await desk.refused("RollbackChange", desk.wayback(late, 1)) == "illegal-transition"

    play(tmp_path, scene)


def test_a_rollout_is_rolled_back_to_what_is_live(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await desk.define()
        await desk.live("10")
        two = await desk.live("20")
        three = await desk.rolled_out(await desk.approved("30"), first=50)
        assert await desk.refused("RollbackChange", desk.wayback(three, 1)) == "no-earlier-revision"
        await desk.back(three, 2)
        assert (await desk.revision(two))["status"] == "live"
        await desk.later(120 * MINUTE)
        assert (await desk.revision(three))["status"] == "rolledBack"
        assert await desk.told(podName="document-1") == {KEY: "20"}

    play(tmp_path, scene)


def test_nobody_goes_back_behind_a_repair(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await desk.define()
        await desk.live("10")
        repair = await desk.live("20", securityFix=True)
        assert await desk.refused("RollbackChange", desk.wayback(repair, 1)) == "downgrade-barred"
        later = await desk.live("30")
        assert await desk.refused("RollbackChange", desk.wayback(later, 1)) == "downgrade-barred"
        await desk.back(later, 2)
        assert (await desk.revision(repair))["status"] == "live"

    play(tmp_path, scene)


def test_high_radius_needs_a_third_person(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await desk.define(blastRadius="high")
        entry = await desk.approved("10")
        wish = desk.rollout(entry)
        assert await desk.refused("RolloutChange", wish, if_match="3") == "countersignature-missing"
        said = {"configEntryId": entry["id"], "reviewComment": "I have looked at it too"}
        await desk.done("CountersignChange", said, desk.third, if_match="3")
        assert (await desk.done("RolloutChange", wish, if_match="4"))["status"] == "rollingOut"

    play(tmp_path, scene)


def test_rollouts_are_asked_for_properly(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await desk.define()
        entry = await desk.approved("10")
        for stages, first in (([10, 1, 100], 10), ([1, 50], 1), ([0, 100], 0), ([1, 100], 10)):
            body = {"configEntryId": entry["id"], "stages": stages, "firstStage": first}
            assert await desk.refused("RolloutChange", body, if_match="3") == "rule-broken"
        assert await desk.refused("RolloutChange", desk.rollout(entry), if_match="2") == (
            "version-conflict"
        )
        draft = await desk.draft("20")
        assert await desk.refused("RolloutChange", desk.rollout(draft), if_match="1") == (
            "illegal-transition"
        )
        second = await desk.approved("30")
        await desk.rolled_out(second)
        assert await desk.refused("RolloutChange", desk.rollout(entry), if_match="3") == (
            "condition-not-met"
        )

    play(tmp_path, scene)


def test_freezes_hold_rollouts_up(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await desk.define()
        window = {
            "startsAt": at(),
            "endsAt": at(timedelta(days=3)),
            "frozenServices": ["chat-service"],
            "exemptRoles": [],
            "reason": "the end of the year",
        }
        frozen = await desk.done("FreezeChanges", window)
        assert frozen["declaredBy"] == str(desk.author.subject)
        assert len(await desk.said("changes-frozen")) == 1
        more = {**window, "startsAt": at(timedelta(days=2)), "frozenServices": []}
        assert await desk.refused("FreezeChanges", more) == "freeze-overlap"
        apart = {**more, "frozenServices": ["task-service"]}
        await desk.done("FreezeChanges", apart)
        over = {**window, "startsAt": at(timedelta(days=-3)), "endsAt": at(timedelta(days=-2))}
        assert await desk.refused("FreezeChanges", over) == "rule-broken"
        chat = {"scope": "service", "serviceName": "chat-service"}
        entry = await desk.approved("10", **chat)
        wish = desk.rollout(entry)
        assert await desk.refused("RolloutChange", wish, if_match="3") == "change-frozen"
        other = await desk.approved("11", scope="service", serviceName="task-service")
        await desk.rolled_out(other)
        everybody = await desk.approved("12")
        assert await desk.refused("RolloutChange", desk.rollout(everybody), if_match="3") == (
            "change-frozen"
        )
        await desk.rolled_out(everybody, incidentNumber="INC-2026-0042")
        await desk.done("LiftFreeze", {"changeFreezeId": frozen["id"]})
        assert await desk.refused("LiftFreeze", {"changeFreezeId": frozen["id"]}) == "freeze-over"
        await desk.rolled_out(entry)

    play(tmp_path, scene)


def test_exempt_roles_pass_a_freeze(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await desk.define()
        window = {
            "startsAt": at(),
            "endsAt": at(timedelta(days=3)),
            "frozenServices": [],
            "exemptRoles": ["platform-operator"],
            "reason": "the end of the year",
        }
        await desk.done("FreezeChanges", window)
        await desk.rolled_out(await desk.approved("10"))

    play(tmp_path, scene)


async def release(desk: Desk) -> list[dict[str, object]]:
    """Two approved entries of one release over two keys, each with a live predecessor."""
    await desk.define()
    await desk.define("document.limits.words")
    other = {"key": "document.limits.words"}
    await desk.live("1")
    await desk.live("2", **other)
    entries = [await desk.approved("10"), await desk.approved("20", **other)]
    body = {
        "name": "more pages",
        "entryIds": [each["id"] for each in entries],
        "abortQuery": QUERY,
        "stageMinutes": 5,
    }
    await desk.done("PlanRelease", body)
    return entries


def test_entries_of_a_release_go_live_together(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        one, two = await release(desk)
        await desk.rolled_out(one, first=50)
        assert (await desk.revision(two))["status"] == "rollingOut"
        for number in range(20):
            told = await desk.told(podName=f"document-{number}")
            assert set(told.values()) in ({"1", "2"}, {"10", "20"})
        await desk.later(6 * MINUTE)
        await desk.later(6 * MINUTE)
        assert {(await desk.revision(each))["status"] for each in (one, two)} == {"live"}

    play(tmp_path, scene)


def test_a_release_waits_for_all_its_entries(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await desk.define()
        one, two = await desk.approved("10"), await desk.draft("20", environment="staging")
        ids = [one["id"], two["id"]]
        body = {"name": "more pages", "entryIds": ids, "abortQuery": QUERY}
        await desk.done("PlanRelease", body)
        told = await desk.refused("RolloutChange", desk.rollout(one), if_match="3")
        assert told == "condition-not-met"

    play(tmp_path, scene)


def test_a_firing_query_takes_the_whole_release_back(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        one, two = await release(desk)
        await desk.rolled_out(one, first=50)
        desk.fires(QUERY)
        await desk.later(timedelta(seconds=15))
        assert (await desk.revision(one))["status"] == "rollingOut", "it may be a hiccup"
        await desk.later(timedelta(seconds=46))
        assert {(await desk.revision(each))["status"] for each in (one, two)} == {"rolledBack"}
        told = await desk.said("config-rolled-back")
        assert sorted(each["toRevision"] for each in told) == [1, 1]
        assert set((await desk.told(podName="document-1")).values()) == {"1", "2"}

    play(tmp_path, scene)


def test_a_hiccup_costs_the_stage_its_time(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        one, _ = await release(desk)
        await desk.rolled_out(one, first=50)
        await desk.later(4 * MINUTE)
        desk.fires(QUERY)
        await desk.later(timedelta(seconds=15))
        desk.fires()
        await desk.later(4 * MINUTE)
        assert (await desk.revision(one))["rolloutPercent"] == 50
        await desk.later(MINUTE)
        assert (await desk.revision(one))["rolloutPercent"] == 100

    play(tmp_path, scene)


def test_a_workload_completes_what_was_quiet(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        one, two = await release(desk)
        watcher = desk.service.caller(
            "workload", organization=PLATFORM, kind="workload", scopes=["config:rollout"]
        )
        await desk.rolled_out(one)
        wish = {"configEntryId": one["id"]}
        assert await desk.refused("CompleteConfigRollout", wish, watcher) == "condition-not-met"
        desk.service.later(6 * MINUTE)
        assert await desk.refused("CompleteConfigRollout", wish) == "forbidden"
        desk.fires(QUERY)
        assert await desk.refused("CompleteConfigRollout", wish, watcher) == "abort-query-firing"
        desk.fires()
        assert (await desk.done("CompleteConfigRollout", wish, watcher))["status"] == "live"
        assert (await desk.revision(two))["status"] == "live"
        again = await desk.done("CompleteConfigRollout", wish, watcher)
        assert again["status"] == "live"

    play(tmp_path, scene)


def test_an_anomaly_takes_rollouts_to_that_service_back(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        await desk.define()
        chat = await desk.rolled_out(
            await desk.approved("10", scope="service", serviceName="chat-service"), first=50
        )
        task = await desk.rolled_out(
            await desk.approved("11", scope="service", serviceName="task-service"), first=50
        )
        anomaly = {
            "anomalyId": str(uuid7()),
            "metricKey": "http_errors_total",
            "dimensionValues": {"service": "chat-service"},
            "observed": 9.0,
            "expectedLow": 0.0,
            "expectedHigh": 1.0,
            "score": 0.99,
        }
        kind = "cloudsync.analytics.metric-anomaly-detected.v1"
        await desk.service.tell(kind, {**anomaly, "dimensionValues": {}}, PLATFORM)
        await desk.service.tell(kind, anomaly, uuid7())
        assert (await desk.revision(chat))["status"] == "rollingOut"
        for _ in range(2):
            await desk.service.tell(kind, anomaly, PLATFORM)
        assert (await desk.revision(chat))["status"] == "rolledBack"
        assert (await desk.revision(task))["status"] == "rollingOut"
        assert len(await desk.said("config-rolled-back")) == 1
        assert await desk.told(serviceName="chat-service", podName="chat-1") == {}

    play(tmp_path, scene)
