"""A running subscription-service with a catalogue, and what tests ask of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from cloudsync_chassis import clock
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.bus import InProcessBus
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import PLATFORM, uuid7
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.testing import Caller, Running, isolated, running
from subscription_service.generated import models, operations, port
from subscription_service.generated.app import build
from subscription_service.generated.sagas import SAGAS
from subscription_service.generated.service import SERVICE
from subscription_service.generated.settings import ServiceSettings
from subscription_service.handlers import Handlers

EVENT = "cloudsync.billing.{}.v1"
ORDER = next(each for each in SAGAS if each.name == "order")
PAST = datetime(2020, 1, 1, tzinfo=UTC)
LIMITS = {
    "storageGibPerSeat": 100,
    "apiCallsPerDay": 10_000,
    "meetingParticipants": 100,
    "versionHistoryDays": 90,
    "guestsPerSeat": 2,
    "sso": 0,
}


@dataclass
class Shop:
    """The service, its handlers and one customer."""

    service: Running
    handlers: Handlers
    owner: Caller
    wished: list[Call]

    @property
    def tenant(self) -> UUID:
        return self.owner.organization

    async def post(self, path: str, body: Any = None, by: Caller | None = None) -> httpx.Response:
        headers = {**(by or self.owner).headers, "Idempotency-Key": str(uuid7())}
        return await self.service.http.post(f"/v1/{path}", json=body, headers=headers)

    async def get(self, path: str, by: Caller | None = None) -> Any:
        answer = await self.service.http.get(f"/v1/{path}", headers=(by or self.owner).headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def tell(self, name: str, **data: Any) -> None:
        kind = name if "." in name else EVENT.format(name)
        await self.service.tell(kind, data, self.tenant)
        await self.settled()

    async def said(self, name: str) -> list[dict[str, Any]]:
        """Data of the events of a type that were published, in their order."""
        events = await self.service.published()
        return [dict(each.data) for each in events if f".{name}." in each.type]

    async def run(self, action: Callable[[Context], Awaitable[Any]]) -> Any:
        return await _run(self.handlers.runtime, self.tenant, action)

    async def order(self, **wish: Any) -> dict[str, Any]:
        answer = await self.post("orders", order_of(**wish))
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def bought(self, **wish: Any) -> dict[str, Any]:
        """An order carried through its saga; the subscription."""
        order = await self.order(**wish)
        await self.pay(order)
        await self.commit(order)
        return dict(await self.get(f"subscriptions/{order['subscriptionId']}"))

    async def pay(self, order: dict[str, Any], payment: UUID | None = None) -> None:
        await self.tell(
            "payment-processed",
            causeId=order["id"],
            orderId=order["id"],
            paymentId=str(payment or uuid7()),
            purpose="order",
            capturedMinor=order["totalMinor"],
            currency=order["currency"],
            methodKind="card",
        )

    async def fail(self, order: dict[str, Any], captured: int = 0) -> None:
        await self.tell(
            "payment-failed",
            causeId=order["id"],
            orderId=order["id"],
            paymentId=str(uuid7()),
            purpose="order",
            declineCode="doNotHonor",
            retryable=False,
            capturedMinor=captured,
            currency="eur",
        )

    async def seats(self, name: str, order: dict[str, Any], **more: Any) -> None:
        known = {
            "reservationId": order["id"],
            "orderId": order["id"],
            "subscriptionId": order["subscriptionId"],
            "poolCode": "team-full",
            "seats": order["seatQuantity"],
        }
        await self.tell(name, **{**known, **more})

    async def commit(self, order: dict[str, Any]) -> None:
        await self.seats("seats-committed", order, committedAt=_text(clock.now()))
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
        run = await self.run(lambda ctx: runtime.sagas.state(ctx, "order", order["id"]))
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

    async def saga(self, order: dict[str, Any]) -> str:
        """How the order's saga stands."""
        sagas = self.service.runtime.sagas
        run = await self.run(lambda ctx: sagas.state(ctx, "order", order["id"]))
        return str(run.state)


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def order_of(**wish: Any) -> dict[str, Any]:
    return {
        "planCode": "team-2026",
        "billingInterval": "month",
        "currency": "eur",
        "seatQuantity": 10,
        "paymentMethodId": str(uuid7()),
        **wish,
    }


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rsplit("/", 1)[-1]


def refusal(service: str, operation: str, status: int, kind: str) -> RefusedError:
    call = Call(service=service, operation=operation, method="POST", path="/")
    return RefusedError(call, status, {"type": f"https://errors/{kind}", "title": kind})


def silence(service: str, operation: str) -> NoAnswerError:
    call = Call(service=service, operation=operation, method="POST", path="/v1/payments")
    return NoAnswerError(call, "no answer")


async def _run(runtime: Runtime, tenant: UUID, action: Callable[[Context], Awaitable[Any]]) -> Any:
    incoming = Incoming(principal=workload("tests", tenant), trace=Trace.new())
    return await runtime.executor.run(operations.INTRODUCE_PLAN, incoming, action)


async def introduce(handlers: Handlers, code: str, family: str, euro: int, **more: Any) -> None:
    """A plan, on sale since long ago, at a price by the month and ten times that by the year."""
    limits = {**LIMITS, **more.pop("entitlements", {})}
    plan = {
        "code": code,
        "displayName": code.title(),
        "family": family,
        "minSeats": 1,
        "maxSeats": 5_000,
        "trialDays": 14,
        "entitlements": limits,
        "onSaleFrom": PAST,
        **more,
    }
    body = models.IntroducePlanRequest.model_validate(plan, strict=False)

    async def enter(ctx: Context) -> None:
        await handlers.introduce_plan(ctx, port.IntroducePlan(body=body))
        for interval, amount in (("month", euro), ("year", 10 * euro)):
            price = {
                "planCode": code,
                "interval": interval,
                "currency": "eur",
                "tiers": [
                    {"upToSeats": 50, "unitAmountMinor": amount},
                    {"unitAmountMinor": amount * 4 // 5},
                ],
                "validFrom": PAST,
            }
            request = models.PublishPlanPriceRequest.model_validate(price, strict=False)
            await handlers.publish_plan_price(ctx, port.PublishPlanPrice(body=request))

    await _run(handlers.runtime, PLATFORM, enter)


def reservation(call: Call) -> dict[str, Any]:
    """What usage-service says when the seats are there."""
    now = _text(clock.now())
    known = {name: call.body[name] for name in ("subscriptionId", "poolCode", "kind", "seats")}
    return {
        **known,
        "id": call.body["reservationId"],
        "organizationId": str(uuid7()),
        "createdAt": now,
        "updatedAt": now,
        "version": 1,
        "status": "held",
        "seatsBefore": 0,
        "ceiling": 1_000,
        "heldAt": now,
        "holdExpiresAt": now,
        "requestedBy": str(uuid7()),
    }


def payment(call: Call) -> dict[str, Any]:
    """What payment-service says when the bank agrees."""
    now, body = _text(clock.now()), call.body
    return {
        "id": str(uuid7()),
        "organizationId": str(uuid7()),
        "createdAt": now,
        "updatedAt": now,
        "version": 1,
        "causeId": body["orderId"],
        "purpose": "order",
        "orderId": body["orderId"],
        "status": "authorized",
        "amountMinor": body["amountMinor"],
        "currency": body["currency"],
        "capturedMinor": 0,
        "refundedMinor": 0,
        "creditAppliedMinor": 0,
        "paymentMethodId": body["paymentMethodId"],
        "methodKind": "card",
        "provider": "main",
        "statementDescriptor": "CLOUDSYNC",
    }


@asynccontextmanager
async def shop(state: Path, stocked: bool = True) -> AsyncIterator[Shop]:
    """The service with three plans; seats are free and banks agree until a test says otherwise."""
    runtime = Runtime(SERVICE, ServiceSettings.model_validate(isolated(state)))
    handlers = Handlers(runtime)
    async with running(build(runtime, handlers)) as service:
        if not stocked:
            yield Shop(service, handlers, service.caller("org-owner"), [])
            return
        await introduce(handlers, "team-2026", "team", 1_000)
        await introduce(handlers, "starter-2026", "starter", 500, maxSeats=20)
        await introduce(handlers, "business-2026", "business", 2_000, maxSeats=6_000)
        wished: list[Call] = []

        def seats(call: Call) -> dict[str, Any]:
            wished.append(call)
            return reservation(call)

        service.answers("usage-service", "ReserveSeats", seats)
        service.answers("payment-service", "authorizePayment", payment)
        yield Shop(service, handlers, service.caller("org-owner"), wished)


DAY = timedelta(days=1)
