"""Countries, facts of other services, words, wishes and erasure."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.ids import PLATFORM, uuid7
from desk import Desk, later, refused, run
from sms_service.generated import models, operations, port


async def _fail(desk: Desk, identifier: str, **fields: Any) -> None:
    data = {
        "sessionId": uuid7(),
        "identifierHash": identifier * 64,
        "cause": "wrongSecret",
        "countryCode": "FR",
        "attempt": 1,
        "userId": desk.person,
        **fields,
    }
    await desk.tell("login-failed", data)


def test_the_fifth_failure_in_ten_minutes_is_told_and_none_but_the_fifth(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        for _ in range(4):
            await _fail(desk, "a")
        await _fail(desk, "b")
        assert desk.carried() == []
        await _fail(desk, "a")
        await _fail(desk, "a")
        (carried,) = desk.carried()
        assert carried["text"] == "CloudSync: five sign-ins failed, the last from FR"
        desk.service.later(timedelta(minutes=11))
        for _ in range(4):
            await _fail(desk, "a")
        assert len(desk.carried()) == 1

    run(tmp_path, test)


def test_the_second_reminder_goes_to_the_billing_contacts_who_want_it(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        place = tmp_path / "billing-contacts" / f"{desk.organization}.json"
        place.parent.mkdir()
        place.write_text(json.dumps([str(desk.person)]))
        data = {
            "invoiceId": uuid7(),
            "invoiceNumber": "EU-2026-0000001",
            "amountDueMinor": 1250,
            "currency": "eur",
            "dunningLevel": 1,
        }
        desk.wishes = {"channels": {"billing": ["sms"]}}
        await desk.tell("invoice-overdue", data, "billing")
        assert desk.carried() == []
        await desk.tell("invoice-overdue", {**data, "dunningLevel": 2}, "billing")
        (carried,) = desk.carried()
        assert "EU-2026-0000001 over 12.50 EUR" in carried["text"]
        desk.wishes = {"channels": {"billing": ["email"]}}
        await desk.tell("preferences-changed", {"userId": desk.person})
        other = {**data, "invoiceId": uuid7(), "dunningLevel": 2}
        await desk.tell("invoice-overdue", other, "billing")
        assert len(desk.carried()) == 1

    run(tmp_path, test)


def test_a_reminder_moves_with_its_meeting(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        desk.wishes = {"channels": {"meetingReminder": ["sms"]}}
        start = clock.now() + timedelta(hours=1)
        data = {
            "meetingId": uuid7(),
            "hostId": desk.person,
            "joinUrl": "https://meet.cloudsync.example/x",
            "scheduledStart": start,
            "scheduledEnd": start + timedelta(hours=1),
        }
        await desk.tell("meeting-scheduled", data, "collaboration")
        moved = {**data, "scheduledStart": start + timedelta(hours=1)}
        await desk.tell("meeting-scheduled", moved, "collaboration")
        desk.service.later(timedelta(minutes=55))
        await desk.service.tick()
        assert desk.carried() == []
        desk.service.later(timedelta(minutes=56))
        await desk.service.tick()
        (carried,) = desk.carried()
        assert f"{start + timedelta(hours=1):%H:%M}" in carried["text"]
        assert "http" not in carried["text"]

    run(tmp_path, test)


def _suspension(desk: Desk, until: Any) -> Any:
    body = models.SuspendCountryRequest(
        country="IE",
        suspension_cause=models.CountrySuspensionCause.operator,
        suspended_until=until,
    )
    request = port.SuspendCountry(country="IE", body=body)
    return desk.ask(
        operations.SUSPEND_COUNTRY,
        lambda ctx: desk.handlers.suspend_country(ctx, request),
        desk.somebody("security-engineer"),
    )


def test_a_suspension_stops_texts_and_ends_by_itself(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        assert await refused(_suspension(desk, later(90_000))) == "rule-broken"
        await _suspension(desk, later(1800))
        assert await refused(_suspension(desk, later(900))) == "already-suspended"
        await desk.queue("notify.sms.otp", "send-sms", desk.code())
        (text,) = await desk.texts()
        assert text.failure == models.DeliveryFailure.country_not_enabled
        desk.service.later(timedelta(minutes=31))
        await desk.service.tick()
        policy = await desk.ask(
            operations.SEND_SMS,
            lambda ctx: desk.handlers.country_policy.find(ctx.within(PLATFORM), country="IE"),
        )
        assert policy is not None
        assert policy.suspended_until is None
        assert policy.suspension_cause is None

    run(tmp_path, test)


def test_what_waits_for_a_token_does_not_leave_for_a_suspended_country(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        for _ in range(4):
            await desk.queue("notify.sms.otp", "send-sms", desk.code())
            await desk.service.tick("submit-texts")
        assert len(desk.carried()) == 3
        await _suspension(desk, later(1800))
        desk.service.later(timedelta(minutes=5))
        await desk.service.tick("submit-texts")
        (text,) = await desk.texts(deliveryState="rejected")
        assert text.failure == models.DeliveryFailure.country_not_enabled
        assert len(desk.carried()) == 3

    run(tmp_path, test)


def test_a_surge_of_texts_suspends_its_country_for_an_hour(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        data = {
            "anomalyId": uuid7(),
            "metricKey": "sms_submitted_total",
            "dimensionValues": {"country": "GB"},
            "observed": 5.0,
            "expectedLow": 10.0,
            "expectedHigh": 20.0,
            "score": 0.9,
        }
        await desk.tell("metric-anomaly-detected", data, "analytics")
        assert await desk.told("sms-country-suspended") == []
        await desk.tell("metric-anomaly-detected", {**data, "observed": 500.0}, "analytics")
        await desk.tell("metric-anomaly-detected", {**data, "observed": 501.0}, "analytics")
        told = await desk.told("sms-country-suspended")
        assert {each["country"] for each in told} == {"GB"}
        assert told[0]["suspensionCause"] == "anomaly"

    run(tmp_path, test)


def test_a_country_is_opened_with_a_price_cap_that_routes_heed(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        def put(**fields: Any) -> Any:
            body = {
                "country": "BR",
                "enabledPurposes": ["oneTimeCode"],
                "preferredRoutes": ["twilio", "vonage"],
                "maxPricePerSegmentMicros": 54_000,
                "hourlyCap": 10,
                **fields,
            }
            request = port.SetCountryPolicy(
                body=models.SetCountryPolicyRequest.model_validate(body, strict=False)
            )
            return desk.ask(
                operations.SET_COUNTRY_POLICY,
                lambda ctx: desk.handlers.set_country_policy(ctx, request),
                desk.somebody("security-engineer"),
            )

        assert await refused(put(maxPricePerSegmentMicros=0)) == "price-cap-missing"
        await put()
        assert (await _estimate(desk, "BR", "x")).route == models.SmsRoute.vonage
        long = await _estimate(desk, "BR", "x" * 161)
        assert (long.segment_count, long.cost_micros) == (2, 106_000)
        assert (await _estimate(desk, "BR", "я")).encoding_kind == models.SmsEncoding.ucs2
        await put(maxPricePerSegmentMicros=1000)
        assert await refused(_estimate(desk, "BR", "x")) == "route-price-unknown"
        assert await refused(_estimate(desk, "AQ", "x")) == "route-price-unknown"

    run(tmp_path, test)


def _estimate(desk: Desk, country: str, text: str) -> Any:
    body = models.CostEstimateRequest(
        purpose=models.SmsPurpose.one_time_code, country_code=country, text=text
    )
    request = port.EstimateCost(body=body)
    return desk.ask(
        operations.ESTIMATE_COST,
        lambda ctx: desk.handlers.estimate_cost(ctx, request),
        desk.somebody("support-agent"),
    )


def test_words_follow_their_revisions_in_any_order(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        await desk.words("one-time-code", "new {{code}}", revision=3)
        await desk.words("one-time-code", "old {{code}}", revision=2)
        await desk.words("one-time-code", "mail", revision=9, deliveredBy="email")
        await desk.queue("notify.sms.otp", "send-sms", desk.code())
        assert [each.text_body for each in await desk.texts()] == ["new 123456"]
        retired = {
            "templateKey": "one-time-code",
            "deliveredBy": "sms",
            "language": "en",
            "revision": 2,
        }
        await desk.tell("template-retired", retired, "notification")
        await desk.queue("notify.sms.otp", "send-sms", desk.code())
        assert len(await desk.texts()) == 2
        await desk.tell("template-retired", {**retired, "revision": 3}, "notification")
        await desk.queue("notify.sms.otp", "send-sms", desk.code())
        assert len(await desk.texts()) == 2

    run(tmp_path, test)


def test_words_that_are_dearer_than_their_language_are_refused(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        await desk.words("fine", "код {{code}}", language="ru")
        with pytest.raises(AssertionError, match="given up"):
            await desk.words("dear", "code – {{code}}")
        words = await desk.ask(
            operations.SEND_SMS, lambda ctx: desk.handlers.words(ctx, "dear", "en")
        )
        assert words is None

    run(tmp_path, test)


def test_an_erased_person_leaves_neither_number_nor_words(tmp_path: Path) -> None:
    async def test(desk: Desk) -> None:
        for _ in range(5):
            await _fail(desk, "a")
        await desk.tell("user-deleted", {"userId": desk.person, "erasureRequestId": uuid7()})
        (text,) = await desk.texts()
        assert (text.phone_number, text.text_body) == ("+10000000", "-")
        (told,) = await desk.told("sms-erasure-completed")
        assert told["store"] == "sms"
        assert told["erasedItems"] == 2

    run(tmp_path, test)
