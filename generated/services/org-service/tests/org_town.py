"""An organisation at work, and what tests ask of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from cloudsync_chassis import clock
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.testing import Caller
from org_service.generated.testing import Running, started
from pydantic_core import to_jsonable_python

FOUNDING = {
    "legalName": "Example Ltd",
    "slug": "example",
    "countryCode": "US",
    "dataResidency": "usEast1",
    "billingEmail": "pay@example.org",
}


@dataclass
class Town:
    """A running service with one organisation, whose owner asks unless somebody else does."""

    service: Running
    state: Path
    id: UUID
    owner: Caller

    @property
    def place(self) -> str:
        return f"/v1/organizations/{self.id}"

    async def ask(
        self,
        verb: str,
        path: str,
        body: Any = None,
        by: Caller | None = None,
        **headers: str,
    ) -> httpx.Response:
        given = {} if by is NOBODY else (by or self.owner).headers
        return await self.service.http.request(verb, path, json=body, headers=given | headers)

    async def organization(self) -> dict[str, Any]:
        return await self.get(self.place)

    async def get(self, path: str, by: Caller | None = None) -> dict[str, Any]:
        answer = await self.ask("GET", path, by=by)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def member(self, user_id: UUID) -> dict[str, Any]:
        return await self.get(f"{self.place}/members/{user_id}")

    async def join(self, **fields: Any) -> Caller:
        """A new member, with the caller that they are."""
        role = fields.get("role", "member")
        who = self.caller(ROLES[role])
        body = {"userId": str(who.subject), **fields}
        answer = await self.ask("POST", f"{self.place}/members", body)
        assert answer.status_code == 201, answer.text
        return who

    def caller(self, role: str, subject: UUID | None = None) -> Caller:
        return self.service.caller(role, organization=self.id, subject=subject)

    async def tell(self, name: str, **data: Any) -> None:
        domain = "billing" if name.startswith(("invoice", "subscription")) else "user"
        plain = to_jsonable_python(data)
        await self.service.tell(f"cloudsync.{domain}.{name}.v1", plain, self.id)

    async def subscribe(self, seats: int, plan: str = "team-2026", **more: Any) -> UUID:
        subscription = more.pop("subscription", None) or uuid7()
        await self.tell(
            "subscription-activated",
            subscriptionId=subscription,
            productLine=more.pop("line", "workspace"),
            planCode=plan,
            seatQuantity=seats,
            entitlements=LIMITS,
            periodEnd=datetime.now(UTC) + timedelta(days=30),
            trial=False,
        )
        return UUID(str(subscription))

    async def events(self, name: str) -> list[Event]:
        found = await self.service.published()
        return [each for each in found if each.type == f"cloudsync.user.{name}.v1"]

    def mails(self) -> list[dict[str, Any]]:
        folder = self.state / "org-service" / "mail"
        return [json.loads(each.read_text()) for each in folder.glob("*.json")]


NOBODY = Caller(UUID(int=0), UUID(int=0), "")
ROLES = {
    "orgOwner": "org-owner",
    "orgAdmin": "org-admin",
    "member": "member",
    "guest": "guest",
    "teamManager": "team-manager",
    "securityAdmin": "security-admin",
}
LIMITS = {
    "storageGibPerSeat": 1,
    "apiCallsPerDay": 1,
    "meetingParticipants": 1,
    "versionHistoryDays": 1,
    "guestsPerSeat": 1,
    "sso": 0,
}


def slug(answer: httpx.Response) -> str:
    """What the problem document names, with its status."""
    name = str(answer.json().get("type", "")).rpartition("/")[2]
    return f"{answer.status_code} {name}"


@asynccontextmanager
async def town(state: Path, **fields: Any) -> AsyncIterator[Town]:
    """The service with an active organisation."""
    async with started(state) as service:
        founder = service.caller("member")
        answer = await service.http.post(
            "/v1/organizations",
            json=FOUNDING | fields,
            headers=founder.headers | {"Idempotency-Key": "founding"},
        )
        assert answer.status_code == 201, answer.text
        organization = UUID(answer.json()["id"])
        owner = service.caller("org-owner", organization=organization, subject=founder.subject)
        made = Town(service, state, organization, owner)
        await service.settle()
        assert (await made.organization())["status"] == "active"
        yield made


def soon(**time: float) -> datetime:
    """A moment ahead of the service's clock."""
    return clock.now() + timedelta(**time)
