"""A running webhook-service, a customer and the customer's system."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Caller, Running, isolated, running
from webhook_service.egress import DirectEgress
from webhook_service.generated.app import build
from webhook_service.generated.service import SERVICE
from webhook_service.generated.settings import ServiceSettings
from webhook_service.handlers import Handlers

DAY = timedelta(days=1)
HOSTS = {
    "hooks.acme.example": ["93.184.216.34"],
    "inside.acme.example": ["10.0.0.7"],
    "both.acme.example": ["93.184.216.34", "169.254.169.254"],
    "mapped.acme.example": ["::ffff:127.0.0.1"],
}


class Names:
    """A resolver that knows a few hosts."""

    async def addresses(self, host: str, port: int) -> list[str]:
        return HOSTS.get(host, [])


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rsplit("/", 1)[-1]


def task(**more: Any) -> dict[str, Any]:
    return {
        "taskId": str(uuid7()),
        "boardId": str(uuid7()),
        "boardKey": "OPS",
        "number": 7,
        "headline": "Ship it",
        "completedBy": str(uuid7()),
        "completedAt": "2026-01-01T00:00:00Z",
        "cycleMinutes": 5,
        "documentIds": [],
        **more,
    }


@dataclass
class Desk:
    """What tests ask of the service; `calls` is what the customer's system has received."""

    service: Running
    handlers: Handlers
    owner: Caller
    calls: list[httpx.Request] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    echo: bool = True

    @property
    def tenant(self) -> UUID:
        return self.owner.organization

    async def answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if "challenge" in body:
            return httpx.Response(200, text=body["challenge"] if self.echo else "hello")
        self.calls.append(request)
        status = self.statuses.pop(0) if self.statuses else 200
        return httpx.Response(status, text="as you say", headers=self.headers)

    async def send(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        sent = {**self.owner.headers, "Idempotency-Key": str(uuid7()), **headers}
        url = f"/v1/webhooks/{path}"
        return await self.service.http.request(method, url, json=body, headers=sent)

    async def post(self, path: str, body: Any = None) -> Any:
        answer = await self.send("POST", path, body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def get(self, path: str) -> Any:
        answer = await self.send("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def endpoint(self, *types: str, **more: Any) -> Any:
        """An endpoint that has proven itself, with its secret."""
        made = await self.post("endpoints", wish(*types, **more))
        await self.post(f"endpoints/{made['endpoint']['id']}/verify")
        return made

    async def state(self, made: Any) -> Any:
        return await self.get(f"endpoints/{made['endpoint']['id']}")

    async def deliveries(self, made: Any) -> Any:
        path = f"endpoints/{made['endpoint']['id']}/deliveries?sort=createdAt"
        return (await self.get(path))["items"]

    async def tell(self, name: str, /, **data: Any) -> None:
        await self.service.tell(f"cloudsync.{name}.v1", data, self.tenant)

    async def done(self, **more: Any) -> None:
        await self.tell("collaboration.task-completed", **task(**more))

    async def said(self, name: str) -> list[dict[str, Any]]:
        events = await self.service.published()
        return [dict(each.data) for each in events if f".{name}." in each.type]

    async def work(self) -> int:
        """All that the clock does, though its time has not come; how many calls came of it."""
        before = len(self.calls)
        await self.service.tick(*self.service.runtime.work.names)
        return len(self.calls) - before

    async def wait(self, **by: float) -> int:
        self.service.later(timedelta(**by))
        return await self.work()


def wish(*types: str, **more: Any) -> dict[str, Any]:
    return {
        "label": f"hook {uuid7()}",
        "targetUrl": "https://hooks.acme.example/in",
        "eventTypes": list(types) or ["task.completed"],
        "contactAddresses": ["ops@acme.example"],
        **more,
    }


def signed_by(request: httpx.Request, secret: str) -> bool:
    """What a receiver does: the signature is over id, moment and body."""
    head = request.headers
    text = f"{head['CloudSync-Webhook-Id']}.{head['CloudSync-Webhook-Timestamp']}.".encode()
    proof = hmac.new(secret.encode(), text + request.content, hashlib.sha256).hexdigest()
    return f"v1={proof}" in head["CloudSync-Webhook-Signature"].split(",")


@asynccontextmanager
async def desk(state: Path) -> AsyncIterator[Desk]:
    runtime = Runtime(SERVICE, ServiceSettings.model_validate(isolated(state)))
    handlers = Handlers(runtime)
    async with running(build(runtime, handlers)) as service:
        found = Desk(service, handlers, service.caller("org-admin"))
        handlers.egress = DirectEgress(
            handlers.settings, Names(), httpx.MockTransport(found.answer)
        )
        vault: dict[str, str] = {}

        def create(call: Call) -> dict[str, Any]:
            vault[call.body["path"]] = call.body["initialValue"]
            return {
                "id": str(uuid7()),
                "organizationId": str(found.tenant),
                "createdAt": "2026-01-01T00:00:00Z",
                "updatedAt": "2026-01-01T00:00:00Z",
                "version": 1,
                "path": call.body["path"],
                "kind": "webhookKey",
                "ownerService": "webhook-service",
                "readerServices": ["webhook-service"],
                "currentVersionNumber": 1,
                "rotationIntervalHours": 24,
                "overlapMinutes": 60,
                "failedRotations": 0,
                "status": "active",
            }

        def read(call: Call) -> dict[str, Any]:
            return {
                "secretId": str(uuid7()),
                "versionNumber": 1,
                "value": vault[call.body["path"]],
                "fingerprint": hashlib.sha256(
                    base64.b64decode(vault[call.body["path"]])
                ).hexdigest(),
                "usableUntil": "2099-01-01T00:00:00Z",
            }

        service.answers("secret-service", "CreateSecret", create)
        service.answers("secret-service", "GetSecret", read)
        yield found


Scene = Callable[[Desk], Awaitable[None]]


def play(state: Path, scene: Scene) -> None:
    async def whole() -> None:
        async with desk(state) as opened:
            await scene(opened)

    asyncio.run(whole())
