"""Endpoints and deliveries, with a receiver in the test's own process."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime
from pathlib import Path

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError
from cloudsync_chassis.ids import uuid7
from receiver import DAY, Desk, play, signed_by, slug, task, wish
from webhook_service.generated import webhooks


def test_an_endpoint_proves_itself_before_it_hears_anything(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.post("endpoints", wish())
        assert made["endpoint"]["state"] == "unverified"
        assert made["signingSecret"].startswith("whsec_")
        assert (await at.said("webhook-registered"))[0]["host"] == "hooks.acme.example"
        await at.done()
        at.echo = False
        path = f"endpoints/{made['endpoint']['id']}/verify"
        assert slug(await at.send("POST", path)) == "challenge-failed"
        await at.work()
        assert (await at.state(made))["state"] == "unverified"
        at.echo = True
        await at.work()
        found = await at.state(made)
        assert found["state"] == "active"
        assert "challengeHash" not in found
        assert slug(await at.send("POST", path)) == "illegal-transition"
        assert await at.deliveries(made) == []

    play(tmp_path, scene)


@pytest.mark.parametrize(
    "url",
    [
        "https://inside.acme.example/in",
        "https://both.acme.example/in",
        "https://mapped.acme.example/in",
        "https://nowhere.example/in",
        "https://hooks.acme.example:22/in",
    ],
)
def test_nothing_private_is_called(tmp_path: Path, url: str) -> None:
    async def scene(at: Desk) -> None:
        answer = await at.send("POST", "endpoints", wish(targetUrl=url))
        assert slug(answer) == "target-not-public"

    play(tmp_path, scene)


def test_conditions_fit_their_events(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        for condition in ("event.data.", "event.data.amount.amountMinor > 5", "event.data.number"):
            answer = await at.send("POST", "endpoints", wish(condition=condition))
            assert slug(answer) == "condition-invalid"
        made = await at.endpoint(condition="event.data.number > 5")
        await at.done(number=5)
        await at.done(number=6)
        assert len(await at.deliveries(made)) == 1

    play(tmp_path, scene)


def test_a_fact_is_signed_and_delivered_once(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        full = await at.endpoint(customHeaders={"X-Route": "blue"})
        thin = await at.endpoint(payloadStyle="thin")
        await at.endpoint("user.created")
        told = task()
        for _ in range(2):
            await at.tell("collaboration.task-completed", **told)
        assert await at.work() == 4
        assert await at.work() == 0
        by = {json.loads(each.content)["endpointId"]: each for each in at.calls}
        request = by[full["endpoint"]["id"]]
        assert request.url.host == "93.184.216.34"
        assert request.headers["Host"] == "hooks.acme.example"
        assert request.headers["X-Route"] == "blue"
        assert signed_by(request, full["signingSecret"])
        assert not signed_by(request, thin["signingSecret"])
        body = json.loads(request.content)
        assert body["data"]["headline"] == "Ship it"
        assert body["id"] == request.headers["CloudSync-Webhook-Id"]
        sequences = {json.loads(each.content)["sequence"] for each in at.calls}
        assert sequences == {1, 2}
        small = json.loads(by[thin["endpoint"]["id"]].content)["data"]
        assert small == {"taskId": told["taskId"], "boardKey": "OPS"}
        [delivered, _] = await at.deliveries(full)
        assert (delivered["outcome"], delivered["attempt"]) == ("delivered", 1)
        attempts = (await at.get(f"deliveries/{delivered['id']}/attempts"))["items"]
        assert [each["httpStatus"] for each in attempts] == [200]
        assert len(await at.said("webhook-delivered")) == 4

    play(tmp_path, scene)


def test_failures_are_tried_again_and_disable_after_a_day(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint()
        at.statuses = [500] * 30
        await at.done()
        await at.work()
        [delivery] = await at.deliveries(made)
        assert (delivery["outcome"], delivery["attempt"]) == ("retrying", 1)
        assert await at.work() == 0
        for _ in range(9):
            await at.wait(hours=2)
        assert (await at.state(made))["state"] == "failing"
        await at.wait(hours=5)
        assert (await at.state(made))["state"] == "failing"
        await at.wait(hours=5)
        final = await at.state(made)
        assert (final["state"], final["disabledReason"]) == ("disabled", "failing24h")
        [told] = await at.said("webhook-disabled")
        assert "sealedContacts" in told
        assert "ops@acme.example" not in json.dumps(told)
        await at.wait(hours=30)
        assert (await at.deliveries(made))[0]["outcome"] == "skipped"
        reactivated = await at.post(f"endpoints/{made['endpoint']['id']}/reactivate")
        assert reactivated["state"] == "unverified"

    play(tmp_path, scene)


def test_the_next_attempt_is_when_receivers_are_told(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint()
        at.statuses = [500]
        await at.done()
        await at.work()
        [delivery] = await at.deliveries(made)
        began, after = (
            datetime.fromisoformat(delivery[each]) for each in ("createdAt", "nextAttemptAt")
        )
        planned, share = webhooks.ATTEMPTS[1], webhooks.JITTER
        waited = (after - began).total_seconds()
        assert planned * (1 - share) <= waited <= planned * (1 + share)

    play(tmp_path, scene)


def test_fourteen_attempts_are_the_end_and_one_success_a_beginning(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint()
        at.statuses = [503, 500, 200]
        at.headers = {"Retry-After": "1800"}
        await at.done()
        await at.work()
        assert await at.wait(minutes=29) == 0
        assert await at.wait(minutes=2) == 1
        assert (await at.state(made))["consecutiveFailures"] == 2
        assert await at.wait(minutes=5) == 1
        found = await at.state(made)
        assert found["consecutiveFailures"] == 0
        assert "firstFailureAt" not in found
        at.handlers.settings = at.handlers.settings.model_copy(update={"disable_after": 1e9})
        at.statuses, at.headers = [500] * 14, {}
        await at.done()
        for _ in range(16):
            await at.wait(hours=8)
        assert (await at.deliveries(made))[1]["outcome"] == "exhausted"
        [told] = await at.said("webhook-delivery-exhausted")
        assert told["failureKind"] == "httpError"

    play(tmp_path, scene)


def test_gone_means_gone_and_redirects_are_failures(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint()
        at.statuses, at.headers = [302], {"Location": "https://inside.acme.example/"}
        await at.done()
        await at.work()
        assert len(at.calls) == 1
        [delivery] = await at.deliveries(made)
        attempts = (await at.get(f"deliveries/{delivery['id']}/attempts"))["items"]
        assert attempts[0]["failureKind"] == "redirect"
        at.statuses = [410]
        await at.wait(minutes=1)
        assert (await at.state(made))["disabledReason"] == "gone410"

    play(tmp_path, scene)


def test_a_key_is_rotated_with_an_overlap(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint()
        path = f"endpoints/{made['endpoint']['id']}/secret/rotate"
        rotated = await at.post(path, {"overlapHours": 2})
        assert slug(await at.send("POST", path, {"overlapHours": 0})) == "rotation-in-progress"
        await at.done()
        await at.work()
        assert signed_by(at.calls[0], made["signingSecret"])
        assert signed_by(at.calls[0], rotated["signingSecret"])
        at.service.later(DAY / 8)
        await at.done()
        await at.work()
        assert not signed_by(at.calls[1], made["signingSecret"])
        assert signed_by(at.calls[1], rotated["signingSecret"])
        leaked = await at.post(path, {"overlapHours": 0})
        await at.done()
        await at.work()
        assert not signed_by(at.calls[2], rotated["signingSecret"])
        assert signed_by(at.calls[2], leaked["signingSecret"])

    play(tmp_path, scene)


def test_without_a_key_deliveries_wait(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint()
        call = Call(service="secret-service", operation="GetSecret", method="rpc", path="/")
        at.service.answers("secret-service", "GetSecret", NoAnswerError(call, "no answer"))
        await at.done()
        await at.work()
        assert at.calls == []
        assert (await at.deliveries(made))[0]["outcome"] == "waiting"

    play(tmp_path, scene)


def test_a_changed_target_proves_itself_anew(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint()
        path = f"endpoints/{made['endpoint']['id']}"
        match = {"If-Match": '"2"', "Content-Type": "application/merge-patch+json"}
        bad = await at.send("PATCH", path, {"targetUrl": "https://inside.acme.example/"}, **match)
        assert slug(bad) == "target-not-public"
        wrong = await at.send("PATCH", path, {"condition": "event.data.nothing > 1"}, **match)
        assert slug(wrong) == "condition-invalid"
        other = {"targetUrl": "https://hooks.acme.example/other"}
        moved = await at.send("PATCH", path, other, **match)
        assert moved.json()["state"] == "unverified", moved.text
        stale = await at.send("PATCH", path, {"label": "late"}, **match)
        assert stale.status_code == 412

    play(tmp_path, scene)


def test_tests_are_marked_and_limited(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint()
        path = f"endpoints/{made['endpoint']['id']}/test"
        kinds = {"eventType": "task.completed"}
        other = await at.send("POST", path, {"eventType": "user.created"})
        assert slug(other) == "rule-broken"
        for _ in range(10):
            await at.post(path, kinds)
        assert slug(await at.send("POST", path, kinds)) == "test-limit-reached"
        await at.work()
        assert at.calls[0].headers["CloudSync-Webhook-Test"] == "true"
        at.service.later(DAY / 12)
        await at.post(path, kinds)
        await at.post(
            f"endpoints/{made['endpoint']['id']}/disable", {"disabledReason": "ownerRequest"}
        )
        assert slug(await at.send("POST", path, kinds)) == "endpoint-disabled"

    play(tmp_path, scene)


def test_paused_endpoints_collect_for_a_day(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint()
        path = f"endpoints/{made['endpoint']['id']}"
        await at.post(f"{path}/pause")
        await at.done()
        await at.wait(hours=20)
        await at.done()
        await at.wait(hours=6)
        assert at.calls == []
        await at.post(f"{path}/resume")
        await at.work()
        assert [each["outcome"] for each in await at.deliveries(made)] == ["skipped", "delivered"]

    play(tmp_path, scene)


def test_a_window_is_replayed_slowly(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint()
        for _ in range(12):
            await at.done()
        await at.work()
        now = clock.now()
        window = {
            "fromTime": (now - DAY).isoformat().replace("+00:00", "Z"),
            "toTime": (now + DAY).isoformat().replace("+00:00", "Z"),
            "eventTypes": ["task.completed"],
        }
        path = f"endpoints/{made['endpoint']['id']}/replays"
        job = await at.post(path, window)
        assert job["matched"] == 12
        assert slug(await at.send("POST", path, window)) == "replay-running"
        await at.work()
        assert (await at.get(f"replays/{job['id']}"))["sent"] == 10
        await at.work()
        assert (await at.get(f"replays/{job['id']}"))["progress"] == "finished"
        assert len(at.calls) == 24
        names = [each.headers["CloudSync-Webhook-Id"] for each in at.calls]
        assert sorted(names[:12]) == sorted(names[12:])
        wide = {**window, "fromTime": (now - 31 * DAY).isoformat().replace("+00:00", "Z")}
        assert slug(await at.send("POST", path, wide)) == "window-too-wide"

    play(tmp_path, scene)


def test_uploads_wait_for_their_verdict(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint("file.uploaded")
        for verdict in ("clean", "suspicious"):
            file = str(uuid7())
            await at.tell(
                "content.file-uploaded",
                fileId=file,
                sizeBytes=42,
                mediaType="text/plain",
                contentSha256="ab" * 32,
                origin="upload",
                uploaderId=str(uuid7()),
            )
            assert len(await at.deliveries(made)) == (verdict != "clean")
            await at.tell(
                "content.file-scanned",
                fileId=file,
                fileName="a.txt",
                scanVerdict=verdict,
                signatureVersion="2026.1",
                mediaType="text/plain",
            )
        [delivery] = await at.deliveries(made)
        data = json.loads(delivery["signedBody"])["data"]
        assert (data["sizeBytes"], data["scanVerdict"]) == (42, "clean")

    play(tmp_path, scene)


def test_edits_of_a_moment_are_told_together(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint("document.updated")
        document = str(uuid7())
        for number in (1, 2, 3):
            await at.tell(
                "content.document-updated",
                documentId=document,
                fromSequence=number,
                toSequence=number + 1,
                title=f"Draft {number}",
                bodyRef="ab" * 12,
                bodyChecksum="ab" * 32,
                editorIds=[],
                attachedFileIds=[],
                detachedFileIds=[],
                origin="edit",
            )
        [delivery] = await at.deliveries(made)
        data = json.loads(delivery["signedBody"])["data"]
        assert (data["fromSequence"], data["toSequence"], data["title"]) == (1, 4, "Draft 3")
        assert await at.work() == 0
        assert await at.wait(seconds=3) == 1

    play(tmp_path, scene)


def test_a_smaller_plan_disables_the_youngest(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        first, second, third = [await at.endpoint() for _ in range(3)]
        changed = {
            "subscriptionId": str(uuid7()),
            "lastChange": "plan",
            "planCode": "starter-2026",
            "seatQuantity": 1,
            "status": "active",
            "currentPeriodEnd": "2099-01-01T00:00:00Z",
        }
        await at.tell("billing.subscription-changed", **changed)
        states = [(await at.state(each))["state"] for each in (first, second, third)]
        assert states == ["active", "active", "disabled"]
        assert (await at.said("webhook-disabled"))[0]["disabledReason"] == "planDowngraded"
        answer = await at.send("POST", "endpoints", wish())
        assert slug(answer) == "endpoint-limit-reached"

    play(tmp_path, scene)


def test_offboarding_tells_a_last_fact(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint("organization.deleted", "task.completed")
        rest = await at.endpoint()
        await at.post(f"endpoints/{rest['endpoint']['id']}/pause")
        await at.tell(
            "user.organization-deleted",
            organizationId=str(at.tenant),
            deletionRequestedBy=str(at.owner.subject),
            purgeAfter="2099-01-01T00:00:00Z",
        )
        assert (await at.state(made))["state"] == "paused"
        await at.done()
        await at.work()
        assert [json.loads(each.content)["type"] for each in at.calls] == ["organization.deleted"]
        await at.tell("user.organization-restored", organizationId=str(at.tenant))
        assert (await at.state(made))["state"] == "active"
        assert (await at.state(rest))["state"] == "paused"
        await at.tell(
            "user.organization-purged", organizationId=str(at.tenant), dataResidency="euWest1"
        )
        assert (await at.get("endpoints"))["items"] == []

    play(tmp_path, scene)


def test_an_erased_person_is_no_contact(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        alone = await at.endpoint(contactAddresses=["ada@acme.example"])
        both = await at.endpoint(contactAddresses=["ada@acme.example", "ops@acme.example"])
        person, request = str(uuid7()), str(uuid7())
        await at.tell(
            "user.user-created",
            userId=person,
            kind="employee",
            primaryEmailHash=hashlib.sha256(b"ada@acme.example").hexdigest(),
            locale="en",
            timeZone="Europe/Dublin",
            provisioningSource="invitation",
        )
        await at.tell("user.user-deleted", userId=person, erasureRequestId=request)
        assert (await at.state(both))["contactAddresses"] == ["ops@acme.example"]
        [owners] = (await at.state(alone))["contactAddresses"]
        assert owners.startswith("owners@")
        [told] = await at.said("webhook-erasure-completed")
        assert (told["userId"], told["erasureRequestId"]) == (person, request)
        assert told["erasedItems"] == 2

    play(tmp_path, scene)


def test_a_rotated_secret_is_read_again(tmp_path: Path) -> None:
    async def scene(at: Desk) -> None:
        made = await at.endpoint()
        await at.done()
        await at.work()
        reference = made["endpoint"]["signingSecretRef"]
        old = (await at.handlers.runtime.secrets.get(reference)).get_secret_value()
        assert old.decode() == made["signingSecret"]
        new = {"value": base64.b64encode(b"whsec_new").decode()}
        at.service.answers("secret-service", "GetSecret", new)
        assert (await at.handlers.runtime.secrets.get(reference)).get_secret_value() == old
        await at.tell(
            "platform.secret-rotated",
            secretId=str(uuid7()),
            path=reference.removeprefix("secret://"),
            kind="webhookKey",
            currentVersionNumber=2,
            previousValidUntil="2099-01-01T00:00:00Z",
        )
        found = await at.handlers.runtime.secrets.get(reference)
        assert found.get_secret_value() == b"whsec_new"

    play(tmp_path, scene)
