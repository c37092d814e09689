"""Domain events, questions, counts, replays, and what is forgotten."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.testing import Caller
from desk import OPENED, SHARED, Desk, played, text
from events_service.base import PLATFORM

POSTED = "cloudsync.collaboration.channel.MessagePosted"


async def _posted(at: Desk, channel: str, author: str) -> Any:
    return await at.told(
        "collaboration.message-posted",
        channel,
        messageId=str(uuid7()),
        channelId=channel,
        authorId=author,
        kind="text",
        mentionedUserIds=[str(uuid7()), str(uuid7())],
        attachmentIds=[],
        excerpt="meet me at ada@example.org",
        postedAt=text(clock.now()),
    )


def test_facts_stand_in_their_stream_once_and_for_its_owner(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        channel, author = str(uuid7()), str(uuid7())
        first = await _posted(at, channel, author)
        second = await _posted(at, channel, author)
        await at.service.runtime.bus.publish([first])
        await at.service.settle()
        stored = await at.events(streamId=f"channel:{channel}")
        assert [each.stream_sequence for each in stored] == [1, 2]
        assert {each.status for each in stored} == {"stored"}
        assert {each.event_type for each in stored} == {POSTED}
        assert author not in stored[0].payload
        chat = at.workload("test")
        wish = {"streamId": f"channel:{channel}", "fromSequence": 2}
        answer = await at.done("ReadStream", chat, **wish)
        assert answer["headSequence"] == 2
        (item,) = answer["items"]
        assert item["eventId"] == str(second.id)
        told = json.loads(item["payload"])
        assert told["authorId"] == author
        assert told["mentionCount"] == 2
        assert "excerpt" not in told
        assert "mentionedUserIds" not in told
        other = at.workload("task-service")
        assert await at.refused("ReadStream", other, **wish) == "stream-unknown"
        found = await at.found(eventTypes=[POSTED])
        assert author not in found[0]["payload"]

    played(tmp_path, play)


def test_snapshots_are_the_owners_and_the_newest_three_stay(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        channel = str(uuid7())
        for _ in range(5):
            await _posted(at, channel, str(uuid7()))
        chat = at.workload("test")

        def snapshot(sequence: int, state: bytes = b"folded") -> dict[str, Any]:
            return {
                "streamId": f"channel:{channel}",
                "atSequence": sequence,
                "stateBlob": base64.b64encode(state).decode(),
                "stateHash": hashlib.sha256(state).hexdigest(),
                "foldVersion": 1,
            }

        kept = [await at.done("SaveSnapshot", chat, **snapshot(each)) for each in range(1, 6)]
        assert await at.refused("SaveSnapshot", chat, **snapshot(6)) == "sequence-ahead-of-head"
        wrong = {**snapshot(1), "stateHash": "0" * 64}
        assert await at.refused("SaveSnapshot", chat, **wrong) == "rule-broken"
        key = {"streamSnapshotId": kept[0]["id"]}
        assert await at.refused("GetSnapshot", chat, **key) == "not-found"
        key = {"streamSnapshotId": kept[4]["id"]}
        assert (await at.done("GetSnapshot", chat, **key))["atSequence"] == 5
        other = at.workload("task-service")
        assert await at.refused("GetSnapshot", other, **key) == "not-found"
        assert await at.refused("SaveSnapshot", other, **snapshot(1)) == "not-found"

    played(tmp_path, play)


def test_questions_are_answered_in_the_order_of_time(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.approved()
        now = clock.now()
        hours = [5, 1, 3, 2, 4]
        for hour in hours:
            moment = text(now - timedelta(hours=hour))
            await at.collected(
                at.event(payload={"view": "page", "number": hour}, occurredAt=moment)
            )
        found = [json.loads(each["payload"])["number"] for each in await at.found()]
        assert found == [5, 4, 3, 2, 1]
        some = await at.found(predicates=[{"pointer": "/number", "anyOf": ["2", "3"]}])
        assert [json.loads(each["payload"])["number"] for each in some] == [3, 2]
        assert await at.found(predicates=[{"pointer": "/none/of", "anyOf": ["2"]}]) == []
        assert len(await at.found(maxEvents=2)) == 2
        narrow = {"since": text(now - timedelta(hours=3)), "until": text(now - timedelta(hours=2))}
        assert len(await at.found(**narrow)) == 1
        wide = at.lately(since=text(now - timedelta(days=40)))
        assert await at.refused("QueryEvents", at.analyst, **wide) == "range-too-wide"
        back = at.lately(until=text(now - timedelta(days=9)))
        assert await at.refused("QueryEvents", at.analyst, **back) == "rule-broken"
        assert await at.refused("QueryEvents", at.member, **at.lately()) == "forbidden"

    played(tmp_path, play)


def test_counts_withhold_groups_that_are_too_small(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.approved()
        for place in range(7):
            view = "board" if place < 2 else "page"
            each = at.event(payload={"view": view, "planFamily": "team"})
            await at.collected(each, by=at.colleague())
        answer = await at.done(
            "CountEvents", at.analyst, **at.lately(shape="total", groupBy=["view", "plan_family"])
        )
        (count,) = answer["counts"]
        assert count["group"] == {"view": "page", "plan_family": "team"}
        assert (count["events"], count["actors"]) == (5, 5)
        assert answer["suppressedGroups"] == 1
        answer = await at.done("CountEvents", at.analyst, **at.lately(shape="total"))
        assert answer["counts"][0]["events"] == 7
        wish = at.lately(shape="total", groupBy=["shoe_size"])
        assert await at.refused("CountEvents", at.analyst, **wish) == "unknown-dimension"
        wish = at.lately(shape="funnel")
        assert await at.refused("CountEvents", at.analyst, **wish) == "rule-broken"
        wish = at.lately(shape="retention")
        assert await at.refused("CountEvents", at.analyst, **wish) == "rule-broken"

    played(tmp_path, play)


def test_people_without_consent_are_no_group_either(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.approved()
        await at.collected(at.event(consentPurposes=["operation"]))
        answer = await at.done("CountEvents", at.analyst, **at.lately(shape="total"))
        assert answer == {"suppressedGroups": 1, "counts": []}
        service = at.service.caller(
            kind="workload", organization=at.tenant, scopes=["metric:collect"]
        )
        await at.collected(at.event(SHARED), by=service)
        await at.approved(SHARED)
        await at.collected(at.event(SHARED), by=service)
        wish = at.lately(shape="total", eventTypes=[SHARED])
        (count,) = (await at.done("CountEvents", at.analyst, **wish))["counts"]
        assert (count["events"], count["actors"]) == (1, 0)

    played(tmp_path, play)


def test_funnels_and_cohorts_follow_people(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.approved()
        await at.approved(SHARED)
        now = clock.now()
        people = [at.colleague() for _ in range(6)]
        for place, each in enumerate(people):
            opened = at.event(occurredAt=text(now - timedelta(hours=9 - place % 2)))
            shared = at.event(SHARED, occurredAt=text(now - timedelta(hours=5)))
            early = at.event(SHARED, occurredAt=text(now - timedelta(hours=11)))
            await at.collected(opened, shared if place else early, by=each)
        wish = at.lately(shape="funnel", eventTypes=[OPENED, SHARED])
        answer = await at.done("CountEvents", at.analyst, **wish)
        assert [(each["step"], each["actors"]) for each in answer["counts"]] == [(1, 6), (2, 5)]
        at.service.later(timedelta(days=8))
        for each in people[:5]:
            await at.collected(at.event(), by=each)
        start = now - timedelta(days=1)
        wish = at.lately(shape="retention", cohortWeeks=4, since=text(start))
        answer = await at.done("CountEvents", at.analyst, **wish)
        found = {each["group"]["week"]: each["actors"] for each in answer["counts"]}
        assert found == {"0": 6, "1": 5}
        assert {each["group"]["cohort"] for each in answer["counts"]} == {start.date().isoformat()}

    played(tmp_path, play)


def test_a_replay_takes_two_people_and_sends_all_of_it_once(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        channel = str(uuid7())
        facts = [await _posted(at, channel, str(uuid7())) for _ in range(5)]
        now = clock.now()
        selector = {
            "eventTypes": [POSTED],
            "since": text(now - timedelta(hours=1)),
            "until": text(now + timedelta(hours=1)),
        }
        wish = {
            "selector": selector,
            "targetTopic": "replay.search",
            "ratePerSecond": 2,
            "purpose": "Build the index again",
        }
        lost = {**wish, "selector": {**selector, "streamId": f"channel:{channel}"}}
        assert await at.refused("RequestReplay", at.operator, **lost) == "rule-broken"
        made = await at.done("RequestReplay", at.operator, **wish)
        key = {"archiveReplayId": made["id"]}
        assert await at.refused("ApproveReplay", at.operator, **key) == "self-approval"
        await at.done("ApproveReplay", at.second, **key)
        await at.service.tick("start-replay")
        await at.service.tick("replay-events")
        assert len(await _sent(at)) == 2
        await at.done("PauseReplay", at.operator, **key)
        await at.service.tick("replay-events")
        assert len(await _sent(at)) == 2
        await at.done("ResumeReplay", at.operator, **key)
        await at.service.tick("replay-events")
        page = await at.done("ListArchiveReplays", at.operator, replayStatus="running")
        (running,) = page if isinstance(page, list) else page["items"]
        assert (running["progressPercent"], running["eventsSent"]) == (80, 4)
        await at.service.tick("replay-events")
        sent = await _sent(at)
        assert [each.id for each in sent] == [each.id for each in facts]
        assert {each.type for each in sent} == {facts[0].type}
        assert {each.subject for each in sent} == {channel}
        (done,) = await at.said("replay-completed")
        assert (done["eventsSent"], done["targetTopic"]) == (5, "replay.search")
        await at.service.tick("replay-events")
        assert len(await _sent(at)) == 5

    played(tmp_path, play)


async def _sent(at: Desk) -> list[Any]:
    return [each for each in await at.service.published() if each.topic == "replay.search"]


def test_replays_are_held_while_the_archive_is_behind(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        now = clock.now()
        selector = {"eventTypes": [POSTED], "since": text(now), "until": text(now)}
        wish = {"selector": selector, "targetTopic": "replay.search", "purpose": "Try it"}
        made = await at.done("RequestReplay", at.operator, **wish)
        await at.done("ApproveReplay", at.second, archiveReplayId=made["id"])
        await at.service.tick("start-replay")
        await at.service.tick("replay-events")
        page = await at.done("ListArchiveReplays", at.operator)
        (still,) = page if isinstance(page, list) else page["items"]
        assert still["replayStatus"] == "approved"

    played(tmp_path, play, replays_paused=True)


async def _order(at: Desk, person: Caller) -> Any:
    data = {"userId": str(person.subject), "erasureRequestId": str(uuid7())}
    await at.told("user.user-deleted", str(person.subject), **data)

    async def found(ctx: Any) -> Any:
        return await at.handlers.erasure_order.find(ctx, subjectId=person.subject)

    return await at.inside(found)


def test_a_shredded_person_cannot_be_read_any_more(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.approved()
        other = at.colleague()
        await at.collected(at.event(), at.event())
        await at.collected(at.event(), by=other)
        refused = at.event(schemaVersion=9)
        await at.collected(refused)
        # the fact that the person is deleted is one of the person's, too
        order = await _order(at, at.member)
        officer = at.service.caller("compliance-officer", organization=at.tenant)
        wish = {"erasureOrderId": str(order.id), "legalBasis": "Article 17 GDPR"}

        async def hold(ctx: Any) -> None:
            await at.handlers.erasure_order.transition(ctx, "hold-erasure", order.id)

        async def lift(ctx: Any) -> None:
            await at.handlers.erasure_order.transition(ctx, "lift-erasure-hold", order.id)

        await at.inside(hold)
        assert await at.refused("ShredSubject", officer, **wish) == "legal-hold"
        await at.inside(lift)
        done = await at.done("ShredSubject", officer, **wish)
        assert (done["erasureStage"], done["eventsAffected"]) == ("shredded", 4)
        assert "subjectKey" not in done
        assert (await at.done("ShredSubject", officer, **wish))["version"] == done["version"]
        assert [each.get("payload") is None for each in await at.found()] == [True, True, False]
        await at.service.tick("redact-events")
        gone = await at.events(status="redacted")
        assert len(gone) == 3
        assert {(each.actor_key, each.payload_key_id, each.session_key) for each in gone} == {
            (None, None, None)
        }
        (apart,) = await at.events(status="quarantined")
        assert apart.actor_key is None
        (told,) = await at.said("events-redacted")
        assert told["eventsAffected"] == 4
        (completed,) = await at.said("events-erasure-completed")
        assert completed == {
            "userId": str(at.member.subject),
            "erasureRequestId": str(order.erasure_request_id),
            "store": "events",
            "erasedItems": 4,
        }
        await at.collected(at.event())
        (late,) = [each for each in await at.events(status="stored") if each.payload == "{}"]
        assert late.payload_key_id is not None

    played(tmp_path, play)


def test_orders_are_carried_out_on_their_last_day(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        order = await _order(at, at.member)
        assert order.subject_key is not None
        at.service.later(timedelta(days=11, hours=23))
        await at.service.tick()
        assert await at.said("events-redacted") == []
        at.service.later(timedelta(hours=2))
        await at.service.tick()
        assert len(await at.said("events-redacted")) == 1

    played(tmp_path, play)


def test_pseudonyms_begin_anew_with_our_secret(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        async def name(ctx: Any) -> str:
            return await at.handlers.pseudonym(ctx, "somebody")

        async def keys(ctx: Any) -> int:
            return await at.handlers.pseudonym_keys.count(ctx)

        secret = {
            "secretId": str(uuid7()),
            "kind": "encryptionKey",
            "currentVersionNumber": 2,
            "previousValidUntil": text(clock.now()),
        }
        before = await at.inside(name)
        await at.told("platform.secret-rotated", **secret, path="auth-service/pepper")
        assert await at.inside(name) == before
        await at.told("platform.secret-rotated", **secret, path="events-service/pseudonyms")
        assert await at.inside(name) != before
        at.service.later(timedelta(days=395))
        await at.service.tick()
        assert await at.inside(keys) == 2
        at.service.later(timedelta(days=2))
        await at.service.tick()
        assert await at.inside(keys) == 1

    played(tmp_path, play)


def test_a_purged_tenant_leaves_nothing(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.approved()
        channel = str(uuid7())
        await _posted(at, channel, str(uuid7()))
        await at.collected(at.event())
        purge = {"organizationId": str(at.tenant), "dataResidency": "euWest1"}
        await at.told("user.organization-purged", str(at.tenant), **purge)
        await at.service.tick("empty-tenants")
        assert await at.events() == []
        await _posted(at, channel, str(uuid7()))
        assert await at.events() == []
        wish = {"streamId": f"channel:{channel}", "fromSequence": 1}
        assert await at.refused("ReadStream", at.workload("test"), **wish) == "stream-unknown"

    played(tmp_path, play)


def test_what_nobody_has_named_is_archived_and_sealed(tmp_path: Path) -> None:
    """All that other domains tell, also of types that are younger than this service, and what is
    of no tenant.
    """

    async def play(at: Desk) -> None:
        channel = str(uuid7())
        hummed = {"channelId": channel, "tune": "the one about the lamp"}
        await at.heard("collaboration.message-hummed", at.tenant, hummed, channel)
        (stored,) = await at.events(streamId=f"channel:{channel}")
        assert stored.event_type == "cloudsync.collaboration.channel.MessageHummed"
        assert stored.payload_key_id is not None
        assert "lamp" not in stored.payload
        wish = {"streamId": f"channel:{channel}", "fromSequence": 1}
        (item,) = (await at.done("ReadStream", at.workload("test"), **wish))["items"]
        assert json.loads(item["payload"]) == hummed

        subject = str(uuid7())
        await at.heard("platform.secret-hummed", None, {"path": "lamps"}, subject)

        async def of_nobody(ctx: Context) -> list[Any]:
            own = ctx.within(PLATFORM)
            return [each async for each in at.handlers.collected_event.each(own)]

        assert subject in {each.stream_id.partition(":")[2] for each in await at.inside(of_nobody)}

    played(tmp_path, play)


def test_what_has_a_method_of_its_own_is_archived_as_well(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        order = await _order(at, at.member)
        (stored,) = await at.events(streamId=f"user:{order.subject_id}")
        assert stored.event_type == "cloudsync.user.user.UserDeleted"

    played(tmp_path, play)
