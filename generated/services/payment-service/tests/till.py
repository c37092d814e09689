"""A running payment-service with one customer, and what tests ask of it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.bus import InProcessBus
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.testing import Caller, Running, isolated, running
from payment_service.generated import models, operations
from payment_service.generated.app import build
from payment_service.generated.sagas import SAGAS
from payment_service.generated.service import SERVICE
from payment_service.generated.settings import ServiceSettings
from payment_service.handlers import Handlers

DAY = timedelta(days=1)
ORDER = next(each for each in SAGAS if each.name == "order")
EVENT = "cloudsync.billing.{}.v1"


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rsplit("/", 1)[-1]


@dataclass
class Till:
    """The service, its handlers, one customer and two people of finance."""

    service: Running
    handlers: Handlers
    owner: Caller
    finance: Caller
    second: Caller

    @property
    def tenant(self) -> UUID:
        return self.owner.organization

    async def send(
        self, method: str, path: str, body: Any = None, by: Caller | None = None
    ) -> httpx.Response:
        headers = {**(by or self.owner).headers, "Idempotency-Key": str(uuid7())}
        return await self.service.http.request(method, f"/v1/{path}", json=body, headers=headers)

    async def post(self, path: str, body: Any = None, by: Caller | None = None) -> Any:
        answer = await self.send("POST", path, body, by)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def get(self, path: str, by: Caller | None = None) -> Any:
        answer = await self.send("GET", path, by=by)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def card(self, behaviour: str = "good", number: str = "", **more: Any) -> str:
        """A card attached; its id."""
        token = f"tok-{behaviour}-{uuid7().hex}-{number or uuid7().hex[-12:]}"
        body = {"kind": "card", "oneTimeToken": token, "holderName": "Ada L", **more}
        return str((await self.post("payment-methods", body))["id"])

    async def tell(self, name: str, **data: Any) -> None:
        kind = name if "." in name else EVENT.format(name)
        await self.service.tell(kind, data, self.tenant)
        await self.settled()

    async def said(self, name: str) -> list[dict[str, Any]]:
        events = await self.service.published()
        return [dict(each.data) for each in events if f".{name}." in each.type]

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
        await self.settled()

    async def ordered(self, method: str, total: int = 12_300) -> dict[str, Any]:
        """An order whose claim is written down."""
        order = {
            "orderId": str(uuid7()),
            "subscriptionId": str(uuid7()),
            "organizationId": str(self.tenant),
            "kind": "new",
            "planCode": "team-2026",
            "seatQuantity": 10,
            "totalMinor": total,
            "currency": "eur",
            "priceDigest": "ab" * 32,
            "paymentMethodId": method,
            "placedBy": str(self.owner.subject),
            "deadlineAt": "2099-01-01T00:00:00Z",
        }
        await self.tell("subscription-ordered", **order)
        return order

    async def reserved(self, order: dict[str, Any]) -> None:
        await self.tell(
            "seats-reserved",
            reservationId=order["orderId"],
            orderId=order["orderId"],
            subscriptionId=order["subscriptionId"],
            poolCode="team-full",
            seats=10,
            kind="order",
            holdExpiresAt="2099-01-01T00:00:00Z",
        )

    async def cancelled(self, order: dict[str, Any]) -> None:
        await self.tell(
            "order-cancelled",
            orderId=order["orderId"],
            subscriptionId=order["subscriptionId"],
            reason="holdLost",
            capturedPaymentIds=[],
            notifyUserId=str(self.owner.subject),
        )
        await self.settled()

    async def invoiced(self, total: int = 12_300, mode: str = "automatic") -> str:
        """An issued invoice; its id."""
        invoice = str(uuid7())
        await self.tell(
            "invoice-issued",
            invoiceId=invoice,
            invoiceNumber="EU-2026-0000001",
            legalEntity="cloudsyncIreland",
            totalMinor=total,
            amountDueMinor=total,
            currency="eur",
            dueOn="2026-01-01",
            collectionMode=mode,
        )
        return invoice

    async def payments(self, cause: str) -> list[dict[str, Any]]:
        found = (await self.get("payments?sort=createdAt"))["items"]
        return [each for each in found if each["causeId"] == cause]

    async def balances(self) -> dict[str, int]:
        """Debits less credits of each account; their sum is always nothing."""
        found: dict[str, int] = {}
        page = await self.get("ledger-entries?limit=200", by=self.finance)
        for each in page["items"]:
            sign = 1 if each["direction"] == "debit" else -1
            found[each["account"]] = found.get(each["account"], 0) + sign * each["amountMinor"]
        assert sum(found.values()) == 0
        return {name: amount for name, amount in found.items() if amount}

    async def credited(self, amount: int) -> None:
        """Account credit from a note of an invoice without a charge."""
        await self.noted(str(uuid7()), amount, amount)

    async def noted(self, invoice: str, amount: int, surplus: int = 0, **more: Any) -> None:
        known = {
            "invoiceId": invoice,
            "creditNoteId": str(uuid7()),
            "creditNoteNumber": "CN-EU-2026-000001",
            "amountMinor": amount,
            "currency": "eur",
            "reason": "goodwill",
        }
        if surplus:
            known["accountCreditMinor"] = surplus
        await self.tell("credit-note-issued", **{**known, **more})

    async def notify(self, delivery: str = "", age: int = 0, **notice: Any) -> httpx.Response:
        """A notification as the main provider signs it, `age` seconds ago."""
        sandbox: Any = self.handlers.providers[models.PaymentProvider.main]
        content = json.dumps(notice).encode()
        moment = (clock.now() - timedelta(seconds=age)).replace(microsecond=0)
        delivery = delivery or f"evt_{uuid7().hex}"
        text = f"{delivery}.{int(moment.timestamp())}.".encode() + content
        body = {
            "provider": "main",
            "deliveryId": delivery,
            "signedAt": moment.isoformat().replace("+00:00", "Z"),
            "signature": sandbox.sign(text),
            "body": base64.b64encode(content).decode(),
        }
        return await self.service.http.post("/v1/provider-notifications", json=body)

    async def run(self, action: Callable[[Context], Awaitable[Any]]) -> Any:
        """Something as the service itself, within the customer's tenant."""
        runtime = self.handlers.runtime
        incoming = Incoming(principal=workload("tests", self.tenant), trace=Trace.new())
        return await runtime.executor.run(operations.OPEN_CHARGE, incoming, action)


@asynccontextmanager
async def till(state: Path) -> AsyncIterator[Till]:
    runtime = Runtime(
        SERVICE, ServiceSettings.model_validate({**isolated(state), "challenge_bits": 0})
    )
    handlers = Handlers(runtime)
    async with running(build(runtime, handlers)) as service:
        owner = service.caller("org-owner")
        finance = [
            service.caller("finance-operator", organization=owner.organization) for _ in range(2)
        ]
        yield Till(service, handlers, owner, *finance)


Scene = Callable[[Till], Awaitable[None]]


def play(state: Path, scene: Scene) -> None:
    async def whole() -> None:
        async with till(state) as opened:
            await scene(opened)

    asyncio.run(whole())
