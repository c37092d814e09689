"""Trials, changes, debts, promotions, renewals and off-boarding, through HTTP and by events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import PLATFORM, uuid7
from shop import DAY, Shop, introduce, refusal, shop, slug
from subscription_service import release
from subscription_service.generated import port

Scene = Callable[[Shop], Awaitable[None]]
USER = "cloudsync.user.{}.v1"


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Scene], None]:
    def run(scene: Scene) -> None:
        async def whole() -> None:
            async with shop(tmp_path) as opened:
                await scene(opened)

        asyncio.run(whole())

    return run


async def promote(at: Shop, code: str, **more: Any) -> None:
    finance = at.service.caller("finance-operator", organization=PLATFORM)
    body = {
        "promotionCode": code,
        "percentOffBasisPoints": 2_000,
        "families": ["team"],
        "startsAt": "2020-01-01T00:00:00Z",
        "endsAt": "2099-01-01T00:00:00Z",
        **more,
    }
    answer = await at.post("promotions", body, by=finance)
    assert answer.status_code == 201, answer.text


def test_the_price_page_is_public(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        await introduce(at.handlers, "team-2025", "team", 900, onSaleUntil="2021-01-01T00:00:00Z")
        answer = await at.service.http.get("/v1/plans")
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        assert [each["code"] for each in items] == ["starter-2026", "team-2026", "business-2026"]
        assert {each["interval"] for each in items[0]["prices"]} == {"month", "year"}

    play(scene)


def test_a_trial_is_had_once(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        answer = await at.post("trials", {"planCode": "team-2026"})
        assert answer.status_code == 201, answer.text
        trial = answer.json()
        assert trial["status"] == "trialing"
        [told] = await at.said("subscription-activated")
        assert told["trial"] is True
        assert "orderId" not in told
        assert slug(await at.post("trials", {"planCode": "team-2026"})) == "trial-already-used"
        assert slug(await at.post("trials", {"planCode": "starter-2026"})) == "already-exists"
        assert slug(await at.post("trials", {"planCode": "nothing-1"})) == "plan-not-on-sale"
        may = await at.get(f"subscriptions/{trial['id']}/entitlements")
        assert may["entitled"]
        assert may["planFamily"] == "team"
        at.service.later(15 * DAY)
        await at.service.tick()
        over = await at.get(f"subscriptions/{trial['id']}")
        assert (over["status"], over["cancellationReason"]) == ("cancelled", "trialLapsed")
        may = await at.get(f"subscriptions/{trial['id']}/entitlements")
        assert not may["entitled"]

    play(scene)


def test_a_new_organisation_tries_and_buys(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        born = {
            "organizationId": str(at.tenant),
            "slug": "acme",
            "edition": "free",
            "dataResidency": "euWest1",
            "ownerUserId": str(at.owner.subject),
        }
        for _ in range(2):
            await at.tell(USER.format("organization-created"), **born)
        [trial] = (await at.get("subscriptions"))["items"]
        assert trial["seatQuantity"] == 10, "no fewer than whoever tries nothing has"
        held = await at.bought()
        assert held["id"] == trial["id"]
        assert held["status"] == "active"
        assert "trialEndsAt" not in held

    play(scene)


def test_seats_are_added_and_taken(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        held = await at.bought()
        path = f"subscriptions/{held['id']}/seats"
        more = await at.post(path, {"targetSeats": 12, "timing": "now"})
        assert more.json()["seatQuantity"] == 12
        assert at.wished[-1].body["seats"] == 2
        assert at.wished[-1].body["kind"] == "expansion"
        [told] = await at.said("subscription-changed")
        assert 1_990 <= told["prorationMinor"] <= 2_000
        fewer = await at.post(path, {"targetSeats": 11, "timing": "now"})
        assert fewer.json()["seatQuantity"] == 11
        assert -1_000 <= (await at.said("subscription-changed"))[1]["prorationMinor"] <= -990
        later = await at.post(path, {"targetSeats": 5, "timing": "periodEnd"})
        assert later.json()["seatQuantity"] == 11
        assert later.json()["scheduledSeatQuantity"] == 5
        at.service.answers(
            "usage-service", "ReserveSeats", refusal("usage", "r", 429, "seats-exhausted")
        )
        none = await at.post(path, {"targetSeats": 4_000, "timing": "now"})
        assert slug(none) == "seats-exhausted"
        for _ in range(8):
            await at.tell(
                USER.format("member-joined"), userId=str(uuid7()), role="member", seatType="full"
            )
        crowded = await at.post(path, {"targetSeats": 7, "timing": "now"})
        assert slug(crowded) == "seats-in-use"
        await at.tell(USER.format("member-removed"), userId=str(uuid7()), endReason="left")
        assert (await at.post(path, {"targetSeats": 7, "timing": "now"})).status_code == 200

    play(scene)


def test_the_floor_of_a_plan(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        await introduce(at.handlers, "enterprise-2026", "enterprise", 3_000, minSeats=10)
        held = await at.bought(planCode="enterprise-2026", seatQuantity=20)
        path = f"subscriptions/{held['id']}/seats"
        low = await at.post(path, {"targetSeats": 9, "timing": "periodEnd"})
        assert slug(low) == "below-seat-minimum"

    play(scene)


def test_recommended_seats_follow_the_people(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        held = await at.bought()
        for kind in ["full"] * 20 + ["guest"]:
            await at.tell(
                USER.format("member-joined"), userId=str(uuid7()), role="member", seatType=kind
            )
        path = f"subscriptions/{held['id']}"
        assert (await at.get(path))["recommendedSeats"] == 21
        await at.tell(USER.format("member-removed"), userId=str(uuid7()), endReason="left")
        assert (await at.get(path))["recommendedSeats"] == 19

    play(scene)


def test_plans_change_downwards(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        held = await at.bought()
        path = f"subscriptions/{held['id']}"
        dear = await at.post(f"{path}/plan", {"planCode": "business-2026", "timing": "now"})
        assert slug(dear) == "order-needed"
        gone = await at.post(f"{path}/plan", {"planCode": "gone-2020", "timing": "now"})
        assert slug(gone) == "plan-not-on-sale"
        await at.tell(
            "quota-exceeded",
            subscriptionId=held["id"],
            meterCode="api_calls",
            level="hard",
            totalMicros=2_000_000,
            limitMicros=1_000_000,
            resetsAt="2030-01-01T00:00:00Z",
        )
        much = await at.post(f"{path}/plan", {"planCode": "starter-2026", "timing": "now"})
        assert slug(much) == "entitlement-exceeded"
        assert much.json()["meters"] == ["api_calls"]
        later = await at.post(f"{path}/plan", {"planCode": "starter-2026", "timing": "periodEnd"})
        assert later.json()["scheduledPlanCode"] == "starter-2026"
        at.service.later(32 * DAY)
        await at.service.tick()
        turned = await at.get(path)
        assert (turned["planCode"], turned["unitAmountMinor"]) == ("starter-2026", 500)
        told = (await at.said("subscription-changed"))[-1]
        assert (told["lastChange"], told["fromPlanCode"]) == ("renewal", "team-2026")
        assert told["entitlements"]
        await at.settled()
        kinds = [each["changeKind"] for each in (await at.get(f"{path}/changes"))["items"]]
        assert kinds == ["renewal", "plan"]

    play(scene)


def test_a_cheaper_plan_at_once_is_credited(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        held = await at.bought()
        path = f"subscriptions/{held['id']}/plan"
        answer = await at.post(path, {"planCode": "starter-2026", "timing": "now"})
        assert answer.json()["unitAmountMinor"] == 500
        [told] = await at.said("subscription-changed")
        assert -5_000 <= told["prorationMinor"] <= -4_990
        assert told["entitlements"]["sso"] == 0

    play(scene)


def test_debts_stop_and_end_a_subscription(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        held = await at.bought(billingInterval="year")
        path = f"subscriptions/{held['id']}"
        invoice = {"invoiceId": str(uuid7()), "subscriptionId": held["id"], "currency": "eur"}
        overdue = {**invoice, "amountDueMinor": 5, "dunningLevel": 1}
        paid = {
            **invoice,
            "invoiceNumber": "EU-2026-0000001",
            "paidMinor": 5,
            "paymentIds": [],
        }
        await at.tell("invoice-overdue", **overdue)
        first = await at.get(path)
        assert first["status"] == "pastDue"
        at.service.later(5 * DAY)
        await at.tell("invoice-overdue", **{**overdue, "dunningLevel": 2})
        assert (await at.get(path))["pastDueSince"] == first["pastDueSince"]
        await at.tell("invoice-paid", **paid, stillOverdue=1)
        assert (await at.get(path))["status"] == "pastDue"
        await at.tell("invoice-paid", **paid, stillOverdue=0)
        well = await at.get(path)
        assert well["status"] == "active"
        assert "pastDueSince" not in well
        await at.tell("invoice-overdue", **overdue)
        at.service.later(29 * DAY)
        await at.service.tick()
        assert (await at.get(path))["status"] == "pastDue"
        at.service.later(2 * DAY)
        await at.service.tick()
        over = await at.get(path)
        assert (over["status"], over["cancellationReason"]) == ("cancelled", "nonPayment")
        kinds = [each["lastChange"] for each in await at.said("subscription-changed")]
        assert kinds == ["pastDue", "recovery", "pastDue"]
        assert len(await at.said("subscription-cancelled")) == 1

    play(scene)


def test_notice_ends_with_the_period_that_was_paid(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        held = await at.bought()
        path = f"subscriptions/{held['id']}"
        why = {"cancellationReason": "switchedVendor"}
        assert (await at.post(f"{path}/cancellation", why)).status_code == 200
        at.service.later(27 * DAY)
        await at.service.tick()
        assert (await at.get(path))["status"] == "cancelling"
        at.service.later(5 * DAY)
        await at.service.tick()
        over = await at.get(path)
        assert (over["status"], over["cancellationReason"]) == ("cancelled", "switchedVendor")
        assert len(await at.said("subscription-cancelled")) == 1

    play(scene)


def test_a_debt_beside_a_notice_ends_it_first(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        held = await at.bought(billingInterval="year")
        path = f"subscriptions/{held['id']}"
        why = {"cancellationReason": "other"}
        assert (await at.post(f"{path}/cancellation", why)).status_code == 200
        invoice = {"invoiceId": str(uuid7()), "subscriptionId": held["id"], "currency": "eur"}
        await at.tell("invoice-overdue", **invoice, amountDueMinor=5, dunningLevel=1)
        at.service.later(29 * DAY)
        await at.service.tick()
        assert (await at.get(path))["status"] == "cancelling"
        at.service.later(2 * DAY)
        await at.service.tick()
        assert (await at.get(path))["cancellationReason"] == "nonPayment"

    play(scene)


def test_only_what_is_over_is_renewed(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        monthly = await at.bought()
        other = at.service.caller("org-owner")
        at.service.later(20 * DAY)
        await at.service.tick()
        assert await at.said("subscription-changed") == []
        first, at.owner = at.owner, other
        fresh = await at.bought()
        at.service.later(12 * DAY)
        await at.service.tick()
        assert await at.get(f"subscriptions/{fresh['id']}") == fresh
        at.owner = first
        renewed = await at.get(f"subscriptions/{monthly['id']}")
        assert renewed["currentPeriodStart"] == monthly["currentPeriodEnd"]
        assert len(await at.said("subscription-changed")) == 1

    play(scene)


def test_a_promotion_lasts_its_periods(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        held = await at.bought()
        path = f"subscriptions/{held['id']}"
        await promote(at, "SUMMER-26", percentOffBasisPoints=4_000, periods=1)
        await promote(at, "OTHER-26")
        await promote(at, "STARTERS", families=["starter"])
        wrong = await at.post(f"{path}/promotions", {"promotionCode": "STARTERS"})
        assert slug(wrong) == "promotion-not-combinable"
        for _ in range(2):
            answer = await at.post(f"{path}/promotions", {"promotionCode": "SUMMER-26"})
            assert answer.status_code == 200, answer.text
            assert answer.json()["discountBasisPoints"] == 4_000
        second = await at.post(f"{path}/promotions", {"promotionCode": "OTHER-26"})
        assert slug(second) == "promotion-not-combinable"
        found = await at.run(lambda ctx: at.handlers.promotion.find(ctx, promotionCode="SUMMER-26"))
        assert found.redemptions == 1
        for discount in (4_000, 0):
            at.service.later(32 * DAY)
            await at.settled()
            await at.service.tick()
            await at.settled()
            assert (await at.get(path))["discountBasisPoints"] == discount

    play(scene)


def test_an_order_redeems_and_gives_back(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        await promote(at, "ONLY-ONE", redemptionLimit=1)
        order = await at.order(promotionCode="ONLY-ONE")
        assert order["totalMinor"] == 9_840
        stranger = at.service.caller("org-owner")
        wish = {
            "planCode": "team-2026",
            "billingInterval": "month",
            "currency": "eur",
            "seatQuantity": 1,
            "paymentMethodId": str(uuid7()),
            "promotionCode": "ONLY-ONE",
        }
        assert slug(await at.post("orders", wish, by=stranger)) == "promotion-expired"
        await at.post(f"orders/{order['id']}/cancel", {"motive": "other"})
        assert (await at.post("orders", wish, by=stranger)).status_code == 202

    play(scene)


def test_guessing_codes_is_locked(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        held = await at.bought()
        path = f"subscriptions/{held['id']}/promotions"
        await promote(at, "RIGHT-ONE")
        kinds = [slug(await at.post(path, {"promotionCode": f"WRONG-{each}"})) for each in range(7)]
        assert kinds == ["promotion-expired"] * 5 + ["promotion-locked"] * 2
        locked = await at.post(path, {"promotionCode": "RIGHT-ONE"})
        assert slug(locked) == "promotion-locked"
        assert int(locked.headers["Retry-After"]) > 86_000
        at.service.later(DAY)
        assert (await at.post(path, {"promotionCode": "RIGHT-ONE"})).status_code == 200

    play(scene)


def test_offboarding_and_back(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        held = await at.bought(billingContactEmail="pay@acme.example")
        path = f"subscriptions/{held['id']}"
        change = await at.order(
            kind="planChange", subscriptionId=held["id"], planCode="business-2026"
        )
        gone = {
            "organizationId": str(at.tenant),
            "deletionRequestedBy": str(at.owner.subject),
            "purgeAfter": "2030-01-01T00:00:00Z",
        }
        await at.tell(USER.format("organization-deleted"), **gone)
        under = await at.get(path)
        assert (under["status"], under["cancellationReason"]) == ("cancelling", "offboarding")
        assert (await at.get(f"orders/{change['id']}"))["status"] == "cancelled"
        refused = await at.service.http.delete(f"/v1/{path}/cancellation", headers=at.owner.headers)
        assert refused.status_code == 409
        await at.tell(USER.format("organization-restored"), organizationId=str(at.tenant))
        back = await at.get(path)
        assert back["status"] == "active"
        assert "cancellationReason" not in back
        await at.tell(
            USER.format("organization-purged"),
            organizationId=str(at.tenant),
            dataResidency="euWest1",
        )
        ended = await at.get(path)
        assert ended["status"] == "cancelled"
        assert "billingContactEmail" not in ended
        assert len(await at.said("subscription-cancelled")) == 1

    play(scene)


def test_pauses_end_by_themselves(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        held = await at.bought()
        path = f"subscriptions/{held['id']}"
        until = held["currentPeriodEnd"]
        assert (await at.post(f"{path}/pause", {"pausedUntil": until})).status_code == 200
        assert not (await at.get(f"{path}/entitlements"))["entitled"]
        await at.service.tick()
        assert (await at.get(path))["status"] == "paused"
        at.service.later(32 * DAY)
        await at.service.tick("resume-subscription", "renew-subscription")
        now_held = await at.get(path)
        assert now_held["status"] == "active"
        assert now_held["currentPeriodStart"] == until

    play(scene)


def test_a_new_price_ends_the_one_before(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        from cloudsync_chassis import clock
        from subscription_service.generated import models

        held = await at.bought()

        async def publish(ctx: Context, ahead: int) -> None:
            price = {
                "planCode": "team-2026",
                "interval": "month",
                "currency": "eur",
                "tiers": [{"unitAmountMinor": 1_500}],
                "validFrom": clock.now() + ahead * DAY,
            }
            body = models.PublishPlanPriceRequest.model_validate(price, strict=False)
            await at.handlers.publish_plan_price(ctx, port.PublishPlanPrice(body=body))

        with pytest.raises(Exception, match="rule-broken"):
            await at.run(lambda ctx: publish(ctx, 3))
        await at.run(lambda ctx: publish(ctx, 31))
        assert (await at.get(f"subscriptions/{held['id']}"))["unitAmountMinor"] == 1_000
        for expected in (1_000, 1_500):
            at.service.later(30 * DAY + DAY / 2)
            await at.service.tick()
            assert (await at.get(f"subscriptions/{held['id']}"))["unitAmountMinor"] == expected

    play(scene)


def test_the_turn_of_a_month(play: Callable[[Scene], None]) -> None:
    async def scene(at: Shop) -> None:
        held = await at.bought()
        at.service.later(70 * DAY)
        await at.service.tick()
        await at.service.tick("renew-subscription")
        now_held = await at.get(f"subscriptions/{held['id']}")
        assert now_held["currentPeriodEnd"] > held["currentPeriodEnd"]
        changes = await at.said("subscription-changed")
        assert [each["lastChange"] for each in changes] == ["renewal"] * 2
        await at.settled()
        items = (await at.get(f"subscriptions/{held['id']}/changes"))["items"]
        assert len(items) == 2

    play(scene)


def test_the_bundled_catalogue_is_entered_once(tmp_path: Path) -> None:
    async def whole() -> None:
        async with shop(tmp_path, stocked=False) as at:
            for _ in range(2):
                await release.enter(at.handlers, release.BUNDLED)
            items = (await at.service.http.get("/v1/plans")).json()["items"]
            families = [each["family"] for each in items]
            assert families == ["starter", "team", "business", "enterprise"]
            assert {each["currency"] for each in items[3]["prices"]} == {"usd", "eur", "gbp"}

    asyncio.run(whole())
