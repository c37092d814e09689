"""Orders through HTTP, and their saga by the events that it consists of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from shop import DAY, Shop, order_of, refusal, shop, silence, slug
from subscription_service.generated import models

Scene = Callable[[Shop], Awaitable[None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Scene], None]:
    def run(scene: Scene) -> None:
        async def whole() -> None:
            async with shop(tmp_path) as opened:
                await scene(opened)

        asyncio.run(whole())

    return run


def test_preview_prices_by_tiers_with_tax(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        wish = order_of(seatQuantity=60)
        del wish["paymentMethodId"]
        answer = await at.post("orders/preview", wish)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert [each["amountMinor"] for each in found["lines"]] == [50_000, 8_000, 13_340]
        assert found["subtotal"]["amountMinor"] == 58_000
        assert found["total"]["amountMinor"] == 71_340
        assert found["seatsAvailable"]
        assert not found["approvalNeeded"]
        assert at.wished[-1].body["dryRun"] is True
        assert (await at.get("orders"))["items"] == []
        at.service.answers(
            "usage-service", "ReserveSeats", refusal("usage", "r", 429, "seats-exhausted")
        )
        assert not (await at.post("orders/preview", wish)).json()["seatsAvailable"]

    play(scene)


def test_an_order_goes_through_its_saga(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        order = await at.order()
        assert order["status"] == "placed"
        assert order["totalMinor"] == 12_300
        assert order["authorizationId"]
        [told] = await at.said("subscription-ordered")
        assert told["orderId"] == order["id"]
        assert told["priceDigest"] == order["priceDigest"]
        frame = await at.get(f"subscriptions/{order['subscriptionId']}")
        assert frame["status"] == "incomplete"
        assert frame["unitAmountMinor"] == 1_000
        await at.seats("seats-reserved", order, kind="order", holdExpiresAt="2030-01-01T00:00:00Z")
        assert (await at.get(f"orders/{order['id']}"))["status"] == "seatsReserved"
        await at.tell(
            "payment-action-required",
            causeId=order["id"],
            orderId=order["id"],
            paymentId=str(uuid7()),
            purpose="order",
            actionUrl="https://bank.example/ask",
            actionExpiresAt="2099-01-01T00:00:00Z",
        )
        shown = await at.get(f"orders/{order['id']}")
        assert shown["actionUrl"] == "https://bank.example/ask"
        payment = uuid7()
        await at.pay(order, payment)
        paid = await at.get(f"orders/{order['id']}")
        assert paid["status"] == "paid"
        assert paid["capturedPaymentIds"] == [str(payment)]
        await at.commit(order)
        assert (await at.get(f"orders/{order['id']}"))["status"] == "fulfilled"
        held = await at.get(f"subscriptions/{order['subscriptionId']}")
        assert held["status"] == "active"
        assert held["seatQuantity"] == 10
        [activated] = await at.said("subscription-activated")
        assert activated["trial"] is False
        assert activated["entitlements"]["sso"] == 0
        assert await at.said("order-cancelled") == []
        assert await at.said("subscription-changed") == []
        await at.commit(order)
        assert len(await at.said("subscription-activated")) == 1

    play(scene)


def test_what_cannot_be_ordered_is_refused(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        for wish, kind in (
            ({"planCode": "team-1999"}, "plan-not-on-sale"),
            ({"currency": "jpy"}, "plan-not-on-sale"),
            ({"seatQuantity": 5_001}, "rule-broken"),
            ({"promotionCode": "NOSUCHCODE"}, "promotion-expired"),
            ({"kind": "planChange"}, "rule-broken"),
            (
                {"planCode": "business-2026", "seatQuantity": 6_000, "billingInterval": "year"},
                "order-too-large",
            ),
        ):
            assert slug(await at.post("orders", order_of(**wish))) == kind
        await at.order()
        assert slug(await at.post("orders", order_of())) == "order-already-open"
        other = at.service.caller("member")
        assert (await at.post("orders", order_of(), by=other)).status_code == 403

    play(scene)


def test_no_seats_no_order(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        at.service.answers(
            "usage-service", "ReserveSeats", refusal("usage", "r", 429, "seats-exhausted")
        )
        assert slug(await at.post("orders", order_of())) == "seats-exhausted"
        at.service.answers("usage-service", "ReserveSeats", silence("usage-service", "r"))
        assert (await at.post("orders", order_of())).status_code >= 502
        assert (await at.get("orders"))["items"] == []

    play(scene)


def test_a_silent_bank_is_left_to_the_payment_step(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        at.service.answers(
            "payment-service",
            "authorizePayment",
            refusal("payment-service", "authorizePayment", 402, "payment-declined"),
        )
        order = await at.order()
        assert order["status"] == "placed"
        assert "authorizationId" not in order
        assert len(await at.said("subscription-ordered")) == 1

    play(scene)


def test_an_order_that_was_cut_off_is_not_placed_twice(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        held = await at.bought()
        wish = order_of(kind="planChange", subscriptionId=held["id"], seatQuantity=11)
        headers = {**at.owner.headers, "Idempotency-Key": str(uuid7())}
        at.service.answers("payment-service", "authorizePayment", ConnectionAbortedError())
        cut = await at.service.http.post("/v1/orders", json=wish, headers=headers)
        assert cut.status_code == 500
        answers = [
            await at.service.http.post("/v1/orders", json=wish, headers=headers) for _ in range(2)
        ]
        assert [each.status_code for each in answers] == [202, 202]
        [order] = [e for e in (await at.get("orders"))["items"] if e["kind"] == "planChange"]
        assert [each.json()["id"] for each in answers] == [order["id"]] * 2

    play(scene)


def test_a_large_order_waits_for_finance(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        order = await at.order(seatQuantity=5_000, planCode="business-2026")
        assert order["status"] == "awaitingApproval"
        assert await at.said("subscription-ordered") == []
        finance = at.service.caller("finance-operator", organization=at.tenant)
        both = at.service.caller(
            "finance-operator", organization=at.tenant, subject=at.owner.subject
        )
        note = {"approvalNote": "known customer"}
        own = await at.post(f"orders/{order['id']}/approve", note, by=both)
        assert slug(own) == "forbidden"
        answer = await at.post(f"orders/{order['id']}/approve", note, by=finance)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "placed"
        assert len(await at.said("subscription-ordered")) == 1

    play(scene)


def test_nobody_approves_their_own_order(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        lower = {"approval_threshold_minor": 10_000}
        at.handlers.settings = at.handlers.settings.model_copy(update=lower)
        order = await at.order()
        assert order["status"] == "awaitingApproval"
        both = at.service.caller(
            "finance-operator", organization=at.tenant, subject=at.owner.subject
        )
        note = {"approvalNote": "known customer"}
        own = await at.post(f"orders/{order['id']}/approve", note, by=both)
        assert slug(own) == "self-approval"

    play(scene)


def test_failed_payment_waits_for_the_seats(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        order = await at.order()
        await at.fail(order, captured=500)
        assert (await at.get(f"orders/{order['id']}"))["status"] == "cancelling"
        assert await at.said("order-cancelled") == []
        await at.seats("seats-released", order, releaseReason="paymentFailed")
        await at.settled()
        ended = await at.get(f"orders/{order['id']}")
        assert (ended["status"], ended["cancelReason"]) == ("cancelled", "paymentFailed")
        [told] = await at.said("order-cancelled")
        assert len(told["capturedPaymentIds"]) == 1
        assert told["notifyUserId"] == str(at.owner.subject)
        held = await at.get(f"subscriptions/{order['subscriptionId']}")
        assert held["status"] == "expired"
        assert held["endedAt"]
        again = await at.order()
        assert again["status"] == "placed"

    play(scene)


def test_messages_in_the_wrong_order(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        order = await at.order()
        await at.seats("seats-released", order, releaseReason="paymentFailed")
        await at.fail(order)
        late = uuid7()
        await at.pay(order, late)
        await at.pay(order, late)
        ended = await at.get(f"orders/{order['id']}")
        assert ended["status"] == "cancelled"
        assert ended["capturedPaymentIds"] == [str(late)]
        told = await at.said("order-cancelled")
        assert [each["capturedPaymentIds"] for each in told] == [[], [str(late)]]

    play(scene)


def test_a_lost_hold_undoes_a_paid_order(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        order = await at.order()
        await at.pay(order)
        cancelled = await at.post(f"orders/{order['id']}/cancel", {"motive": "other"})
        assert slug(cancelled) == "order-already-fulfilled"
        await at.seats("seats-rejected", order, rejectReason="holdLost")
        [told] = await at.said("order-cancelled")
        assert told["reason"] == "holdLost"
        assert len(told["capturedPaymentIds"]) == 1
        assert await at.saga(order) == "undone"

    play(scene)


def test_a_hold_that_ends_under_a_paid_order_waits_for_the_seats(
    play: Callable[[Scene], None],
) -> None:
    async def scene(at: Shop) -> None:
        order = await at.order()
        await at.seats("seats-reserved", order, kind="order", holdExpiresAt="2030-01-01T00:00:00Z")
        await at.pay(order)
        await at.seats("seats-released", order, releaseReason="holdExpired")
        assert (await at.get(f"orders/{order['id']}"))["status"] == "paid"
        await at.seats("seats-rejected", order, rejectReason="holdLost")
        [told] = await at.said("order-cancelled")
        assert told["reason"] == "holdLost"
        assert len(told["capturedPaymentIds"]) == 1

    play(scene)


def test_a_hold_that_ends_before_the_money_ends_the_order(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        order = await at.order()
        await at.seats("seats-reserved", order, kind="order", holdExpiresAt="2030-01-01T00:00:00Z")
        await at.seats("seats-released", order, releaseReason="holdExpired")
        [told] = await at.said("order-cancelled")
        assert told["reason"] == "paymentTimeout"
        assert await at.saga(order) == "undone"

    play(scene)


@pytest.mark.parametrize(
    ("reserved", "reason"), [(False, "seatsTimeout"), (True, "paymentTimeout")]
)
def test_a_saga_that_fails_elsewhere_cancels_the_order(
    play: Callable[[Scene], None], reserved: bool, reason: str
) -> None:
    async def scene(at: Shop) -> None:
        order = await at.order()
        if reserved:
            await at.seats(
                "seats-reserved", order, kind="order", holdExpiresAt="2030-01-01T00:00:00Z"
            )
        await at.goes_back(order)
        if not reserved:
            assert (await at.get(f"orders/{order['id']}"))["status"] == "cancelling"
            await at.seats("seats-released", order, releaseReason="orderCancelled", seats=0)
        [told] = await at.said("order-cancelled")
        assert told["reason"] == reason
        assert await at.saga(order) == "undone"

    play(scene)


def test_the_customer_cancels_once(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        order = await at.order()
        for _ in range(2):
            answer = await at.post(f"orders/{order['id']}/cancel", {"motive": "wrongPlan"})
            assert answer.status_code == 200, answer.text
            assert answer.json()["cancelMotive"] == "wrongPlan"
        assert len(await at.said("order-cancelled")) == 1
        await at.settled()
        assert await at.saga(order) == "undone"
        stranger = at.service.caller("org-owner")
        lost = await at.post(f"orders/{order['id']}/cancel", {"motive": "other"}, by=stranger)
        assert lost.status_code == 404

    play(scene)


@pytest.mark.parametrize(
    ("wish", "later", "reason"),
    [
        ({}, timedelta(minutes=4), "seatsTimeout"),
        ({"seatQuantity": 5_000, "planCode": "business-2026"}, 8 * DAY, "approvalLapsed"),
    ],
)
def test_orders_lapse(
    play: Callable[[Scene], None], wish: dict[str, Any], later: timedelta, reason: str
) -> None:
    async def scene(at: Shop) -> None:
        order = await at.order(**wish)
        await at.service.tick()
        assert await at.said("order-cancelled") == []
        at.service.later(later)
        await at.service.tick()
        assert (await at.get(f"orders/{order['id']}"))["cancelReason"] == reason

    play(scene)


def test_reserved_orders_have_until_their_deadline(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        order = await at.order()
        await at.seats("seats-reserved", order, kind="order", holdExpiresAt="2030-01-01T00:00:00Z")
        at.service.later(timedelta(minutes=24))
        await at.service.tick()
        assert (await at.get(f"orders/{order['id']}"))["status"] == "seatsReserved"
        at.service.later(timedelta(minutes=2))
        await at.service.tick()
        assert (await at.get(f"orders/{order['id']}"))["cancelReason"] == "paymentTimeout"

    play(scene)


def test_an_order_costs_what_the_list_said_when_it_was_placed(
    play: Callable[[Scene], None],
) -> None:
    async def scene(at: Shop) -> None:
        order = await at.order()
        assert order["unitAmountMinor"] == 1_000

        async def withdraw(ctx: Context) -> None:
            prices = at.handlers.plan_price
            async for each in prices.each(ctx, planCode="team-2026"):
                tiers = [models.PriceTier(unit_amount_minor=9_999)]
                await prices.rewrite(ctx, each, {"tiers": tiers})

        await at.run(withdraw)
        await at.pay(order)
        await at.commit(order)
        held = await at.get(f"subscriptions/{order['subscriptionId']}")
        assert (held["status"], held["unitAmountMinor"]) == ("active", 1_000)

    play(scene)


def test_a_suspended_person_orders_nothing(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        order = await at.order()
        await at.tell("cloudsync.user.user-suspended.v1", userId=str(uuid7()), reason="adminAction")
        assert (await at.get(f"orders/{order['id']}"))["status"] == "placed"
        await at.tell(
            "cloudsync.user.user-suspended.v1", userId=str(at.owner.subject), reason="adminAction"
        )
        assert (await at.get(f"orders/{order['id']}"))["cancelReason"] == "placerSuspended"

    play(scene)


def test_a_dearer_plan_is_ordered_with_credit(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        held = await at.bought()
        order = await at.order(
            kind="planChange", subscriptionId=held["id"], planCode="business-2026"
        )
        full = 20_000 + 20_000 * 23 // 100
        assert full - 12_400 < order["totalMinor"] < full - 12_000
        await at.pay(order)
        await at.commit(order)
        now_held = await at.get(f"subscriptions/{held['id']}")
        assert now_held["planCode"] == "business-2026"
        assert now_held["unitAmountMinor"] == 2_000
        [changed] = await at.said("subscription-changed")
        assert (changed["lastChange"], changed["fromPlanCode"]) == ("plan", "team-2026")
        assert (await at.get(f"orders/{order['id']}"))["status"] == "fulfilled"
        history = await at.get(f"subscriptions/{held['id']}/changes")
        assert [each["changeKind"] for each in history["items"]] == ["plan"]

    play(scene)


def test_a_cancellation_does_not_wait_for_ever(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        order = await at.order()
        await at.fail(order)
        await at.service.tick()
        assert (await at.get(f"orders/{order['id']}"))["status"] == "cancelling"
        at.service.later(timedelta(minutes=26))
        await at.service.tick()
        ended = await at.get(f"orders/{order['id']}")
        assert (ended["status"], ended["cancelReason"]) == ("cancelled", "paymentFailed")
        assert len(await at.said("order-cancelled")) == 1

    play(scene)
