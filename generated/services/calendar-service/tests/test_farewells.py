"""Files of other calendars, people who are gone, and organisations that are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from calendar_service import ics_imports
from calendar_service.generated import tables
from calendar_service.handlers import Handlers
from calendar_service.ics import MalformedError, SkippedError, components, event_of
from cloudsync_chassis.ids import uuid7

from .steps import MONDAY, Office, at, played

UTC_ZONE = ZoneInfo("Etc/UTC")
OLDEST = datetime(2020, 1, 1, tzinfo=UTC)


def file(*events: str) -> str:
    """A calendar file."""
    inside = "".join(f"BEGIN:VEVENT\r\n{each}\r\nEND:VEVENT\r\n" for each in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{inside}END:VCALENDAR\r\n"


def one(text: str) -> dict[str, Any]:
    """The only event of a file."""
    [component] = components(file(text))
    return event_of(component, UTC_ZONE, OLDEST)


def test_an_event_is_read_as_it_is_written() -> None:
    event = one(
        "UID:a@b\r\nSUMMARY:Lunch\\, long\r\n er\r\nDTSTART;TZID=Europe/Berlin:20300701T120000\r\n"
        "DURATION:PT1H30M\r\nRRULE:INTERVAL=2;FREQ=WEEKLY;COUNT=3\r\n"
        "EXDATE;TZID=Europe/Berlin:20300715T120000\r\nCLASS:PRIVATE\r\nTRANSP:TRANSPARENT"
    )
    assert (event["summary"], event["timeZone"]) == ("Lunch, longer", "Europe/Berlin")
    assert event["startsAt"] == datetime(2030, 7, 1, 10, tzinfo=UTC)
    assert event["endsAt"] == datetime(2030, 7, 1, 11, 30, tzinfo=UTC)
    assert event["recurrenceRule"] == "FREQ=WEEKLY;INTERVAL=2;COUNT=3"
    assert (event["recurrenceCount"], str(event["exceptionDates"][0])) == (3, "2030-07-15")
    assert (event["visibility"], event["transparency"]) == ("private", "transparent")
    day = one("DTSTART;VALUE=DATE:20300701")
    assert (day["allDay"], day["endsAt"]) == (True, datetime(2030, 7, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    "event",
    [
        "SUMMARY:no beginning",
        "DTSTART:2030",
        "DTSTART:20300101T090000Z\r\nRRULE:FREQ=HOURLY",
        "DTSTART:20100101T090000Z",
        "DTSTART:20300101T090000Z\r\nDTEND:20291231T090000Z",
        "DTSTART:20300101T090000Z\r\nDURATION:soon",
    ],
)
def test_what_cannot_be_taken_over_is_skipped(event: str) -> None:
    with pytest.raises(SkippedError):
        one(event)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
        "BEGIN:VCALENDAR\r\nEND:VEVENT\r\n",
        "BEGIN:VCALENDAR\r\nnonsense\r\nEND:VCALENDAR\r\n",
        file(*["DTSTART:20300101T090000Z"] * 10_001),
    ],
)
def test_what_is_no_calendar_file(text: str) -> None:
    with pytest.raises(MalformedError):
        components(text)


async def ended(office: Office, caller: Any, path: str) -> Any:
    """An import, once the clock has done with it what is due."""
    await office.service.tick()
    return await office.did(caller, "GET", path)


def test_a_file_comes_into_a_calendar_once(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann = await office.person()
        path = f"/calendars/{await office.calendar(ann)}/imports"
        day, next_day = MONDAY.strftime("%Y%m%d"), (at(1)[:10]).replace("-", "")
        series = f"UID:s\r\nSUMMARY:S\r\nDTSTART:{day}T090000Z\r\nRRULE:FREQ=DAILY;COUNT=3"
        override = (
            f"UID:s\r\nRECURRENCE-ID:{next_day}T090000Z\r\nSUMMARY:S moved\r\n"
            f"DTSTART:{next_day}T150000Z"
        )
        body = {"icsText": file(override, series, "SUMMARY:nothing", f"DTSTART:{day}T180000Z")}
        for _ in range(2):
            made = await office.did(ann, "POST", path, body)
            found = await ended(office, ann, f"{path}/{made['id']}")
            assert (found["stage"], found["foundEvents"]) == ("succeeded", 4)
            assert (found["importedEvents"], found["skippedEvents"]) == (3, 1)
            assert "icsText" not in found
        starts = await office.starts(ann)
        assert [each for each in starts if each != at(hours=9)] == [at(), at(1, 6), at(2)]
        assert await office.events("event-scheduled") == []
        bad = {"icsText": "BEGIN:VCALENDAR but not quite"}
        assert await office.refused(ann, "POST", path, bad) == "ics-malformed"
        many = {"icsText": file(*[f"DTSTART:{day}T180000Z"] * 2000)}
        await office.did(ann, "POST", path, many)
        assert await office.refused(ann, "POST", path, body) == "import-running"
        stranger = await office.person()
        assert await office.refused(stranger, "POST", path, body) == "forbidden"

    played(tmp_path, play)


def test_a_file_that_a_failure_left_lying_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(office: Office) -> None:
        ann = await office.person()
        path = f"/calendars/{await office.calendar(ann)}/imports"
        day = MONDAY.strftime("%Y%m%d")
        # without a UID an event that was written twice would be there twice
        body = {"icsText": file(*[f"DTSTART:{day}T{each:02}0000Z" for each in range(1, 6)])}
        made = await office.did(ann, "POST", path, body)
        path, write, calls = f"{path}/{made['id']}", Handlers._write, list[int]()

        async def failing_once(handlers: Handlers, *args: Any) -> Any:
            calls.append(args[-1].done)
            if len(calls) == 2:
                raise OSError("no room")
            return await write(handlers, *args)

        monkeypatch.setattr(Handlers, "_write", failing_once)
        left = await ended(office, ann, path)
        assert (left["stage"], left["importedEvents"]) == ("running", 2)
        await office.service.tick()
        assert calls == [0, 2]
        office.service.later(timedelta(seconds=60))
        found = await ended(office, ann, path)
        assert (found["stage"], found["importedEvents"]) == ("succeeded", 5)
        assert calls == [0, 2, 2, 4]
        assert len(await office.starts(ann)) == 5
        office.service.later(timedelta(days=89))
        assert (await ended(office, ann, path))["stage"] == "succeeded"
        office.service.later(timedelta(days=2))
        await office.service.tick()
        assert await office.refused(ann, "GET", path) == "not-found"

    monkeypatch.setattr(ics_imports, "_BATCH", 2)
    played(tmp_path, play)


def test_events_go_after_seven_years(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann, bob = await office.person(), await office.person()
        people = {"attendeeUserIds": [str(bob.subject)]}
        once = await office.schedule(ann, **people)
        series = await office.daily(ann, 3, startsAt=at(0, 3), endsAt=at(0, 4))
        version = f'"{series["version"]}"'
        moved = {"originalStart": at(1, 3), "startsAt": at(9), "endsAt": at(9, 1), "scope": "this"}
        path = f"/events/{series['id']}/reschedule"
        await office.did(ann, "POST", path, moved, If_Match=version)
        newer = await office.schedule(ann, startsAt=at(20), endsAt=at(20, 1))
        await office.service.settle()
        ahead = MONDAY - datetime.now(UTC)

        async def there() -> list[bool]:
            asked = [office.ask(ann, "GET", f"/events/{each['id']}") for each in (once, series)]
            return [(await each).status_code == 200 for each in asked]

        office.service.later(ahead + timedelta(days=7 * 365 - 1))
        await office.service.tick()
        assert await there() == [True, True]
        office.service.later(timedelta(days=5))
        await office.service.tick()
        assert await there() == [False, True]  # one date of the series lies later
        office.service.later(timedelta(days=7))
        for _ in range(2):
            await office.service.tick()
            office.service.later(timedelta(days=1))
        assert await there() == [False, False]
        await office.did(ann, "GET", f"/events/{newer['id']}")
        async with office.service.runtime.database.transaction(write=False) as connection:
            lines = sa.select(sa.func.count()).select_from(tables.event_attendees)
            assert await connection.scalar(lines) == 0

    played(tmp_path, play)


def test_bookings_of_long_ago_go(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann = await office.person()
        room = await office.room(ann)
        for day in (0, 60):
            await office.schedule(ann, startsAt=at(day), endsAt=at(day, 1), resourceIds=[room])
        counted = sa.select(sa.func.count()).select_from(tables.resource_slots)

        async def slots() -> int:
            async with office.service.runtime.database.transaction(write=False) as connection:
                return int(await connection.scalar(counted) or 0)

        ahead = MONDAY - datetime.now(UTC)
        for later, left in ((ahead + timedelta(days=89), 8), (timedelta(days=2), 4)):
            office.service.later(later)
            await office.service.tick()
            assert await slots() == left

    played(tmp_path, play)


def test_events_of_the_erased_are_handed_over_or_cancelled(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann, bob, eve = [await office.person() for _ in range(3)]
        meeting = await office.schedule(ann, attendeeUserIds=[str(eve.subject)])
        alone = await office.schedule(ann, startsAt=at(1), endsAt=at(1, 1))
        theirs = await office.schedule(eve, attendeeUserIds=[str(ann.subject)])
        share = {"granteeType": "user", "accessLevel": "read"}
        calendar = await office.calendar(eve)
        await office.did(eve, "PUT", f"/calendars/{calendar}/shares/{ann.subject}", share)
        erasure = str(uuid7())
        gone = {
            "userId": str(ann.subject),
            "erasureRequestId": erasure,
            "successorUserId": str(bob.subject),
        }
        for _ in range(2):
            await office.tell("user.user-deleted", gone)
        now = await office.did(bob, "GET", f"/events/{meeting['id']}")
        assert (now["organizerId"], now["calendarId"]) == (
            str(bob.subject),
            await office.calendar(bob),
        )
        cancelled = await office.events("event-cancelled")
        assert [each["eventId"] for each in cancelled] == [alone["id"]]
        now = await office.did(eve, "GET", f"/events/{theirs['id']}")
        assert now["attendeeUserIds"] == []
        shares = await office.did(eve, "GET", f"/calendars/{calendar}/shares")
        assert shares["items"] == []
        first, second = await office.events("calendar-erasure-completed")
        assert (first["userId"], first["erasureRequestId"]) == (str(ann.subject), erasure)
        assert (first["store"], second["erasedItems"]) == ("calendars", 0)
        hours = await office.did(eve, "GET", f"/working-hours/{ann.subject}")
        assert hours["items"] == []

    played(tmp_path, play)


def test_nothing_is_left_of_a_purged_organisation(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann = await office.person()
        event = await office.schedule(ann)
        other = Office(office.service, office.handlers)
        bob = await other.person()
        await other.schedule(bob)
        purged = {"organizationId": str(office.organization), "dataResidency": "euWest1"}
        for _ in range(2):
            await office.tell("user.organization-purged", purged)
        assert await office.refused(ann, "GET", f"/events/{event['id']}") == "not-found"
        assert await other.starts(bob) == [at()]

    played(tmp_path, play)
