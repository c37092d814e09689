"""Notifications: held back, folded, sent, counted, opened, withdrawn; what is told of facts."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cloudsync_chassis import clock
from cloudsync_chassis.ids import uuid7
from desk import Desk, refused, run
from push_service import catalogue
from push_service.generated import models, operations, port

_STATES, _CAUSES = models.FanoutState, models.DropCause


def test_a_notification_reaches_every_device_once(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        first, second = await desk.enrol(), await desk.enrol(previewPolicy="never")
        order = desk.order(alertText="by Ada")
        await desk.queue("notify.push.high", "enqueue-push", order)
        await desk.queue("notify.push.normal", "enqueue-push", order)
        await desk.service.tick()
        (notice,) = await desk.notices()
        assert notice.fanout_state == _STATES.settled
        assert (notice.targeted_devices, notice.accepted_devices) == (2, 2)
        (shown,) = desk.shown(first)
        assert (shown["title"], shown["text"]) == ("OPS-1 is yours", "by Ada")
        (hidden,) = desk.shown(second)
        assert (hidden["id"], hidden["title"], hidden["text"]) == (str(notice.id), "", "")
        (told,) = await desk.told("push-delivered")
        assert told["acceptedDevices"] == 2
        request = port.GetPushNotification(push_notification_id=notice.id)

        def read(subject: UUID) -> Any:
            return desk.ask(
                operations.GET_PUSH_NOTIFICATION,
                lambda ctx: desk.handlers.get_push_notification(ctx, request),
                desk.somebody("member", subject=subject),
            )

        assert (await read(desk.person)).alert_text == "by Ada"
        assert await refused(read(uuid7())) == "forbidden"

    run(tmp_path, test)


def test_without_a_device_nothing_is_sent_and_it_is_said_why(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        notice = await desk.push()
        assert notice.drop_cause == _CAUSES.no_device
        (told,) = await desk.told("push-suppressed")
        assert told["dropCause"] == "noDevice"

    run(tmp_path, test)


def test_a_token_that_its_network_forgot_is_left_alone(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        key = await desk.enrol()
        gone = tmp_path / "push" / "unregistered" / str(key)
        gone.parent.mkdir(parents=True)
        gone.touch()
        notice = await desk.push()
        assert (notice.fanout_state, notice.accepted_devices) == (_STATES.settled, 0)
        (device,) = await desk.devices()
        assert device.token_state == models.TokenState.stale
        (told,) = await desk.told("push-bounced")
        assert (told["platform"], told["bounceKind"]) == ("ios", "unregistered")
        assert (await desk.push()).drop_cause == _CAUSES.no_device
        gone.unlink()
        await desk.enrol(deviceId=key)
        assert (await desk.push()).accepted_devices == 1

    run(tmp_path, test)


async def _quiet(desk: Desk) -> None:
    now = clock.now()
    hours = {
        "from": f"{now - timedelta(hours=1):%H:%M}",
        "to": f"{now + timedelta(hours=1):%H:%M}",
        "timeZone": "Etc/UTC",
    }
    desk.wishes = {"quietHours": hours}
    await desk.tell("preferences-changed", {"userId": desk.person})


def test_quiet_hours_defer_fold_and_let_warnings_through(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        key = await desk.enrol()
        await _quiet(desk)
        assert (await desk.push()).fanout_state == _STATES.deferred
        assert (await desk.push(alertTitle="OPS-2 is yours")).fanout_state == _STATES.deferred
        assert (await desk.push(topicKey="mention")).fanout_state == _STATES.deferred
        short = await desk.push(topicKey="billing", timeToLiveSeconds=60)
        warning = await desk.push(topicKey="security", urgency="immediate")
        assert warning.fanout_state == _STATES.settled
        desk.service.later(timedelta(hours=1, minutes=1))
        await desk.service.tick()
        shown = {each["title"]: each["text"] for each in desk.shown(key)[1:]}
        assert shown == {"OPS-2 is yours": "+ 1", "OPS-1 is yours": ""}
        (dropped,) = await desk.notices(id=short.id)
        assert dropped.drop_cause == _CAUSES.expired

    run(tmp_path, test)


def test_mutes_and_wishes_silence_until_they_end(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        await desk.enrol()
        channel = uuid7()
        link = f"cloudsync://channel/{channel}/{uuid7()}"
        mute = {
            "mutedBy": desk.person,
            "subject": f"channel:{channel}",
            "mutedUntil": clock.now() + timedelta(hours=1),
        }
        await desk.queue("notify.push.device", "mute-subject", {**mute, "mutedUntil": clock.now()})
        await desk.queue("notify.push.device", "mute-subject", mute)
        muted = await desk.push(topicKey="mention", deepLink=link)
        assert muted.drop_cause == _CAUSES.muted
        desk.service.later(timedelta(hours=1, minutes=1))
        await desk.service.tick()
        assert (await desk.push(topicKey="mention", deepLink=link)).accepted_devices == 1
        desk.wishes = {"channels": {"mention": ["email"], "task": ["push"]}}
        await desk.tell("preferences-changed", {"userId": desk.person})
        assert (await desk.push(topicKey="mention")).drop_cause == _CAUSES.muted
        assert (await desk.push()).accepted_devices == 1

    run(tmp_path, test)


def test_people_mute_for_themselves_only(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        body = models.MuteSubjectRequest(muted_by=desk.person, subject=f"board:{uuid7()}")
        request = port.MuteSubject(body=body)
        asked = desk.ask(
            operations.MUTE_SUBJECT,
            lambda ctx: desk.handlers.mute_subject(ctx, request),
            desk.somebody("member"),
        )
        assert await refused(asked) == "forbidden"

    run(tmp_path, test)


def test_beyond_twenty_a_minute_there_is_one_summary(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        key = await desk.enrol()
        for _ in range(23):
            await desk.queue("notify.push.normal", "enqueue-push", desk.order())
        await desk.service.tick()
        assert len(desk.shown(key)) == 20
        assert len(await desk.notices(dropCause="duplicate")) == 3
        desk.service.later(timedelta(seconds=61))
        await desk.service.tick()
        assert desk.shown(key)[-1]["title"] == "3 new notifications"
        assert len(desk.shown(key)) == 21

    run(tmp_path, test)


def test_opening_on_one_device_takes_it_off_the_others(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        first, second, strange = (
            await desk.enrol(),
            await desk.enrol(),
            await desk.enrol(userId=uuid7()),
        )
        notice = await desk.push()
        body = {
            "notificationId": notice.id,
            "deviceId": strange,
            "openedAt": clock.now() + timedelta(seconds=7),
        }
        queue, command = "notify.push.device", "acknowledge-open"
        await desk.queue(queue, command, body, pushNotificationId=notice.id)
        assert await desk.told("notification-opened") == []
        body["deviceId"] = first
        await desk.queue(queue, command, body, pushNotificationId=notice.id)
        await desk.queue(queue, command, body, pushNotificationId=notice.id)
        (told,) = await desk.told("notification-opened")
        assert told["platform"] == "ios"
        assert 6 <= told["secondsToOpen"] <= 8
        assert [each["id"] for each in desk.shown(second, "remove")] == [str(notice.id)]
        assert desk.shown(first, "remove") == []
        other = await desk.push()
        ack = models.AcknowledgeOpenRequest(
            notification_id=other.id, device_id=second, opened_at=clock.now()
        )
        request = port.AcknowledgeOpen(push_notification_id=other.id, body=ack)
        await desk.ask(
            operations.ACKNOWLEDGE_OPEN,
            lambda ctx: desk.handlers.acknowledge_open(ctx, request),
            desk.somebody("member", subject=desk.person),
        )
        assert len(await desk.told("notification-opened")) == 2

    run(tmp_path, test)


def _message(desk: Desk, **fields: Any) -> dict[str, Any]:
    return {
        "messageId": uuid7(),
        "channelId": uuid7(),
        "channelType": "public",
        "authorId": uuid7(),
        "kind": "text",
        "mentionedUserIds": [desk.person],
        "attachmentIds": [],
        "excerpt": "look here",
        "postedAt": clock.now(),
        **fields,
    }


def test_a_mention_is_told_and_withdrawn_with_its_message(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        key = await desk.enrol()
        message = _message(desk)
        await desk.tell("message-posted", message, "collaboration")
        (shown,) = desk.shown(key)
        assert (shown["title"], shown["text"]) == ("You were mentioned", "look here")
        assert shown["collapse_key"] == f"channel:{message['channelId']}"
        taken = {name: message[name] for name in ("messageId", "channelId")}
        gone = {**taken, "retractedBy": message["authorId"]}
        await desk.tell("message-retracted", gone, "collaboration")
        assert [each["id"] for each in desk.shown(key, "remove")] == [shown["id"]]
        own = _message(desk, authorId=desk.person)
        await desk.tell("message-posted", own, "collaboration")
        assert len(desk.shown(key)) == 1

    run(tmp_path, test)


def test_what_still_waits_of_a_retracted_message_is_dropped(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        await desk.enrol()
        await _quiet(desk)
        message = _message(desk)
        await desk.tell("message-posted", message, "collaboration")
        taken = {name: message[name] for name in ("messageId", "channelId")}
        gone = {**taken, "retractedBy": message["authorId"]}
        await desk.tell("message-retracted", gone, "collaboration")
        (notice,) = await desk.notices()
        assert notice.drop_cause == _CAUSES.read_elsewhere

    run(tmp_path, test)


def test_a_direct_channel_tells_whoever_else_is_in_it(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        key = await desk.enrol()
        channel = {"channelId": uuid7(), "channelType": "direct", "mentionedUserIds": []}
        mine = _message(desk, **channel, authorId=desk.person, recipientUserIds=[uuid7()])
        await desk.tell("message-posted", mine, "collaboration")
        assert desk.shown(key) == []
        theirs = _message(desk, **channel, recipientUserIds=[desk.person])
        await desk.tell("message-posted", theirs, "collaboration")
        assert [each["title"] for each in desk.shown(key)] == ["New message"]

    run(tmp_path, test)


def test_facts_are_told_in_published_words(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        key = await desk.enrol()
        task = {
            "taskId": uuid7(),
            "boardKey": "OPS",
            "number": 7,
            "headline": "Rotate",
            "addedAssigneeIds": [desk.person],
            "removedAssigneeIds": [],
            "assignedBy": uuid7(),
        }
        await desk.tell("task-assigned", task, "collaboration")
        words = {
            "templateKey": "task-assigned",
            "deliveredBy": "push",
            "language": "en",
            "revision": 2,
            "plainBody": "{{headline}} ({{task}})",
            "variablesSchema": "{}",
        }
        await desk.tell("template-published", words, "notification")
        old = {**words, "revision": 1, "plainBody": "old"}
        await desk.tell("template-published", old, "notification")
        await desk.tell("task-assigned", {**task, "taskId": uuid7()}, "collaboration")
        retired = {name: words[name] for name in ("templateKey", "deliveredBy", "language")}
        await desk.tell("template-retired", {**retired, "revision": 2}, "notification")
        await desk.tell("task-assigned", {**task, "assignedBy": desk.person}, "collaboration")
        await desk.tell("task-assigned", {**task, "taskId": uuid7()}, "collaboration")
        assert [each["title"] for each in desk.shown(key)] == [
            "OPS-7 is yours: Rotate",
            "Rotate (OPS-7)",
            "OPS-7 is yours: Rotate",
        ]

    run(tmp_path, test)


def test_the_invited_are_told_called_and_untold(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        key = await desk.enrol()
        host, event = uuid7(), uuid7()
        start = clock.now() + timedelta(hours=1)
        data = {
            "eventId": event,
            "calendarId": uuid7(),
            "organizerId": host,
            "summaryMasked": "Planning",
            "startsAt": start,
            "endsAt": start + timedelta(hours=1),
            "timeZone": "Etc/UTC",
            "attendeeUserIds": [desk.person, host],
            "visibility": "default",
        }
        await desk.tell("event-scheduled", data, "collaboration")
        meeting = {
            "meetingId": uuid7(),
            "hostId": host,
            "calendarEventId": event,
            "mediaRegion": "euWest1",
            "actualStart": start,
        }
        await desk.tell("meeting-started", meeting, "collaboration")
        gone = {"eventId": event, "attendeeUserIds": [desk.person], "cancelledBy": host}
        await desk.tell("event-cancelled", gone, "collaboration")
        shown = [(each["title"], each["urgency"]) for each in desk.shown(key)]
        assert shown == [
            ("Planning", "normal"),
            ("Your meeting has begun", "immediate"),
            ("An event was cancelled", "normal"),
        ]
        assert len(desk.shown(key, "remove")) == 1
        assert {each.target_user_id for each in await desk.notices()} == {desk.person}

    run(tmp_path, test)


def test_operators_hear_of_the_platform_and_nobody_else_does(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        operator, home = uuid7(), uuid7()
        (tmp_path / "operators.json").write_text(json.dumps([[str(home), str(operator)]]))
        customer = desk.organization
        data = {
            "anomalyId": uuid7(),
            "metricKey": "requests_total",
            "dimensionValues": {},
            "observed": 5.0,
            "expectedLow": 10.0,
            "expectedHigh": 20.0,
            "score": 0.9,
        }
        await desk.tell("metric-anomaly-detected", data, "analytics")
        rolled = {
            "modelId": uuid7(),
            "modelKey": "usage-anomaly",
            "semver": "1.2.0",
            "withdrawalReason": "errors above the limit",
        }
        await desk.tell("model-rolled-back", rolled, "analytics")
        assert await desk.notices() == []
        desk.organization = home
        titles = [each.alert_title for each in await desk.notices()]
        assert titles == [
            "requests_total is 5, expected 10 to 20",
            "usage-anomaly 1.2.0 was rolled back",
        ]
        assert desk.organization != customer

    run(tmp_path, test)


def test_a_badge_is_set_on_all_devices(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        key = await desk.enrol()
        request = port.RotateBadge(body=models.RotateBadgeRequest(user_id=desk.person, count=4))
        await desk.ask(
            operations.ROTATE_BADGE, lambda ctx: desk.handlers.rotate_badge(ctx, request)
        )
        await desk.service.settle()
        assert [each["badge"] for each in desk.shown(key, "silent")] == [4]
        await desk.push()
        assert desk.shown(key)[0]["badge"] == 4

    run(tmp_path, test)


def test_links_lead_nowhere_but_into_the_app() -> None:
    route = catalogue.ROUTES["quota-exceeded"]
    assert catalogue.link_of(route, {"meterCode": "a/../b?c"}) == "cloudsync://billing/a/--/b-c"
    assert catalogue.subject_of("cloudsync://channel/1/2") == "channel:1"
    assert catalogue.filled(["", "a", ""], {"a": "x\n" * 100}, 20) == "x x x x x x x x x x…"[:20]
