"""Facts of other services, told by mail."""

from __future__ import annotations

import base64
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.replay import revive
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.store.cipher import FieldCipher
from cloudsync_chassis.store.keys import OwnKeys
from desk import Desk, later, run, text_of
from email_service.billing import money
from email_service.entries import escaped, folded
from email_service.generated import models, operations


async def _subjects(desk: Desk) -> list[str | None]:
    return [each.subject_line for each in await desk.mails()]


def test_an_invitation_quotes_names_without_links(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        key = uuid7()
        desk.account["displayName"] = "Eve https://evil.example/win"
        data = _invitation(tmp_path, desk, key)
        await desk.tell("member-invited", data)
        await desk.tell("member-invited", data)
        (mail,) = await desk.mails()
        assert mail.to_address == "new@outside.example"
        assert mail.recipient_user_id is None
        (sent,) = desk.sent()
        assert sent["Subject"] == "Eve invites you to Acme"
        assert "evil" not in text_of(sent)
        assert str(key) in text_of(sent)

    run(tmp_path, test)


def test_an_invitation_waits_for_the_name_of_who_invites(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        begin = clock.now()
        data = _invitation(tmp_path, desk, uuid7())
        away = NoAnswerError(
            Call(service="user-service", operation="getUser", method="GET", path="/"), "away"
        )
        desk.service.answers("user-service", "getUser", away)
        with pytest.raises(AssertionError, match="given up"):
            await desk.tell("member-invited", data)
        dead = [each for each in await desk.service.published() if each.failure is not None]
        assert [each.topic for each in dead] == ["cloudsync.user.membership.v1.dlq"]
        assert dead[0].failure is not None
        assert dead[0].failure.reason == "unavailable"
        desk.service.answers("user-service", "getUser", desk.known_user)
        for _ in range(2):
            await revive(desk.service.runtime.bus, "email-service", dead[0].topic, begin)
            await desk.service.settle()
            await desk.service.tick()
        assert [each["To"] for each in desk.sent()] == ["new@outside.example"]

    run(tmp_path, test)


def test_an_address_that_others_sealed_is_not_written_to(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        data = _invitation(tmp_path, desk, uuid7())
        by_another = _sealed(tmp_path, "webhook-service", desk, "x@y.example")
        for foreign in (by_another, "A", "example"):
            with pytest.raises(AssertionError, match="given up"):
                await desk.tell("member-invited", {**data, "sealedInvitee": foreign})
        assert await desk.mails() == []
        failures = [each.failure for each in await desk.service.published() if each.failure]
        assert [each.reason for each in failures] == ["rule-broken"] * 3

    run(tmp_path, test)


def _sealed(state: Path, service: str, desk: Desk, *addresses: str) -> str:
    """Addresses as a service seals them for the desk's organisation."""
    keys = OwnKeys(state / service / "field-keys")
    keys.ensure()
    sealed = FieldCipher.of(keys, b"x" * 32).encrypt(list(addresses), desk.organization)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _invitation(
    state: Path, desk: Desk, key: Any, address: str = "new@outside.example"
) -> dict[str, Any]:
    """What is told of an invitation."""
    return {
        "invitationId": key,
        "role": "member",
        "expiresAt": later(5 * 86400),
        "invitedBy": desk.person,
        "organizationName": "Acme",
        "sealedInvitee": _sealed(state, "org-service", desk, address),
    }


def test_an_organisation_on_trial_invites_so_many_a_day(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        desk.set(trial_invitations_per_day=1)
        invited = [
            _invitation(tmp_path, desk, uuid7(), f"new{number}@outside.example")
            for number in range(3)
        ]
        await desk.tell("member-invited", invited[0])
        with pytest.raises(AssertionError, match="given up"):
            await desk.tell("member-invited", invited[1])
        active = {
            "subscriptionId": uuid7(),
            "productLine": "workspace",
            "planCode": "team-monthly",
            "seatQuantity": 5,
            "entitlements": {
                "storageGibPerSeat": 1,
                "apiCallsPerDay": 1,
                "meetingParticipants": 1,
                "versionHistoryDays": 1,
                "guestsPerSeat": 1,
                "sso": 0,
            },
            "periodEnd": later(86400),
            "trial": False,
        }
        await desk.tell("subscription-activated", active, "billing")
        await desk.tell("member-invited", invited[2])
        sent = [each["To"] for each in desk.sent()]
        assert sent == ["new0@outside.example", "new2@outside.example"]

    run(tmp_path, test)


def test_collected_facts_become_one_mail_in_the_morning(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        await _assign(desk, 1)
        data = {
            "commentThreadId": uuid7(),
            "documentId": uuid7(),
            "authorId": uuid7(),
            "mentions": [desk.person],
        }
        await desk.tell("comment-added", data, "content")
        assert await desk.mails() == []
        morning = clock.now().replace(hour=8, minute=5) + timedelta(days=1)
        desk.service.later(morning - timedelta(hours=1) - clock.now())
        await desk.service.tick()
        assert await desk.mails() == []
        desk.service.later(timedelta(hours=1))
        await desk.service.tick()
        await desk.service.tick()
        (mail,) = await desk.mails()
        assert mail.category == models.NotificationCategory.digest
        (sent,) = desk.sent()
        assert "OPS-1 is yours: Rotate" in text_of(sent)
        assert "You were named" in text_of(sent)
        assert sent["List-Unsubscribe"]

    run(tmp_path, test)


async def _assign(desk: Desk, number: int, **fields: Any) -> dict[str, Any]:
    data = {
        "taskId": uuid7(),
        "boardKey": "OPS",
        "number": number,
        "headline": "Rotate",
        "addedAssigneeIds": [desk.person],
        "removedAssigneeIds": [],
        "assignedBy": uuid7(),
        **fields,
    }
    await desk.tell("task-assigned", data, "collaboration")
    return data


def test_who_wants_each_at_once_gets_each_and_who_wants_none_none(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        desk.wishes = {"channels": {"taskAssigned": ["email"], "taskCompleted": []}}
        task = await _assign(desk, 7)
        assert await _subjects(desk) == ["OPS-7 is yours: Rotate"]
        done = {
            "taskId": task["taskId"],
            "boardId": uuid7(),
            "boardKey": "OPS",
            "number": 7,
            "headline": "Rotate",
            "completedBy": uuid7(),
            "completedAt": clock.now(),
            "cycleMinutes": 3,
            "documentIds": [],
        }
        await desk.tell("task-completed", done, "collaboration")
        assert {each.recipient_user_id for each in await desk.mails()} == {desk.person}
        waiting = await desk.ask(
            operations.ENQUEUE_EMAIL,
            lambda ctx: desk.handlers.baskets.count(ctx, userId=desk.person),
        )
        assert waiting == 0

    run(tmp_path, test)


def test_a_changed_preference_counts_from_the_next_mail_on(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        await _assign(desk, 1)
        assert await desk.mails() == []
        desk.wishes = {"channels": {"taskAssigned": ["email"]}}
        await desk.tell("preferences-changed", {"userId": desk.person})
        await _assign(desk, 2)
        assert await _subjects(desk) == ["OPS-2 is yours: Rotate"]

    run(tmp_path, test)


def test_off_boarding_tells_the_owner_and_silences_the_rest(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        waiting = desk.order(category="transactional", notBefore=later(300))
        await desk.queue("notify.email.transactional", "enqueue-email", waiting)
        data = {
            "organizationId": desk.organization,
            "deletionRequestedBy": desk.person,
            "purgeAfter": later(30 * 86400),
        }
        await desk.tell("organization-deleted", data)
        after = desk.order(category="transactional")
        await desk.queue("notify.email.transactional", "enqueue-email", after)
        await desk.queue("notify.email.critical", "enqueue-email", desk.order())
        await desk.service.tick()
        ends = {str(each.notification_key): str(each.status) for each in await desk.mails()}
        assert ends["org.off_boarding"] == "handedOver"
        reasons = [each.suppression_reason for each in await desk.mails(status="suppressed")]
        assert reasons == [models.SuppressionReason.tenant_deleted] * 2
        assert len(desk.sent()) == 2

    run(tmp_path, test)


def test_contacts_of_a_webhook_are_opened_and_told(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        contacts = ["ops@acme.example", "cto@acme.example"]
        data = {
            "endpointId": uuid7(),
            "label": "CRM",
            "disabledReason": "gone410",
            "sealedContacts": _sealed(tmp_path, "webhook-service", desk, *contacts),
            "pendingDeliveries": 4,
        }
        await desk.tell("webhook-disabled", data, "notification")
        assert sorted(each["To"] for each in desk.sent()) == sorted(contacts)
        assert "gone410" in text_of(desk.sent()[0])
        keys = OwnKeys(tmp_path / "webhook-service" / "field-keys")
        elsewhere = FieldCipher.of(keys, b"x" * 32).encrypt(contacts, uuid7())
        data["sealedContacts"] = base64.urlsafe_b64encode(elsewhere).decode().rstrip("=")
        with pytest.raises(AssertionError, match="given up"):
            await desk.tell("webhook-disabled", data, "notification")
        assert len(desk.sent()) == 2

    run(tmp_path, test)


def _event(desk: Desk, **fields: Any) -> dict[str, Any]:
    return {"eventId": uuid7(), "attendeeUserIds": [desk.person], **fields}


def test_an_event_is_asked_for_moved_and_taken_back_under_one_uid(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        start = clock.now() + timedelta(days=3)
        data = _event(
            desk,
            calendarId=uuid7(),
            organizerId=uuid7(),
            summaryMasked="Planning; all",
            startsAt=start,
            endsAt=start + timedelta(hours=1),
            timeZone="Europe/Dublin",
            recurrenceRule="FREQ=WEEKLY;COUNT=4",
            visibility="default",
        )
        await desk.tell("event-scheduled", data, "collaboration")
        moved = _event(
            desk,
            eventId=data["eventId"],
            oldStart=start,
            newStart=start + timedelta(hours=2),
            newEnd=start + timedelta(hours=3),
            scope="all",
            sequence=3,
        )
        await desk.tell("event-rescheduled", moved, "collaboration")
        await desk.tell("event-rescheduled", {**moved, "sequence": 2}, "collaboration")
        gone = {"eventId": data["eventId"], "attendeeUserIds": [desk.person], "sequence": 4}
        await desk.tell("event-cancelled", gone, "collaboration")
        await desk.tell("event-cancelled", gone, "collaboration")
        objects = [text_of(each, "text/calendar") for each in desk.sent()]
        assert [_said(each, "METHOD") for each in objects] == ["REQUEST", "REQUEST", "CANCEL"]
        assert [_said(each, "SEQUENCE") for each in objects] == ["0", "3", "4"]
        assert len({_said(each, "UID") for each in objects}) == 1
        assert _said(objects[0], "SUMMARY") == "Planning\\; all"
        assert _said(objects[0], "RRULE") == "FREQ=WEEKLY;COUNT=4"
        wanted = (start + timedelta(hours=2)).strftime("%Y%m%dT%H%M%SZ")
        assert _said(objects[1], "DTSTART") == _said(objects[2], "DTSTART") == wanted

    run(tmp_path, test)


def _said(text: str, name: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\n ", "").split("\n")
    return next(each.partition(":")[2] for each in lines if each.startswith(f"{name}:"))


def test_one_date_of_a_series_is_named(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        start = clock.now().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=3)
        data = _event(
            desk,
            calendarId=uuid7(),
            organizerId=uuid7(),
            startsAt=start,
            endsAt=start + timedelta(hours=1),
            timeZone="Etc/UTC",
            recurrenceRule="FREQ=WEEKLY;COUNT=4",
            visibility="private",
        )
        await desk.tell("event-scheduled", data, "collaboration")
        day = date(2030, 1, 7)
        gone = {**_event(desk, eventId=data["eventId"]), "scope": "this", "occurrenceDate": day}
        await desk.tell("event-cancelled", gone, "collaboration")
        last = text_of(desk.sent()[-1], "text/calendar")
        assert _said(last, "RECURRENCE-ID") == "20300107T090000Z"
        assert "RRULE" not in last

    run(tmp_path, test)


def test_calendar_lines_are_escaped_and_folded() -> None:
    assert escaped("a,b;c\\d\r\ne") == "a\\,b\\;c\\\\d\\ne"
    line = folded("SUMMARY:" + "ü" * 100)
    assert all(len(each.encode()) <= 75 for each in line.split("\r\n"))
    assert line.replace("\r\n ", "") == "SUMMARY:" + "ü" * 100


async def _order(desk: Desk) -> dict[str, Any]:
    data = {
        "orderId": uuid7(),
        "subscriptionId": uuid7(),
        "organizationId": desk.organization,
        "kind": "new",
        "planCode": "team-monthly",
        "seatQuantity": 5,
        "totalMinor": 6000,
        "currency": "eur",
        "priceDigest": "a" * 64,
        "paymentMethodId": uuid7(),
        "placedBy": desk.person,
        "deadlineAt": later(2100),
    }
    await desk.tell("subscription-ordered", data, "billing")
    return data


def test_whoever_ordered_hears_of_order_receipt_and_invoices(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        desk.wishes = {"channels": {"billing": []}}
        order = await _order(desk)
        paid = {
            "orderId": order["orderId"],
            "paymentId": uuid7(),
            "currency": "EUR",
            "amountMinor": 6000,
            "mrrDeltaMinor": 6000,
        }
        await desk.tell("revenue-recorded", paid, "analytics")
        await desk.tell("revenue-recorded", paid, "analytics")
        invoice = {
            "invoiceId": uuid7(),
            "invoiceNumber": "EU-2026-0000001",
            "amountDueMinor": 6000,
            "currency": "jpy",
            "dueOn": date(2026, 12, 1),
            "dunningLevel": 2,
        }
        await desk.tell("invoice-overdue", invoice, "billing")
        assert await _subjects(desk) == [
            "Your order",
            "Receipt for 60.00 EUR",
            "Reminder 2: invoice EU-2026-0000001",
        ]
        assert "6000 JPY" in text_of(desk.sent()[-1])

    run(tmp_path, test)


def _cancelled(order: dict[str, Any], desk: Desk, **fields: Any) -> dict[str, Any]:
    return {
        "orderId": order["orderId"],
        "subscriptionId": order["subscriptionId"],
        "reason": "paymentFailed",
        "capturedPaymentIds": [],
        "notifyUserId": desk.person,
        **fields,
    }


def test_a_cancelled_order_is_told_with_its_refund_whichever_comes_first(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        order = await _order(desk)
        payment = uuid7()
        refund = {
            "causeId": uuid7(),
            "paymentId": payment,
            "refundId": uuid7(),
            "amountMinor": 6000,
            "currency": "eur",
            "reason": "orderCancelled",
            "orderId": order["orderId"],
        }
        await desk.tell("payment-refunded", refund, "billing")
        assert await _subjects(desk) == ["Your order"]
        cancelled = _cancelled(order, desk, capturedPaymentIds=[payment])
        await desk.tell("order-cancelled", cancelled, "billing")
        await desk.tell("payment-refunded", refund, "billing")
        assert await _subjects(desk) == ["Your order", "Your order came to nothing"]
        assert "60.00 EUR go back" in text_of(desk.sent()[-1])

    run(tmp_path, test)


def test_a_refund_that_follows_its_cancellation_is_in_the_mail(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        order, payment = await _order(desk), uuid7()
        cancelled = _cancelled(order, desk, capturedPaymentIds=[payment])
        await desk.tell("order-cancelled", cancelled, "billing")
        assert len(desk.sent()) == 1
        refund = {
            "causeId": uuid7(),
            "paymentId": payment,
            "refundId": uuid7(),
            "amountMinor": 6000,
            "currency": "eur",
            "reason": "orderCancelled",
            "orderId": order["orderId"],
        }
        await desk.tell("payment-refunded", refund, "billing")
        await desk.service.tick()
        assert "60.00 EUR go back" in text_of(desk.sent()[-1])
        run_of = await desk.ask(
            operations.ENQUEUE_EMAIL,
            lambda ctx: desk.service.runtime.sagas.state(ctx, "order", str(order["orderId"])),
        )
        assert run_of is not None
        assert run_of.state == "undone"

    run(tmp_path, test)


def test_an_order_that_was_never_charged_is_told_so(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        order = await _order(desk)
        await desk.tell("order-cancelled", _cancelled(order, desk), "billing")
        skipped = {
            "causeId": uuid7(),
            "orderId": order["orderId"],
            "reason": "nothingCaptured",
        }
        await desk.tell("refund-skipped", skipped, "billing")
        await desk.service.tick()
        assert "Nothing was charged" in text_of(desk.sent()[-1])

    run(tmp_path, test)


def test_a_cancelled_order_without_word_of_money_is_told_after_ten_minutes(
    tmp_path: Path,
) -> None:
    async def test(desk: Desk) -> None:
        order = await _order(desk)
        await desk.tell("order-cancelled", _cancelled(order, desk), "billing")
        desk.service.later(timedelta(minutes=9))
        await desk.service.tick()
        assert len(desk.sent()) == 1
        desk.service.later(timedelta(minutes=2))
        await desk.service.tick()
        assert len(desk.sent()) == 2
        assert "paymentFailed" in text_of(desk.sent()[-1])
        skipped = {
            "causeId": uuid7(),
            "orderId": order["orderId"],
            "reason": "nothingCaptured",
        }
        await desk.tell("refund-skipped", skipped, "billing")
        assert len(desk.sent()) == 2

    run(tmp_path, test)


def test_what_a_report_s_readers_are_told(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        ready = {
            "reportId": uuid7(),
            "organizationId": desk.organization,
            "templateKey": "usage",
            "title": "Usage in May",
            "recipientIds": [desk.person],
            "sizeBytes": 1,
            "expiresAt": later(86400),
        }
        await desk.tell("report-ready", ready, "analytics")
        failed = {
            "reportId": uuid7(),
            "organizationId": desk.organization,
            "failureCode": "tooLarge",
            "attempt": 1,
            "recipientIds": [desk.person],
        }
        await desk.tell("report-failed", failed, "analytics")
        assert await _subjects(desk) == ["Usage in May is ready", "A report could not be made"]
        assert "does not help" in text_of(desk.sent()[-1])

    run(tmp_path, test)


def test_an_erased_person_leaves_nothing_but_counts(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        await desk.queue("notify.email.critical", "enqueue-email", desk.order())
        await desk.service.tick()
        await _assign(desk, 1)
        data = {"userId": desk.person, "erasureRequestId": uuid7()}
        await desk.tell("user-deleted", data)
        (mail,) = await desk.mails()
        assert "reader" not in mail.model_dump_json()
        assert mail.variables == {}
        assert mail.recipient_user_id is None

        async def left(ctx: Context) -> list[int]:
            handlers = desk.handlers
            return [
                await handlers.preferences.count(ctx, userId=desk.person),
                await handlers.baskets.count(ctx, userId=desk.person),
                await handlers.steps.count(ctx, recipientUserId=desk.person),
            ]

        assert await desk.ask(operations.ENQUEUE_EMAIL, left) == [0, 0, 0]
        (told,) = await desk.told("email-erasure-completed")
        assert told["store"] == "email"
        assert told["userId"] == str(desk.person)
        assert told["erasedItems"] >= 5

    run(tmp_path, test)


def test_money_in_words() -> None:
    assert money(1250, "eur") == "12.50 EUR"
    assert money(-5, "usd") == "-0.05 USD"
    assert money(900, "jpy") == "900 JPY"
