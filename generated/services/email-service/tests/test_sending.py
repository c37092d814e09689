"""From an order to the provider: words, wishes, quiet hours, retries, signatures."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cloudsync_chassis import clock, daily
from cloudsync_chassis.client.errors import NoAnswerError
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.store.system import documents
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from desk import Desk, later, run, text_of
from email_service import outlet, wording
from email_service.base import Wanted
from email_service.catalogue import ROUTES
from email_service.generated import models, operations


def test_a_command_of_the_queue_is_rendered_signed_and_handed_over_once(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        order = desk.order()
        await desk.queue("notify.email.critical", "enqueue-email", order)
        await desk.queue("notify.email.critical", "enqueue-email", order)
        await desk.service.tick()
        (mail,) = await desk.mails()
        assert mail.status == models.EmailStatus.handed_over
        assert mail.to_address == "Ada@reader.example"
        assert mail.subject_line == "Your code"
        assert mail.provider_message_id
        assert mail.attempt_count == 1
        (sent,) = desk.sent()
        assert "123456" in text_of(sent)
        assert sent["Content-Language"] == "en"
        assert sent["List-Unsubscribe"] is None
        raw = next(tmp_path.glob("mail/*/*.eml")).read_bytes()
        assert await _signature_holds(desk, raw)
        assert not await _signature_holds(desk, raw.replace(b"123456", b"654321"))

    run(tmp_path, test)


def test_addresses_and_words_lie_encrypted_in_mails_and_orders(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        await desk.queue("notify.email.critical", "enqueue-email", desk.order())
        said = {"inviter": "Grace Hopper"}
        wanted = Wanted(
            source=uuid7(), route=ROUTES["digest"], variables=said, address="eve@outside.example"
        )
        await desk.ask(operations.ENQUEUE_EMAIL, lambda ctx: desk.handlers.order(ctx, wanted))

        async def bodies(ctx: Context) -> dict[str, str]:
            connection = await ctx.unit.connection()
            rows = await connection.execute(sa.select(documents.c.collection, documents.c.body))
            return {name: json.dumps(body) for name, body in rows.all()}

        kept = await desk.ask(operations.ENQUEUE_EMAIL, bodies)
        assert {"email-message", "mail-order"} <= kept.keys()
        for plain in ("ada@", "123456"):
            assert plain not in kept["email-message"].lower()
        for plain in ("eve@", "Hopper"):
            assert plain not in kept["mail-order"]
        (mail,) = await desk.mails()
        assert mail.to_address == "Ada@reader.example"

    run(tmp_path, test)


async def _signature_holds(desk: Desk, raw: bytes) -> bool:
    """Verifies DKIM apart from what signs: canonical forms written out again (RFC 6376 §3.4)."""
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n")
    signature = fields[0].decode().partition(": ")[2]
    tags = dict(each.strip().split("=", 1) for each in signature.split(";"))
    lines = b"\r\n".join(re.sub(rb"[ \t]+", b" ", each).rstrip() for each in body.split(b"\r\n"))
    digest = hashlib.sha256(lines.rstrip(b"\r\n") + b"\r\n").digest()
    if base64.b64encode(digest).decode() != tags["bh"]:
        return False
    known = {each.split(b":", 1)[0].lower().decode(): each.split(b":", 1)[1] for each in fields}
    signed = b""
    for name in tags["h"].split(":"):
        signed += name.encode() + b":" + re.sub(rb"[ \t]+", b" ", known[name]).strip() + b"\r\n"
    signed += b"dkim-signature:" + signature[: signature.rindex("b=") + 2].encode()
    key = outlet.public_key(await desk.handlers.world.keys.get("dkim/mail.cloudsync.example"))
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))
    public.verify(base64.b64decode(tags["b"]), hashlib.sha256(signed).digest())
    return True


def test_a_provider_that_refuses_gives_way_and_eight_attempts_are_all(tmp_path: Path) -> None:
    class Broken:
        tried: list[str] = []

        async def send(self, provider: str, mail: outlet.Mail, message: bytes) -> str:
            self.tried.append(provider)
            raise outlet.ProviderError("down")

    async def test(desk: Desk) -> None:
        desk.handlers.world.outlet = Broken()
        order = desk.order(category="transactional", expiresAt=later(6 * 86400))
        await desk.queue("notify.email.transactional", "enqueue-email", order)
        for _ in range(10):
            await desk.service.tick("send-mail")
            desk.service.later(timedelta(hours=3))
        (mail,) = await desk.mails()
        assert mail.status == models.EmailStatus.failed
        assert mail.failure == models.DeliveryFailure.attempts_exhausted
        assert mail.attempt_count == 8
        assert len(Broken.tried) == 8
        (told,) = await desk.told("notification-failed")
        assert told["failure"] == "attemptsExhausted"
        assert told["channel"] == "email"

    run(tmp_path, test)


@pytest.mark.parametrize("name", ["ses", "sendgrid"])
def test_operators_force_a_provider(tmp_path: Path, name: str) -> None:
    async def test(desk: Desk) -> None:
        desk.set(provider_override=name)
        await desk.queue("notify.email.critical", "enqueue-email", desk.order())
        await desk.service.tick()
        assert [str(each.provider) for each in await desk.mails()] == [name]

    run(tmp_path, test)


def test_while_one_breaker_is_open_the_other_provider_sends(tmp_path: Path) -> None:
    class Half(outlet.LocalOutlet):
        async def send(self, provider: str, mail: outlet.Mail, message: bytes) -> str:
            if provider == "ses":
                raise outlet.ProviderError("down")
            return await super().send(provider, mail, message)

    async def test(desk: Desk) -> None:
        desk.handlers.world.outlet = Half(desk.handlers.settings)
        for _ in range(40):
            body = desk.order(category="transactional", expiresAt=later(86400))
            await desk.queue("notify.email.transactional", "enqueue-email", body)
        await desk.service.tick("send-mail")
        desk.service.later(timedelta(days=1, seconds=-60))
        for _ in range(20):
            body = desk.order(category="transactional", expiresAt=later(86400))
            await desk.queue("notify.email.transactional", "enqueue-email", body)
        await desk.service.tick("send-mail")
        taken = [str(each.provider) for each in await desk.mails(status="handedOver")]
        assert set(taken) == {"sendgrid"}
        assert desk.handlers.breakers["ses"].state == "open"

    run(tmp_path, test)


def test_a_mail_whose_time_is_over_is_given_up(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        order = desk.order(notBefore=later(500))
        await desk.queue("notify.email.critical", "enqueue-email", order)
        await desk.service.tick("send-mail")
        assert not desk.sent()
        desk.service.later(timedelta(seconds=700))
        await desk.service.tick()
        (mail,) = await desk.mails()
        assert mail.failure == models.DeliveryFailure.expired
        assert not desk.sent()

    run(tmp_path, test)


@pytest.mark.parametrize("key", ["one-time-code", "nowhere"])
def test_what_cannot_be_rendered_fails(tmp_path: Path, key: str) -> None:
    async def test(desk: Desk) -> None:
        order = desk.order(templateKey=key, variables={"other": "x"})
        await desk.queue("notify.email.critical", "enqueue-email", order)
        await desk.service.tick()
        (mail,) = await desk.mails()
        assert mail.status == models.EmailStatus.failed
        missing = models.DeliveryFailure.template_not_published
        assert mail.failure == (missing if key == "nowhere" else None)

    run(tmp_path, test)


def test_quiet_hours_hold_a_mail_back_and_no_warning(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        now = clock.now()
        hours = {
            "from": f"{(now - timedelta(hours=1)):%H:%M}",
            "to": f"{(now + timedelta(hours=2)):%H:%M}",
            "timeZone": "Etc/UTC",
        }
        desk.wishes = {"quietHours": hours}
        moved = {"userId": desk.person, "deviceId": uuid7(), "platform": "ios"}
        await desk.tell("device-revoked", {**moved, "movedToAnother": True}, "notification")
        assert len(desk.sent()) == 1
        await _welcome(desk)
        assert len(desk.sent()) == 1
        desk.service.later(timedelta(hours=2, minutes=1))
        await desk.service.tick()
        assert len(desk.sent()) == 2

    run(tmp_path, test)


async def _welcome(desk: Desk, **fields: object) -> None:
    data = {
        "userId": desk.person,
        "kind": "employee",
        "locale": "en",
        "timeZone": "Europe/Dublin",
        "provisioningSource": "selfSignup",
        **fields,
    }
    await desk.tell("user-created", data)


def test_a_person_who_does_not_want_it_is_not_written_to(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        desk.wishes = {"channels": {"transactional": ["push"]}}
        await _welcome(desk)
        (mail,) = await desk.mails()
        assert mail.suppression_reason == models.SuppressionReason.preference
        (told,) = await desk.told("notification-suppressed")
        assert told["notificationId"] == str(mail.id)
        assert not desk.sent()

    run(tmp_path, test)


def test_programs_are_not_welcomed(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        await _welcome(desk, kind="serviceAccount")
        assert await desk.mails() == []

    run(tmp_path, test)


def test_while_nobody_says_who_it_is_the_order_waits(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        def silent(call: Any) -> Exception:
            return NoAnswerError(call, "no answer")

        desk.service.answers("user-service", "getUser", silent)
        await _welcome(desk)
        assert await desk.mails() == []
        desk.service.answers("user-service", "getUser", desk.known_user)
        desk.service.later(timedelta(minutes=2))
        await desk.service.tick()
        (mail,) = await desk.mails()
        assert mail.status == models.EmailStatus.handed_over

    run(tmp_path, test)


def test_attachments_that_cannot_be_read_become_links_and_unsafe_ones_nothing(
    tmp_path: Path,
) -> None:
    async def test(desk: Desk) -> None:
        verdicts = {}

        def file(call: Any) -> dict[str, object]:
            key = str(call.parameters["fileId"])
            at = clock.now().isoformat()
            return {
                "id": key,
                "organizationId": str(desk.organization),
                "createdAt": at,
                "updatedAt": at,
                "version": 1,
                "fileName": "a.pdf",
                "mediaType": "application/pdf",
                "sizeBytes": 10,
                "storageClass": "standard",
                "uploaderId": str(desk.person),
                "origin": "upload",
                "status": "available",
                "scanVerdict": verdicts[key],
                "referenceCount": 1,
            }

        desk.service.answers("file-service", "getFile", file)
        clean, bad = uuid7(), uuid7()
        verdicts.update({str(clean): "clean", str(bad): "infected"})
        files = [{"fileId": each, "fileName": "a.pdf", "sizeBytes": 10} for each in (clean, bad)]
        order = desk.order(category="transactional", attachments=files)
        await desk.queue("notify.email.transactional", "enqueue-email", order)
        await desk.service.tick()
        (sent,) = desk.sent()
        text = text_of(sent)
        assert str(clean) in text
        assert str(bad) not in text

    run(tmp_path, test)


def test_words_fall_back_and_quote_no_links() -> None:
    assert wording.languages("pt-BR") == ("pt-BR", "pt", "en")
    assert wording.languages("zh-Hant-TW") == ("zh-Hant-TW", "zh-Hant", "zh", "en")
    told = wording.stripped({"inviter": "Win at https://evil.example/x now", "a": "evil.example"})
    assert told == {"inviter": "Win at  now", "a": "evil. example"}
    assert wording.stripped({"appLink": "javascript:alert(1)"}) == {"appLink": ""}
    assert wording.subject("Hello {{name}}", {"name": "A\r\nBcc: b@c.example"}) == (
        "Hello A Bcc: b@c.example"
    )
    assert wording.fill("{{a}}", {"a": "{{b}}", "b": "no"}) == "{{b}}"
    page = wording.as_html(
        '<mjml><mj-text onclick="x">{{a}}</mj-text><script>x</script>'
        '<mj-button href="{{l}}">Go</mj-button></mjml>',
        {"a": "<b onload=1>&", "l": "http://evil.example"},
    )
    assert "<p>&lt;b onload=1&gt;&amp;</p><a>Go</a>" in page
    assert "script" not in page
    assert "onclick" not in page
    assert "<p>1 &lt; 2 &gt; 0 &amp;</p>" in wording.as_html("<p>1 < 2 > 0 &amp;</p>", {})


def test_quiet_hours_go_past_midnight_in_their_own_zone() -> None:
    moment = clock.now().replace(year=2026, month=1, day=5, hour=22, minute=30)
    berlin = daily.ends(moment, "23:00", "07:00", "Europe/Berlin")
    assert berlin is not None
    assert (berlin.day, berlin.hour) == (6, 6)
    assert daily.ends(moment, "23:00", "07:00", "Etc/UTC") is None
    end = daily.ends(moment, "22:00", "24:00", "nowhere")
    assert end is not None
    assert (end.day, end.hour) == (6, 0)
