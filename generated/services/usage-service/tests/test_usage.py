"""Seats and readings, by gRPC and by events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cloudsync_chassis import clock
from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.bus import InProcessBus
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import Principal, workload
from cloudsync_chassis.testing import Running, isolated, running
from usage_service import jobs, release
from usage_service.generated import models, operations, port
from usage_service.generated.app import build
from usage_service.generated.service import SERVICE
from usage_service.generated.settings import ServiceSettings
from usage_service.handlers import Handlers

DAY = timedelta(days=1)
LIMITS = {
    "storageGibPerSeat": 100,
    "apiCallsPerDay": 10,
    "meetingParticipants": 100,
    "versionHistoryDays": 90,
    "guestsPerSeat": 2,
    "sso": 0,
}


def text(moment: Any) -> str:
    return str(moment.isoformat()).replace("+00:00", "Z")


@dataclass
class House:
    """The service, its handlers and one tenant."""

    service: Running
    handlers: Handlers
    tenant: UUID

    async def tell(self, name: str, /, **data: Any) -> None:
        kind = name if "." in name else f"billing.{name}"
        await self.service.tell(f"cloudsync.{kind}.v1", data, self.tenant)
        await self.settled()

    async def settled(self) -> None:
        """Wait until all that was said has been handled, and undone where a saga goes back."""
        runtime, said = self.service.runtime, -1
        await self.service.settle()
        while said != (said := len(await self.service.published())):
            await runtime.sagas.watch(runtime.executor.consume)
            await self.service.settle()

    async def goes_back(self, order: dict[str, Any]) -> None:
        """Another service says that the saga of the order has failed there."""
        runtime, bus = self.service.runtime, self.service.runtime.bus
        assert isinstance(bus, InProcessBus)
        run = await self.run(lambda ctx: runtime.sagas.state(ctx, "order", order["orderId"]))
        told = Event(
            id=uuid7(),
            type="saga.told",
            source="/test",
            topic="sagas.order",
            subject=str(run.id),
            time=clock.now(),
            organization_id=self.tenant,
            data={"word": "failed", "reason": "time-out: elsewhere"},
        )
        await bus.publish([told])
        await self.settled()

    async def said(self, name: str) -> list[dict[str, Any]]:
        events = await self.service.published()
        return [dict(each.data) for each in events if f".{name}." in each.type]

    async def run(
        self, action: Callable[[Context], Awaitable[Any]], principal: Principal | None = None
    ) -> Any:
        by = principal or workload("subscription-service", self.tenant)
        incoming = Incoming(principal=by, trace=Trace.new())
        return await self.handlers.runtime.executor.run(operations.RESERVE_SEATS, incoming, action)

    async def refused(self, action: Callable[[Context], Awaitable[Any]]) -> str:
        with pytest.raises(Problem) as caught:
            await self.run(action)
        return caught.value.kind.slug

    async def order(self, seats: int = 10, **more: Any) -> dict[str, Any]:
        order = {
            "orderId": str(uuid7()),
            "subscriptionId": str(uuid7()),
            "organizationId": str(self.tenant),
            "kind": "new",
            "planCode": "team-2026",
            "seatQuantity": seats,
            "totalMinor": 1,
            "currency": "eur",
            "priceDigest": "ab" * 32,
            "paymentMethodId": str(uuid7()),
            "placedBy": str(uuid7()),
            "deadlineAt": "2099-01-01T00:00:00Z",
            **more,
        }
        await self.tell("subscription-ordered", **order)
        return order

    async def paid(self, order: dict[str, Any]) -> None:
        await self.tell(
            "payment-processed",
            causeId=order["orderId"],
            orderId=order["orderId"],
            paymentId=str(uuid7()),
            purpose="order",
            capturedMinor=1,
            currency="eur",
            methodKind="card",
        )

    async def failed(self, order: dict[str, Any]) -> None:
        await self.tell(
            "payment-failed",
            causeId=order["orderId"],
            orderId=order["orderId"],
            paymentId=str(uuid7()),
            purpose="order",
            declineCode="doNotHonor",
            retryable=False,
            capturedMinor=0,
            currency="eur",
        )

    async def cancelled(self, order: dict[str, Any]) -> None:
        await self.tell(
            "order-cancelled",
            orderId=order["orderId"],
            subscriptionId=order["subscriptionId"],
            reason="holdLost",
            capturedPaymentIds=[],
            notifyUserId=str(uuid7()),
        )

    async def activated(self, seats: int = 10, **more: Any) -> dict[str, Any]:
        order = await self.order(seats)
        await self.paid(order)
        told = {
            "subscriptionId": order["subscriptionId"],
            "productLine": "workspace",
            "planCode": "team-2026",
            "seatQuantity": seats,
            "entitlements": LIMITS,
            "periodEnd": text(clock.now() + 30 * DAY),
            "trial": False,
            **more,
        }
        await self.tell("subscription-activated", **told)
        return order

    async def changed(self, order: dict[str, Any], seats: int, **more: Any) -> None:
        known = {
            "subscriptionId": order["subscriptionId"],
            "lastChange": "seats",
            "planCode": "team-2026",
            "seatQuantity": seats,
            "status": "active",
            "currentPeriodEnd": text(clock.now() + 30 * DAY),
        }
        await self.tell("subscription-changed", **{**known, **more})

    async def pool(self, code: str = "team-full") -> tuple[int, int, int]:
        found = await self.run(lambda ctx: self.handlers.seat_pool.find(ctx, poolCode=code))
        return found.held_seats, found.committed_seats, found.assigned_seats

    def wish(self, seats: int, **more: Any) -> port.ReserveSeats:
        known = {
            "reservationId": str(uuid7()),
            "subscriptionId": str(uuid7()),
            "poolCode": "team-full",
            "seats": seats,
            "kind": "expansion",
            **more,
        }
        body = models.ReserveSeatsRequest.model_validate(known, strict=False)
        return port.ReserveSeats(body=body)

    async def seat(self, user: UUID | None = None) -> models.SeatAssignment:
        body = models.AssignSeatRequest(user_id=user or uuid7(), pool_code="team-full")
        request = port.AssignSeat(body=body)
        found: models.SeatAssignment = await self.run(
            lambda ctx: self.handlers.assign_seat(ctx, request)
        )
        return found

    async def record(self, micros: int, source: str = "api-gateway", **more: Any) -> Any:
        reading = {
            "recordId": str(uuid7()),
            "organizationId": str(self.tenant),
            "meterCode": "api_calls",
            "quantityMicros": micros,
            "occurredAt": clock.now(),
            **more,
        }
        body = models.RecordUsageRequest.model_validate({"records": [reading]}, strict=False)
        request = port.RecordUsage(body=body)
        by = workload(source, uuid7())
        return await self.run(lambda ctx: self.handlers.record_usage(ctx, request), by)

    async def usage(self, order: dict[str, Any]) -> models.UsageSummary:
        body = models.GetUsageRequest(subscription_id=UUID(order["subscriptionId"]))
        found: models.UsageSummary = await self.run(
            lambda ctx: self.handlers.get_usage(ctx, port.GetUsage(body=body))
        )
        return found


@asynccontextmanager
async def house(state: Path) -> AsyncIterator[House]:
    runtime = Runtime(SERVICE, ServiceSettings.model_validate(isolated(state)))
    handlers = Handlers(runtime)
    async with running(build(runtime, handlers)) as service:
        await release.enter(handlers, release.BUNDLED)
        await release.enter(handlers, release.BUNDLED)
        yield House(service, handlers, uuid7())


def play(state: Path, scene: Callable[[House], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with house(state) as opened:
            await scene(opened)

    asyncio.run(whole())


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
        await jobs.run(at.handlers)
        assert await at.pool() == (10, 0, 0)
        at.service.later(timedelta(minutes=31))
        await jobs.run(at.handlers)
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
        await jobs.run(at.handlers)
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
        assert {each["releaseReason"] for each in await at.said("seats-released")} == {
            "contraction",
            "subscriptionCancelled",
        }

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
            await jobs.run(at.handlers)
        [soft] = await at.said("quota-exceeded")
        assert (soft["level"], soft["subscriptionId"]) == ("soft", order["subscriptionId"])
        await at.record(4_000_000)
        await jobs.run(at.handlers)
        assert [each["level"] for each in await at.said("quota-exceeded")] == ["soft", "hard"]
        assert (await at.said("usage-recorded"))[-1]["totalMicros"] == 13_000_000

    play(tmp_path, scene)


def test_a_period_is_counted_twice_and_billed(tmp_path: Path) -> None:
    async def scene(at: House) -> None:
        order = await at.activated()
        await at.record(5_000_000)
        period = (await at.usage(order)).usage_period_id
        at.service.later(30 * DAY + DAY)
        await jobs.run(at.handlers)
        assert (await at.usage(order)).period_status is models.UsagePeriodStatus.open
        at.service.later(3 * DAY)
        await jobs.run(at.handlers)
        assert (await at.usage(order)).period_status is models.UsagePeriodStatus.closing
        at.service.later(timedelta(minutes=11))
        await jobs.run(at.handlers)
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
