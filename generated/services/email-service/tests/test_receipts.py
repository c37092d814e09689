"""What comes back from providers and readers, and what it bars."""

from __future__ import annotations

import base64
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.security.principal import Principal
from desk import Desk, later, refused, run
from email_service.generated import models, operations, port

_STATUS = models.EmailStatus


async def _mail(desk: Desk, **fields: object) -> models.EmailMessage:
    """A mail that a provider took."""
    event = uuid7()
    order = desk.order(**{"category": "transactional", "sourceEventId": event, **fields})
    await desk.queue("notify.email.transactional", "enqueue-email", order)
    await desk.service.tick("send-mail")
    (mail,) = await desk.mails(sourceEventId=event)
    return mail


async def _again(desk: Desk, mail: models.EmailMessage) -> models.EmailMessage:
    (found,) = await desk.mails(id=mail.id)
    return found


async def _receipt(desk: Desk, mail: models.EmailMessage, kind: str, **fields: object) -> None:
    body = await desk.receipt(mail, kind, **fields)
    await desk.queue("notify.email.receipt", "record-delivery-receipt", body)


async def _entry(desk: Desk, address_hash: str) -> models.SuppressionEntry | None:
    return await desk.ask(
        operations.ENQUEUE_EMAIL,
        lambda ctx: desk.handlers.suppression_entry.find(ctx, addressHash=address_hash),
    )


def test_a_delivery_is_told_once_with_its_latency(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        mail = await _mail(desk)
        at = clock.now() + timedelta(seconds=90)
        await _receipt(desk, mail, "delivery", occurredAt=at)
        await _receipt(desk, mail, "delivery", occurredAt=at)
        assert (await _again(desk, mail)).status == _STATUS.delivered
        (told,) = await desk.told("notification-delivered")
        assert told["channel"] == "email"
        assert told["provider"] == str(mail.provider)
        assert 89_000 <= told["latencyMs"] <= 95_000

    run(tmp_path, test)


def test_a_forged_receipt_is_a_dead_letter_and_changes_nothing(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        mail = await _mail(desk)
        body = {**await desk.receipt(mail, "delivery"), "receiptKind": "complaint"}
        await desk.queue("notify.email.receipt", "record-delivery-receipt", body)
        assert (await _again(desk, mail)).status == _STATUS.handed_over
        dead = [
            each
            for each in await desk.service.published()
            if each.topic == "notify.email.receipt.dead"
        ]
        assert [each.failure and each.failure.reason for each in dead] == ["signature-invalid"]

    run(tmp_path, test)


def test_a_receipt_that_is_faster_than_its_mail_comes_again(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        mail = await _mail(desk)
        unknown = mail.model_copy(update={"provider_message_id": "not-yet"})
        body = await desk.receipt(unknown, "delivery")
        await desk.queue("notify.email.receipt", "record-delivery-receipt", body)

        async def found_now(ctx: Context) -> None:
            await desk.handlers.email_message.rewrite(ctx, mail, {"providerMessageId": "not-yet"})
            platform = ctx.within(desk.handlers.platform)
            noted = {"messageId": mail.id, "tenant": ctx.tenant, "providerMessageId": "not-yet"}
            await desk.handlers.posted.insert(platform, noted)

        await desk.ask(operations.ENQUEUE_EMAIL, found_now)
        assert (await _again(desk, mail)).status == _STATUS.handed_over
        desk.service.later(timedelta(seconds=31))
        await desk.service.settle()
        assert (await _again(desk, mail)).status == _STATUS.delivered

    run(tmp_path, test)


def test_a_hard_bounce_bars_the_address_but_for_warnings(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        mail = await _mail(desk)
        await _receipt(desk, mail, "hardBounce", diagnosticCode="550 5.1.1")
        assert (await _again(desk, mail)).status == _STATUS.bounced
        (told,) = await desk.told("notification-bounced")
        assert told["bounceKind"] == "hard"
        assert told["diagnosticCode"] == "550 5.1.1"
        assert told["addressHash"] == mail.address_hash != "a" * 64
        entry = await _entry(desk, mail.address_hash)
        assert entry is not None
        assert entry.cause == models.SuppressionCause.hard_bounce
        other = await _mail(desk)
        assert other.suppression_reason == models.SuppressionReason.suppressed_address
        warning = await _mail(desk, category="security")
        assert warning.status == _STATUS.handed_over

    run(tmp_path, test)


def test_five_soft_bounces_in_a_week_bar_for_two(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        for number in range(5):
            mail = await _mail(desk)
            assert mail.status == _STATUS.handed_over, number
            await _receipt(desk, mail, "softBounce")
        entry = await _entry(desk, mail.address_hash)
        assert entry is not None
        assert entry.until is not None
        assert entry.bounce_count == 5
        assert (await _mail(desk)).status == _STATUS.suppressed
        desk.service.later(timedelta(days=15))
        assert (await _mail(desk, expiresAt=later(600))).status == _STATUS.handed_over

    run(tmp_path, test)


def test_a_complaint_is_for_ever_and_nobody_lifts_it(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        mail = await _mail(desk)
        await _receipt(desk, mail, "complaint")
        assert (await _again(desk, mail)).status == _STATUS.complained
        assert (await _entry(desk, mail.address_hash)) is not None
        body = models.LiftSuppressionRequest(
            addressHash=mail.address_hash, justification="They asked by telephone"
        )
        request = port.LiftSuppression(address_hash=mail.address_hash, body=body)
        lift = desk.ask(
            operations.LIFT_SUPPRESSION,
            lambda ctx: desk.handlers.lift_suppression(ctx, request),
            desk.somebody("support-agent"),
        )
        assert await refused(lift) == "complaint-not-liftable"

    run(tmp_path, test)


def test_too_many_complaints_stop_what_nobody_asked_for(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        async def delivered(ctx: Context) -> int:
            return await desk.handlers.tally(ctx, "delivered:collaboration", ctx.now, 1500)

        await desk.ask(operations.ENQUEUE_EMAIL, delivered)
        states = []
        for _ in range(2):
            other = f"{uuid7().hex}@reader.example"
            mail = await _mail(desk, category="collaboration", toAddress=other)
            states.append(mail.status)
            await _receipt(desk, mail, "complaint")
        last = await _mail(desk, category="collaboration", toAddress="b@reader.example")
        assert states == [_STATUS.handed_over, _STATUS.handed_over]
        assert last.suppression_reason == models.SuppressionReason.preference
        billing = await _mail(desk, category="billing", toAddress="b@reader.example")
        assert billing.status == _STATUS.handed_over

    run(tmp_path, test)


def test_support_lifts_a_bar_and_sends_again(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        mail = await _mail(desk, templateKey="nowhere")
        agent = desk.somebody("support-agent")
        bounced = await _mail(desk)
        await _receipt(desk, bounced, "hardBounce")
        resend = port.ResendEmail(
            email_message_id=mail.id,
            body=models.ResendEmailRequest(emailId=mail.id, expiresAt=later(600)),
        )

        async def again(ctx: Context) -> models.EmailMessage:
            return await desk.handlers.resend_email(ctx, resend)

        assert await refused(desk.ask(operations.RESEND_EMAIL, again, agent)) == (
            "address-suppressed"
        )
        body = models.LiftSuppressionRequest(
            addressHash=mail.address_hash, justification="The mailbox is back"
        )
        request = port.LiftSuppression(address_hash=mail.address_hash, body=body)
        await desk.ask(
            operations.LIFT_SUPPRESSION,
            lambda ctx: desk.handlers.lift_suppression(ctx, request),
            agent,
        )
        assert (await desk.ask(operations.RESEND_EMAIL, again, agent)).status == _STATUS.queued
        desk.service.later(timedelta(days=8))
        await desk.service.tick()
        assert await refused(desk.ask(operations.RESEND_EMAIL, again, agent)) == "message-expired"

    run(tmp_path, test)


def _leave(desk: Desk, token: str, scope: str) -> Awaitable[None]:
    nobody = Principal("anonymous", "anonymous", None, frozenset())
    body = models.UnsubscribeRequest(token=token, scope=models.SuppressionScope(scope))
    request = port.UnsubscribeRecipient(body=body)
    return desk.ask(
        operations.UNSUBSCRIBE_RECIPIENT,
        lambda ctx: desk.handlers.unsubscribe_recipient(ctx, request),
        nobody,
    )


def test_one_click_ends_a_category_and_no_other(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        mail = await _mail(desk)
        (sent,) = desk.sent()
        assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        token = str(sent["List-Unsubscribe"]).strip("<>").rpartition("/")[2]
        assert await refused(_leave(desk, token, "all")) == "category-mandatory"
        raw = bytearray(base64.urlsafe_b64decode(token + "=="))
        raw[20] ^= 1
        forged = base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
        assert await refused(_leave(desk, forged, "digest")) == "validation-failed"
        await _leave(desk, token, "collaboration")
        assert (await _mail(desk)).status == _STATUS.handed_over
        assert (await _mail(desk, category="collaboration")).status == _STATUS.suppressed
        desk.service.later(timedelta(days=31))
        assert await refused(_leave(desk, token, "digest")) == "token-expired"
        entry = await _entry(desk, mail.address_hash)
        assert entry is not None
        assert entry.cause == models.SuppressionCause.unsubscribe

    run(tmp_path, test)


def test_the_timeline_is_support_s_and_one_s_own(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        begin = clock.now()
        mail = await _mail(desk)
        desk.service.later(timedelta(seconds=5))
        await _receipt(desk, mail, "delivery")

        def ask(*roles: str, subject: UUID | None = None) -> Awaitable[models.DeliveryTimelinePage]:
            body = models.DeliveryTimelineRequest(
                recipientUserId=desk.person, occurredFrom=begin, occurredTo=later(60)
            )
            request = port.GetDeliveryTimeline(body=body)
            return desk.ask(
                operations.GET_DELIVERY_TIMELINE,
                lambda ctx: desk.handlers.get_delivery_timeline(ctx, request),
                desk.somebody(*roles, subject=subject),
            )

        page = await ask("support-agent")
        steps = [each.status for each in page.items]
        assert steps[0] == _STATUS.delivered
        assert set(steps) == {_STATUS.queued, _STATUS.handed_over, _STATUS.delivered}
        assert (await ask("member", subject=desk.person)).items == page.items
        assert await refused(ask("member")) == "forbidden"

    run(tmp_path, test)
