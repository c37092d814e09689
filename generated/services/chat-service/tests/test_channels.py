"""Channels and their people, presence, exports, and what is gone."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from chat_service import messages, timers
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7

from .steps import Crew, played


def test_a_channel_is_opened_with_its_people(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        bob, guest = crew.person(), crew.person("guest")
        channel = await crew.channel("ops", bob)
        assert channel["memberCount"] == 2
        assert (await crew.seat(crew.ann, channel))["memberRole"] == "manager"
        assert (await crew.seat(bob, channel))["memberRole"] == "member"
        [made] = await crew.events("channel-created")
        [came] = await crew.events("channel-member-added")
        assert made["channelId"] == came["channelId"] == channel["id"]
        assert came["userIds"] == [str(crew.ann.subject), str(bob.subject)]
        body = {"type": "public", "name": "ops", "memberIds": []}
        assert await crew.refused(crew.ann, "POST", "/channels", body) == "channel-name-taken"
        body |= {"name": "new", "memberIds": [str(guest.subject)]}
        assert await crew.refused(crew.ann, "POST", "/channels", body) == "guest-not-allowed"
        body.pop("name")
        assert await crew.refused(crew.ann, "POST", "/channels", {**body, "memberIds": []}) == (
            "rule-broken"
        )

    played(tmp_path, play)


def test_a_small_circle_is_found_again(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        bob, eve, guest = crew.person(), crew.person(), crew.person("guest")

        def circle(kind: str, *people: Any) -> dict[str, Any]:
            return {"type": kind, "memberIds": [str(each.subject) for each in people]}

        first = await crew.did(crew.ann, "POST", "/channels", circle("direct", bob))
        again = await crew.did(bob, "POST", "/channels", circle("direct", crew.ann))
        assert (again["id"], "name" in again) == (first["id"], False)
        group = await crew.did(crew.ann, "POST", "/channels", circle("group", bob, eve))
        assert group["id"] != first["id"]
        path = f"/channels/{first['id']}/messages"
        await crew.did(crew.ann, "POST", path, {"clientMessageId": str(uuid7()), "body": "hello"})
        [told] = await crew.events("message-posted")
        assert told["recipientUserIds"] == [str(bob.subject)]
        three = circle("direct", bob, eve)
        assert await crew.refused(crew.ann, "POST", "/channels", three) == "rule-broken"
        direct = circle("direct", guest)
        assert await crew.refused(crew.ann, "POST", "/channels", direct) == "guest-not-allowed"
        await crew.founded(guestsMayDirect=True)
        await crew.did(crew.ann, "POST", "/channels", direct)
        leave = f"/channels/{first['id']}/leave"
        assert await crew.refused(bob, "POST", leave) == "direct-conversation"

    played(tmp_path, play)


def test_people_come_and_go(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        bob, eve, guest = crew.person(), crew.person(), crew.person("guest")
        channel = await crew.channel("ops", bob)
        path = f"/channels/{channel['id']}/members/change"
        add = {"add": [str(eve.subject), str(bob.subject)]}
        changed = await crew.did(bob, "POST", path, add)
        assert (changed["added"], changed["memberCount"]) == (1, 3)
        remove = {"remove": [str(eve.subject)]}
        assert await crew.refused(bob, "POST", path, remove) == "manager-needed"
        invite = {"add": [str(guest.subject)]}
        assert await crew.refused(bob, "POST", path, invite) == "manager-needed"
        assert await crew.refused(crew.ann, "POST", path, invite) == "guest-not-allowed"
        himself = {"remove": [str(crew.ann.subject)]}
        assert await crew.refused(crew.ann, "POST", path, himself) == "last-manager"
        for _ in range(2):
            changed = await crew.did(crew.ann, "POST", path, remove)
        assert (changed["removed"], changed["memberCount"]) == (0, 2)
        [gone] = await crew.events("channel-member-removed")
        assert (gone["userIds"], gone["by"]) == ([str(eve.subject)], str(crew.ann.subject))
        assert await crew.refused(eve, "GET", f"/channels/{channel['id']}") == "forbidden"
        join, leave = f"/channels/{channel['id']}/join", f"/channels/{channel['id']}/leave"
        for _ in range(2):
            view = await crew.did(eve, "POST", join)
        assert view["memberCount"] == 3
        await crew.did(eve, "POST", leave)
        assert await crew.refused(crew.ann, "POST", leave) == "last-manager"
        secret = await crew.channel("secret", type="private")
        assert await crew.refused(eve, "POST", f"/channels/{secret['id']}/join") == "forbidden"
        await crew.did(crew.ann, "POST", f"/channels/{channel['id']}/archive")
        assert await crew.refused(eve, "POST", join) == "channel-archived"

    played(tmp_path, play)


def test_reading_only_moves_forward(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        bob = crew.person()
        channel = await crew.channel("ops", bob)
        named = [{"type": "user", "targetId": str(bob.subject)}]
        said = [await crew.say(crew.ann, channel, each, mentions=named) for each in "abc"]
        path = f"/channels/{channel['id']}/read-position"
        seat = await crew.did(bob, "PUT", path, {"messageId": said[1]["id"]})
        assert (seat["lastReadMessageId"], seat["unreadMentions"]) == (said[1]["id"], 1)
        await crew.did(bob, "PUT", path, {"messageId": said[1]["id"]})
        behind = {"messageId": said[0]["id"]}
        assert await crew.refused(bob, "PUT", path, behind) == "read-position-behind"
        seat = await crew.did(bob, "PUT", path, {"messageId": said[2]["id"]})
        assert seat["unreadMentions"] == 0

    played(tmp_path, play)


def test_presence_ends_with_its_heartbeat(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        bob, guest = crew.person(), crew.person("guest")
        ask = f"/presence?userId={crew.ann.subject}&userId={bob.subject}"

        async def seen(caller: Any) -> list[str]:
            people = (await crew.did(caller, "GET", ask))["people"]
            return [each["availability"] for each in people]

        await crew.did(crew.ann, "PUT", "/presence/me", {"availability": "away"})
        assert await seen(bob) == ["away", "offline"]
        assert await seen(guest) == ["offline", "offline"]
        await crew.channel("shared", guest, type="shared")
        assert await seen(guest) == ["away", "offline"]
        silent = {"availability": "doNotDisturb"}
        assert await crew.refused(bob, "PUT", "/presence/me", silent) == "rule-broken"
        silent["expiresAt"] = (datetime.now(UTC) + timedelta(days=31)).isoformat()
        assert await crew.refused(bob, "PUT", "/presence/me", silent) == "end-out-of-range"
        silent["expiresAt"] = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        await crew.did(bob, "PUT", "/presence/me", {**silent, "statusText": "dentist"})
        crew.service.later(timedelta(minutes=5))
        assert await seen(crew.ann) == ["offline", "doNotDisturb"]
        crew.service.later(timedelta(hours=2))
        assert await seen(crew.ann) == ["offline", "offline"]
        back = await crew.did(bob, "PUT", "/presence/me", {"availability": "online"})
        assert "statusText" not in back
        suspended = {"userId": str(bob.subject), "reason": "adminAction"}
        for _ in range(2):
            await crew.tell("user.user-suspended", suspended)
        assert await seen(crew.ann) == ["offline", "offline"]

    played(tmp_path, play)


def test_another_name_is_asked_for_anew(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        bob, channel = crew.person(), await crew.channel()
        crew.guests.add(bob.subject)
        path = f"/channels/{channel['id']}/members/change"
        invite = {"add": [str(bob.subject)]}
        assert await crew.refused(crew.ann, "POST", path, invite) == "guest-not-allowed"
        crew.guests.remove(bob.subject)
        profile = {
            "userId": str(bob.subject),
            "givenName": "Bob",
            "familyName": "B",
            "skills": [],
            "audience": "organization",
            "status": "published",
        }
        for _ in range(2):
            await crew.tell("user.profile-updated", profile)
        assert (await crew.did(crew.ann, "POST", path, invite))["added"] == 1

    played(tmp_path, play)


def test_a_call_is_announced_and_concluded(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        channel = await crew.channel()
        meeting = str(uuid7())
        begun = {
            "meetingId": meeting,
            "hostId": str(crew.ann.subject),
            "channelId": channel["id"],
            "mediaRegion": "euWest1",
            "actualStart": "2030-01-01T09:00:00Z",
        }
        for _ in range(2):
            await crew.tell("collaboration.meeting-started", begun)
        assert await crew.line(crew.ann, channel) == [f"call:{meeting}"]
        [told] = await crew.events("message-posted")
        assert (told["kind"], told["channelId"]) == ("callNotice", channel["id"])
        ask = f"/presence?userId={crew.ann.subject}"
        people = (await crew.did(crew.ann, "GET", ask))["people"]
        assert people[0]["availability"] == "inMeeting"
        ended = {
            "meetingId": meeting,
            "channelId": channel["id"],
            "actualStart": "2030-01-01T09:00:00Z",
            "actualEnd": "2030-01-01T09:45:30Z",
            "peakParticipants": 2,
            "participantMinutes": 90,
        }
        for _ in range(2):
            await crew.tell("collaboration.meeting-ended", ended)
        assert await crew.line(crew.ann, channel) == [f"call:{meeting} 45 min"]
        people = (await crew.did(crew.ann, "GET", ask))["people"]
        assert people[0]["availability"] == "online"

    played(tmp_path, play)


def test_an_export_is_written_and_ends_after_a_week(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        officer = crew.person("compliance-officer")
        channel = await crew.channel()
        await crew.say(crew.ann, channel, "one")
        await crew.say(crew.ann, channel, "two")
        span = {
            "exportFrom": (datetime.now(UTC) - timedelta(days=1)).isoformat(),
            "exportTo": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        }
        path = f"/channels/{channel['id']}/exports"
        made = await crew.did(officer, "POST", path, span)
        await crew.service.tick()
        ready = await crew.did(officer, "GET", f"/exports/{made['id']}")
        assert (ready["stage"], ready["messageCount"]) == ("ready", 2)
        kept = tmp_path / "exports" / ready["objectKey"]
        with zipfile.ZipFile(io.BytesIO(kept.read_bytes())) as archive:
            lines = archive.read("messages.jsonl").decode().splitlines()
        assert [json.loads(each)["body"] for each in lines] == ["one", "two"]
        crew.service.later(timedelta(days=6))
        await crew.service.tick()
        assert kept.exists()
        crew.service.later(timedelta(days=2))
        await crew.service.tick()
        assert not kept.exists()
        ended = await crew.did(officer, "GET", f"/exports/{made['id']}")
        assert (ended["stage"], "objectKey" in ended) == ("expired", False)

    played(tmp_path, play)


def test_the_erased_and_the_departed_leave_nothing_behind(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        bob, eve = crew.person(), crew.person()
        channel = await crew.channel("ops", bob, eve)
        said = await crew.say(crew.ann, channel, "kept")
        other = await crew.say(bob, channel, "bob's")
        path = f"/messages/{other['id']}/reactions/:+1:"
        await crew.did(crew.ann, "PUT", path, {"present": True})
        left = {"userId": str(eve.subject), "endReason": "left"}
        for _ in range(2):
            await crew.tell("user.member-removed", left)
        [gone] = await crew.events("channel-member-removed")
        assert (gone["userIds"], "by" in gone) == ([str(eve.subject)], False)
        erasure = str(uuid7())
        erased = {"userId": str(crew.ann.subject), "erasureRequestId": erasure}
        for _ in range(2):
            await crew.tell("user.user-deleted", erased)
        now = await crew.did(bob, "GET", f"/messages/{said['id']}")
        assert now["body"] == "kept"
        assert str(crew.ann.subject) not in str(now)
        assert (await crew.did(bob, "GET", f"/messages/{other['id']}"))["reactions"] == []
        assert (await crew.seat(bob, channel))["memberRole"] == "manager"
        first, second = await crew.events("chat-erasure-completed")
        assert (first["userId"], first["erasureRequestId"]) == (erased["userId"], erasure)
        assert first["erasedItems"] >= 3
        assert second["erasedItems"] == 0
        purged = {"organizationId": str(crew.organization), "dataResidency": "euWest1"}
        for _ in range(2):
            await crew.tell("user.organization-purged", purged)
        assert await crew.refused(bob, "GET", f"/messages/{other['id']}") == "not-found"
        await crew.channel("ops")  # the name is free again

    played(tmp_path, play)


def test_an_export_that_cannot_be_written_is_given_up_after_six_hours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(crew: Crew) -> None:
        officer = crew.person("compliance-officer")
        channel = await crew.channel()
        span = {
            "exportFrom": (datetime.now(UTC) - timedelta(days=1)).isoformat(),
            "exportTo": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        }
        made = await crew.did(officer, "POST", f"/channels/{channel['id']}/exports", span)
        tries = list[str]()

        def put(key: str, content: bytes) -> None:
            tries.append(key)
            raise OSError("no room")

        monkeypatch.setattr(crew.handlers.archives, "put", put)
        for _ in range(2):
            await crew.service.tick()
            crew.service.later(timedelta(hours=3))
        waiting = await crew.did(officer, "GET", f"/exports/{made['id']}")
        assert (waiting["stage"], len(tries) > 1, len(set(tries))) == ("queued", True, 1)
        await crew.service.tick()
        failed = await crew.did(officer, "GET", f"/exports/{made['id']}")
        assert (failed["stage"], failed["exportFailure"]) == ("failed", "storage-unavailable")

    played(tmp_path, play)


def test_tombstones_stay_for_a_month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(crew: Crew) -> None:
        await crew.founded(defaultRetentionDays=1)
        channel = await crew.channel()
        for text in ("one", "two", "three"):
            await crew.say(crew.ann, channel, text)
        crew.service.later(timedelta(days=2))
        await crew.say(crew.ann, channel, "new")
        await crew.service.tick()
        assert len(await crew.events("message-purged")) == 3
        assert await stored(crew, channel) == 4
        crew.service.later(timedelta(days=29))
        await crew.service.tick("drop-tombstones")
        assert await stored(crew, channel) == 4
        crew.service.later(timedelta(days=2))
        await crew.service.tick("drop-tombstones")
        assert await stored(crew, channel) == 1

    monkeypatch.setattr(messages, "_AT_ONCE", 2)
    monkeypatch.setattr(timers, "_AT_ONCE", 2)
    played(tmp_path, play)


async def stored(crew: Crew, channel: Any) -> int:
    """How many messages of a channel there are, those without words included."""
    found = 0

    async def count(ctx: Context) -> None:
        nonlocal found
        found = await crew.handlers.message.count(ctx, channelId=channel["id"])

    await crew.inside(count)
    return found


def test_a_message_of_long_ago_keeps_nothing_behind_it(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        await crew.founded(defaultRetentionDays=5)
        channel = await crew.channel()
        soon = (datetime.now(UTC) + timedelta(days=6)).isoformat()
        body = {"clientMessageId": str(uuid7()), "body": "written early", "sendAt": soon}
        await crew.did(crew.ann, "POST", f"/channels/{channel['id']}/scheduled-messages", body)
        await crew.say(crew.ann, channel, "old")
        crew.service.later(timedelta(days=7))
        await crew.service.tick()
        assert await crew.line(crew.ann, channel) == ["written early"]

    played(tmp_path, play)


def test_presences_go_that_no_heartbeat_keeps(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        ann, bob, eve = crew.ann, crew.person(), crew.person()
        await crew.did(ann, "PUT", "/presence/me", {"availability": "online"})
        away = {"availability": "away", "statusText": "At sea"}
        end = (datetime.now(UTC) + timedelta(days=2)).isoformat()
        await crew.did(bob, "PUT", "/presence/me", {**away, "expiresAt": end})
        crew.service.later(timedelta(hours=1))
        await crew.did(eve, "PUT", "/presence/me", {"availability": "online"})
        await crew.service.tick()
        assert await known(crew) == {bob.subject, eve.subject}
        crew.service.later(timedelta(days=2))
        await crew.did(eve, "PUT", "/presence/me", {"availability": "online"})
        await crew.service.tick()
        assert await known(crew) == {eve.subject}

    played(tmp_path, play)


async def known(crew: Crew) -> set[UUID]:
    """Of whom there is a presence."""
    found = set[UUID]()

    async def look(ctx: Context) -> None:
        found.update([each.user_id async for each in crew.handlers.presence.each(ctx)])

    await crew.inside(look)
    return found


def test_words_end_with_their_retention_unless_a_court_keeps_them(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        officer = crew.person("compliance-officer")
        kept, short = await crew.channel("kept"), await crew.channel("short")
        await crew.founded(defaultRetentionDays=1)
        old = await crew.say(crew.ann, short, "old")
        await crew.say(crew.ann, kept, "kept")
        hold = {"legalHold": True, "caseNumber": "CASE-1"}
        await crew.did(officer, "POST", f"/channels/{kept['id']}/preserve", hold)
        crew.service.later(timedelta(days=2))
        await crew.say(crew.ann, short, "new")
        for _ in range(2):
            await crew.service.tick()
        assert await crew.line(crew.ann, short) == ["new"]
        assert await crew.line(crew.ann, kept) == ["kept"]
        [told] = await crew.events("message-purged")
        assert (told["messageId"], told["policy"]) == (old["id"], "organizationRetention")
        await crew.did(crew.ann, "POST", f"/channels/{short['id']}/archive")
        await crew.service.tick()
        assert await crew.seat(crew.ann, short) is not None
        crew.service.later(timedelta(days=2))
        for _ in range(2):
            await crew.service.tick("purge-by-retention", "delete-channel")
        assert await crew.seat(crew.ann, short) is None
        public = (await crew.did(crew.ann, "GET", "/channels/public"))["items"]
        assert [each["name"] for each in public] == ["kept"]
        every = (await crew.did(officer, "GET", "/channels"))["items"]
        assert [each["name"] for each in every] == ["kept"]
        assert await crew.refused(officer, "GET", f"/channels/{short['id']}") == "not-found"
        assert (
            await crew.refused(crew.ann, "GET", f"/channels/{short['id']}/messages") == "not-found"
        )
        assert await crew.line(crew.ann, kept) == ["kept"]

    played(tmp_path, play)
