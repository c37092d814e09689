"""Flags from draft to archive."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from board import DAY, KEY, Board, at, play
from cloudsync_chassis.ids import PLATFORM, uuid7

ANOMALY = "cloudsync.analytics.metric-anomaly-detected.v1"


def test_a_draft_is_made_once_and_its_salt_is_told_to_nobody(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        made = await board.flag()
        assert (made["status"], made["rolloutPercent"]) == ("draft", 0)
        assert "salt" not in made
        assert await board.refused("CreateFlag", board.wish()) == "key-taken"
        await board.flag(environment="staging")
        assert (await board.variant())[1] == "unknownFlag", "nobody evaluates a draft"

    play(tmp_path, scene)


def test_flags_that_could_not_be_decided_by_are_refused(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        rule = {"order": 1, "attribute": "plan", "operator": "in", "values": ["team"]}
        on = {"name": "on", "value": "true", "weight": 6000}
        bad: list[dict[str, Any]] = [
            {"variants": [on, {**on, "name": "off"}]},
            {"variants": [on, {"name": "off", "value": "no", "weight": 0}]},
            {"valueType": "integer"},
            {"rules": [{**rule, "variant": "other"}]},
            {"rules": [{**rule, "variant": "on"}, {**rule, "variant": "off"}]},
            {"rules": [{**rule, "operator": "semverGte", "variant": "on"}]},
            {"rules": [{**rule, "operator": "percent", "values": ["101"], "variant": "on"}]},
            {"rules": [{**rule, "attribute": "segment", "operator": "matches", "variant": "on"}]},
        ]
        for each in bad:
            assert await board.refused("CreateFlag", board.wish(**each)) == "rule-broken", each
        flag = await board.flag()
        edit = {
            "featureFlagId": flag["id"],
            "variants": [on, {"name": "off", "value": "false", "weight": 0}],
            "defaultVariant": "on",
            "offVariant": "off",
            "rules": [{**rule, "variant": "other"}],
        }
        assert await board.refused("EditFlag", edit, if_match="1") == "rule-broken"
        edited = await board.done("EditFlag", {**edit, "rules": []}, if_match="1")
        assert edited["variants"][0]["weight"] == 6000

    play(tmp_path, scene)


def test_prerequisites_exist_and_form_no_circle(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        wish = board.wish(prerequisites=["editor.base"])
        assert await board.refused("CreateFlag", wish) == "unknown-prerequisite"
        assert await board.refused("CreateFlag", board.wish(prerequisites=[KEY])) == (
            "unknown-prerequisite"
        )
        await board.flag(key="editor.base")
        assert (await board.flag(prerequisites=["editor.base"]))["prerequisites"] == ["editor.base"]

    play(tmp_path, scene)


def test_every_change_carries_the_digest_of_the_rules(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        flag = await board.active(50)
        digests = [(await board.decided())["rulesChecksum"]]
        assert digests[0] == flag["rulesChecksum"]
        flag = await board.kill(flag)
        digests.append((await board.decided())["rulesChecksum"])
        assert digests[1] == flag["rulesChecksum"] != digests[0]
        told = await board.said("flag-changed")
        assert [each["rolloutPercent"] for each in told] == [0, 25, 50, 50]
        assert [each["rulesChecksum"] for each in told][-2:] == digests

    play(tmp_path, scene)


def test_shares_grow_in_steps(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        flag = await board.active()
        body = {"featureFlagId": flag["id"], "rolloutPercent": 26}
        assert await board.refused("ChangeRollout", body, if_match="2") == "step-too-large"
        flag = await board.share(flag, 25)
        assert await board.refused(
            "ChangeRollout", {**body, "rolloutPercent": 5}, if_match="2"
        ) == ("version-conflict")
        assert (await board.share(flag, 0))["rolloutPercent"] == 0
        wish = {"featureFlagId": flag["id"]}
        assert await board.refused("CompleteRollout", wish) == "rollout-incomplete"

    play(tmp_path, scene)


def test_killed_flags_are_off_until_they_are_restored(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        flag = await board.active(100)
        assert await board.variant() == ("on", "rollout")
        support = board.service.caller("support-agent", organization=PLATFORM)
        killed = await board.kill(flag, support)
        assert killed["killedBy"] == str(support.subject)
        assert await board.variant() == ("off", "offVariant")
        [told] = await board.said("flag-killed")
        assert (told["key"], told["reason"]) == (KEY, "tables lose their rows")
        body = {"featureFlagId": flag["id"], "incidentNumber": "INC-2026-0042"}
        assert await board.refused("RestoreFlag", body, support) == "forbidden"
        await board.done("RestoreFlag", body)
        assert await board.variant() == ("on", "rollout")

    play(tmp_path, scene)


def test_scheduled_flags_begin_by_the_clock(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        flag = await board.flag()
        stuck = await board.flag(key="editor.stuck", purpose="experiment", expiresAt=at(20 * DAY))
        for each in (flag, stuck):
            body = {"featureFlagId": each["id"], "startsAt": at(DAY)}
            await board.done("ScheduleFlag", body)
        late = {"featureFlagId": flag["id"], "startsAt": at(-DAY)}
        assert await board.refused("ScheduleFlag", late) == "illegal-transition"
        await board.service.tick()
        assert (await board.get(flag))["status"] == "scheduled"
        board.service.later(DAY + timedelta(seconds=5))
        await board.service.tick()
        assert (await board.get(flag))["status"] == "active"
        assert len(await board.said("flag-changed")) == 2

    play(tmp_path, scene)


def test_flags_are_archived_once_nobody_asks(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        flag = await board.active(100)
        await board.variant()
        await board.service.settle()
        board.service.later(8 * DAY)
        operator = board.service.caller("platform-operator", organization=PLATFORM)
        board.operator = operator
        flag = await board.done("CompleteRollout", {"featureFlagId": flag["id"]})
        assert flag["status"] == "rolledOut"
        [told] = await board.said("flag-rolled-out")
        assert told["defaultVariant"] == "on"
        body = {"featureFlagId": flag["id"]}
        assert await board.refused("ArchiveFlag", body) == "flag-in-use"
        other = await board.flag(key="editor.cells", prerequisites=[KEY])
        board.service.later(7 * DAY)
        assert await board.refused("ArchiveFlag", body) == "flag-in-use"
        await board.done("ActivateFlag", {"featureFlagId": other["id"]})
        await board.kill(other)
        await board.done("ArchiveFlag", {"featureFlagId": other["id"]})
        assert (await board.done("ArchiveFlag", body))["status"] == "archived"
        assert (await board.done("ArchiveFlag", body))["status"] == "archived"
        assert [each["key"] for each in await board.said("flag-archived")] == ["editor.cells", KEY]
        answer = await board.decided()
        assert (answer["reason"], answer["value"]) == ("unknownFlag", "null")

    play(tmp_path, scene)


def test_an_anomaly_kills_fresh_changes_that_allow_it(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        guard = {"guardedService": "document-service", "autoKill": True}
        old = await board.active(key="editor.old", **guard)
        board.service.later(timedelta(minutes=31))
        fresh = await board.active(key="editor.fresh", **guard)
        asked = await board.active(key="editor.asked", guardedService="document-service")
        other = await board.active(key="editor.other", guardedService="chat-service", autoKill=True)
        anomaly = {
            "anomalyId": str(uuid7()),
            "metricKey": "http_errors_total",
            "dimensionValues": {"service": "document-service"},
            "observed": 9.0,
            "expectedLow": 0.0,
            "expectedHigh": 1.0,
            "score": 0.99,
        }
        await board.service.tell(ANOMALY, anomaly, uuid7())
        assert (await board.get(fresh))["status"] == "active", "a customer's metrics kill nothing"
        for _ in range(2):
            await board.service.tell(ANOMALY, anomaly, PLATFORM)
        states = [(await board.get(each))["status"] for each in (old, fresh, asked, other)]
        assert states == ["active", "killed", "active", "active"]
        [told] = await board.said("flag-killed")
        assert told["key"] == "editor.fresh"
        assert "killedBy" not in told
        assert "http_errors_total" in told["reason"]

    play(tmp_path, scene)


def test_experiments_know_their_sample_and_run_alone(tmp_path: Path) -> None:
    async def scene(board: Board) -> None:
        plain = await board.active()
        flag = await board.active(key="editor.trial", purpose="experiment", expiresAt=at(20 * DAY))
        body = {
            "featureFlagId": flag["id"],
            "hypothesis": "people finish more tables with handles",
            "primaryMetric": "tables_finished",
            "minimumEffect": 0.1,
            "allocation": 50,
        }
        assert await board.refused("StartExperiment", {**body, "featureFlagId": plain["id"]}) == (
            "wrong-purpose"
        )
        assert await board.refused("StartExperiment", {**body, "featureFlagId": str(uuid7())}) == (
            "not-found"
        )
        trial = await board.done("StartExperiment", body)
        assert 14_000 < trial["requiredSample"] < 15_500, "as the tables for 10 % against 11 % say"
        assert await board.refused("StartExperiment", body) == "experiment-running"
        verdict = {"flagExperimentId": trial["id"], "winner": "on", "observedEffect": 0.12}
        assert await board.refused("DecideExperiment", verdict) == "underpowered"
        edit = {
            "featureFlagId": flag["id"],
            "variants": flag["variants"],
            "defaultVariant": "off",
            "offVariant": "off",
            "rules": [],
        }
        assert await board.refused("EditFlag", edit, if_match="2") == "experiment-running"

    play(tmp_path, scene)


def test_other_regions_refuse_changes(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("CHASSIS_REGION", "eu-west-1")

    async def scene(board: Board) -> None:
        answer = await board.ask("CreateFlag", board.wish())
        assert answer.status_code == 503
        assert (await board.variant())[1] == "unknownFlag"

    play(tmp_path, scene)
