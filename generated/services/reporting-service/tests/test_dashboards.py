"""Boards, their tiles, and what metrics tell about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cloudsync_chassis.ids import PLATFORM, uuid7

from .steps import Desk, metric, played, tile


async def board(desk: Desk, name: str = "Mornings", **more: Any) -> Any:
    """A board of the manager's."""
    body = {"dashboardName": name, "tiles": [tile()], **more}
    return await desk.did(desk.manager, "POST", "/v1/dashboards", body)


async def seen(desk: Desk, made: Any) -> Any:
    """A board as its owner sees it."""
    return await desk.did(desk.manager, "GET", f"/v1/dashboards/{made['id']}")


def anomaly(key: str = "active_users") -> dict[str, Any]:
    """A bucket that left its band."""
    return {
        "anomalyId": str(uuid7()),
        "metricKey": key,
        "dimensionValues": {},
        "observed": 1.0,
        "expectedLow": 2.0,
        "expectedHigh": 3.0,
        "score": 0.9,
    }


def test_a_copy_is_private_and_the_caller_s_own(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        made = await board(desk, visibility="organization")
        secret = await board(desk, "Secret")
        colleague = desk.person()
        path = f"/v1/dashboards/{made['id']}/copies"
        name = {"dashboardName": "Mine"}
        copy = await desk.did(colleague, "POST", path, name)
        assert (copy["visibility"], copy["ownerId"]) == ("private", str(colleague.subject))
        assert copy["tiles"] == made["tiles"]
        assert await desk.refused(colleague, "POST", path, name) == "already-exists"
        hidden = f"/v1/dashboards/{secret['id']}/copies"
        assert await desk.refused(colleague, "POST", hidden, name) == "forbidden"
        elsewhere = desk.service.caller("team-manager")
        assert await desk.refused(elsewhere, "POST", path, name) == "not-found"

    played(tmp_path, play)


def test_archived_boards_are_out_of_the_lists(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        made = await board(desk)
        await desk.did(desk.manager, "POST", f"/v1/dashboards/{made['id']}/archive")
        page = await desk.did(desk.manager, "GET", "/v1/dashboards")
        assert page["items"] == []
        page = await desk.did(desk.manager, "GET", "/v1/dashboards?dashboardState=archived")
        assert [each["id"] for each in page["items"]] == [made["id"]]
        assert (await seen(desk, made))["dashboardState"] == "archived"
        metrics = (await desk.service.http.get("/metrics")).text
        assert "reporting_dashboard_views_total{" in metrics

    played(tmp_path, play)


def test_tiles_do_not_overlap_and_their_notices_are_not_written_by_people(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        body = {"dashboardName": "Full", "tiles": [tile("a"), tile("b", x=3)]}
        assert await desk.refused(desk.manager, "POST", "/v1/dashboards", body) == "tiles-overlap"
        made = await board(desk, tiles=[tile(notice="All is well")])
        assert "notice" not in made["tiles"][0]
        await desk.tell("analytics.metric-anomaly-detected", anomaly())
        [badged] = (await seen(desk, made))["tiles"]
        assert badged["notice"].startswith("Outside its band since 20")
        body = {
            "dashboardName": "Mornings",
            "visibility": "private",
            "tiles": [tile(x=4), tile("n", "storage_bytes", notice="All is well")],
        }
        path = f"/v1/dashboards/{made['id']}"
        assert await desk.refused(desk.manager, "PUT", path, body, If_Match='"1"') == (
            "version-conflict"
        )
        saved = await desk.did(desk.manager, "PUT", path, body, If_Match='"2"')
        assert [each.get("notice") for each in saved["tiles"]] == [badged["notice"], None]

    played(tmp_path, play)


def test_a_badge_is_gone_once_its_anomaly_is_a_day_old(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        made = await board(desk, tiles=[tile(), tile("b", "storage_bytes", x=4)])
        await desk.tell("analytics.metric-anomaly-detected", anomaly())
        first, second = (await seen(desk, made))["tiles"]
        assert "notice" in first
        assert "notice" not in second
        await desk.tell("analytics.metric-anomaly-detected", anomaly("storage_bytes"), PLATFORM)
        assert "notice" not in (await seen(desk, made))["tiles"][1]
        desk.service.later(timedelta(hours=23))
        assert "notice" in (await seen(desk, made))["tiles"][0]
        desk.service.later(timedelta(hours=1, minutes=1))
        assert "notice" not in (await seen(desk, made))["tiles"][0]
        page = await desk.did(desk.manager, "GET", "/v1/dashboards")
        assert "notice" not in page["items"][0]["tiles"][0]

    played(tmp_path, play)


def test_tiles_take_the_successor_of_a_metric_in_all_tenants(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        made = await board(desk, tiles=[tile(), tile("b", "storage_bytes", x=4)])
        gone = {"metricKey": "active_users", "revision": 3, "replacedBy": "people_active"}
        for _ in range(2):
            await desk.tell("analytics.metric-deprecated", gone, PLATFORM)
        await desk.tell(
            "analytics.metric-deprecated", {"metricKey": "storage_bytes", "revision": 1}, PLATFORM
        )
        now = await seen(desk, made)
        assert [each["metricKey"] for each in now["tiles"]] == ["people_active", "storage_bytes"]
        assert "notice" not in now["tiles"][0]
        assert "on its way out" in now["tiles"][1]["notice"]
        assert [each["x"] for each in now["tiles"]] == [0, 4]
        assert now["version"] == 3
        await desk.tell("analytics.metric-anomaly-detected", anomaly("storage_bytes"))
        assert "on its way out" in (await seen(desk, made))["tiles"][1]["notice"]

    played(tmp_path, play)


def test_a_new_revision_drops_what_is_kept_of_a_metric(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_dictionary(metric(), metric("storage_bytes"))
        desk.tell_series()

        async def explored(key: str) -> Any:
            body = {
                "metricKeys": [key],
                "rangeStart": "2026-09-01",
                "rangeEnd": "2026-09-02",
                "granularity": "day",
            }
            answer = await desk.ask(desk.manager, "POST", "/v1/explorations", body)
            await desk.service.settle()
            return answer

        assert (await explored("active_users")).status_code == 200
        assert (await explored("storage_bytes")).status_code == 200
        desk.silence("metrics-service", "Query")
        assert "staleAt" in (await explored("active_users")).json()
        event = {"metricKey": "active_users", "revision": 2}
        await desk.tell("analytics.metric-activated", event, PLATFORM)
        assert (await explored("active_users")).status_code == 503
        assert "staleAt" in (await explored("storage_bytes")).json()
        desk.tell_series()
        assert (await explored("active_users")).status_code == 200  # by the old wording still
        desk.silence("metrics-service", "Query")
        if datetime.now(UTC).minute < 58:
            assert "staleAt" in (await explored("active_users")).json()
        desk.service.later(timedelta(hours=1))
        assert (await explored("active_users")).status_code == 503
        assert "staleAt" in (await explored("storage_bytes")).json()

    played(tmp_path, play)
