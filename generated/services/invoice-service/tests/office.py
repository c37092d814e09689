"""A running invoice-service with a subscription beside it, and what tests ask of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from cloudsync_chassis import clock
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Caller, Running, isolated, running
from invoice_service.generated.app import build
from invoice_service.generated.service import SERVICE
from invoice_service.generated.settings import ServiceSettings
from invoice_service.handlers import Handlers

DAY = timedelta(days=1)
EVENT = "cloudsync.billing.{}.v1"


def text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def party(country: str = "IE", tax_id: str | None = None) -> dict[str, Any]:
    address = {"line1": "1 Quay", "city": "Town", "postalCode": "D02", "country": country}
    found: dict[str, Any] = {"legalName": "Acme (Holdings) Ltd", "address": address}
    return found | ({"taxId": tax_id} if tax_id else {})


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rsplit("/", 1)[-1]


@dataclass
class Office:
    """The service, one customer and two people of finance, within the customer's tenant."""

    service: Running
    handlers: Handlers
    owner: Caller
    writer: Caller
    second: Caller
    held: dict[str, Any] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    period: UUID = field(default_factory=uuid7)

    @property
    def tenant(self) -> UUID:
        return self.owner.organization

    async def send(self, method: str, path: str, by: Caller, body: Any = None) -> httpx.Response:
        headers = {**by.headers, "Idempotency-Key": str(uuid7())}
        return await self.service.http.request(method, f"/v1/{path}", json=body, headers=headers)

    async def post(self, path: str, by: Caller, body: Any = None) -> Any:
        answer = await self.send("POST", path, by, body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def get(self, path: str, by: Caller | None = None) -> Any:
        answer = await self.send("GET", path, by or self.owner)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def invoices(self) -> list[dict[str, Any]]:
        found = (await self.get("invoices?sort=createdAt"))["items"]
        return [await self.get(f"invoices/{each['id']}") for each in found]

    async def tell(self, name: str, **data: Any) -> None:
        await self.service.tell(EVENT.format(name), data, self.tenant)

    async def said(self, name: str) -> list[dict[str, Any]]:
        events = await self.service.published()
        return [dict(each.data) for each in events if f".{name}." in each.type]

    async def settled(self) -> None:
        """Wait until all that was said has been handled."""
        await self.service.settle()

    async def profile(self, country: str = "IE", tax_id: str | None = None) -> Any:
        body = {"party": party(country, tax_id)}
        return await self.post("billing-profiles", self.owner, body)

    async def draft(self, *units: int, **more: Any) -> Any:
        """A draft by hand with a line for each of the amounts."""
        today = clock.now().date()
        body = {
            "billedOrganizationId": str(self.tenant),
            "servicePeriodStart": str(today),
            "servicePeriodEnd": str(today + DAY),
            "currency": "eur",
            "lines": [manual(each) for each in units],
            **more,
        }
        return await self.post("invoices", self.writer, body)

    async def issued(self, *units: int, **more: Any) -> Any:
        draft = await self.draft(*units, **more)
        return await self.issue(draft)

    async def issue(self, draft: Any) -> Any:
        body = {"issueOn": str(clock.now().date())}
        return await self.post(f"invoices/{draft['id']}/issue", self.second, body)

    async def pay(self, invoice: Any, amount: int, payment: UUID | None = None) -> UUID:
        payment = payment or uuid7()
        await self.tell(
            "payment-processed",
            causeId=invoice["id"],
            invoiceId=invoice["id"],
            paymentId=str(payment),
            purpose="invoice",
            capturedMinor=amount,
            currency="eur",
            methodKind="card",
        )
        return payment

    async def changed(self, kind: str, **more: Any) -> None:
        known = {
            "subscriptionId": self.held["id"],
            "lastChange": kind,
            "planCode": "team-2026",
            "seatQuantity": 10,
            "status": "active",
            "currentPeriodEnd": self.held["currentPeriodEnd"],
        }
        await self.tell("subscription-changed", **{**known, **more})

    async def work(self) -> None:
        """All that the clock does, though its time has not come."""
        await self.service.tick(*self.service.runtime.work.names)


def manual(unit: int, quantity: str = "1", kind: str = "") -> dict[str, Any]:
    kind = kind or ("discount" if unit < 0 else "manual")
    return {"kind": kind, "description": "Work", "quantity": quantity, "unitAmountMinor": unit}


def refused(status: int) -> RefusedError:
    return RefusedError(Call(service="s", operation="o", method="GET", path="/"), status, {})


def silent() -> NoAnswerError:
    call = Call(service="usage-service", operation="GetUsage", method="rpc", path="/")
    return NoAnswerError(call, "no answer")


@asynccontextmanager
async def office(state: Path) -> AsyncIterator[Office]:
    """The service; subscription and usage answer as `held` and `totals` say."""
    runtime = Runtime(SERVICE, ServiceSettings.model_validate(isolated(state)))
    handlers = Handlers(runtime)
    async with running(build(runtime, handlers)) as service:
        owner = service.caller("org-owner")
        finance = [
            service.caller("finance-operator", organization=owner.organization) for _ in range(2)
        ]
        found = Office(service, handlers, owner, *finance)
        now = clock.now()
        found.held = {
            "id": str(uuid7()),
            "organizationId": str(owner.organization),
            "createdAt": text(now),
            "updatedAt": text(now),
            "version": 1,
            "number": "SUB-2026-000001",
            "productLine": "workspace",
            "planCode": "team-2026",
            "status": "active",
            "billingInterval": "month",
            "collectionMode": "sendInvoice",
            "seatQuantity": 10,
            "seatMinimum": 1,
            "unitAmountMinor": 1_000,
            "currency": "eur",
            "discountBasisPoints": 1_000,
            "currentPeriodStart": text(now),
            "currentPeriodEnd": text(now + 30 * DAY),
            "cancelAtPeriodEnd": False,
        }
        service.answers("subscription-service", "getSubscription", lambda call: found.held)
        service.answers("usage-service", "GetUsage", lambda call: usage(found))
        yield found


def usage(at: Office) -> dict[str, Any]:
    return {
        "subscriptionId": at.held["id"],
        "usagePeriodId": str(at.period),
        "periodStart": at.held["currentPeriodStart"],
        "periodEnd": at.held["currentPeriodEnd"],
        "periodStatus": "open",
        "totalsMicros": at.totals,
        "asOf": text(clock.now()),
    }


Scene = Callable[[Office], Awaitable[None]]


def play(state: Path, scene: Scene) -> None:
    async def whole() -> None:
        async with office(state) as opened:
            await scene(opened)

    asyncio.run(whole())
