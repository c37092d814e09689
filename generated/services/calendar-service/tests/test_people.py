"""Invitations and answers, calendars and shares, and when people are free."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from calendar_service import farewells
from calendar_service.handlers import Handlers
from cloudsync_chassis.ids import uuid7

from .steps import Office, at, played


def membership(office: Office, *teams: str, role: str = "member") -> dict[str, Any]:
    """A membership as org-service tells it."""
    return {
        "id": str(uuid7()),
        "organizationId": str(office.organization),
        "createdAt": "2030-01-02T03:04:05Z",
        "updatedAt": "2030-01-02T03:04:05Z",
        "version": 1,
        "userId": str(uuid7()),
        "role": role,
        "seatType": "full",
        "teamIds": list(teams),
        "lastOwner": False,
        "joinedAt": "2030-01-02T03:04:05Z",
    }


async def policy(office: Office, **rules: Any) -> None:
    """An organisation with rules of its own."""
    founded = {
        "organizationId": str(office.organization),
        "slug": "acme",
        "edition": "team",
        "dataResidency": "euWest1",
        "ownerUserId": str(uuid7()),
    }
    await office.tell("user.organization-created", founded)
    admin = await office.person("org-admin")
    path = f"/policies/{office.organization}"
    await office.did(admin, "PATCH", path, rules, If_Match='"1"')


def test_people_are_invited_and_uninvited(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        await policy(office, outsideInvitationsPerDay=1)
        ann, bob, eve = [await office.person() for _ in range(3)]
        room = await office.room(ann, capacity=3)
        event = await office.schedule(ann, resourceIds=[room])
        path = f"/events/{event['id']}/attendees"
        line = await office.did(ann, "POST", path, {"userId": str(bob.subject)})
        again = {"userId": str(bob.subject)}
        assert await office.refused(ann, "POST", path, again) == "already-invited"
        outside = {"emailAddress": "Guest@Example.com", "calledName": "G"}
        await office.did(ann, "POST", path, outside)
        assert await office.refused(ann, "POST", path, outside) == "already-invited"
        one_more = {"userId": str(eve.subject)}
        assert await office.refused(ann, "POST", path, one_more) == "room-too-small"
        other = await office.schedule(ann, startsAt=at(1), endsAt=at(1, 1))
        second = {"emailAddress": "second@example.com"}
        to_other = f"/events/{other['id']}/attendees"
        assert await office.refused(ann, "POST", to_other, second) == "outside-limit-reached"
        assert await office.refused(ann, "POST", to_other, {}) == "validation-failed"
        unknown = {"userId": str(uuid7())}
        assert await office.refused(ann, "POST", to_other, unknown) == "reference-unknown"
        seen = await office.did(bob, "GET", path)
        assert all("emailAddress" not in each for each in seen["items"])
        own = await office.did(ann, "GET", path)
        assert "guest@example.com" in {each.get("emailAddress") for each in own["items"]}
        assert await office.busy(ann, bob.subject) == [(at(), at(hours=1), "busy")]
        for _ in range(2):
            await office.did(ann, "DELETE", f"{path}/{line['id']}")
        assert await office.refused(bob, "GET", f"/events/{event['id']}") == "forbidden"
        assert await office.busy(ann, bob.subject) == []

    played(tmp_path, play)


def test_invitations_are_answered(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann, bob, eve = [await office.person() for _ in range(3)]
        event = await office.schedule(ann, attendeeUserIds=[str(bob.subject)])
        path = f"/events/{event['id']}/responses/me"
        assert await office.refused(eve, "PUT", path, {"response": "accepted"}) == "not-invited"
        perhaps = {"response": "tentative", "proposedStart": at(2)}
        for _ in range(2):
            line = await office.did(bob, "PUT", path, perhaps)
        assert (line["response"], line["answeredSequence"]) == ("tentative", 0)
        [told] = await office.events("invitation-answered")
        assert (told["eventId"], told["userId"]) == (event["id"], str(bob.subject))
        early = {"response": "accepted", "proposedStart": at(2)}
        assert await office.refused(bob, "PUT", path, early) == "rule-broken"
        await office.did(bob, "PUT", path, {"response": "declined"})
        assert await office.busy(ann, bob.subject) == []
        instead = {"response": "delegated", "delegateId": str(eve.subject)}
        await office.did(bob, "PUT", path, instead)
        await office.did(eve, "PUT", path, {"response": "accepted"})
        lines = await office.did(ann, "GET", f"/events/{event['id']}/attendees")
        assert {each["response"] for each in lines["items"]} == {"delegated", "accepted"}
        assert await office.busy(ann, eve.subject) == [(at(), at(hours=1), "busy")]
        office.service.later(timedelta(days=60))
        late = {"response": "declined"}
        assert await office.refused(eve, "PUT", path, late) == "event-already-over"

    played(tmp_path, play)


def test_calendars_are_opened_for_oneself_and_for_ones_team(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann, bob, team = await office.person(), await office.person(), str(uuid7())
        body = {
            "name": "Ours",
            "ownerType": "team",
            "ownerId": team,
            "defaultTimeZone": "Europe/Berlin",
        }
        assert await office.refused(ann, "POST", "/calendars", body) == "not-yours-to-open"
        office.service.answers("org-service", "getMembership", membership(office, team))
        made = await office.did(ann, "POST", "/calendars", body)
        [told] = await office.events("calendar-shared")
        assert (told["calendarId"], told["accessLevel"]) == (made["id"], "manage")
        event = {"summary": "x", "startsAt": at(), "endsAt": at(hours=1), "timeZone": "Etc/UTC"}
        await office.did(ann, "POST", f"/calendars/{made['id']}/events", event)
        assert await office.refused(ann, "POST", "/calendars", body) == "calendar-name-taken"
        theirs = {**body, "ownerType": "user", "ownerId": str(bob.subject)}
        assert await office.refused(ann, "POST", "/calendars", theirs) == "not-yours-to-open"
        mine = {**theirs, "ownerId": str(ann.subject)}
        moon = {**mine, "defaultTimeZone": "Moon/Crater"}
        assert await office.refused(ann, "POST", "/calendars", moon) == "rule-broken"
        for number in range(49):
            await office.did(ann, "POST", "/calendars", {**mine, "name": str(number)})
        full = await office.refused(ann, "POST", "/calendars", {**mine, "name": "full"})
        assert full == "calendar-limit-reached"
        primary = await office.calendar(bob)
        assert await office.refused(bob, "DELETE", f"/calendars/{primary}") == "primary-calendar"
        path = f"/calendars/{made['id']}"
        answer = await office.ask(ann, "DELETE", path)
        assert (answer.status_code, answer.json()["events"]) == (409, 1)
        assert await office.refused(bob, "DELETE", path) == "forbidden"
        office.service.later(timedelta(days=60))
        await office.did(ann, "DELETE", path)
        assert await office.refused(ann, "GET", path) == "not-found"

    played(tmp_path, play)


def test_shares_let_people_in_as_far_as_they_say(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann, bob = await office.person(), await office.person()
        await office.schedule(ann, summary="Open")
        secret = {"summary": "Secret", "visibility": "private"}
        await office.schedule(ann, startsAt=at(1), endsAt=at(1, 1), **secret)
        calendar = await office.calendar(ann)
        path = f"/calendars/{calendar}/shares/{bob.subject}"
        look = f"/calendars/{calendar}/occurrences?from={at(-1)}&to={at(7)}"
        assert await office.refused(bob, "GET", look) == "forbidden"
        share = {"granteeType": "user", "accessLevel": "read"}
        for _ in range(2):
            await office.did(ann, "PUT", path, share)
        [told] = await office.events("calendar-shared")
        assert (told["calendarId"], told["granteeId"]) == (calendar, str(bob.subject))
        seen = (await office.did(bob, "GET", look))["occurrences"]
        assert [each.get("summary") for each in seen] == ["Open", None]
        own = (await office.did(ann, "GET", look))["occurrences"]
        assert [each["summary"] for each in own] == ["Open", "Secret"]
        wide = f"/calendars/{calendar}/occurrences?from={at()}&to={at(93)}"
        assert await office.refused(bob, "GET", wide) == "window-too-wide"
        await office.did(ann, "DELETE", path)
        assert await office.refused(bob, "GET", look) == "forbidden"
        everybody = f"/calendars/{calendar}/shares/{office.organization}"
        await office.did(
            ann, "PUT", everybody, {"granteeType": "organisation", "accessLevel": "read"}
        )
        assert len((await office.did(bob, "GET", look))["occurrences"]) == 2
        other = f"/calendars/{calendar}/shares/{uuid7()}"
        wrong = {"granteeType": "organisation", "accessLevel": "read"}
        assert await office.refused(ann, "PUT", other, wrong) == "rule-broken"
        await office.did(ann, "DELETE", everybody)
        team = str(uuid7())
        office.service.answers("org-service", "getMembership", membership(office, team))
        to_team = f"/calendars/{calendar}/shares/{team}"
        await office.did(ann, "PUT", to_team, {"granteeType": "team", "accessLevel": "write"})
        seen = (await office.did(bob, "GET", look))["occurrences"]
        assert [each["summary"] for each in seen] == ["Open", "Secret"]

    played(tmp_path, play)


def test_shares_end_with_their_holiday_and_with_a_membership(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann, bob, eve = [await office.person() for _ in range(3)]
        calendar = await office.calendar(ann)
        path = f"/calendars/{calendar}/shares"
        share = {"granteeType": "user", "accessLevel": "write", "lapsesAt": at()}
        await office.did(ann, "PUT", f"{path}/{bob.subject}", share)
        share.pop("lapsesAt")
        await office.did(ann, "PUT", f"{path}/{eve.subject}", share)
        feed = await office.did(ann, "POST", f"/calendars/{calendar}/ics-token/rotate")
        assert feed["feedUrl"].endswith(f"{feed['feedToken']}.ics")
        other = await office.did(ann, "POST", f"/calendars/{calendar}/ics-token/rotate")
        assert other["feedToken"] != feed["feedToken"]
        await office.service.tick()
        assert len((await office.did(ann, "GET", path))["items"]) == 2
        office.service.later(timedelta(days=60))
        await office.service.tick()
        shares = (await office.did(ann, "GET", path))["items"]
        assert [each["granteeId"] for each in shares] == [str(eve.subject)]
        for _ in range(2):
            left = {"userId": str(eve.subject), "endReason": "left"}
            await office.tell("user.member-removed", left)
        assert (await office.did(ann, "GET", path))["items"] == []
        assert "icsTokenIssuedAt" not in await office.did(ann, "GET", f"/calendars/{calendar}")

    played(tmp_path, play)


def test_the_policy_keeps_calendars_inside(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        await policy(office, sharingOutside=False)
        ann, guest = await office.person(), await office.person("guest")
        calendar = await office.calendar(ann)
        guests = membership(office, role="guest")
        office.service.answers("org-service", "getMembership", guests)
        path = f"/calendars/{calendar}/shares/{guest.subject}"
        body = {"granteeType": "user", "accessLevel": "read"}
        assert await office.refused(ann, "PUT", path, body) == "external-sharing-disabled"
        rotate = f"/calendars/{calendar}/ics-token/rotate"
        assert await office.refused(ann, "POST", rotate) == "external-sharing-disabled"
        office.service.answers("org-service", "getMembership", membership(office))
        for _ in range(200):
            path = f"/calendars/{calendar}/shares/{uuid7()}"
            await office.did(ann, "PUT", path, body)
        path = f"/calendars/{calendar}/shares/{uuid7()}"
        assert await office.refused(ann, "PUT", path, body) == "share-limit-reached"

    played(tmp_path, play)


def test_a_working_week_is_set_as_a_whole(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann, bob = await office.person(), await office.person(zone="Asia/Riyadh")
        path = f"/working-hours/{ann.subject}"
        week = await office.did(bob, "GET", path)
        assert [each["weekday"] for each in week["items"]] == [1, 2, 3, 4, 5]
        week = await office.did(bob, "GET", f"/working-hours/{bob.subject}")
        assert [each["weekday"] for each in week["items"]] == [1, 2, 3, 4, 7]
        morning = {"weekday": 1, "opensAt": "08:00", "closesAt": "12:00", "place": "office"}
        night = {"weekday": 1, "opensAt": "20:00", "closesAt": "24:00", "place": "remote"}
        body = {"zone": "Europe/Berlin", "stretches": [night, morning]}
        for _ in range(2):
            found = await office.did(ann, "PUT", path, body)
        assert [each["opensAt"] for each in found["items"]] == ["08:00", "20:00"]
        assert len((await office.did(ann, "GET", path))["items"]) == 2
        clash = {**body, "stretches": [morning, {**morning, "opensAt": "11:00"}]}
        assert await office.refused(ann, "PUT", path, clash) == "hours-overlap"
        assert await office.refused(bob, "PUT", path, body) == "forbidden"
        backwards = {**body, "stretches": [{**morning, "closesAt": "07:00"}]}
        assert await office.refused(ann, "PUT", path, backwards) == "rule-broken"

    played(tmp_path, play)


def test_hours_that_suit_everybody(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann, bob, eve = [await office.person() for _ in range(3)]
        small, large = await office.room(ann, "S", 3), await office.room(ann, "L", 9)
        await office.schedule(ann, resourceIds=[small])
        await office.schedule(bob, startsAt=at(hours=1), endsAt=at(hours=2))
        await office.schedule(eve, startsAt=at(hours=2), endsAt=at(hours=3))

        async def ready() -> bool:
            return all([await office.busy(ann, each.subject) for each in (ann, bob, eve)])

        await office.until(ready)
        body = {
            "requiredUserIds": [str(ann.subject), str(bob.subject)],
            "optionalUserIds": [str(eve.subject)],
            "roomIds": [small, large],
            "durationMinutes": 60,
            "horizon": {"from": at(), "to": at(hours=4)},
            "limit": 3,
        }
        found = await office.did(ann, "POST", "/free-slots/search", body)
        slots = found["slots"]
        assert [(each["slotStart"], each["availableCount"]) for each in slots] == [
            (at(hours=3), 3),
            (at(hours=2), 2),
            (at(hours=2.25), 2),
        ]
        assert slots[0]["freeResourceIds"] == [small, large]
        assert slots[1]["missingUserIds"] == [str(eve.subject)]
        tight = {**body, "horizon": {"from": at(hours=1), "to": at(hours=2)}}
        nothing = await office.did(ann, "POST", "/free-slots/search", tight)
        assert nothing == {"slots": [], "tightestUserId": str(bob.subject)}
        early = {**body, "horizon": {"from": at(hours=-6), "to": at(hours=4)}}
        early["respectWorkingHours"] = True
        found = await office.did(ann, "POST", "/free-slots/search", early)
        assert found["slots"][0]["slotStart"] == at(hours=3)
        far = {**body, "horizon": {"from": at(), "to": at(31)}}
        refusal = await office.refused(ann, "POST", "/free-slots/search", far)
        assert refusal == "horizon-too-far"
        stranger = {**body, "requiredUserIds": [str(uuid7())]}
        refusal = await office.refused(ann, "POST", "/free-slots/search", stranger)
        assert refusal == "attendee-unknown"

    played(tmp_path, play)


def test_busy_times_say_no_more_than_they_should(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        await policy(office, hideBusyTimes=True)
        ann, bob = await office.person(), await office.person()
        await office.schedule(ann)
        await office.schedule(ann, startsAt=at(hours=1), endsAt=at(hours=2), visibility="private")
        await office.schedule(ann, startsAt=at(1), endsAt=at(1, 1), transparency="transparent")

        async def ready() -> bool:
            return await office.busy(ann, ann.subject) == [(at(), at(hours=2), "busy")]

        await office.until(ready)
        path = f"/free-busy?userIds={ann.subject}&from={at(0)}&to={at(1)}"
        [person] = (await office.did(bob, "GET", path))["people"]
        assert (person["unknown"], person["busyTimes"]) == (True, [])
        share = {"granteeType": "user", "accessLevel": "freeBusy"}
        calendar = await office.calendar(ann)
        await office.did(ann, "PUT", f"/calendars/{calendar}/shares/{bob.subject}", share)
        [person] = (await office.did(bob, "GET", path))["people"]
        assert [(each["kind"], each["from"]) for each in person["busyTimes"]] == [
            ("busy", at()),
            ("unavailable", at(hours=8.5)),
        ]
        assert person["timeZone"] == "Etc/UTC"
        wide = f"/free-busy?userIds={ann.subject}&from={at(0)}&to={at(63)}"
        assert await office.refused(bob, "GET", wide) == "window-too-wide"

    played(tmp_path, play)


def test_the_horizon_of_a_series_moves_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(office: Office) -> None:
        ann = await office.person()
        one = await office.daily(ann, 30)
        other = await office.daily(ann, 30, startsAt=at(hours=3), endsAt=at(hours=4))

        async def days() -> int:
            path = f"/free-busy?userIds={ann.subject}&from={at()}&to={at(40)}"
            [person] = (await office.did(ann, "GET", path))["people"]
            return sum(each["kind"] == "busy" for each in person["busyTimes"])

        await office.service.settle()
        first = await days()
        assert 0 < first < 60  # forty days from now on, and no further
        await office.service.tick()
        assert await days() == first
        rebuilt, block = list[Any](), Handlers.block_people

        async def counted(handlers: Handlers, ctx: Any, event: Any, users: Any = None) -> int:
            rebuilt.append(event.id)
            return await block(handlers, ctx, event, users)

        monkeypatch.setattr(Handlers, "block_people", counted)
        office.service.later(timedelta(days=20))
        await office.service.tick()
        assert await days() == 60
        # more than one transaction takes: the second series waits for a round of its own
        assert sorted(map(str, rebuilt)) == sorted([one["id"], other["id"]])
        office.service.later(timedelta(minutes=10))
        await office.service.tick()
        assert len(rebuilt) == 2  # their blocks go to the horizon

    monkeypatch.setattr(farewells, "_AT_A_TIME", 1)
    played(tmp_path, play, expansion_horizon_days=40)


def test_blocks_of_long_ago_go(tmp_path: Path) -> None:
    async def play(office: Office) -> None:
        ann = await office.person()
        for day in (0, 100):
            await office.schedule(ann, startsAt=at(day), endsAt=at(day, 1))
        await office.service.settle()

        async def blocked(day: int) -> list[str]:
            path = f"/free-busy?userIds={ann.subject}&from={at(day)}&to={at(day + 1)}"
            [person] = (await office.did(ann, "GET", path))["people"]
            return [each["from"] for each in person["busyTimes"] if each["kind"] == "busy"]

        office.service.later(timedelta(days=60))
        await office.service.tick()
        assert await blocked(0) == [at()]
        office.service.later(timedelta(days=65))
        await office.service.tick()
        assert (await blocked(0), await blocked(100)) == ([], [at(100)])

    played(tmp_path, play)
