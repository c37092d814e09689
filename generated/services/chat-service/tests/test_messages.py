"""Messages: said, answered, corrected, taken back, held and found again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from chat_service.ports import PatternFilter
from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.ids import uuid7

from .steps import Crew, played


def mention(user: Any) -> dict[str, str]:
    return {"type": "user", "targetId": str(user.subject)}


def test_a_message_is_posted_once_and_rings_whom_it_names(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        bob, eve = crew.person(), crew.person()
        channel = await crew.channel("ops", bob)
        body = {
            "clientMessageId": str(uuid7()),
            "body": "Pay 4111 1111 1111 1111",
            "mentions": [mention(bob), mention(eve), mention(crew.ann)],
        }
        path = f"/channels/{channel['id']}/messages"
        first = await crew.did(crew.ann, "POST", path, body)
        again = await crew.did(crew.ann, "POST", path, body)
        assert again["id"] == first["id"]
        [told] = await crew.events("message-posted")
        assert (told["messageId"], told["channelId"]) == (first["id"], channel["id"])
        assert (told["mentionedUserIds"], told["excerpt"]) == ([str(bob.subject)], "Pay •••")
        assert (await crew.seat(bob, channel))["unreadMentions"] == 1
        assert await crew.mute(eve, channel) == "forbidden"
        assert await crew.line(bob, channel) == ["Pay 4111 1111 1111 1111"]
        assert await crew.mute(bob, channel, "") == "invariant-broken"

    played(tmp_path, play)


def test_excerpts_hide_what_must_not_leak() -> None:
    masked = PatternFilter().masked
    assert masked("card 4111-1111-1111-1111!") == "card •••!"
    assert masked("order 4111-1111-1111-1112") == "order 4111-1111-1111-1112"
    assert masked("key AKIAABCDEFGHIJKLMNOP") == "key •••"


def test_who_may_write_where(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        guest, bob = crew.person("guest"), crew.person()
        shared = await crew.channel("shared", guest, bob, type="shared")
        await crew.say(guest, shared)
        path = f"/channels/{shared['id']}"
        version = (await crew.did(crew.ann, "GET", path))["version"]
        rule = {"postingPolicy": "membersOnly"}
        await crew.did(crew.ann, "PATCH", path, rule, If_Match=f'"{version}"')
        assert await crew.mute(guest, shared) == "posting-restricted"
        rule = {"postingPolicy": "managersOnly"}
        await crew.did(crew.ann, "PATCH", path, rule, If_Match=f'"{version + 1}"')
        assert await crew.mute(bob, shared) == "posting-restricted"
        await crew.say(crew.ann, shared)
        await crew.did(crew.ann, "POST", f"{path}/archive")
        assert await crew.mute(crew.ann, shared) == "channel-archived"
        other = await crew.channel("other")
        await crew.founded()
        leaving = {
            "organizationId": str(crew.organization),
            "deletionRequestedBy": str(uuid7()),
            "purgeAfter": "2031-01-01T00:00:00Z",
        }
        await crew.tell("user.organization-deleted", leaving)
        assert await crew.mute(crew.ann, other) == "chat-frozen"

    played(tmp_path, play)


def test_nobody_floods_a_channel(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        channel = await crew.channel()
        for _ in range(3):
            await crew.say(crew.ann, channel)
        assert await crew.mute(crew.ann, channel) == "rate-limited"
        crew.service.later(timedelta(seconds=11))
        await crew.say(crew.ann, channel)

    played(tmp_path, play, posts_per_ten_seconds=3)


def test_a_large_channel_is_called_seldom_and_by_team_managers(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        await crew.founded(broadcastThreshold=50)
        people = [crew.person() for _ in range(60)]
        manager = crew.person("member", "team-manager")
        channel = await crew.channel("all", manager, *people)
        everybody = [{"type": "channel"}]
        assert await crew.mute(crew.ann, channel, mentions=everybody) == "posting-restricted"
        await crew.say(manager, channel, mentions=everybody)
        told = (await crew.events("message-posted"))[-1]
        assert len(told["mentionedUserIds"]) == 61
        assert await crew.mute(manager, channel, mentions=everybody) == "posting-restricted"
        crew.service.later(timedelta(minutes=11))
        await crew.say(manager, channel, mentions=everybody)
        await crew.did(people[0], "PUT", "/presence/me", {"availability": "online"})
        crew.service.later(timedelta(minutes=11))
        await crew.did(people[0], "PUT", "/presence/me", {"availability": "online"})
        await crew.say(manager, channel, mentions=[{"type": "here"}])
        told = (await crew.events("message-posted"))[-1]
        assert told["mentionedUserIds"] == [str(people[0].subject)]

    played(tmp_path, play)


def test_answers_stand_in_their_thread(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        channel, other = await crew.channel(), await crew.channel("other")
        root = await crew.say(crew.ann, channel, "root")
        answer = await crew.say(crew.ann, channel, "answer", threadRootId=root["id"])
        also = {"threadRootId": root["id"], "alsoToChannel": True}
        await crew.say(crew.ann, channel, "loud", **also)
        assert await crew.line(crew.ann, channel) == ["loud", "root"]
        thread = f"?threadRootId={root['id']}"
        assert await crew.line(crew.ann, channel, thread) == ["loud", "answer"]
        now = await crew.did(crew.ann, "GET", f"/messages/{root['id']}")
        assert now["replyCount"] == 2
        assert await crew.mute(crew.ann, channel, threadRootId=answer["id"]) == "reference-unknown"
        assert await crew.mute(crew.ann, other, threadRootId=root["id"]) == "reference-unknown"

    played(tmp_path, play)


def test_a_message_waits_for_its_hour(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        bob = crew.person()
        channel, closed = await crew.channel("ops", bob), await crew.channel("closed")
        path = f"/channels/{channel['id']}/scheduled-messages"
        soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        body = {"clientMessageId": str(uuid7()), "body": "later", "sendAt": soon}
        waiting = await crew.did(bob, "POST", path, body)
        there = {**body, "clientMessageId": str(uuid7())}
        lost_path = f"/channels/{closed['id']}/scheduled-messages"
        lost = await crew.did(crew.ann, "POST", lost_path, there)
        assert waiting["status"] == "scheduled"
        assert await crew.line(bob, channel) == []
        assert await crew.refused(crew.ann, "GET", f"/messages/{waiting['id']}") == "not-found"
        await crew.did(bob, "GET", f"/messages/{waiting['id']}")
        now = {**body, "clientMessageId": str(uuid7()), "sendAt": datetime.now(UTC).isoformat()}
        assert await crew.refused(bob, "POST", path, now) == "send-time-out-of-range"
        await crew.did(crew.ann, "POST", f"/channels/{closed['id']}/archive")
        await crew.service.tick()
        assert await crew.line(bob, channel) == []
        crew.service.later(timedelta(hours=2))
        for _ in range(2):
            await crew.service.tick()
        assert await crew.line(bob, channel) == ["later"]
        [told] = await crew.events("message-posted")
        assert (told["messageId"], told["channelId"]) == (waiting["id"], channel["id"])
        [gone] = await crew.events("message-retracted")
        assert gone["messageId"] == lost["id"]
        far = (datetime.now(UTC) + timedelta(days=10)).isoformat()
        for _ in range(100):
            await crew.did(
                bob, "POST", path, {**body, "clientMessageId": str(uuid7()), "sendAt": far}
            )
        one_more = {**body, "clientMessageId": str(uuid7()), "sendAt": far}
        assert await crew.refused(bob, "POST", path, one_more) == "schedule-limit-reached"

    played(tmp_path, play)


def test_words_are_corrected_for_a_while(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        bob = crew.person()
        channel = await crew.channel("ops", bob)
        said = await crew.say(crew.ann, channel, "Helo")
        path, better = f"/messages/{said['id']}", {"body": "Hello", "mentions": [mention(bob)]}
        assert await crew.refused(bob, "PATCH", path, better, If_Match='"1"') == "forbidden"
        after = await crew.did(crew.ann, "PATCH", path, better, If_Match='"1"')
        assert (after["status"], after["editCount"]) == ("edited", 1)
        [told] = await crew.events("message-edited")
        assert (told["channelId"], told["excerpt"]) == (channel["id"], "Hello")
        assert (await crew.seat(bob, channel))["unreadMentions"] == 1
        kept = crew.handlers.wordings.of(crew.organization, after_id(after))
        assert kept == ["Helo"]
        assert await crew.refused(crew.ann, "PATCH", path, better, If_Match='"1"') == (
            "version-conflict"
        )
        crew.service.later(timedelta(hours=25))
        late = await crew.refused(crew.ann, "PATCH", path, better, If_Match='"2"')
        assert late == "edit-window-closed"

    played(tmp_path, play)


def after_id(message: Any) -> Any:
    return UUID(message["id"])


def test_words_are_taken_back(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        bob, officer = crew.person(), crew.person("compliance-officer")
        channel = await crew.channel("ops", bob)
        mine, theirs = await crew.say(bob, channel, "a"), await crew.say(bob, channel, "b")
        await crew.did(bob, "PUT", f"/messages/{mine['id']}/reactions/:tada:", {"present": True})
        for _ in range(2):
            gone = await crew.did(bob, "POST", f"/messages/{mine['id']}/retract", {})
        assert (gone["status"], gone["body"], gone["reactions"]) == ("retracted", "", [])
        assert gone["retractedBy"] == str(bob.subject)
        path = f"/messages/{theirs['id']}/retract"
        assert await crew.refused(crew.ann, "POST", path, {}) == "retract-reason-missing"
        stranger = crew.person()
        assert await crew.refused(stranger, "POST", path, {}) == "forbidden"
        hold = {"legalHold": True, "caseNumber": "CASE-1"}
        await crew.did(officer, "POST", f"/channels/{channel['id']}/preserve", hold)
        reason = {"retractReason": "off topic"}
        assert await crew.refused(crew.ann, "POST", path, reason) == "retraction-suspended"
        hold["legalHold"] = False
        await crew.did(officer, "POST", f"/channels/{channel['id']}/preserve", hold)
        await crew.did(crew.ann, "POST", path, reason)
        told = await crew.events("message-retracted")
        assert [each["messageId"] for each in told] == [mine["id"], theirs["id"]]
        assert {each["channelId"] for each in told} == {channel["id"]}

    played(tmp_path, play)


def test_reactions_are_counted_by_person(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        bob = crew.person()
        channel = await crew.channel("ops", bob)
        said = await crew.say(bob, channel)
        path = f"/messages/{said['id']}/reactions/"
        for caller in (crew.ann, bob, bob):
            await crew.did(caller, "PUT", f"{path}:+1:", {"present": True})
        after = await crew.did(bob, "PUT", f"{path}:tada:", {"present": True})
        assert after["reactions"] == [
            {"emoji": ":+1:", "count": 2},
            {"emoji": ":tada:", "count": 1},
        ]
        await crew.did(bob, "PUT", f"{path}:+1:", {"present": False})
        after = await crew.did(crew.ann, "PUT", f"{path}:+1:", {"present": False})
        assert after["reactions"] == [{"emoji": ":tada:", "count": 1}]
        for number in range(99):
            await crew.did(bob, "PUT", f"{path}:e{number}:", {"present": True})
        refusal = await crew.refused(bob, "PUT", f"{path}:one_more:", {"present": True})
        assert refusal == "reaction-limit-reached"
        stranger = crew.person()
        assert await crew.refused(stranger, "PUT", f"{path}:+1:", {"present": True}) == "forbidden"

    played(tmp_path, play)


def test_what_is_held_is_seen_by_officers_alone(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        officer, file = crew.person("compliance-officer"), str(uuid7())
        channel = await crew.channel()
        said = await crew.say(crew.ann, channel, "secret")
        sick = await crew.say(crew.ann, channel, "", kind="fileShare", attachmentIds=[file])
        hold = {"holdReason": "userReport", "caseNumber": "CASE-7"}
        path = f"/messages/{said['id']}"
        await crew.did(officer, "POST", f"{path}/hold", hold)
        found = {"fileId": file, "threatName": "Eicar", "scanVerdict": "infected"}
        for _ in range(2):
            await crew.tell("content.file-quarantined", found)
        assert await crew.line(crew.ann, channel) == []
        assert await crew.refused(crew.ann, "GET", path) == "not-found"
        assert await crew.line(officer, channel) == ["", "secret"]
        held = await crew.events("message-held")
        assert [each["messageId"] for each in held] == [said["id"], sick["id"]]
        assert {each["channelId"] for each in held} == {channel["id"]}
        wrong = {"caseNumber": "CASE-8"}
        assert await crew.refused(officer, "POST", f"{path}/release", wrong) == "case-mismatch"
        await crew.did(officer, "POST", f"{path}/release", {"caseNumber": "CASE-7"})
        [told] = await crew.events("message-released")
        assert (told["caseNumber"], told["excerpt"]) == ("CASE-7", "secret")
        assert await crew.line(crew.ann, channel) == ["secret"]

    played(tmp_path, play)


def test_only_clean_files_are_posted(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        channel = await crew.channel()
        crew.service.answers(
            "file-service", "getFile", lambda call: RefusedError(call, 404, {"title": "x"})
        )
        refusal = await crew.mute(crew.ann, channel, attachmentIds=[str(uuid7())])
        assert refusal == "attachment-not-clean"

    played(tmp_path, play)


def test_history_is_searched(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        bob = crew.person()
        channel = await crew.channel("ops", bob)
        await crew.say(crew.ann, channel, "The vault is open")
        best = await crew.say(bob, channel, "vault, VAULT!")
        gone = await crew.say(bob, channel, "vault of old")
        await crew.did(bob, "POST", f"/messages/{gone['id']}/retract", {})
        path = f"/channels/{channel['id']}/search"
        found = await crew.did(bob, "POST", path, {"words": "vault"})
        assert [each["excerpt"] for each in found["hits"]] == ["vault, VAULT!", "The vault is open"]
        assert found["truncated"] is False
        narrow = {"words": "vault", "authorId": str(bob.subject)}
        [hit] = (await crew.did(bob, "POST", path, narrow))["hits"]
        assert hit["messageId"] == best["id"]
        none = {"words": "vault", "withFile": True}
        assert (await crew.did(bob, "POST", path, none))["hits"] == []
        assert await crew.refused(crew.person(), "POST", path, none) == "forbidden"

    played(tmp_path, play)


def test_changes_of_presence_are_told_and_heartbeats_are_not(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        person = crew.person()
        me = "/presence/me"
        for availability in ("online", "online", "away", "away", "offline"):
            await crew.did(person, "PUT", me, {"availability": availability})
        told = [each["availability"] for each in await crew.events("presence-changed")]
        assert told == ["online", "away", "offline"]
        assert {each["userId"] for each in await crew.events("presence-changed")} == {
            str(person.subject)
        }

    played(tmp_path, play)


def test_who_falls_silent_is_told_to_be_gone(tmp_path: Path) -> None:
    async def play(crew: Crew) -> None:
        person = crew.person()
        await crew.did(person, "PUT", "/presence/me", {"availability": "online"})
        crew.service.later(timedelta(minutes=5))
        await crew.inside(crew.handlers.forget_presences)
        told = [each["availability"] for each in await crew.events("presence-changed")]
        assert told == ["online", "offline"]

    played(tmp_path, play)
