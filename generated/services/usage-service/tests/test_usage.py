"""Seats and readings, by gRPC and by events."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.security.principal import Principal
from house import DAY, LIMITS, House, play, text
from usage_service.generated import models, port


def test_seats_of_an_order_are_held_and_sold_once(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        order = await at.order()
        await at.tell("subscription-ordered", **order)
        assert await at.pool() == (10, 0, 0)
        [told] = await at.said("seats-reserved")
        assert (told["orderId"], told["seats"]) == (order["orderId"], 10)
        for _ in range(2):
            await at.paid(order)
        assert await at.pool() == (0, 10, 0)
        [sold] = await at.said("seats-committed")
        assert (sold["orderId"], sold["committedTotal"]) == (order["orderId"], 10)

    play(tmp_path, scene)


def test_a_dry_run_holds_nothing_and_refusals_say_why(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        dry = at.wish(5, dryRun=True)
        found = await at.run(lambda ctx: at.handlers.reserve_seats(ctx, dry))
        assert found.status is models.ReservationStatus.held
        await at.activated()
        many = at.wish(491, dryRun=True)
        assert await at.refused(lambda ctx: at.handlers.reserve_seats(ctx, many)) == (
            "seats-exhausted"
        )
        real = at.wish(491)
        for _ in range(2):
            assert await at.refused(lambda ctx: at.handlers.reserve_seats(ctx, real)) == (
                "seats-exhausted"
            )
        [told] = await at.said("seats-rejected")
        assert (told["rejectReason"], told["freeSeats"]) == ("ceilingExceeded", 490)
        for _ in range(2):
            wish = at.wish(1)
            await at.run(lambda ctx, wish=wish: at.handlers.reserve_seats(ctx, wish))
        third = at.wish(1)
        assert await at.refused(lambda ctx: at.handlers.reserve_seats(ctx, third)) == (
            "too-many-holds"
        )

    play(tmp_path, scene)


def test_failed_orders_give_seats_back_or_leave_a_tombstone(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        order = await at.order()
        await at.failed(order)
        await at.failed(order)
        assert await at.pool() == (0, 0, 0)
        [told] = await at.said("seats-released")
        assert (told["releaseReason"], told["seats"]) == ("paymentFailed", 10)
        early = {**order, "orderId": str(uuid7())}
        await at.cancelled(early)
        silent = (await at.said("seats-released"))[1]
        assert (silent["orderId"], silent["seats"]) == (early["orderId"], 0)
        await at.tell("subscription-ordered", **early)
        await at.paid(early)
        assert await at.pool() == (0, 0, 0)
        assert len(await at.said("seats-reserved")) == 1

    play(tmp_path, scene)


def test_seats_of_an_order_whose_saga_fails_elsewhere_go_back(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        order = await at.order()
        await at.goes_back(order)
        assert await at.pool() == (0, 0, 0)
        [told] = await at.said("seats-released")
        assert (told["orderId"], told["releaseReason"]) == (order["orderId"], "orderCancelled")
        await at.cancelled(order)
        assert len(await at.said("seats-released")) == 1

    play(tmp_path, scene)


def test_holds_end_and_late_money_takes_them_again(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        order = await at.order()
        await at.work()
        assert await at.pool() == (10, 0, 0)
        at.service.later(timedelta(minutes=31))
        await at.work()
        assert await at.pool() == (0, 0, 0)
        assert (await at.said("seats-released"))[0]["releaseReason"] == "holdExpired"
        await at.paid(order)
        assert await at.pool() == (0, 10, 0)
        lost = await at.order(400)
        at.service.later(timedelta(minutes=31))
        await at.tell(
            "subscription-activated",
            subscriptionId=order["subscriptionId"],
            productLine="workspace",
            planCode="team-2026",
            seatQuantity=10,
            entitlements=LIMITS,
            periodEnd=text(clock.now() + DAY),
            trial=False,
        )
        rival = await at.order(95)
        await at.work()
        await at.paid(rival)
        await at.paid(lost)
        assert (await at.said("seats-rejected"))[-1]["rejectReason"] == "holdLost"
        await at.cancelled(rival)
        assert await at.pool() == (0, 10, 0)

    play(tmp_path, scene)


def test_seats_grow_and_shrink_with_the_subscription(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        order = await at.activated()
        wish = at.wish(3, subscriptionId=order["subscriptionId"])
        await at.run(lambda ctx: at.handlers.reserve_seats(ctx, wish))
        await at.changed(order, 13)
        assert await at.pool() == (0, 13, 0)
        await at.changed(order, 4)
        assert await at.pool() == (0, 4, 0)
        await at.tell(
            "subscription-cancelled",
            subscriptionId=order["subscriptionId"],
            planCode="team-2026",
            cancellationReason="other",
            endedAt=text(clock.now()),
            seatQuantity=4,
        )
        assert await at.pool() == (0, 0, 0)
        released = await at.said("seats-released")
        assert {each["releaseReason"] for each in released} == {
            "contraction",
            "subscriptionCancelled",
        }
        assert [each for each in released if "orderId" in each] == [], "no saga is about that"

    play(tmp_path, scene)


def test_people_sit_on_sold_seats(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        order = await at.activated(2)
        person = uuid7()
        first = await at.seat(person)
        body = models.AssignSeatRequest(user_id=person, pool_code="team-full")
        again = port.AssignSeat(body=body)
        assert await at.refused(lambda ctx: at.handlers.assign_seat(ctx, again)) == (
            "already-seated"
        )
        await at.seat()
        other = models.AssignSeatRequest(user_id=uuid7(), pool_code="team-full")
        full = port.AssignSeat(body=other)
        assert await at.refused(lambda ctx: at.handlers.assign_seat(ctx, full)) == "no-free-seat"
        release_body = models.ReleaseSeatsRequest(
            reservation_id=UUID(order["orderId"]),
            release_reason=models.ReleaseReason.contraction,
        )
        back = port.ReleaseSeats(body=release_body)
        assert await at.refused(lambda ctx: at.handlers.release_seats(ctx, back)) == "seats-in-use"
        revoke = port.RevokeSeat(body=models.RevokeSeatRequest(seat_assignment_id=first.id))
        await at.run(lambda ctx: at.handlers.revoke_seat(ctx, revoke))
        assert await at.refused(lambda ctx: at.handlers.revoke_seat(ctx, revoke)) == (
            "already-revoked"
        )
        assert await at.pool() == (0, 2, 1)
        again_seated = await at.seat(person)
        assert again_seated.id != first.id
        await at.tell("user.member-removed", userId=str(person), endReason="left")
        assert await at.pool() == (0, 2, 1)
        erasure = str(uuid7())
        await at.tell("user.user-deleted", userId=str(person), erasureRequestId=erasure)
        [told] = await at.said("usage-erasure-completed")
        assert (told["userId"], told["erasedItems"]) == (str(person), 2)

    play(tmp_path, scene)


def test_the_silent_give_their_seats_back(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        await at.activated()
        quiet = await at.seat()
        at.service.later(61 * DAY)
        await at.seat()

        def ask(dry: bool) -> port.ReclaimIdleSeats:
            body = models.ReclaimIdleSeatsRequest(pool_code="team-full", idle_days=60, dry_run=dry)
            return port.ReclaimIdleSeats(body=body)

        tried = await at.run(lambda ctx: at.handlers.reclaim_idle_seats(ctx, ask(True)))
        assert tried.user_ids == [quiet.user_id]
        assert (await at.pool())[2] == 2
        await at.run(lambda ctx: at.handlers.reclaim_idle_seats(ctx, ask(False)))
        assert (await at.pool())[2] == 1
        assert await at.refused(lambda ctx: at.handlers.reclaim_idle_seats(ctx, ask(False))) == (
            "reclaim-running"
        )

    play(tmp_path, scene)


def test_readings_count_once_and_quotas_are_told_once(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        order = await at.activated()
        same = str(uuid7())
        assert (await at.record(5_000_000, recordId=same)).accepted == 1
        assert (await at.record(5_000_000, recordId=same)).duplicate == 1
        old = await at.record(1, occurredAt=clock.now() - 4 * DAY)
        assert old.rejected[0].cause is models.UsageRejectionCause.record_too_old
        with pytest.raises(Problem, match="source-not-allowed"):
            await at.record(1, source="chat-service")
        strange = await at.record(1, dimensions={"colour": "red"})
        assert strange.rejected[0].cause is models.UsageRejectionCause.dimension_not_allowed
        assert (await at.usage(order)).totals_micros["api_calls"].root == 5_000_000

        async def check(micros: int) -> models.QuotaDecision:
            body = models.CheckQuotaRequest(meter_code="api_calls", quantity_micros=micros)
            found: models.QuotaDecision = await at.run(
                lambda ctx: at.handlers.check_quota(ctx, port.CheckQuota(body=body))
            )
            return found

        assert (await check(1_000_000)).verdict is models.QuotaVerdict.allow
        assert (await check(4_000_000)).verdict is models.QuotaVerdict.allow_with_warning
        assert (await check(6_000_000)).verdict is models.QuotaVerdict.deny
        await at.record(4_000_000)
        for _ in range(2):
            await at.work()
        [soft] = await at.said("quota-exceeded")
        assert (soft["level"], soft["subscriptionId"]) == ("soft", order["subscriptionId"])
        await at.record(4_000_000)
        await at.work()
        assert [each["level"] for each in await at.said("quota-exceeded")] == ["soft", "hard"]
        assert (await at.said("usage-recorded"))[-1]["totalMicros"] == 13_000_000

    play(tmp_path, scene)


def test_a_period_is_counted_twice_and_billed(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        order = await at.activated()
        await at.record(5_000_000)
        period = (await at.usage(order)).usage_period_id
        at.service.later(30 * DAY + DAY)
        await at.work()
        assert (await at.usage(order)).period_status is models.UsagePeriodStatus.open
        at.service.later(3 * DAY)
        await at.work()
        assert (await at.usage(order)).period_status is models.UsagePeriodStatus.closing
        await at.work()
        at.service.later(timedelta(minutes=11))
        await at.work()
        assert (await at.usage(order)).period_status is models.UsagePeriodStatus.closed
        [told] = await at.said("usage-period-closed")
        assert told["totalsMicros"] == {"api_calls": 5_000_000}
        assert told["subscriptionId"] == order["subscriptionId"]
        await at.tell(
            "invoice-issued",
            invoiceId=str(uuid7()),
            invoiceNumber="EU-2026-0000001",
            legalEntity="cloudsyncIreland",
            totalMinor=1,
            amountDueMinor=1,
            currency="eur",
            dueOn="2026-01-01",
            collectionMode="automatic",
            usagePeriodIds=[str(period)],
        )
        assert (await at.usage(order)).period_status is models.UsagePeriodStatus.billed

    play(tmp_path, scene)


def test_it_answers_by_grpc(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        from usage_grpc_client import UsageGrpcClient
        from usage_grpc_client import models as called

        owner = at.service.caller("org-owner", organization=at.tenant)

        async def token() -> str:
            return owner.token

        client = UsageGrpcClient(f"http://{at.service.address}", token=token)
        try:
            await at.activated()
            person = uuid7()
            body = called.AssignSeatRequest(user_id=person, pool_code="team-full")
            assert (await client.assign_seat(body)).user_id == person
            with pytest.raises(RefusedError) as caught:
                await client.assign_seat(
                    called.AssignSeatRequest(user_id=person, pool_code="team-full")
                )
            assert caught.value.slug in ("already-seated", "ALREADY_SEATED")
            assert (await client.get_seat_pool(pool_code="team-full")).assigned_seats == 1
        finally:
            await client.aclose()

    play(tmp_path, scene)


def test_a_destroyed_file_counts_no_hour_more(tmp_path: Path) -> None:
    """What it would have counted until the end of the period is taken back, once."""

    async def scene(at: House) -> None:
        order = await at.activated()
        file, told = str(uuid7()), {"sizeBytes": 1 << 30, "origin": "upload"}

        async def stored() -> int:
            sums = (await at.usage(order)).totals_micros
            return sums["storage_gib_hours"].root if "storage_gib_hours" in sums else 0

        await at.tell("content.file-deleted", fileId=str(uuid7()), **told)
        assert await stored() == 0
        uploaded = {"mediaType": "text/plain", "contentSha256": "ab" * 32, **told}
        await at.tell("content.file-uploaded", fileId=file, uploaderId=str(uuid7()), **uploaded)
        assert await stored() > 719_900_000
        at.service.later(timedelta(hours=2))
        for _ in range(2):
            await at.tell("content.file-deleted", fileId=file, **told)
            assert 2_000_000 <= await stored() < 2_100_000
        await at.tell("content.file-uploaded", fileId=file, uploaderId=str(uuid7()), **uploaded)
        assert 2_000_000 <= await stored() < 2_100_000

    play(tmp_path, scene)


def test_uploads_meetings_and_corrections_are_counted(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        order = await at.activated()
        await at.tell(
            "content.file-uploaded",
            fileId=str(uuid7()),
            sizeBytes=1 << 30,
            mediaType="text/plain",
            contentSha256="ab" * 32,
            origin="upload",
            uploaderId=str(uuid7()),
        )
        await at.tell(
            "collaboration.meeting-ended",
            meetingId=str(uuid7()),
            actualStart="2026-01-01T00:00:00Z",
            actualEnd="2026-01-01T01:00:00Z",
            peakParticipants=3,
            participantMinutes=90,
        )
        sums = {name: each.root for name, each in (await at.usage(order)).totals_micros.items()}
        assert sums["meeting_minutes"] == 90_000_000
        assert 719_900_000 < sums["storage_gib_hours"] <= 720_000_000
        wrong = str(uuid7())
        await at.record(5_000_000, recordId=wrong)
        by = Principal(str(uuid7()), "user", at.tenant, frozenset({"finance-operator"}))

        def correction(**more: Any) -> port.AdjustUsage:
            known = {
                "subscriptionId": order["subscriptionId"],
                "meterCode": "api_calls",
                "quantityMicros": -2_000_000,
                "occurredAt": clock.now(),
                "adjusts": wrong,
                "adjustReason": "Counted twice by a broken gateway",
                **more,
            }
            body = models.AdjustUsageRequest.model_validate(known, strict=False)
            return port.AdjustUsage(body=body)

        right, unknown = correction(), correction(adjusts=str(uuid7()))
        await at.run(lambda ctx: at.handlers.adjust_usage(ctx, right), by)
        sums = {name: each.root for name, each in (await at.usage(order)).totals_micros.items()}
        assert sums["api_calls"] == 3_000_000
        assert await at.refused(lambda ctx: at.handlers.adjust_usage(ctx, unknown)) == (
            "record-unknown"
        )
        foreign = correction(subscriptionId=str(uuid7()))
        assert await at.refused(lambda ctx: at.handlers.adjust_usage(ctx, foreign)) == (
            "period-closed"
        )

    play(tmp_path, scene)


def test_the_course_of_a_meter(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        order = await at.activated()
        await at.record(1_000_000)
        at.service.later(DAY)
        await at.record(2_000_000)

        def series(days: int, granularity: str) -> port.GetUsageSeries:
            known = {
                "subscriptionId": order["subscriptionId"],
                "meterCode": "api_calls",
                "since": clock.now() - days * DAY,
                "until": clock.now() + DAY,
                "granularity": granularity,
            }
            body = models.GetUsageSeriesRequest.model_validate(known, strict=False)
            return port.GetUsageSeries(body=body)

        wide, days = series(40, "hour"), series(3, "day")
        assert await at.refused(lambda ctx: at.handlers.get_usage_series(ctx, wide)) == (
            "range-too-wide"
        )
        back = series(-2, "day")
        assert await at.refused(lambda ctx: at.handlers.get_usage_series(ctx, back)) == (
            "rule-broken"
        )
        found = await at.run(lambda ctx: at.handlers.get_usage_series(ctx, days))
        assert [each.quantity_micros for each in found.points] == [1_000_000, 2_000_000]
        nobody = models.GetUsageRequest(subscription_id=uuid7())
        assert await at.refused(
            lambda ctx: at.handlers.get_usage(ctx, port.GetUsage(body=nobody))
        ) == ("period-unknown")

    play(tmp_path, scene)


def test_a_purged_tenant_keeps_sums_without_names(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        order = await at.activated()
        await at.seat()
        await at.record(1_000_000, dimensions={"operation": "list"})
        await at.tell(
            "user.organization-purged", organizationId=str(at.tenant), dataResidency="euWest1"
        )

        async def left(ctx: Context) -> tuple[int, int, list[dict[str, Any]]]:
            records = at.handlers.usage_record.each(ctx)
            return (
                await at.handlers.seat_assignment.count(ctx),
                await at.handlers.seat_pool.count(ctx),
                [dict(each.dimensions) async for each in records],
            )

        assert await at.run(left) == (0, 0, [{}])
        assert (await at.usage(order)).totals_micros["api_calls"].root == 1_000_000

    play(tmp_path, scene)


def test_a_trial_is_seated_without_an_order(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        told = {
            "subscriptionId": str(uuid7()),
            "productLine": "workspace",
            "planCode": "team-2026",
            "seatQuantity": 3,
            "entitlements": LIMITS,
            "periodEnd": text(clock.now() + 14 * DAY),
            "trial": True,
        }
        for _ in range(2):
            await at.tell("subscription-activated", **told)
        assert await at.pool() == (0, 3, 0)
        assert "orderId" not in (await at.said("seats-committed"))[0]
        await at.seat()
        order = await at.order(5, subscriptionId=told["subscriptionId"])
        await at.paid(order)
        await at.tell("subscription-activated", **{**told, "trial": False, "seatQuantity": 5})
        assert await at.pool() == (0, 5, 1)

    play(tmp_path, scene)
