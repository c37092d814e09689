"""A running usage-service with one tenant, and what tests ask of it."""

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
from usage_service import release
from usage_service.generated import models, operations, port
from usage_service.generated.app import build
from usage_service.generated.sagas import SAGAS
from usage_service.generated.service import SERVICE
from usage_service.generated.settings import ServiceSettings
from usage_service.handlers import Handlers

DAY = timedelta(days=1)
ORDER = next(each for each in SAGAS if each.name == "order")
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
            topic=ORDER.topic,
            subject=str(run.id),
            time=clock.now(),
            organization_id=self.tenant,
            data={"word": "failed", "reason": "time-out: elsewhere"},
        )
        await bus.publish([told])
        await self.settled()

    async def work(self) -> None:
        """All that the clock does, though its time has not come."""
        await self.service.tick(*self.service.runtime.work.names)

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
