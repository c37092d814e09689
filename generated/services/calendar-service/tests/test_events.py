"""Events and series: scheduled, held, moved, cancelled, and with their rooms."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cloudsync_chassis.ids import uuid7

from .steps import MONDAY, Office, at, played


def test_an_event_is_announced_and_blocks_its_people(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann, bob = await office.person(), await office.person()
        event = await office.schedule(ann, attendeeUserIds=[str(bob.subject)])
        [told] = await office.events("event-scheduled")
        assert (told["eventId"], told["summaryMasked"]) == (event["id"], "Stand-up")

        async def both() -> bool:
            blocks = [await office.busy(bob, each.subject) for each in (ann, bob)]
            return blocks == [[(at(), at(hours=1), "busy")]] * 2

        await office.until(both)
        lines = await office.did(ann, "GET", f"/events/{event['id']}/attendees")
        assert [each["userId"] for each in lines["items"]] == [str(bob.subject)]
        assert await office.starts(bob) == [at()]  # invitations land in the primary calendar
        await office.schedule(ann, visibility="private", startsAt=at(1), endsAt=at(1, 1))
        assert "summaryMasked" not in (await office.events("event-scheduled"))[-1]

    played(tmp_path, play)


def test_what_cannot_be_scheduled(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann, bob = await office.person(), await office.person()
        path = f"/calendars/{await office.calendar(ann)}/events"
        body = {"summary": "x", "startsAt": at(), "endsAt": at(hours=1), "timeZone": "Etc/UTC"}

        async def refusal(**more: Any) -> str:
            return await office.refused(ann, "POST", path, {**body, **more})

        assert await refusal(timeZone="Mars/Olympus") == "time-zone-unknown"
        assert await refusal(endsAt=at()) == "rule-broken"
        assert await refusal(allDay=True) == "rule-broken"
        assert await refusal(attendeeUserIds=[str(uuid7())]) == "reference-unknown"
        hourly = {"recurrenceRule": "FREQ=DAILY;BYHOUR=9", "recurrenceCount": 5}
        assert await refusal(**hourly) == "rule-broken"
        never = {"recurrenceRule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "recurrenceCount": 5}
        assert await refusal(**never) == "recurrence-unbounded"
        often = {"recurrenceRule": "FREQ=DAILY;COUNT=900", "recurrenceCount": 730}
        assert await refusal(**often) == "recurrence-unbounded"
        assert await office.refused(bob, "POST", path, body) == "forbidden"
        organization = {"organizationId": str(office.organization)}
        founded = {"slug": "acme", "edition": "team", "dataResidency": "euWest1"}
        owner = {"ownerUserId": str(uuid7())}
        await office.tell("user.organization-created", {**organization, **founded, **owner})
        leaving = {"deletionRequestedBy": str(uuid7()), "purgeAfter": "2031-01-01T00:00:00Z"}
        await office.tell("user.organization-deleted", {**organization, **leaving})
        assert await refusal() == "calendars-frozen"
        await office.tell("user.organization-restored", organization)
        await office.schedule(ann)

    played(tmp_path, play)


def test_a_room_is_booked_once(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann, bob = await office.person(), await office.person()
        room = await office.room(ann)
        first = await office.daily(ann, 3, resourceIds=[room])
        path = f"/calendars/{await office.calendar(bob)}/events"
        body = {
            "summary": "x",
            "startsAt": at(1, 0.75),
            "endsAt": at(1, 2),
            "timeZone": "Etc/UTC",
            "resourceIds": [room],
        }
        answer = await office.ask(bob, "POST", path, body)
        assert answer.status_code == 409
        assert (answer.json()["resourceId"], answer.json()["takenAt"][:16]) == (
            room,
            at(1, 0.75)[:16],
        )
        cancel = {"occurrenceDate": at(1)[:10], "scope": "this"}
        dates = f"/events/{first['id']}/cancel-occurrences"
        await office.did(ann, "POST", dates, cancel)
        taken = await office.did(bob, "POST", path, body)
        moved = {"startsAt": at(2), "endsAt": at(2, 1), "scope": "all"}
        refusal = await office.refused(
            bob, "POST", f"/events/{taken['id']}/reschedule", moved, If_Match='"1"'
        )
        assert refusal == "resource-double-booked"
        await office.did(ann, "POST", f"/events/{first['id']}/cancel", {})
        body |= {"startsAt": at(2), "endsAt": at(2, 1)}
        await office.did(bob, "POST", path, body)
        crowd = {**body, "startsAt": at(3), "endsAt": at(3, 1)}
        crowd["attendeeUserIds"] = [str((await office.person()).subject) for _ in range(4)]
        assert await office.refused(bob, "POST", path, crowd) == "condition-not-met"
        late = {**body, "startsAt": at(300), "endsAt": at(300, 1)}
        assert await office.refused(bob, "POST", path, late) == "condition-not-met"
        none = {**body, "resourceIds": [str(uuid7())]}
        assert await office.refused(bob, "POST", path, none) == "reference-unknown"

    played(tmp_path, play)


def test_a_held_slot_is_confirmed_or_runs_out(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann = await office.person()
        room = await office.room(ann)
        path = f"/calendars/{await office.calendar(ann)}/holds"
        now = (await office.did(ann, "GET", "/calendars"))["items"][0]["createdAt"]
        body = {
            "summary": "Perhaps",
            "startsAt": at(),
            "endsAt": at(hours=1),
            "timeZone": "Etc/UTC",
            "holdUntil": at(-40 + 60),
            "resourceIds": [room],
        }
        assert await office.refused(ann, "POST", path, body) == "hold-too-long"
        body["holdUntil"] = now.replace("Z", "+00:00")
        assert await office.refused(ann, "POST", path, body) == "hold-too-long"
        body["holdUntil"] = _after(now, 1)
        firm = await office.did(ann, "POST", path, body)
        assert (firm["status"], await office.busy(ann, ann.subject)) == (
            "tentative",
            [(at(), at(hours=1), "tentative")],
        )
        assert await office.events("event-scheduled") == []
        assert await office.refused(ann, "POST", path, body) == "resource-double-booked"
        confirmed = await office.did(ann, "POST", f"/events/{firm['id']}/confirm")
        assert confirmed["status"] == "confirmed"
        assert len(await office.events("event-scheduled")) == 1
        body |= {"startsAt": at(1), "endsAt": at(1, 1)}
        held = await office.did(ann, "POST", path, body)
        office.service.later(timedelta(days=2))
        confirm = f"/events/{held['id']}/confirm"
        assert await office.refused(ann, "POST", confirm) == "hold-ran-out"
        assert (at(1), at(1, 1), "tentative") not in await office.busy(ann, ann.subject)
        body["holdUntil"] = _after(now, 4)
        await office.did(ann, "POST", path, body)  # the room is free again
        gone = await office.did(ann, "GET", f"/events/{held['id']}")
        assert gone["status"] == "cancelled"
        assert [each["eventId"] for each in await office.events("event-cancelled")] == [held["id"]]

    played(tmp_path, play)


def test_the_clock_ends_holds_that_ran_out(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann = await office.person()
        path = f"/calendars/{await office.calendar(ann)}/holds"
        now = (await office.did(ann, "GET", "/calendars"))["items"][0]["createdAt"]
        body = {"summary": "Perhaps", "timeZone": "Etc/UTC", "startsAt": at(), "endsAt": at(1)}
        short = await office.did(ann, "POST", path, {**body, "holdUntil": _after(now, 1)})
        long = await office.did(ann, "POST", path, {**body, "holdUntil": _after(now, 3)})
        await office.service.tick()
        assert await office.events("event-cancelled") == []
        office.service.later(timedelta(days=2))
        await office.service.tick()
        assert [each["eventId"] for each in await office.events("event-cancelled")] == [short["id"]]
        held = await office.did(ann, "GET", f"/events/{long['id']}")
        assert (held["status"], len(await office.busy(ann, ann.subject))) == ("tentative", 1)

    played(tmp_path, play)


def _after(moment: str, days: int) -> str:
    return (datetime.fromisoformat(moment) + timedelta(days=days)).isoformat()


async def move(office: Office, caller: Any, event: Any, **body: Any) -> Any:
    now = await office.did(caller, "GET", f"/events/{event['id']}")
    path, version = f"/events/{event['id']}/reschedule", f'"{now["version"]}"'
    return await office.ask(caller, "POST", path, body, If_Match=version)


def test_an_event_is_moved_and_asked_for_anew(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann, bob = await office.person(), await office.person()
        event = await office.schedule(ann, attendeeUserIds=[str(bob.subject)])
        path = f"/events/{event['id']}/responses/me"
        await office.did(bob, "PUT", path, {"response": "accepted"})
        moved = await move(office, ann, event, startsAt=at(1), endsAt=at(1, 2), scope="all")
        assert (moved.json()["startsAt"], moved.json()["sequence"]) == (at(1), 1)
        [told] = await office.events("event-rescheduled")
        assert (told["oldStart"], told["newStart"]) == (at(), at(1))

        async def asked() -> bool:
            lines = await office.did(ann, "GET", f"/events/{event['id']}/attendees")
            return bool(lines["items"][0]["response"] == "needsAction")

        await office.until(asked)
        assert await office.busy(ann, bob.subject) == [(at(1), at(1, 2), "busy")]
        office.service.later(timedelta(days=60))
        over = await move(office, ann, event, startsAt=at(90), endsAt=at(90, 1), scope="all")
        assert over.json()["type"].endswith("event-already-over")

    played(tmp_path, play)


def test_one_date_of_a_series_is_moved(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann = await office.person()
        series = await office.daily(ann, 4)
        wrong = await move(
            office, ann, series, startsAt=at(1), endsAt=at(2), scope="this", originalStart=at(0, 1)
        )
        assert wrong.json()["type"].endswith("occurrence-unknown")
        one = {"startsAt": at(1, 3), "endsAt": at(1, 4), "scope": "this", "originalStart": at(1)}
        override = (await move(office, ann, series, **one)).json()
        assert (override["seriesId"], override["originalStart"]) == (series["id"], at(1))
        assert await office.starts(ann) == [at(), at(1, 3), at(2), at(3)]
        again = {**one, "startsAt": at(1, 5), "endsAt": at(1, 6)}
        assert (await move(office, ann, series, **again)).json()["id"] == override["id"]
        assert await office.starts(ann) == [at(), at(1, 5), at(2), at(3)]
        blocks = [each[0] for each in await office.busy(ann, ann.subject)]
        assert blocks == [at(), at(1, 5), at(2), at(3)]
        told = (await office.events("event-rescheduled"))[0]
        assert (told["eventId"], told["scope"]) == (series["id"], "this")

    played(tmp_path, play)


def test_a_series_is_split_or_moved_as_a_whole(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann = await office.person()
        series = await office.daily(ann, 5)
        rest = {"startsAt": at(2, 1), "endsAt": at(2, 2), "scope": "following"}
        split = (await move(office, ann, series, **rest, originalStart=at(2))).json()
        assert (split["recurrenceCount"], split["startsAt"]) == (3, at(2, 1))
        assert await office.starts(ann) == [at(), at(1), at(2, 1), at(3, 1), at(4, 1)]
        [told] = await office.events("event-rescheduled")
        assert told["splitSeriesId"] == split["id"]
        later = {"startsAt": at(3, 4), "endsAt": at(3, 5), "scope": "all"}
        await move(office, ann, split, **later, originalStart=at(3, 1))
        assert await office.starts(ann) == [at(), at(1), at(2, 4), at(3, 4), at(4, 4)]
        weekly = await office.schedule(
            ann,
            startsAt=at(0, 8),
            endsAt=at(0, 9),
            recurrenceRule="FREQ=WEEKLY;BYDAY=MO",
            recurrenceCount=2,
        )
        tuesday = {"startsAt": at(1, 8), "endsAt": at(1, 9), "scope": "all"}
        moved = (await move(office, ann, weekly, **tuesday)).json()
        assert moved["recurrenceRule"] == "FREQ=WEEKLY;BYDAY=TU"
        assert {at(1, 8), at(8, 8)} <= set(await office.starts(ann))

    played(tmp_path, play)


def test_dates_of_a_series_are_cancelled(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann = await office.person()
        series = await office.daily(ann, 5)
        path = f"/events/{series['id']}/cancel-occurrences"
        one = {"occurrenceDate": at(1)[:10], "scope": "this"}
        for _ in range(2):
            await office.did(ann, "POST", path, one)
        assert await office.starts(ann) == [at(), at(2), at(3), at(4)]
        await office.did(ann, "POST", path, {"occurrenceDate": at(3)[:10], "scope": "following"})
        assert await office.starts(ann) == [at(), at(2)]
        told = await office.events("event-cancelled")
        assert [(each["scope"], each["occurrenceDate"]) for each in told] == [
            ("this", at(1)[:10]),
            ("following", at(3)[:10]),
        ]
        single = await office.schedule(ann, startsAt=at(9), endsAt=at(9, 1))
        once = f"/events/{single['id']}/cancel-occurrences"
        assert await office.refused(ann, "POST", once, one) == "not-a-series"
        nothing = {"occurrenceDate": at(30)[:10], "scope": "this"}
        assert await office.refused(ann, "POST", path, nothing) == "rule-broken"
        long = await office.daily(ann, 210, startsAt=at(0, 5), endsAt=at(0, 6))
        path = f"/events/{long['id']}/cancel-occurrences"
        for day in range(200):
            body = {"occurrenceDate": at(day)[:10], "scope": "this"}
            await office.did(ann, "POST", path, body)
        body = {"occurrenceDate": at(201)[:10], "scope": "this"}
        assert await office.refused(ann, "POST", path, body) == "too-many-exceptions"
        office.service.later(timedelta(days=300))
        body = {"occurrenceDate": at(202)[:10], "scope": "following"}
        assert await office.refused(ann, "POST", path, body) == "event-already-over"

    played(tmp_path, play)


def test_an_event_is_handed_over(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann, bob = await office.person(), await office.person()
        event = await office.schedule(ann)
        path = f"/events/{event['id']}/transfer"
        theirs = {"organizerId": str(bob.subject), "calendarId": await office.calendar(bob)}
        mine = {**theirs, "calendarId": await office.calendar(ann)}
        assert await office.refused(ann, "POST", path, mine) == "calendar-not-of-organizer"
        assert await office.refused(bob, "POST", path, theirs) == "forbidden"
        after = await office.did(ann, "POST", path, theirs)
        assert after["organizerId"] == str(bob.subject)
        assert await office.starts(bob) == [at()]
        assert await office.busy(bob, ann.subject) == []
        assert await office.busy(bob, bob.subject) == [(at(), at(hours=1), "busy")]

    played(tmp_path, play)


def test_calls_and_due_dates_of_other_services(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann, bob = await office.person(), await office.person(zone="Asia/Tokyo")
        event = await office.schedule(ann)
        meeting = str(uuid7())
        planned = {
            "meetingId": meeting,
            "calendarEventId": event["id"],
            "hostId": str(ann.subject),
            "joinUrl": "https://meet.example/abc",
            "scheduledStart": at(),
            "scheduledEnd": at(hours=1),
        }
        await office.tell("collaboration.meeting-scheduled", planned)
        await office.tell(
            "collaboration.meeting-scheduled", {**planned, "calendarEventId": str(uuid7())}
        )
        now = await office.did(ann, "GET", f"/events/{event['id']}")
        assert now["joinUrl"] == "https://meet.example/abc"
        for _ in range(2):
            cancelled = {"meetingId": meeting, "reason": "host"}
            await office.tell("collaboration.meeting-cancelled", cancelled)
        assert "joinUrl" not in await office.did(ann, "GET", f"/events/{event['id']}")
        due = {
            "taskId": str(uuid7()),
            "boardKey": "OPS",
            "number": 7,
            "headline": "Ship it",
            "newDueOn": at(3)[:10],
            "assigneeIds": [str(ann.subject), str(bob.subject)],
        }
        for _ in range(2):
            await office.tell("collaboration.task-due-date-changed", due)
        assert (MONDAY + timedelta(days=3)).strftime("%Y-%m-%dT00:00:00Z") in await office.starts(
            ann
        )
        [tokyo] = await office.starts(bob)
        assert tokyo == (MONDAY + timedelta(days=2)).strftime("%Y-%m-%dT15:00:00Z")
        moved = {**due, "newDueOn": at(4)[:10], "assigneeIds": [str(bob.subject)]}
        await office.tell("collaboration.task-due-date-changed", moved)
        assert await office.starts(ann) == [at()]
        [marker] = await office.starts(bob)
        assert marker > tokyo
        moved.pop("newDueOn")
        await office.tell("collaboration.task-due-date-changed", moved)
        assert await office.starts(bob) == []

    played(tmp_path, play)
