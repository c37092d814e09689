"""Refunds, disputes, methods, settlements and what providers say."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from payment_service.generated import models, port
from till import DAY, Till, play, slug


async def paid(at: Till, behaviour: str = "good", total: int = 200_000) -> dict[str, Any]:
    order = await at.ordered(await at.card(behaviour), total)
    await at.reserved(order)
    return (await at.payments(order["orderId"]))[0]


def back(amount: int) -> dict[str, Any]:
    return {"amountMinor": amount, "reason": "slaCredit", "explanation": "Down for a day."}


def test_small_refunds_go_and_large_ones_wait(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        payment = await paid(at)
        path = f"payments/{payment['id']}/refunds"
        small = await at.post(path, back(50_000), by=at.finance)
        large = await at.post(path, back(120_000), by=at.finance)
        much = await at.send("POST", path, back(30_001), by=at.finance)
        assert slug(much) == "refund-exceeds-captured"
        hasty = await at.send("POST", f"{path}/{small['id']}/approval", by=at.finance)
        assert slug(hasty) == "self-approval"
        await at.work()
        states = {each["id"]: each["refundStatus"] for each in (await at.get(path))["items"]}
        assert states == {small["id"]: "succeeded", large["id"]: "requested"}
        now = await at.get(f"payments/{payment['id']}")
        assert (now["status"], now["refundedMinor"]) == ("partiallyRefunded", 50_000)
        approve = f"{path}/{large['id']}/approval"
        assert slug(await at.send("POST", approve, by=at.finance)) == "forbidden"
        await at.post(approve, by=at.second)
        rest = await at.post(path, back(30_000), by=at.second)
        await at.post(f"{path}/{rest['id']}/withdrawal", by=at.second)
        await at.post(path, back(30_000), by=at.second)
        await at.work()
        now = await at.get(f"payments/{payment['id']}")
        assert (now["status"], now["refundedMinor"]) == ("refunded", 200_000)
        assert len(await at.said("payment-refunded")) == 3
        assert await at.balances() == {"refunds": 200_000, "revenueDeferred": -200_000}

    play(tmp_path, scene)


def test_a_closed_account_gets_credit(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        payment = await paid(at, "closed")
        path = f"payments/{payment['id']}/refunds"
        await at.post(path, back(500), by=at.finance)
        await at.work()
        assert (await at.get(path))["items"][0]["refundStatus"] == "failed"
        [balance] = (await at.get("payments/account-credit"))["balances"]
        assert balance["amountMinor"] == 500
        assert await at.said("payment-refunded") == []

    play(tmp_path, scene)


def test_refunds_have_a_window_and_can_be_frozen(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        payment = await paid(at)
        path = f"payments/{payment['id']}/refunds"
        pinned = at.service.runtime.flags.pinned
        pinned["billing.refunds"] = False
        assert slug(await at.send("POST", path, back(5), by=at.finance)) == "refunds-frozen"
        pinned.clear()
        at.service.later(181 * DAY)
        late = await at.send("POST", path, back(5), by=at.finance)
        assert slug(late) == "refund-window-closed"

    play(tmp_path, scene)


@pytest.mark.parametrize(("outcome", "status"), [("won", "captured"), ("lost", "refunded")])
def test_a_bank_takes_the_money_and_the_network_decides(
    tmp_path: Path, outcome: str, status: str
) -> None:
    async def scene(at: Till) -> None:
        payment = await paid(at)
        due = (clock.now() + 5 * DAY).isoformat().replace("+00:00", "Z")
        opened = {
            "type": "dispute.opened",
            "reference": payment["providerReference"],
            "case": "dp_" + "a" * 20,
            "amount": 200_000,
            "reason": "13.1",
            "due": due,
        }
        for delivery in ("evt_first-1", "evt_first-1", "evt_other-2"):
            assert (await at.notify(delivery, **opened)).status_code == 204
        await at.settled()
        assert (await at.get(f"payments/{payment['id']}"))["status"] == "disputed"
        assert len(await at.said("payment-disputed")) == 1
        refund = await at.send("POST", f"payments/{payment['id']}/refunds", back(5), by=at.finance)
        assert slug(refund) == "payment-disputed"
        [case] = (await at.get("disputes", by=at.finance))["items"]
        evidence = {"statement": "The customer has signed the order.", "evidenceFileIds": []}
        path = f"disputes/{case['id']}/evidence"
        assert (await at.post(path, evidence, by=at.finance))["disputeStatus"] == "answered"
        await at.notify(type=f"dispute.{outcome}", case=case["caseReference"])
        await at.settled()
        assert (await at.get(f"payments/{payment['id']}"))["status"] == status
        [told] = await at.said("payment-dispute-closed")
        assert told["outcome"] == outcome
        expected = {"providerClearing": 200_000, "revenueDeferred": -200_000}
        if outcome == "lost":
            expected = {
                "refunds": 200_000,
                "fees": 1_500,
                "providerClearing": -1_500,
                "revenueDeferred": -200_000,
            }
        assert await at.balances() == expected

    play(tmp_path, scene)


def test_a_case_that_nobody_answers_is_lost(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        payment = await paid(at)
        body = models.RegisterDisputeRequest.model_validate(
            {
                "paymentId": payment["id"],
                "causeId": payment["causeId"],
                "caseReference": "dp_" + "b" * 20,
                "amountMinor": 200_000,
                "currency": "eur",
                "networkReason": "10.4",
                "evidenceDueAt": clock.now() + DAY,
            },
            strict=False,
        )

        async def register(ctx: Context) -> None:
            await at.handlers.register_dispute(ctx, port.RegisterDispute(body=body))

        await at.run(register)
        await at.work()
        assert (await at.get("disputes", by=at.finance))["items"][0]["disputeStatus"] == "open"
        at.service.later(2 * DAY)
        await at.work()
        assert (await at.get("disputes", by=at.finance))["items"][0]["outcome"] == "lost"
        assert (await at.get(f"payments/{payment['id']}"))["status"] == "refunded"

    play(tmp_path, scene)


def test_notifications_are_believed_by_their_signature(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card("prove"))
        await at.reserved(order)
        [payment] = await at.payments(order["orderId"])
        assert payment["status"] == "requiresAction"
        notice = {"type": "proof.succeeded", "reference": payment["providerReference"]}
        assert slug(await at.notify(age=301, **notice)) == "signature-invalid"
        unsigned = {
            "provider": "standby",
            "deliveryId": "evt_12345678",
            "signedAt": clock.now().isoformat().replace("+00:00", "Z"),
            "signature": "A" * 44,
            "body": base64.b64encode(json.dumps(notice).encode()).decode(),
        }
        forged = await at.service.http.post("/v1/provider-notifications", json=unsigned)
        assert slug(forged) == "signature-invalid"
        assert slug(await at.notify(type="free.money")) == "rule-broken"
        unknown = {"type": "proof.succeeded", "reference": "py_" + "0" * 32}
        assert (await at.notify(**unknown)).status_code == 204
        assert (await at.notify(**notice)).status_code == 204
        await at.settled()
        assert (await at.payments(order["orderId"]))[0]["status"] == "captured"

    play(tmp_path, scene)


def test_methods_are_attached_chosen_and_detached(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        first = await at.card(number="4242")
        assert await at.card(number="4242") == first
        second = await at.card(makeDefault=True)
        items = {each["id"]: each for each in (await at.get("payment-methods"))["items"]}
        assert [items[first]["isDefault"], items[second]["isDefault"]] == [False, True]
        assert "providerToken" not in items[first]
        used = await at.send("DELETE", f"payment-methods/{second}")
        assert slug(used) == "method-in-use"
        moved = await at.send("PUT", f"payment-methods/{first}/default")
        assert moved.json()["isDefault"], moved.text
        for _ in range(2):
            assert (await at.send("DELETE", f"payment-methods/{second}")).status_code == 204
        gone = await at.send("PUT", f"payment-methods/{second}/default")
        assert slug(gone) == "method-not-active"
        order = await at.ordered(first)
        body = {
            "purpose": "order",
            "orderId": order["orderId"],
            "amountMinor": 12_300,
            "currency": "eur",
            "paymentMethodId": first,
            "priceDigest": order["priceDigest"],
        }
        await at.post("payments", body)
        moving = await at.send("DELETE", f"payment-methods/{first}")
        assert slug(moving) == "method-in-use"

    play(tmp_path, scene)


def test_tokens_are_used_once_and_testers_stopped(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        body = {"kind": "card", "oneTimeToken": "tok-good-123456-42", "holderName": "Ada L"}
        await at.post("payment-methods", body)
        assert slug(await at.send("POST", "payment-methods", body)) == "token-spent"
        bad = {**body, "oneTimeToken": "tok-refused-123456-43"}
        assert slug(await at.send("POST", "payment-methods", bad)) == "method-refused"
        for _ in range(4):
            await at.card()
        many = {**body, "oneTimeToken": "tok-good-1234567-44"}
        assert slug(await at.send("POST", "payment-methods", many)) == "card-testing-suspected"
        at.service.later(timedelta(hours=1))
        await at.post("payment-methods", many)

    play(tmp_path, scene)


def test_debits_wait_for_their_mandate(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        body = {"kind": "sepaDebit", "oneTimeToken": "tok-good-123456-42", "holderName": "Ada L"}
        debit = await at.post("payment-methods", body)
        assert debit["methodStatus"] == "pendingVerification"
        answer = await at.send("PUT", f"payment-methods/{debit['id']}/default")
        assert slug(answer) == "method-not-active"
        await at.notify(type="mandate.confirmed", method=debit["id"])
        answer = await at.send("PUT", f"payment-methods/{debit['id']}/default")
        assert answer.json()["methodStatus"] == "active"

    play(tmp_path, scene)


def test_a_purged_tenant_keeps_no_token(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        card = await at.card()
        await at.tell(
            "cloudsync.user.organization-purged.v1",
            organizationId=str(at.tenant),
            dataResidency="euWest1",
        )
        at.service.later(89 * DAY)
        await at.work()

        async def token(ctx: Context) -> str:
            found = await at.handlers.payment_method.find(ctx, id=card)
            assert found is not None
            assert found.method_status is models.PaymentMethodStatus.detached
            return found.provider_token

        assert (await at.run(token)).startswith("vault_")
        at.service.later(2 * DAY)
        await at.work()
        assert await at.run(token) == "destroyed"

    play(tmp_path, scene)


def test_a_day_is_held_against_the_report(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        payment = await paid(at)
        day = {"settlementDate": clock.now().date(), "provider": "main", "currency": "eur"}
        body = models.ExpectSettlementRequest.model_validate(day, strict=False)

        async def expect(ctx: Context) -> None:
            await at.handlers.expect_settlement(ctx, port.ExpectSettlement(body=body))

        await at.run(expect)
        [settlement] = (await at.get("settlements", by=at.finance))["items"]
        path = f"settlements/{settlement['id']}/reconciliation"
        early = await at.send("POST", path, by=at.finance)
        assert slug(early) == "settlement-not-ready"
        at.service.later(DAY)
        found = await at.post(path, by=at.finance)
        assert found["settlement"]["settlementStatus"] == "reconciled"
        assert found["settlement"]["matchedMinor"] == 200_000
        taken = at.handlers.settings.state_path(
            "payment-provider", "main", "taken", payment["providerReference"]
        )
        taken.rename(taken.with_name("py_" + "9" * 32))
        found = await at.post(path, by=at.finance)
        assert found["settlement"]["settlementStatus"] == "discrepant"
        assert sorted(each["side"] for each in found["mismatches"]) == ["missing", "surplus"]

    play(tmp_path, scene)


def test_thresholds_of_risk_come_and_go(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        folder = at.handlers.settings.state_path("payment-risk")
        folder.mkdir(parents=True)
        (folder / "2.0.0.json").write_text('{"refuseFrom": 1}')
        deployed = "cloudsync.analytics.model-deployed.v1"
        known = {"modelId": str(uuid7()), "modelKey": "payment-risk"}
        await at.tell(deployed, **known, semver="9.9.9")
        assert at.handlers.risk.refuse_from() == 80
        await at.tell(deployed, **{**known, "modelKey": "churn-risk"}, semver="2.0.0")
        assert at.handlers.risk.refuse_from() == 80
        await at.tell(deployed, **known, semver="2.0.0")
        assert at.handlers.risk.refuse_from() == 1
        await at.tell(
            "cloudsync.analytics.model-rolled-back.v1",
            **known,
            semver="2.0.0",
            withdrawalReason="Refused too many customers of ten years",
        )
        assert at.handlers.risk.refuse_from() == 80

    play(tmp_path, scene)


def test_a_rotated_key_is_tried_and_used(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        def secret(value: bytes) -> dict[str, Any]:
            return {
                "secretId": str(uuid7()),
                "versionNumber": 2,
                "value": base64.b64encode(value).decode(),
                "fingerprint": "ab" * 32,
                "usableUntil": "2099-01-01T00:00:00Z",
            }

        rotated = {
            "secretId": str(uuid7()),
            "kind": "apiToken",
            "currentVersionNumber": 2,
            "previousValidUntil": "2099-01-01T00:00:00Z",
        }
        provider: Any = at.handlers.providers[models.PaymentProvider.main]
        before = provider.sign(b"text")
        at.service.answers("secret-service", "GetSecret", secret(b"k" * 32))
        kind = "cloudsync.platform.secret-rotated.v1"
        await at.tell(kind, **rotated, path="search-service/elastic")
        assert provider.signed(b"text", before)
        await at.tell(kind, **rotated, path="payment-service/provider-main")
        assert not provider.signed(b"text", before)

    play(tmp_path, scene)


def test_bookings_sum_to_zero_and_are_written_once(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        def booking(debit: int, credit: int) -> models.PostLedgerTransactionRequest:
            lines = [
                {"account": "fees", "direction": "debit", "amountMinor": debit, "currency": "eur"},
                {
                    "account": "receivable",
                    "direction": "credit",
                    "amountMinor": credit,
                    "currency": "eur",
                },
            ]
            known = {"transactionId": "01890000-0000-7000-8000-000000000009", "lines": lines}
            return models.PostLedgerTransactionRequest.model_validate(known, strict=False)

        async def post(ctx: Context, debit: int, credit: int) -> None:
            request = port.PostLedgerTransaction(body=booking(debit, credit))
            await at.handlers.post_ledger_transaction(ctx, request)

        with pytest.raises(Exception, match="rule-broken"):
            await at.run(lambda ctx: post(ctx, 5, 4))
        for _ in range(2):
            await at.run(lambda ctx: post(ctx, 5, 5))
        assert await at.balances() == {"fees": 5, "receivable": -5}

    play(tmp_path, scene)
