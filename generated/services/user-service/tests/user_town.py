"""Accounts of one organisation, and what tests ask of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.testing import Caller
from pydantic_core import to_jsonable_python
from user_service.generated.testing import Running, started

STAMP = "2026-01-02T03:04:05Z"


@dataclass
class Town:
    """A running service and one organisation, of which org-service tells what `roles` says."""

    service: Running
    state: Path
    id: UUID
    admin: Caller
    roles: dict[str, dict[str, Any]]
    seats: list[int]

    def caller(self, role: str = "member", subject: UUID | None = None) -> Caller:
        return self.service.caller(role, organization=self.id, subject=subject)

    async def ask(
        self,
        verb: str,
        path: str,
        body: Any = None,
        by: Caller | None = None,
        **headers: str,
    ) -> httpx.Response:
        given = (by or self.admin).headers | headers
        return await self.service.http.request(verb, f"/v1{path}", json=body, headers=given)

    async def create(self, name: str = "ann", **fields: Any) -> httpx.Response:
        body = {
            "primaryEmail": f"{name}@example.org",
            "displayName": name.title(),
            "username": name,
            "kind": "employee",
            **fields,
        }
        return await self.ask("POST", "/users", body)

    async def worker(self, name: str = "ann", **fields: Any) -> Caller:
        """Somebody with an active account."""
        made = await self.create(name, **fields)
        assert made.status_code == 201, made.text
        who = self.caller(subject=UUID(made.json()["id"]))
        active = await self.ask("POST", f"/users/{who.subject}/activate", by=who)
        assert active.status_code == 200, active.text
        return who

    async def user(self, who: Caller) -> dict[str, Any]:
        answer = await self.ask("GET", f"/users/{who.subject}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def update(self, who: Caller, by: Caller | None = None, **fields: Any) -> httpx.Response:
        match = {"If-Match": f'"{(await self.user(who))["version"]}"'}
        return await self.ask("PATCH", f"/users/{who.subject}", fields, by, **match)

    def owns(self, who: Caller, *, last: bool = True) -> None:
        """From now on somebody is an owner."""
        self.roles[str(who.subject)] = {"role": "orgOwner", "lastOwner": last}

    async def tell(self, name: str, domain: str = "user", **data: Any) -> None:
        plain = to_jsonable_python(data)
        await self.service.tell(f"cloudsync.{domain}.{name}.v1", plain, self.id)

    async def events(self, name: str) -> list[Event]:
        found = await self.service.published()
        return [each for each in found if each.type == f"cloudsync.user.{name}.v1"]

    async def told(self, name: str) -> list[dict[str, Any]]:
        return [dict(each.data) for each in await self.events(name)]

    def mails(self, address: str) -> list[dict[str, Any]]:
        folder = self.state / "user-service" / "mail"
        found = [json.loads(each.read_text()) for each in folder.glob("*.json")]
        return [each for each in found if each["to"] == address]

    def code(self, address: str) -> str:
        (mail,) = self.mails(address)
        return str(mail["code"])


def slug(answer: httpx.Response) -> str:
    """What the problem document names, with its status."""
    name = str(answer.json().get("type", "")).rpartition("/")[2]
    return f"{answer.status_code} {name}"


def _organization(made: Town) -> dict[str, Any]:
    taken, limit = made.seats
    return {
        **_envelope(made.id, made.id),
        "legalName": "Example",
        "slug": "example",
        "ownerUserId": str(uuid4()),
        "edition": "team",
        "seatLimit": limit,
        "seatsTaken": taken,
        "dataResidency": "euWest1",
        "countryCode": "IE",
        "industry": "other",
        "billingEmail": "pay@example.org",
        "timeZone": "Europe/Dublin",
        "emailDomains": [],
        "guestPolicy": "byInvitation",
        "maxUnitDepth": 5,
        "status": "active",
        "overdueInvoiceIds": [],
    }


def _envelope(entity: UUID, organization: UUID) -> dict[str, Any]:
    return {
        "id": str(entity),
        "organizationId": str(organization),
        "createdAt": STAMP,
        "updatedAt": STAMP,
        "version": 1,
    }


def _membership(made: Town, call: Call) -> Any:
    user_id = str(call.parameters["userId"])
    if user_id not in made.roles:
        return RefusedError(call, 404, {"title": "Not found"})
    return {
        **_envelope(uuid4(), made.id),
        "userId": user_id,
        "seatType": "full",
        "teamIds": [],
        "joinedAt": STAMP,
        **made.roles[user_id],
    }


def credential(call: Call) -> Any:
    """What auth-service answers to a newcomer."""
    return {
        **_envelope(uuid4(), uuid4()),
        "userId": call.body["userId"],
        "type": "password",
        "failedAttempts": 0,
    }


@asynccontextmanager
async def town(state: Path) -> AsyncIterator[Town]:
    async with started(state) as service:
        admin = service.caller("org-admin")
        made = Town(service, state, admin.organization, admin, {}, [1, 100])
        service.answers("auth-service", "createCredentials", credential)
        service.answers("org-service", "getOrganization", lambda _: _organization(made))
        service.answers("org-service", "getMembership", lambda call: _membership(made, call))
        yield made
