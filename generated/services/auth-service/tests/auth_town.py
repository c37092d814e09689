"""People of one organisation who sign in, and what tests ask of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from auth_service.generated.testing import Running, started
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.testing import Caller
from pydantic_core import to_jsonable_python

PASSWORD = "a horse and a battery"
DEVICE = "ab" * 32


@dataclass
class Town:
    """A running service and one organisation."""

    service: Running
    state: Path
    id: UUID

    def caller(self, role: str = "member", subject: UUID | None = None) -> Caller:
        return self.service.caller(role, organization=self.id, subject=subject)

    async def ask(
        self, verb: str, path: str, body: Any = None, by: Caller | None = None, **headers: str
    ) -> httpx.Response:
        given = (by.headers if by else {}) | headers
        return await self.service.http.request(verb, f"/v1{path}", json=body, headers=given)

    async def tell(self, name: str, domain: str = "user", **data: Any) -> None:
        plain = to_jsonable_python(data)
        await self.service.tell(f"cloudsync.{domain}.{name}.v1", plain, self.id)

    async def prove(self, domain: str) -> None:
        """From now on a mail domain is the organisation's."""
        data = {"organizationId": str(self.id), "domain": domain}
        data["verifiedAt"] = clock.now().isoformat()
        await self.service.tell("cloudsync.user.domain-verified.v1", data, self.id)

    async def told(self, name: str) -> list[dict[str, Any]]:
        found = await self.service.published()
        return [dict(each.data) for each in found if each.type == f"cloudsync.user.{name}.v1"]

    async def name(self, who: Caller, identifier: str) -> None:
        """From now on an identifier is somebody's."""
        opened = {"kind": "employee", "locale": "en", "timeZone": "Etc/UTC"}
        hashed = hashlib.sha256(identifier.encode()).hexdigest()
        told = {"userId": who.subject, "primaryEmailHash": hashed, **opened}
        await self.tell("user-created", **told, provisioningSource="invitation")

    async def enrol(self, who: Caller, kind: str = "password", **fields: Any) -> httpx.Response:
        body = {"userId": str(who.subject), "type": kind, **fields}
        return await self.ask("POST", "/credentials", body, who)

    async def person(self, identifier: str = "ann", role: str = "member") -> Caller:
        """Somebody with a password and a role."""
        who = self.caller()
        await self.name(who, identifier)
        made = await self.enrol(who, secret=PASSWORD)
        assert made.status_code == 201, made.text
        await self.tell("member-joined", userId=who.subject, role=role, seatType="full")
        return who

    async def begin(self, identifier: str = "ann", method: str = "password") -> httpx.Response:
        body = {
            "identifier": identifier,
            "method": method,
            "channel": "browser",
            "deviceFingerprint": DEVICE,
        }
        return await self.ask("POST", "/sessions", body)

    async def answer(
        self, session: str, answer: str = PASSWORD, method: str = "password", **more: Any
    ) -> httpx.Response:
        body = {"method": method, "answer": answer, **more}
        return await self.ask("POST", f"/sessions/{session}/challenge", body)

    async def login(self, identifier: str = "ann") -> dict[str, Any]:
        asked = await self.begin(identifier)
        assert asked.status_code == 201, asked.text
        given = await self.answer(asked.json()["sessionId"])
        assert given.status_code == 200, given.text
        tokens: dict[str, Any] = given.json()
        return tokens

    async def refresh(self, token: str) -> httpx.Response:
        body = {"grantType": "refreshToken", "refreshToken": token}
        return await self.ask("POST", "/oauth/token", body)

    async def session(self, session: str) -> dict[str, Any]:
        found = await self.ask("GET", f"/sessions/{session}", by=self.caller("security-admin"))
        assert found.status_code == 200, found.text
        view: dict[str, Any] = found.json()
        return view

    async def entities(self, aggregate: str) -> list[Any]:
        """What the service keeps of the organisation, oldest first."""
        kept = self.service.runtime.aggregates[aggregate]

        async def read(ctx: Context) -> list[Any]:
            return [each async for each in kept.each(ctx)]

        reading = Operation(id="read", access="workload", writes=False)
        incoming = Incoming(principal=workload("auth-service", self.id), trace=Trace.new())
        return await self.service.runtime.executor.run(reading, incoming, read)

    def letters(self, kind: str) -> list[str]:
        folder = self.state / "auth-service" / "letters"
        found = [json.loads(each.read_text()) for each in folder.glob("*.json")]
        return [each["content"] for each in found if each["kind"] == kind]


def slug(answer: httpx.Response) -> str:
    """What the problem document names, with its status."""
    name = str(answer.json().get("type", "")).rpartition("/")[2]
    return f"{answer.status_code} {name}"


@asynccontextmanager
async def town(state: Path) -> AsyncIterator[Town]:
    async with started(state) as service:
        yield Town(service, state, uuid4())
