"""What payment-service does by the clock, and what it finds again after a crash."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM, uuid7
from payment_service.generated import models
from payment_service.provider import ProviderUnavailableError
from till import DAY, EVENT, Till, play, slug

MINUTE = timedelta(minutes=1)


def authorisation(order: dict[str, Any]) -> dict[str, Any]:
    return {
        "purpose": "order",
        "orderId": order["orderId"],
        "amountMinor": order["totalMinor"],
        "currency": "eur",
        "paymentMethodId": order["paymentMethodId"],
        "priceDigest": order["priceDigest"],
    }


def interrupted(at: Till, monkeypatch: pytest.MonkeyPatch, call: str, after: bool) -> None:
    """The next such call to the main provider is made, or not, and its answer is lost."""
    provider: Any = at.handlers.providers[models.PaymentProvider.main]
    real = getattr(provider, call)

    async def lost(*arguments: Any) -> None:
        monkeypatch.setattr(provider, call, real)
        if after:
            await real(*arguments)
        raise ProviderUnavailableError("the line is dead")

    monkeypatch.setattr(provider, call, lost)


@pytest.mark.parametrize("call", ["authorize", "capture"])
def test_what_a_provider_was_waited_for_is_dated_after_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card())
        provider: Any = at.handlers.providers[models.PaymentProvider.main]
        real = getattr(provider, call)
        answered = clock.now()

        async def slow(*arguments: Any) -> Any:
            nonlocal answered
            clock.advance(MINUTE)
            answered = clock.now()
            return await real(*arguments)

        monkeypatch.setattr(provider, call, slow)
        await at.reserved(order)
        told = {each.type: each.time for each in await at.service.published()}
        asked, paid = told[EVENT.format("seats-reserved")], told[EVENT.format("payment-processed")]
        assert paid >= answered > asked + MINUTE / 2

    play(tmp_path, scene)


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("call", ["authorize", "capture"])
def test_a_lost_answer_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, after: bool
) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card())
        interrupted(at, monkeypatch, call, after)
        await at.reserved(order)
        state = "created" if call == "authorize" else "authorized"
        [payment] = await at.payments(order["orderId"])
        assert payment["status"] == state
        assert await at.balances() == {}
        await at.service.tick()
        assert (await at.payments(order["orderId"]))[0]["status"] == state, "it is not lost yet"
        at.service.later(MINUTE)
        await at.service.tick()
        [payment] = await at.payments(order["orderId"])
        assert (payment["status"], payment["capturedMinor"]) == ("captured", 12_300)
        assert len(await at.said("payment-processed")) == 1
        assert await at.balances() == {"providerClearing": 12_300, "revenueDeferred": -12_300}
        taken = at.handlers.settings.state_path("payment-provider", "main", "taken")
        assert [each.name for each in taken.iterdir()] == [payment["providerReference"]]

    play(tmp_path, scene)


@pytest.mark.parametrize("after", [True, False])
def test_a_refund_without_an_answer_is_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card())
        await at.reserved(order)
        interrupted(at, monkeypatch, "refund", after)
        await at.cancelled(order)
        assert await at.said("payment-refunded") == []
        at.service.later(MINUTE)
        await at.service.tick()
        [payment] = await at.payments(order["orderId"])
        assert (payment["status"], payment["refundedMinor"]) == ("refunded", 12_300)
        assert len(await at.said("payment-refunded")) == 1
        returned = at.handlers.settings.state_path("payment-provider", "main", "returned")
        assert len(list(returned.iterdir())) == 1

    play(tmp_path, scene)


@pytest.mark.parametrize("call", ["authorize", "capture"])
def test_what_is_called_off_while_a_provider_works_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card())
        provider: Any = at.handlers.providers[models.PaymentProvider.main]
        real = getattr(provider, call)

        async def slow(*arguments: Any) -> Any:
            monkeypatch.setattr(provider, call, real)
            found = await real(*arguments)
            # another operation writes meanwhile, which no open transaction forbids
            await at.tell(
                "order-cancelled",
                orderId=order["orderId"],
                subscriptionId=order["subscriptionId"],
                reason="holdLost",
                capturedPaymentIds=[],
                notifyUserId=str(at.owner.subject),
            )
            return found

        if call == "authorize":
            monkeypatch.setattr(provider, call, slow)
            assert slug(await at.send("POST", "payments", authorisation(order))) == (
                "payment-declined"
            )
        else:
            await at.post("payments", authorisation(order))
            [held] = await at.payments(order["orderId"])
            monkeypatch.setattr(provider, call, slow)
            body = {"capturedMinor": 12_300}
            await at.send("POST", f"payments/{held['id']}/capture", body, by=at.finance)
        await at.settled()
        folder = at.handlers.settings.state_path("payment-provider", "main")
        if call == "authorize":
            assert list((folder / "held").iterdir()) == []
        else:
            assert len(list((folder / "returned").iterdir())) == 1
        assert await at.balances() == {}
        assert await at.said("payment-processed") == []

    play(tmp_path, scene)


def test_proofs_and_reservations_end_by_the_clock(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        asked = await at.ordered(await at.card("prove-walkaway"))
        await at.send("POST", "payments", authorisation(asked))
        held = await at.ordered(await at.card())
        await at.post("payments", authorisation(held))
        at.service.later(14 * MINUTE)
        await at.service.tick()
        assert (await at.payments(asked["orderId"]))[0]["status"] == "requiresAction"
        at.service.later(2 * MINUTE)
        await at.service.tick()
        [ended] = await at.payments(asked["orderId"])
        assert (ended["status"], ended["declineCode"]) == ("failed", "authenticationFailed")
        assert (await at.get(f"charges/{asked['orderId']}"))["status"] == "exhausted"
        at.service.later(6 * DAY)
        await at.service.tick()
        assert (await at.payments(held["orderId"]))[0]["status"] == "authorized"
        at.service.later(DAY)
        await at.service.tick()
        assert (await at.payments(held["orderId"]))[0]["status"] == "voided"

    play(tmp_path, scene)


def test_charges_are_tried_on_their_days(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        await at.card("insufficient")
        invoice = await at.invoiced()
        at.service.later(2 * DAY)
        await at.service.tick()
        assert len(await at.payments(invoice)) == 1
        at.service.later(DAY)
        await at.service.tick()
        assert len(await at.payments(invoice)) == 2

    play(tmp_path, scene)


def test_cards_expire_with_their_month(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        old, good = await at.card(), await at.card()
        month = clock.now().replace(day=1)

        async def date(ctx: Context) -> None:
            method = await at.handlers.payment_method.find(ctx, id=old)
            assert method is not None
            fields = {"expiryMonth": month.month, "expiryYear": month.year}
            await at.handlers.payment_method.rewrite(ctx, method, fields)

        await at.run(date)
        await at.service.tick()
        items = {each["id"]: each for each in (await at.get("payment-methods"))["items"]}
        assert {each["methodStatus"] for each in items.values()} == {"active"}
        at.service.later(32 * DAY)
        await at.service.tick()
        items = {each["id"]: each for each in (await at.get("payment-methods"))["items"]}
        assert (items[old]["methodStatus"], items[good]["methodStatus"]) == ("expired", "active")

    play(tmp_path, scene)


def test_days_are_settled_by_the_clock(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        order = await at.ordered(await at.card())
        await at.reserved(order)
        clerk = at.service.caller("finance-operator", organization=PLATFORM)
        await at.service.tick()
        assert (await at.get("settlements", by=clerk))["items"] == []
        at.service.later(DAY)
        for _ in range(2):
            await at.work()
        [day] = (await at.get("settlements", by=clerk))["items"]
        assert (day["settlementStatus"], day["matchedMinor"]) == ("reconciled", 12_300)

    play(tmp_path, scene)


def solved(token: str, bits: int) -> str:
    """A client's work."""
    for number in count():
        answer = f"{number:016x}"
        digest = hashlib.sha256(f"{token}{answer}".encode()).digest()
        if int.from_bytes(digest) >> (256 - bits) == 0:
            return answer
    raise AssertionError


def test_whoever_never_paid_works_for_each_try(tmp_path: Path) -> None:
    async def scene(at: Till) -> None:
        work = {"challenge_bits": 8}
        at.handlers.settings = at.handlers.settings.model_copy(update=work)

        def card(answer: str = "") -> dict[str, Any]:
            token = f"tok-good-{uuid7().hex}"
            body = {"kind": "card", "oneTimeToken": token, "holderName": "Ada L"}
            proof = solved(token, 8) if answer == "right" else answer
            return {**body, **({"challengeAnswer": proof} if proof else {})}

        refused = await at.send("POST", "payment-methods", card())
        assert slug(refused) == "card-testing-suspected"
        assert refused.json()["challengeBits"] == 8
        other = card("right")["challengeAnswer"]
        stolen = [await at.send("POST", "payment-methods", card(other)) for _ in range(2)]
        assert "card-testing-suspected" in [slug(each) for each in stolen if each.is_error]
        made = await at.post("payment-methods", card("right"))
        order = await at.ordered(made["id"])
        await at.reserved(order)
        await at.post("payment-methods", card())

    play(tmp_path, scene)
