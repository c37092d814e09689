"""What events count, and what is dropped of it in time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import Problem
from desk import Desk, hour, played, text
from metrics_service.base import PLATFORM
from metrics_service.generated import models, port


def test_few_people_are_not_told_to_their_organisation(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        people = [str(uuid7()) for _ in range(6)]

        async def sign_in(person: str, channel: str) -> None:
            await at.tell(
                "user.login-succeeded",
                sessionId=str(uuid7()),
                userId=person,
                channel=channel,
                authMethods=["password"],
                assuranceLevel="aal1",
                countryCode="AT",
                riskScore=1,
            )

        for each in people:
            await sign_in(each, "browser")
            await sign_in(each, "browser")
        await sign_in(people[0], "cli")
        split = {"groupBy": ["channel"]}
        answer = await at.curve("active_users", at.reporter, **split)
        (series,) = answer["series"]
        assert [each["value"] for each in series["points"]] == [6]
        assert (series["points"][0]["sampleCount"], series["suppressedGroups"]) == (12, 1)
        assert await at.values("active_users", at.author, **split) == {"browser": [6], "cli": [1]}
        assert await at.values("active_users") == {"": [6]}

        async def kept(ctx: Context) -> list[str]:
            return [str(each) async for each in at.handlers.metric_fact.each(ctx)]

        told = "".join(await at.inside(kept))
        assert not any(each in told for each in people)

    played(tmp_path, play)


async def _paid(at: Desk, amount: int = 1000, order: bool = True, **more: Any) -> dict[str, Any]:
    data = {
        "causeId": str(uuid7()),
        "paymentId": str(uuid7()),
        **({"orderId": str(uuid7())} if order else {}),
        "purpose": "order",
        "capturedMinor": amount,
        "currency": "eur",
        "methodKind": "card",
        **more,
    }
    await at.tell("billing.payment-processed", **data)
    return data


async def _money(at: Desk) -> list[float]:
    found = []
    for key in ("revenue_cash_minor", "orders_paid", "revenue_mrr_movement_minor"):
        found.append(sum(sum(each) for each in (await at.values(key)).values()))
    return found


def test_payments_count_once_and_are_undone_by_counter_facts(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        payment = await _paid(at)
        await at.tell("billing.payment-processed", **payment)
        assert await _money(at) == [1000, 1, 1000]
        assert await at.said("revenue-recorded") == [
            {
                "orderId": payment["orderId"],
                "paymentId": payment["paymentId"],
                "currency": "EUR",
                "amountMinor": 1000,
                "mrrDeltaMinor": 1000,
            }
        ] * len(await at.said("revenue-recorded"))
        invoice = await _paid(at, 300, purpose="invoice", order=False, invoiceId=str(uuid7()))
        await _paid(at, 0, purpose="verification", order=False)
        assert await _money(at) == [1300, 1, 1000]
        refund = {
            "causeId": invoice["causeId"],
            "paymentId": invoice["paymentId"],
            "refundId": str(uuid7()),
            "amountMinor": 100,
            "currency": "eur",
            "reason": "slaCredit",
        }
        await at.tell("billing.payment-refunded", **refund)
        await at.tell("billing.payment-refunded", **refund)
        assert await _money(at) == [1200, 1, 1000]
        rest = {**refund, "refundId": str(uuid7()), "amountMinor": 900}
        await at.tell("billing.payment-refunded", **rest)
        assert await _money(at) == [1000, 1, 1000]
        whole = {"causeId": payment["causeId"], "paymentId": payment["paymentId"]}
        whole |= {"refundId": str(uuid7()), "amountMinor": 1000, "orderId": payment["orderId"]}
        await at.tell("billing.payment-refunded", **{**refund, **whole})
        assert await _money(at) == [0, 0, 0]
        cancelled = {
            "orderId": payment["orderId"],
            "subscriptionId": str(uuid7()),
            "reason": "customer",
            "capturedPaymentIds": [payment["paymentId"]],
            "notifyUserId": str(uuid7()),
        }
        await at.tell("billing.order-cancelled", **cancelled)
        assert await _money(at) == [0, 0, 0]
        other = await _paid(at)
        skipped = {"orderId": other["orderId"], "causeId": other["causeId"]}
        await at.tell("billing.refund-skipped", **skipped, reason="nothingCaptured")
        assert await _money(at) == [0, 0, 0]
        assert sum((await at.values("revenue_cash_minor", at.staff))[""]) == 0

    played(tmp_path, play)


def test_subscriptions_move_seats_and_revenue(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        payment = await _paid(at, 1000)
        subscription = str(uuid7())
        await at.tell(
            "billing.seats-committed",
            reservationId=str(uuid7()),
            subscriptionId=subscription,
            poolCode="team-full",
            seats=10,
            committedAt=text(clock.now()),
            orderId=payment["orderId"],
        )
        changed = {
            "subscriptionId": subscription,
            "lastChange": "seats",
            "planCode": "team-2026",
            "status": "active",
            "currentPeriodEnd": text(clock.now()),
        }
        await at.tell("billing.subscription-changed", **changed, seatQuantity=15)
        await at.tell(
            "billing.subscription-changed", **changed, seatQuantity=12, fromSeatQuantity=15
        )
        await at.tell(
            "billing.subscription-cancelled",
            subscriptionId=subscription,
            planCode="team-2026",
            cancellationReason="other",
            endedAt=text(clock.now()),
            seatQuantity=12,
        )
        split = {"groupBy": ["movement"]}
        assert await at.values("seats_movement", **split) == {
            "new": [10],
            "expansion": [5],
            "contraction": [-3],
            "churn": [-12],
        }
        assert await at.values("revenue_mrr_movement_minor", **split) == {
            "new": [1000],
            "expansion": [500],
            "contraction": [-300],
            "churn": [-1200],
        }
        families = {"groupBy": ["plan_family"]}
        assert await at.values("seats_movement", **families) == {"team": [0]}

    played(tmp_path, play)


def test_backfills_of_the_platform_compute_all_tenants(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        payment = await _paid(at, 700)
        today = hour().date().isoformat()
        run = {
            "metricKey": "revenue_cash_minor",
            "revision": 1,
            "fromDay": today,
            "toDay": today,
            "totalDays": 1,
        }
        await at.done("StartBackfill", at.staff, **run)
        await at.service.tick("work-on-backfills")
        assert await at.values("revenue_cash_minor") == {"": [700]}
        assert await at.values("revenue_cash_minor", at.staff) == {"": [700]}
        assert payment["currency"] == "eur"

    played(tmp_path, play)


def test_old_facts_and_points_go(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.active()
        await _paid(at)
        await at.record(at.fact())

        async def rows(ctx: Context) -> tuple[int, int]:
            points = await at.handlers.metric_point.count(ctx, metricKey="api_calls")
            return await at.handlers.metric_fact.count(ctx), points

        assert await at.inside(rows) == (4, 2)
        at.service.later(timedelta(days=41))
        await at.service.tick("drop-old-facts", "drop-old-points")
        assert await at.inside(rows) == (3, 1)
        at.service.later(timedelta(days=360))
        await at.service.tick("drop-old-facts", "drop-old-points")
        assert await at.inside(rows) == (0, 0)

    played(tmp_path, play)


def test_a_purged_tenant_leaves_the_sums(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await _paid(at)
        purge = {"organizationId": str(at.tenant), "dataResidency": "euWest1"}
        await at.tell("user.organization-purged", **purge)
        await at.service.tick("empty-tenants")
        assert await at.values("revenue_cash_minor") == {}
        assert await at.values("revenue_cash_minor", at.staff) == {"": [1000]}
        await _paid(at)
        assert await at.values("revenue_cash_minor") == {}
        assert at.tenant != PLATFORM

    played(tmp_path, play)


def test_what_follows_events_alone_does_nothing_without_one(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        async def count(ctx: Context) -> None:
            await at.handlers.count_activity(ctx, port.CountActivity())

        async def undo(ctx: Context) -> None:
            body = models.CounterFactRequest(order_id=uuid7(), occurred_at=clock.now())
            await at.handlers.record_counter_fact(ctx, port.RecordCounterFact(body=body))

        with pytest.raises(Problem, match="follows events alone"):
            await at.inside(count)
        await at.inside(undo)
        assert await _money(at) == [0, 0, 0]

    played(tmp_path, play)
