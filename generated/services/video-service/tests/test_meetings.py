"""From a booking to the last minute of a meeting."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis.ids import uuid7
from hall import DAY, HOUR, MINUTE, Hall, at, play
from video_service.nodes import LoopbackNodes

EVENT = "cloudsync.collaboration"


def test_a_booking_gets_a_code_and_is_announced(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        first, second = await hall.booked(passcode="4711"), await hall.booked()
        assert first["joinCode"] != second["joinCode"]
        assert "passcode" not in str(first)
        assert "4711" not in str(first)
        [told, _] = await hall.said("meeting-scheduled")
        assert told["joinUrl"] == f"https://meet.cloudsync.example/{first['joinCode']}"
        assert told["hostId"] == str(hall.person("host").subject)
        found = await hall.meeting(first["id"])
        assert found.passcode_hash.startswith("$argon2id$")

    play(tmp_path, scene)


def test_what_cannot_be_booked(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        ask = hall.refused
        assert await ask("ScheduleMeeting", hall.wish(maxParticipants=101)) == (
            "meeting-size-exceeds-plan"
        )
        short = {**hall.wish(), "scheduledEnd": at(HOUR + MINUTE)}
        assert await ask("ScheduleMeeting", short) == "condition-not-met"
        sealed = hall.wish(encryption="endToEnd", recordingPolicy="automatic")
        assert await ask("ScheduleMeeting", sealed) == "invariant-broken"
        found = await hall.booked(encryption="endToEnd")
        assert found["recordingPolicy"] == "off"

    play(tmp_path, scene)


def test_a_plan_says_how_large_meetings_are(tmp_path: Path) -> None:
    limits = {
        "storageGibPerSeat": 1,
        "apiCallsPerDay": 1,
        "meetingParticipants": 300,
        "versionHistoryDays": 1,
        "guestsPerSeat": 1,
        "sso": 0,
    }
    subscription = str(uuid7())

    async def scene(hall: Hall) -> None:
        known = {
            "subscriptionId": subscription,
            "planCode": "team-2026",
            "seatQuantity": 1,
        }
        await hall.tell(
            "billing.subscription-activated",
            **known,
            productLine="workspace",
            entitlements=limits,
            periodEnd=at(DAY),
            trial=False,
        )
        large = await hall.booked(maxParticipants=300)
        assert large["maxParticipants"] == 300
        await hall.tell(
            "billing.subscription-changed",
            **known,
            lastChange="plan",
            status="active",
            currentPeriodEnd=at(DAY),
            entitlements={**limits, "meetingParticipants": 20},
        )
        assert await hall.refused("ScheduleMeeting", hall.wish(maxParticipants=21)) == (
            "meeting-size-exceeds-plan"
        )
        assert (await hall.booked())["maxParticipants"] == 20

    play(tmp_path, scene)


def _event(key: str, status: str) -> dict[str, Any]:
    return {
        "id": key,
        "organizationId": str(uuid7()),
        "createdAt": at(),
        "updatedAt": at(),
        "version": 1,
        "calendarId": str(uuid7()),
        "organizerId": str(uuid7()),
        "summary": "Weekly",
        "startsAt": at(HOUR),
        "endsAt": at(2 * HOUR),
        "timeZone": "Europe/Berlin",
        "allDay": False,
        "exceptionDates": [],
        "status": status,
        "visibility": "default",
        "transparency": "opaque",
        "resourceIds": [],
        "attendeeUserIds": [],
        "reminders": [],
        "sequence": 0,
    }


def test_a_calendar_event_has_one_meeting_an_occurrence(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        key = str(uuid7())
        hall.service.answers("calendar-service", "getEvent", _event(key, "cancelled"))
        assert await hall.refused("ScheduleMeeting", hall.wish(calendarEventId=key)) == (
            "calendar-event-cancelled"
        )
        hall.service.answers("calendar-service", "getEvent", _event(key, "confirmed"))
        wish = hall.wish(calendarEventId=key)
        made = await hall.done("ScheduleMeeting", wish)
        assert await hall.refused("ScheduleMeeting", wish) == "occurrence-taken"
        await hall.done("CancelMeeting", {"meetingId": made["id"], "reason": "host"})
        again = await hall.done("ScheduleMeeting", wish)
        assert again["joinCode"] != made["joinCode"]

    play(tmp_path, scene)


def test_a_meeting_lives_and_is_billed(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        meeting = await hall.booked()
        start = {"meetingId": meeting["id"], "mediaRegion": "euWest1"}
        assert await hall.refused("StartMeeting", start) == "illegal-transition"
        assert await hall.refused("StartMeeting", start, "ann") == "forbidden"
        hall.service.later(50 * MINUTE)
        await hall.service.tick()
        assert (await hall.meeting(meeting["id"])).phase == "lobby"
        assert await hall.refused("StartMeeting", start) == "host-absent"
        waiting = await hall.join(meeting, "ann")
        guest = await hall.join(meeting, "guest")
        assert waiting["participant"]["joinState"] == "waiting"
        assert "mediaToken" not in waiting
        await hall.join(meeting, "host")
        live = await hall.done("StartMeeting", start)
        assert (live["phase"], live["mediaRegion"]) == ("live", "euWest1")
        assert (await hall.done("StartMeeting", start))["version"] == live["version"]
        assert (await hall.entry(waiting["participant"]["id"])).join_state == "admitted"
        assert (await hall.entry(guest["participant"]["id"])).join_state == "waiting"
        await hall.hear()
        hall.service.later(10 * MINUTE)
        await hall.service.tick("count-rooms")
        counted = await hall.meeting(meeting["id"])
        assert (counted.peak_participants, counted.participant_minutes) == (2, 20)
        hall.hang_up(waiting["participant"]["id"], 4.5)
        await hall.hear()
        assert (await hall.entry(waiting["participant"]["id"])).mean_opinion_score == 4.5
        hall.service.later(5 * MINUTE)
        ended = await hall.done("EndMeeting", {"meetingId": meeting["id"]})
        assert (ended["phase"], ended["participantMinutes"]) == ("ended", 25)
        again = await hall.done("EndMeeting", {"meetingId": meeting["id"]})
        assert again["version"] == ended["version"]
        [told] = await hall.said("meeting-ended")
        assert (told["peakParticipants"], told["participantMinutes"]) == (2, 25)
        assert (await hall.entry(guest["participant"]["id"])).join_state == "left"

    play(tmp_path, scene)


def test_an_instant_meeting_is_live_at_once(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        wish = {"title": "Now", "mediaRegion": "usWest2", "admission": "open"}
        meeting = await hall.done("StartInstantMeeting", wish)
        assert (meeting["phase"], meeting["mediaRegion"]) == ("live", "usWest2")
        joined = await hall.join(meeting, "guest")
        assert joined["mediaNode"].endswith(".media.us-west-2.cloudsync.example")
        assert joined["mediaToken"].count(".") == 2
        [told] = await hall.said("meeting-started")
        assert told["meetingId"] == meeting["id"]

    play(tmp_path, scene)


def test_empty_and_forgotten_meetings_end_by_the_clock(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        live, unused = await hall.live(), await hall.booked()
        await hall.hear()
        [host] = await hall.connect(live, "host")
        hall.service.later(11 * MINUTE)
        await hall.service.tick("close-empty-rooms")
        assert (await hall.meeting(live["id"])).phase == "live"
        hall.hang_up(host["id"])
        await hall.hear()
        hall.service.later(9 * MINUTE)
        await hall.service.tick("close-empty-rooms")
        assert (await hall.meeting(live["id"])).phase == "live"
        hall.service.later(2 * MINUTE)
        await hall.service.tick("close-empty-rooms")
        assert (await hall.meeting(live["id"])).phase == "ended"
        hall.service.later(DAY + HOUR)
        await hall.service.tick()
        assert (await hall.meeting(unused["id"])).phase == "lobby"
        hall.service.later(2 * HOUR)
        await hall.service.tick()
        assert (await hall.meeting(unused["id"])).phase == "expired"

    play(tmp_path, scene)


@pytest.mark.parametrize(("region", "elsewhere"), [("usEast1", "usWest2"), ("euWest1", "")])
def test_rooms_overflow_to_the_nearest_region(tmp_path: Path, region: str, elsewhere: str) -> None:
    async def scene(hall: Hall) -> None:
        nodes = hall.handlers.nodes
        assert isinstance(nodes, LoopbackNodes)
        nodes.seats = 100
        wish = {"title": "Now", "mediaRegion": region}
        first = await hall.done("StartInstantMeeting", wish)
        assert first["mediaRegion"] == region
        second = await hall.done("StartInstantMeeting", wish)
        assert second["mediaRegion"] == (elsewhere or region)
        while (answer := await hall.ask("StartInstantMeeting", wish)).is_success:
            assert answer.json()["meeting"]["mediaRegion"] in (region, elsewhere)
        assert answer.json()["type"].endswith("/media-capacity-unavailable")
        await hall.done("EndMeeting", {"meetingId": first["id"]})
        third = await hall.done("StartInstantMeeting", wish)
        assert third["mediaRegion"] == region

    play(tmp_path, scene)


def test_a_flag_keeps_rooms_in_their_region(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        nodes = hall.handlers.nodes
        assert isinstance(nodes, LoopbackNodes)
        nodes.seats = 100
        flag = {
            "featureFlagId": str(uuid7()),
            "key": "video.placement.overflow",
            "environment": "development",
            "purpose": "ops",
            "rolloutPercent": 0,
            "status": "active",
        }
        wish = {"title": "Now", "mediaRegion": "usEast1"}
        await hall.tell("platform.flag-changed", **{**flag, "environment": "production"})
        homes = [(await hall.done("StartInstantMeeting", wish))["mediaRegion"] for _ in range(2)]
        assert homes == ["usEast1", "usWest2"]
        await hall.tell("platform.flag-changed", **flag)
        assert (await hall.done("StartInstantMeeting", wish))["mediaRegion"] == "usEast1"

    play(tmp_path, scene)


def test_a_barred_organisation_meets_no_more(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        live, booked = await hall.live(), await hall.booked()
        gone = {"organizationId": str(hall.tenant)}
        more = {"deletionRequestedBy": str(uuid7()), "purgeAfter": at(30 * DAY)}
        await hall.tell("user.organization-deleted", **gone, **more)
        assert (await hall.meeting(live["id"])).phase == "ended"
        assert (await hall.meeting(booked["id"])).phase == "scheduled"
        assert await hall.refused("ScheduleMeeting", hall.wish()) == "rooms-barred"
        instant = {"title": "Now", "mediaRegion": "usEast1"}
        assert await hall.refused("StartInstantMeeting", instant) == "rooms-barred"
        assert await hall.refused("JoinMeeting", hall.ticket(booked, "ann"), "ann") == (
            "rooms-barred"
        )
        await hall.tell("user.organization-restored", **gone)
        assert (await hall.join(booked, "ann"))["participant"]["joinState"] == "waiting"
        await hall.tell("user.organization-purged", **gone, dataResidency="usEast1")
        assert await hall.run(lambda ctx: hall.handlers.meeting.count(ctx)) == 0
        assert await hall.run(lambda ctx: hall.handlers.participant.count(ctx)) == 0

    play(tmp_path, scene)


async def _series(hall: Hall) -> tuple[str, list[Any]]:
    key = str(uuid7())
    hall.service.answers("calendar-service", "getEvent", _event(key, "confirmed"))
    made = [await hall.booked(start=DAY * each, calendarEventId=key) for each in (1, 2, 3)]
    return key, made


def test_meetings_follow_their_calendar_event(tmp_path: Path) -> None:
    async def scene(hall: Hall) -> None:
        key, made = await _series(hall)
        starts = [each["scheduledStart"] for each in made]
        before = [await hall.meeting(each["id"]) for each in made]
        moved = {
            "eventId": key,
            "oldStart": starts[1],
            "newStart": (before[1].scheduled_start + DAY).isoformat(),
            "newEnd": (before[1].scheduled_start + DAY + 2 * HOUR).isoformat(),
            "scope": "following",
            "sequence": 2,
            "attendeeUserIds": [],
        }
        for _ in range(2):
            await hall.tell("collaboration.event-rescheduled", **moved)
        after = [await hall.meeting(each["id"]) for each in made]
        shifts = [b.scheduled_start - a.scheduled_start for a, b in zip(before, after, strict=True)]
        assert shifts == [timedelta(), DAY, DAY]
        assert after[2].scheduled_end - after[2].scheduled_start == 2 * HOUR
        gone = {"eventId": key, "sequence": 3, "attendeeUserIds": []}
        day = after[0].scheduled_start.date().isoformat()
        await hall.tell("collaboration.event-cancelled", **gone, scope="this", occurrenceDate=day)
        phases = [(await hall.meeting(each["id"])).phase.value for each in made]
        assert phases == ["cancelled", "scheduled", "scheduled"]
        await hall.tell("collaboration.event-cancelled", **{**gone, "sequence": 4}, scope="all")
        told = await hall.said("meeting-cancelled")
        assert [each["reason"] for each in told] == ["calendarEvent"] * 3

    play(tmp_path, scene)
