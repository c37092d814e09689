"""From an order to a carrier and back: rules, buckets, routes, receipts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.ids import PLATFORM
from desk import Desk, refused, run
from sms_service import alphabet, world
from sms_service.generated import models, operations, port

_STATES = models.SmsDeliveryState
_OTP, _RECEIPTS = "notify.sms.otp", "notify.sms.receipt"


async def _send(desk: Desk, **fields: Any) -> models.SmsMessage:
    await desk.queue(_OTP, "send-sms", desk.code(**fields))
    await desk.service.tick("submit-texts")
    return (await desk.texts())[-1]


async def _again(desk: Desk, text: models.SmsMessage) -> models.SmsMessage:
    (found,) = await desk.texts(id=text.id)
    return found


async def _receipt(desk: Desk, text: models.SmsMessage, state: str, **fields: Any) -> None:
    body = {
        "route": str(text.route),
        "carrierReference": text.carrier_reference,
        "state": state,
        "occurredAt": clock.now(),
        **fields,
    }
    await desk.queue(_RECEIPTS, "record-carrier-receipt", body)


def test_a_code_leaves_by_the_cheapest_route_and_is_settled_once(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        text = await _send(desk)
        assert (text.delivery_state, str(text.route)) == (_STATES.submitted, "sns")
        assert text.cost_micros == 69_500
        assert text.country_code == "IE"
        (carried,) = desk.carried()
        assert carried["text"] == "123456 is your CloudSync code.\n@cloudsync.example #123456"
        assert carried["from"] == "CloudSync"
        desk.service.later(timedelta(seconds=3))
        await _receipt(desk, text, "delivered")
        await _receipt(desk, text, "undelivered", carrierErrorCode="301")
        settled = await _again(desk, text)
        assert settled.delivery_state == _STATES.delivered
        assert settled.carrier_error_code is None
        (told,) = await desk.told("sms-delivered")
        assert told["channel"] == "sms"
        assert told["segmentCount"] == 1
        assert told["latencyMs"] >= 3000

    run(tmp_path, test)


def test_a_carrier_s_no_is_told_with_its_code(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        text = await _send(desk)
        early = clock.now() - timedelta(minutes=1)
        await _receipt(desk, text, "undelivered", carrierErrorCode="301", occurredAt=early)
        settled = await _again(desk, text)
        assert settled.delivery_state == _STATES.undelivered
        assert settled.settled_at == settled.submitted_at
        (told,) = await desk.told("sms-bounced")
        assert (told["carrierErrorCode"], told["phoneHash"]) == ("301", text.phone_hash)

    run(tmp_path, test)


def test_a_receipt_that_is_faster_than_its_text_comes_again(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        body = {
            "route": "sns",
            "carrierReference": "unknown",
            "state": "delivered",
            "occurredAt": clock.now(),
        }
        receipt = models.CarrierReceipt.model_validate(body, strict=False)
        request = port.RecordCarrierReceipt(body=receipt)
        asked = desk.ask(
            operations.RECORD_CARRIER_RECEIPT,
            lambda ctx: desk.handlers.record_carrier_receipt(ctx, request),
        )
        assert await refused(asked) == "receipt-unknown"
        await desk.queue(_RECEIPTS, "record-carrier-receipt", body)
        text = await _send(desk)
        attempt = await desk.ask(
            operations.SEND_SMS,
            lambda ctx: desk.handlers.attempts.find(ctx.within(PLATFORM), smsId=text.id),
        )
        assert attempt is not None
        renamed = {"carrierReference": "unknown"}
        await desk.ask(
            operations.SEND_SMS,
            lambda ctx: desk.handlers.attempts.rewrite(ctx.within(PLATFORM), attempt, renamed),
        )
        desk.service.later(timedelta(seconds=61))
        await desk.service.settle()
        assert (await _again(desk, text)).delivery_state == _STATES.delivered

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("fields", "failure"),
    [
        ({"phoneNumber": "+79161234567"}, "countryNotEnabled"),
        ({"phoneNumber": "+19005550100"}, "riskTooHigh"),
    ],
)
def test_what_the_rules_forbid_is_rejected_and_told(
    tmp_path: Path, fields: dict[str, Any], failure: str
) -> None:
    async def test(desk: Desk) -> None:
        text = await _send(desk, **fields)
        assert (text.delivery_state, str(text.failure)) == (_STATES.rejected, failure)
        assert desk.carried() == []
        (told,) = await desk.told("sms-failed")
        assert told["failure"] == failure
        request = port.SendSms(
            body=models.SendSmsRequest.model_validate(desk.code(**fields), strict=False)
        )
        asked = desk.ask(operations.SEND_SMS, lambda ctx: desk.handlers.send_sms(ctx, request))
        slugs = {"countryNotEnabled": "country-not-enabled", "riskTooHigh": "risk-too-high"}
        assert await refused(asked) == slugs[failure]
        assert len(await desk.texts(deliveryState="rejected")) == 2
        agent = desk.somebody("support-agent")
        asked = desk.ask(
            operations.SEND_SMS, lambda ctx: desk.handlers.send_sms(ctx, request), agent
        )
        assert await refused(asked) == "forbidden"

    run(tmp_path, test)


def test_neighbouring_numbers_are_taken_for_fraud(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        for number in range(20):
            assert (await _send(desk, phoneNumber=f"+3538612345{number:02}")).failure is None
        last = await _send(desk, phoneNumber="+353861234599")
        assert last.failure == models.DeliveryFailure.risk_too_high
        desk.service.later(timedelta(minutes=61))
        assert (await _send(desk, phoneNumber="+353861234598")).failure is None

    run(tmp_path, test)


def test_the_fourth_text_to_a_number_waits_for_a_token(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        for _ in range(3):
            await _send(desk)
        fourth = await _send(desk)
        assert fourth.delivery_state == _STATES.throttled
        assert len(desk.carried()) == 3
        desk.service.later(timedelta(seconds=205))
        await desk.service.tick("submit-texts")
        assert (await _again(desk, fourth)).delivery_state == _STATES.submitted
        fifth = await _send(desk, validitySeconds=60)
        desk.service.later(timedelta(seconds=61))
        await desk.service.tick("submit-texts")
        ended = await _again(desk, fifth)
        assert (ended.delivery_state, ended.failure) == (
            _STATES.undelivered,
            models.DeliveryFailure.expired,
        )

    run(tmp_path, test)


def test_texts_that_wait_for_a_token_stand_in_nobody_s_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms_service.texts._MANY", 2)

    async def test(desk: Desk) -> None:
        for _ in range(6):
            await _send(desk)
        assert len(desk.carried()) == 3
        other = await _send(desk, phoneNumber="+353871234567")
        for _ in range(3):
            await desk.service.tick("submit-texts")
        assert (await _again(desk, other)).delivery_state == _STATES.submitted
        desk.service.later(timedelta(seconds=205))
        for _ in range(3):
            await desk.service.tick("submit-texts")
        assert len(desk.carried()) == 5, "each has its turn again"

    run(tmp_path, test)


def test_who_said_stop_gets_codes_and_nothing_else(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        first = await _send(desk)
        body = {"phoneHash": first.phone_hash, "keyword": "stop", "receivedAt": clock.now()}
        await desk.queue(_RECEIPTS, "record-inbound-keyword", body)
        await desk.queue(_RECEIPTS, "record-inbound-keyword", {**body, "keyword": "quit"})
        events = await desk.service.published()
        told = [each for each in events if each.type.endswith(".recipient-opted-out.v1")]
        assert [each.organization_id for each in told] == [desk.organization]
        assert told[0].data["phoneHash"] == first.phone_hash
        assert (await _send(desk)).failure is None
        alert = {"templateKey": "security-alert", "variables": {"warning": "x"}}
        refusal = await _send(desk, purpose="securityAlert", **alert)
        assert refusal.failure == models.DeliveryFailure.recipient_opted_out
        request = port.WithdrawOptOut(phone_hash=first.phone_hash)
        await desk.ask(
            operations.WITHDRAW_OPT_OUT,
            lambda ctx: desk.handlers.withdraw_opt_out(ctx, request),
            desk.somebody("support-agent"),
        )
        assert (await _send(desk, purpose="securityAlert", **alert)).failure is None

    run(tmp_path, test)


def test_a_code_without_a_receipt_takes_the_second_route_and_no_third(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        first = await _send(desk)
        desk.service.later(timedelta(seconds=21))
        await desk.service.tick()
        second = await _again(desk, first)
        assert (str(first.route), str(second.route)) == ("sns", "vonage")
        desk.service.later(timedelta(seconds=21))
        await desk.service.tick()
        assert str((await _again(desk, first)).route) == "vonage"
        assert [each["route"] for each in desk.carried()] == ["sns", "vonage"]
        await _receipt(desk, first, "delivered")
        settled = await _again(desk, first)
        assert (settled.delivery_state, str(settled.route)) == (_STATES.delivered, "sns")

    run(tmp_path, test)


def test_a_route_that_loses_texts_is_passed_over_probed_and_taken_back(tmp_path: Path) -> None:
    class Losing(world.LocalCarriers):
        broken = True

        async def submit(self, route: str, key: str, number: str, sender: str, text: str) -> str:
            if self.broken and route == "sns":
                raise world.CarrierError("down")
            return await super().submit(route, key, number, sender, text)

    async def test(desk: Desk) -> None:
        carriers = Losing(desk.handlers.settings)
        desk.handlers.world.carriers = carriers
        for number in range(10):
            text = await _send(desk, phoneNumber=f"+35386{number:02}34567")
            assert str(text.route) == "vonage"
        assert await _breakers(desk) == {"sns": "open"}
        tried = len(desk.carried())
        await _send(desk, phoneNumber="+353869934567")
        assert len(desk.carried()) == tried + 1
        carriers.broken = False
        desk.service.later(timedelta(seconds=601))
        await desk.service.tick("probe-routes")
        assert await _breakers(desk) == {"sns": "halfOpen"}
        await desk.handlers.run(PLATFORM, lambda ctx: _observed(desk, ctx))
        assert await _breakers(desk) == {"sns": "closed"}
        assert str((await _send(desk, phoneNumber="+353869834567")).route) == "sns"

    run(tmp_path, test)


async def _observed(desk: Desk, ctx: Any) -> None:
    """As a receipt does: what was lost is more than ten minutes ago."""
    await desk.handlers.observe("sns", "IE", True, ctx)


async def _breakers(desk: Desk) -> dict[str, str]:
    async def read(ctx: Any) -> dict[str, str]:
        found = desk.handlers.route_health.each(ctx.within(PLATFORM))
        return {str(each.route_name): str(each.breaker) async for each in found}

    return await desk.ask(operations.SEND_SMS, read)


def test_words_that_nobody_published_or_that_lack_a_variable_are_dead_letters(
    tmp_path: Path,
) -> None:
    async def test(desk: Desk) -> None:
        await desk.queue(_OTP, "send-sms", desk.code(templateKey="nowhere"))
        await desk.queue(_OTP, "send-sms", desk.code(variables={}))
        assert await desk.texts() == []
        dead = [each for each in await desk.service.published() if each.failure is not None]
        assert [each.topic for each in dead] == ["notify.sms.otp.dead"] * 2

    run(tmp_path, test)


def test_a_lookup_says_what_became_of_the_texts_of_a_day(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        text = await _send(desk)

        async def look(day: Any) -> models.SmsLookupPage:
            request = port.LookupDelivery(
                body=models.SmsLookupRequest(phone_hash=text.phone_hash, day=day)
            )
            return await desk.ask(
                operations.LOOKUP_DELIVERY,
                lambda ctx: desk.handlers.lookup_delivery(ctx, request),
                desk.somebody("support-agent"),
            )

        (entry,) = (await look(text.created_at.date())).items
        assert (entry.sms_id, entry.delivery_state) == (text.id, _STATES.submitted)
        assert (await look(text.created_at.date() - timedelta(days=1))).items == []

    run(tmp_path, test)


def test_segments_numbers_and_words() -> None:
    shape = alphabet.shape_of
    gsm, ucs = models.SmsEncoding.gsm7, models.SmsEncoding.ucs2
    assert shape("a" * 160) == alphabet.Shape(gsm, 1)
    assert shape("a" * 161) == alphabet.Shape(gsm, 2)
    assert shape("€" * 81) == alphabet.Shape(gsm, 2)
    assert shape("я" * 70) == alphabet.Shape(ucs, 1)
    assert shape("😀" * 36) == alphabet.Shape(ucs, 2)
    assert alphabet.country_of("+12045550100") == "CA"
    assert alphabet.country_of("+12125550100") == "US"
    assert alphabet.country_of("+9990000000") is None
    pieces = alphabet.compiled("{{a}} and {{ b }}")
    assert alphabet.filled(pieces, {"a": "x https://evil.example/y", "b": "{{a}}"}) == (
        "x and {{a}}"
    )
