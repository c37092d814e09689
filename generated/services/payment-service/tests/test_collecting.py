"""Orders and invoices are paid, through HTTP and by events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis.ids import uuid7
from till import DAY, Till, play, slug


def wish(order: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "purpose": "order",
        "orderId": order["orderId"],
        "amountMinor": order["totalMinor"],
        "currency": "eur",
        "paymentMethodId": order["paymentMethodId"],
        "priceDigest": order["priceDigest"],
        **more,
    }


def test_an_order_is_authorised_and_captured_once(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card())
        first = await at.post("payments", wish(order))
        assert first["status"] == "authorized"
        again = await at.post("payments", wish(order))
        assert again["id"] == first["id"]
        for _ in range(2):
            await at.reserved(order)
        [payment] = await at.payments(order["orderId"])
        assert (payment["status"], payment["capturedMinor"]) == ("captured", 12_300)
        [told] = await at.said("payment-processed")
        assert (told["causeId"], told["orderId"]) == (order["orderId"], order["orderId"])
        charge = await at.get(f"charges/{order['orderId']}")
        assert (charge["status"], charge["settledMinor"]) == ("settled", 12_300)
        assert await at.balances() == {"providerClearing": 12_300, "revenueDeferred": -12_300}

    play(tmp_path, scene)


def test_amount_and_digest_are_held_against_the_order(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card())
        for more in ({"amountMinor": 1}, {"priceDigest": "cd" * 32}, {"currency": "usd"}):
            answer = await at.send("POST", "payments", wish(order, **more))
            assert slug(answer) == "amount-mismatch"
        nothing = await at.send("POST", "payments", wish(order, priceDigest=None))
        assert nothing.status_code == 400
        assert await at.payments(order["orderId"]) == []

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("declined", "doNotHonor"),
        ("insufficient", "insufficientFunds"),
        ("expired", "expiredCard"),
        ("risky", "fraudSuspected"),
    ],
)
def test_a_refusal_is_kept_and_told(tmp_path: Path, behaviour: str, code: str) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card(behaviour))
        answer = await at.send("POST", "payments", wish(order))
        assert slug(answer) == "payment-declined"
        assert answer.json()["declineCode"] == code
        [payment] = await at.payments(order["orderId"])
        assert payment["status"] == "failed"
        [told] = await at.said("payment-failed")
        assert told["declineCode"] == code
        assert (await at.get(f"charges/{order['orderId']}"))["status"] == "exhausted"
        await at.reserved(order)
        assert len(await at.payments(order["orderId"])) == 1
        assert await at.balances() == {}

    play(tmp_path, scene)


def test_the_saga_step_decides_without_the_customer(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        good = await at.ordered(await at.card())
        await at.reserved(good)
        assert len(await at.said("payment-processed")) == 1
        bad = await at.ordered(await at.card("broke"))
        await at.reserved(bad)
        [told] = await at.said("payment-failed")
        assert told["orderId"] == bad["orderId"]
        nobody = await at.ordered(str(uuid7()))
        await at.reserved(nobody)
        assert len(await at.said("payment-failed")) == 2
        free = await at.ordered(await at.card(), total=0)
        await at.reserved(free)
        [payment] = await at.payments(free["orderId"])
        assert (payment["status"], payment["capturedMinor"]) == ("captured", 0)
        assert len(await at.said("payment-processed")) == 2
        assert await at.balances() == {"providerClearing": 12_300, "revenueDeferred": -12_300}

    play(tmp_path, scene)


def test_seats_of_nobodys_order_pass_by(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        await at.tell(
            "seats-reserved",
            reservationId=str(uuid7()),
            subscriptionId=str(uuid7()),
            poolCode="team-full",
            seats=1,
            kind="expansion",
            holdExpiresAt="2099-01-01T00:00:00Z",
        )
        assert (await at.get("payments"))["items"] == []

    play(tmp_path, scene)


@pytest.mark.parametrize("overtaken", [True, False])
def test_a_cancelled_order_is_never_charged(tmp_path: Path, overtaken: bool) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card())
        if overtaken:
            order = {**order, "orderId": str(uuid7())}
        await at.cancelled(order)
        [told] = await at.said("refund-skipped")
        assert (told["orderId"], told["reason"]) == (order["orderId"], "nothingCaptured")
        assert told["causeId"] == order["orderId"]
        if overtaken:
            await at.tell("subscription-ordered", **order)
            charge = await at.get(f"charges/{order['orderId']}")
            assert (charge["status"], charge["amountMinor"]) == ("cancelled", 12_300)
        await at.reserved(order)
        assert await at.payments(order["orderId"]) == []
        answer = await at.send("POST", "payments", wish(order))
        assert slug(answer) == "order-tombstoned"

    play(tmp_path, scene)


def test_compensation_voids_or_refunds_once(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        held = await at.ordered(await at.card())
        await at.post("payments", wish(held))
        await at.cancelled(held)
        assert (await at.payments(held["orderId"]))[0]["status"] == "voided"
        assert (await at.said("refund-skipped"))[0]["reason"] == "authorizationVoided"
        assert len(await at.said("payment-voided")) == 1
        taken = await at.ordered(await at.card())
        await at.reserved(taken)
        await at.cancelled(taken)
        await at.cancelled(taken)
        [payment] = await at.payments(taken["orderId"])
        assert (payment["status"], payment["refundedMinor"]) == ("refunded", 12_300)
        [told] = await at.said("payment-refunded")
        assert (told["orderId"], told["reason"]) == (taken["orderId"], "orderCancelled")
        assert len(await at.said("refund-skipped")) == 1
        assert await at.balances() == {"refunds": 12_300, "revenueDeferred": -12_300}

    play(tmp_path, scene)


def test_what_finance_has_refunded_is_not_refunded_again(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card())
        await at.reserved(order)
        [payment] = await at.payments(order["orderId"])
        back = {"amountMinor": 12_300, "reason": "slaCredit", "explanation": "Down for a day."}
        await at.post(f"payments/{payment['id']}/refunds", back, by=at.finance)
        await at.work()
        await at.cancelled(order)
        assert [each["reason"] for each in await at.said("refund-skipped")] == ["alreadyRefunded"]
        assert len(await at.said("payment-refunded")) == 1

    play(tmp_path, scene)


def test_an_order_whose_saga_fails_elsewhere_is_paid_back(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card())
        await at.reserved(order)
        await at.goes_back(order)
        await at.cancelled(order)
        [payment] = await at.payments(order["orderId"])
        assert (payment["status"], payment["refundedMinor"]) == ("refunded", 12_300)
        assert len(await at.said("payment-refunded")) == 1
        assert await at.said("refund-skipped") == []

    play(tmp_path, scene)


def test_account_credit_pays_first_and_goes_back_to_the_account(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        await at.credited(2_300)
        order = await at.ordered(await at.card())
        await at.reserved(order)
        [told] = await at.said("payment-processed")
        assert (told["capturedMinor"], told["creditAppliedMinor"]) == (12_300, 2_300)
        assert (await at.get("payments/account-credit"))["balances"] == []
        await at.cancelled(order)
        [balance] = (await at.get("payments/account-credit"))["balances"]
        assert balance == {"amountMinor": 2_300, "currency": "eur"}

    play(tmp_path, scene)


def test_the_payer_proves_themselves(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card("prove"))
        answer = await at.send("POST", "payments", wish(order))
        assert slug(answer) == "authentication-required"
        assert answer.json()["actionUrl"].startswith("https://")
        assert len(await at.said("payment-action-required")) == 1
        [payment] = await at.payments(order["orderId"])
        await at.reserved(order)
        path = f"payments/{payment['id']}/confirmation"
        forged = {"result": "yes", "signature": "A" * 44}
        assert slug(await at.send("POST", path, forged)) == "signature-invalid"
        signature = at.handlers.providers[payment_provider()].sign(b"yes")  # type: ignore[attr-defined]
        done = await at.post(path, {"result": "yes", "signature": signature})
        assert done["status"] == "captured"
        assert "actionUrl" not in done
        assert (await at.get(f"charges/{order['orderId']}"))["status"] == "settled"

    play(tmp_path, scene)


def payment_provider() -> Any:
    from payment_service.generated.models import PaymentProvider

    return PaymentProvider.main


def test_a_payer_who_does_not_come_back(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card("prove-walkaway"))
        await at.send("POST", "payments", wish(order))
        [payment] = await at.payments(order["orderId"])
        await at.work()
        assert (await at.payments(order["orderId"]))[0]["status"] == "requiresAction"
        at.service.later(DAY)
        signature = at.handlers.providers[payment_provider()].sign(b"yes")  # type: ignore[attr-defined]
        late = await at.send(
            "POST",
            f"payments/{payment['id']}/confirmation",
            {"result": "yes", "signature": signature},
        )
        assert slug(late) == "action-expired"
        assert (await at.payments(order["orderId"]))[0]["declineCode"] == "authenticationFailed"
        assert len(await at.said("payment-failed")) == 1
        assert (await at.get(f"charges/{order['orderId']}"))["status"] == "exhausted"

    play(tmp_path, scene)


def test_an_invoice_is_tried_four_times(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        await at.card("insufficient")
        invoice = await at.invoiced()
        for days, attempts in ((0, 1), (2, 1), (1, 2), (4, 3), (7, 4)):
            at.service.later(days * DAY)
            await at.work()
            assert len(await at.payments(invoice)) == attempts
        charge = await at.get(f"charges/{invoice}")
        assert (charge["status"], charge["closeReason"]) == ("exhausted", "attemptsSpent")
        assert "nextAttemptAt" not in charge
        better = await at.card(makeDefault=True)
        revived = await at.post(f"charges/{invoice}/retry", {"preferredMethodId": better})
        assert revived["status"] == "settled"
        closed = await at.send("POST", f"charges/{invoice}/retry", {})
        assert slug(closed) == "charge-closed"

    play(tmp_path, scene)


def test_three_refusals_a_day_block_a_card(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        card = await at.card("insufficient")
        invoice = await at.invoiced()
        path = f"charges/{invoice}/retry"
        kinds = [slug(await at.send("POST", path, {})) for _ in range(3)]
        assert kinds == ["payment-declined", "payment-declined", "method-blocked"]
        assert len(await at.payments(invoice)) == 3
        assert all(each["paymentMethodId"] == card for each in await at.payments(invoice))

    play(tmp_path, scene)


def test_transfers_and_very_large_sums_are_not_charged(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        await at.card()
        sent = await at.invoiced(mode="sendInvoice")
        assert (await at.send("GET", f"charges/{sent}")).status_code == 404
        large = await at.invoiced(total=100_000_001)
        charge = await at.get(f"charges/{large}")
        assert charge["status"] == "open"
        assert "nextAttemptAt" not in charge
        assert await at.payments(large) == []

    play(tmp_path, scene)


def test_objections_hold_a_charge(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        await at.card("insufficient")
        invoice = await at.invoiced()
        said = {"invoiceId": invoice, "invoiceDisputeId": str(uuid7())}
        await at.tell("invoice-disputed", **said, linePositions=[1], openedBy=str(at.owner.subject))
        assert (await at.get(f"charges/{invoice}"))["status"] == "held"
        at.service.later(4 * DAY)
        await at.work()
        assert len(await at.payments(invoice)) == 1
        await at.tell("invoice-dispute-resolved", **said, state="dismissed")
        await at.work()
        assert len(await at.payments(invoice)) == 1
        at.service.later(DAY)
        await at.work()
        assert len(await at.payments(invoice)) == 2

    play(tmp_path, scene)


def test_credit_notes_lower_a_claim(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        await at.card("insufficient")
        invoice = await at.invoiced()
        await at.noted(invoice, 2_300)
        await at.noted(invoice, 500, reason="refund")
        assert (await at.get(f"charges/{invoice}"))["amountMinor"] == 10_000
        await at.noted(invoice, 10_500, surplus=500)
        assert (await at.get(f"charges/{invoice}"))["amountMinor"] == 0
        assert await at.balances() == {"revenueDeferred": 500, "customerCredit": -500}
        paid = {
            "invoiceId": invoice,
            "invoiceNumber": "EU-2026-0000001",
            "paidMinor": 0,
            "currency": "eur",
            "paymentIds": [],
            "stillOverdue": 0,
        }
        await at.tell("invoice-paid", **paid)
        charge = await at.get(f"charges/{invoice}")
        assert (charge["status"], charge["closeReason"]) == ("cancelled", "paidOtherwise")

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("invoice-voided", {"voidReason": "wrongPeriod", "totalMinor": 1}),
        ("invoice-written-off", {"writeOffReason": "insolvency", "amountDueMinor": 1}),
    ],
)
def test_what_a_dead_invoice_was_paid_becomes_credit(
    tmp_path: Path, event: str, reason: dict[str, Any]
) -> None:
    async def scene(at: Till) -> None:
        await at.card()
        invoice = await at.invoiced()
        for _ in range(2):
            await at.tell(event, invoiceId=invoice, currency="eur", **reason)
        charge = await at.get(f"charges/{invoice}")
        assert charge["status"] == "cancelled"
        assert charge["closeReason"] == event.replace("-v", "V").replace("-w", "W").replace(
            "-o", "O"
        )
        assert await at.balances() == {"providerClearing": 12_300, "customerCredit": -12_300}

    play(tmp_path, scene)


def test_a_part_is_captured_by_hand(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card())
        payment = await at.post("payments", wish(order))
        path = f"payments/{payment['id']}/capture"
        much = await at.send("POST", path, {"capturedMinor": 99_999}, by=at.finance)
        assert much.status_code == 409
        part = await at.post(path, {"capturedMinor": 300}, by=at.finance)
        assert part["capturedMinor"] == 300
        assert (await at.get(f"charges/{order['orderId']}"))["settledMinor"] == 300
        other = await at.ordered(await at.card())
        late = await at.post("payments", wish(other))
        at.service.later(8 * DAY)
        gone = await at.send(
            "POST", f"payments/{late['id']}/capture", {"capturedMinor": 1}, by=at.finance
        )
        assert slug(gone) == "authorization-expired"
        await at.work()
        assert (await at.payments(other["orderId"]))[0]["status"] == "voided"

    play(tmp_path, scene)


def test_a_provider_that_is_silent(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card("unavailable"))
        for _ in range(5):
            answer = await at.send("POST", "payments", wish(order))
            assert slug(answer) == "provider-unavailable"
        [waiting] = await at.payments(order["orderId"])
        assert (waiting["status"], waiting["provider"]) == ("created", "main")
        well = await at.ordered(await at.card())
        found = await at.post("payments", wish(well))
        assert found["provider"] == "standby"

    play(tmp_path, scene)
