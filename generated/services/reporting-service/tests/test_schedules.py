"""Reports that come by a rule, and templates that an edition has or withholds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7

from .steps import Desk, played, wish, yesterday


def test_a_schedule_asks_for_the_days_since_its_last_run(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_series()
        reader = str(uuid7())
        waiting = await desk.schedule(scheduleName="Later")
        due = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
        schedule = await desk.schedule(recipientIds=[reader], nextRunAt=due)
        await desk.round()
        schedules = {each["id"]: each for each in await desk.schedules()}
        assert "lastReportId" not in schedules[waiting["id"]]
        now = schedules[schedule["id"]]
        assert now["nextRunAt"] > schedule["nextRunAt"]
        path = f"/v1/reports/{now['lastReportId']}"
        report = await desk.did(desk.manager, "GET", path)
        assert report["status"] == "ready"
        assert (report["title"], report["audience"]) == ("Every morning", "named")
        assert report["rangeStart"] == report["rangeEnd"]
        day = (datetime.fromisoformat(schedule["nextRunAt"]) - timedelta(days=1)).date()
        assert report["rangeEnd"] in (day.isoformat(), yesterday().isoformat())
        [requested] = await desk.events("report-requested")
        assert requested["requestedBy"] == str(desk.manager.subject)
        [ready] = await desk.events("report-ready")
        assert ready["recipientIds"] == [reader]
        await desk.round()
        assert len(await desk.events("report-requested")) == 1

    played(tmp_path, play)


def test_a_run_that_was_missed_by_more_than_an_hour_is_skipped(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        schedule = await desk.schedule()
        desk.service.later(timedelta(hours=1, minutes=32))
        await desk.round()
        [now] = await desk.schedules()
        assert now["nextRunAt"] > schedule["nextRunAt"]
        assert "lastReportId" not in now
        assert await asked_for(desk) == []

    played(tmp_path, play)


def test_five_failures_in_a_row_suspend_a_schedule(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.silence("metrics-service", "Query")
        await desk.schedule(recurrence="FREQ=HOURLY")
        desk.service.later(timedelta(minutes=31))
        for counted in range(5):
            await desk.round()
            [now] = await desk.schedules()
            assert (now["state"], now["consecutiveFailures"]) == ("active", counted)
            desk.service.later(timedelta(hours=1))
        await desk.round()
        [now] = await desk.schedules()
        assert (now["state"], now["consecutiveFailures"]) == ("suspended", 5)
        asked = len(await asked_for(desk))
        assert asked == 5
        desk.service.later(timedelta(hours=3))
        await desk.round()
        assert len(await asked_for(desk)) == asked
        path = f"/v1/report-schedules/{now['id']}"
        assert await desk.refused(desk.manager, "POST", path + "/pause") == "illegal-transition"
        await desk.did(desk.manager, "POST", path + "/resume")
        await desk.round()  # missed: moved on, and the old failure counts no more
        desk.tell_series()
        desk.service.later(timedelta(hours=1))
        await desk.round()
        [now] = await desk.schedules()
        assert (now["state"], now["consecutiveFailures"]) == ("active", 0)
        assert len(await asked_for(desk)) == asked + 1

    played(tmp_path, play)


def test_a_good_run_ends_the_row_of_failures(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.silence("metrics-service", "Query")
        await desk.schedule(recurrence="FREQ=HOURLY")
        counted = []
        for turn in range(4):
            desk.service.later(timedelta(minutes=31 if turn == 0 else 60))
            await desk.round()
            counted.append((await desk.schedules())[0]["consecutiveFailures"])
            if turn == 1:
                desk.tell_series()
        assert counted == [0, 1, 2, 0]

    played(tmp_path, play)


def test_a_paused_schedule_lets_runs_pass(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        schedule = await desk.schedule()
        path = f"/v1/report-schedules/{schedule['id']}"
        stranger = desk.person()
        assert await desk.refused(stranger, "POST", path + "/pause") == "forbidden"
        await desk.did(desk.manager, "POST", path + "/pause")
        desk.service.later(timedelta(minutes=40))
        await desk.round()
        assert await asked_for(desk) == []
        assert [each["id"] for each in await desk.schedules(desk.person("org-admin"))] == [
            schedule["id"]
        ]
        assert await desk.schedules(stranger) == []

    played(tmp_path, play)


def test_what_is_no_schedule(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        async def slug(**more: Any) -> str:
            body = {
                "scheduleName": "Often",
                "templateKey": "seat-utilisation",
                "recurrence": "FREQ=DAILY",
                "nextRunAt": datetime.now(UTC).isoformat(),
                **more,
            }
            return await desk.refused(desk.manager, "POST", "/v1/report-schedules", body)

        assert await slug(recurrence="FREQ=DAILY;BYMINUTE=1,2") == "recurrence-too-frequent"
        assert await slug(recurrence="FREQ=HOURLY;BYSECOND=0") == "recurrence-too-frequent"
        assert await slug(recurrence="FREQ=DAILY;BYHOUR=99") == "rule-broken"
        assert await slug(recurrence="FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30") == "rule-broken"
        assert await slug(timeZone="Moon/Base") == "rule-broken"
        assert await slug(templateKey="of-my-own") == "template-not-in-plan"
        assert await slug(templateKey="billing-summary") == "forbidden"

    played(tmp_path, play)


def test_an_ended_rule_pauses_its_schedule(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        soon = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y%m%dT%H%M%SZ")
        await desk.schedule(recurrence=f"FREQ=HOURLY;UNTIL={soon}")
        desk.tell_series()
        for _ in range(4):
            desk.service.later(timedelta(minutes=45))
            await desk.round()
        assert (await desk.schedules())[0]["state"] == "paused"

    played(tmp_path, play)


async def asked_for(desk: Desk) -> list[Any]:
    """Reports that the manager's schedules have asked for."""
    page = await desk.did(desk.manager, "GET", "/v1/reports")
    return list(page["items"])


async def keys(desk: Desk, *roles: str) -> set[str]:
    """Templates that somebody is offered."""
    answer = await desk.did(desk.person(*roles), "GET", "/v1/report-templates")
    return {each["templateKey"] for each in answer["items"]}


def test_an_edition_offers_its_templates(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        assert "sla-attainment" in await keys(desk)  # a tenant of which nothing is known
        assert "billing-summary" not in await keys(desk)
        assert "billing-summary" in await keys(desk, "billing-admin")
        await desk.adopt("team-monthly")
        assert await keys(desk) == {"seat-utilisation", "storage-growth", "meeting-hours"}
        body = wish(templateKey="adoption-by-team")
        slug = await desk.refused(desk.manager, "POST", "/v1/reports", body)
        assert slug == "template-not-in-plan"
        await desk.adopt("storage-pack-1")
        assert "adoption-by-team" not in await keys(desk)
        await desk.adopt("business-yearly")
        assert "adoption-by-team" in await keys(desk)
        await desk.adopt("enterprise-yearly")
        assert "sla-attainment" in await keys(desk)
        await desk.adopt("enterprise-yearly", "expired")
        assert await keys(desk) == {"storage-growth"}
        await desk.adopt("team-monthly", "trialing")
        assert "sla-attainment" in await keys(desk)

    played(tmp_path, play)


def test_an_edition_that_is_announced_counts_from_its_day_on(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        await desk.adopt("business-yearly")
        ahead = (datetime.now(UTC) + timedelta(days=3)).isoformat()
        await desk.adopt("free-plan", effectiveAt=ahead)
        assert "adoption-by-team" in await keys(desk)
        desk.service.later(timedelta(days=3, minutes=1))
        await desk.round()
        assert await keys(desk) == {"storage-growth"}

    played(tmp_path, play)


def test_a_schedule_of_a_withheld_template_pauses_and_says_why(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        await desk.schedule(templateKey="adoption-by-team")
        kept = await desk.schedule(scheduleName="Seats")
        await desk.adopt("team-monthly")
        states = {each["templateKey"]: each for each in await desk.schedules()}
        assert states["seat-utilisation"]["id"] == kept["id"]
        assert states["seat-utilisation"]["state"] == "active"
        paused = states["adoption-by-team"]
        assert paused["state"] == "paused"
        path = f"/v1/reports/{paused['lastReportId']}"
        report = await desk.did(desk.manager, "GET", path)
        assert (report["status"], report["failureCode"]) == ("failed", "cancelledByLimit")
        assert len(await desk.events("report-failed")) == 1

    played(tmp_path, play)


def test_a_schedule_that_cannot_be_followed_any_more_holds_up_nobody(tmp_path: Path) -> None:
    async def play(desk: Desk) -> None:
        desk.tell_series()
        due = datetime.now(UTC) - timedelta(minutes=9)
        broken = await desk.schedule(nextRunAt=due.isoformat())
        later = (due + timedelta(minutes=1)).isoformat()
        sound = await desk.schedule(scheduleName="Sound", nextRunAt=later)
        handlers = desk.handlers

        async def spoil(ctx: Context) -> None:
            found = await handlers.report_schedule.find(ctx, id=UUID(broken["id"]))
            assert found is not None
            await handlers.report_schedule.rewrite(ctx, found, {"timeZone": "Moon/Base"})

        await desk.handlers.as_service(desk.organization, spoil)
        await desk.round()
        states = {each["id"]: each for each in await desk.schedules()}
        assert states[broken["id"]]["state"] == "paused"
        assert len(await asked_for(desk)) == 1
        assert "lastReportId" in states[sound["id"]]

    played(tmp_path, play)
