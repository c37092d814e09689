"""A running events-service with staff, members of one organisation, and what tests ask of it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import Principal, workload
from cloudsync_chassis.testing import Caller, Running, isolated, running
from events_service.generated import operations
from events_service.generated.app import build
from events_service.generated.service import SERVICE
from events_service.generated.settings import ServiceSettings
from events_service.handlers import Handlers

_TOPICS = {
    "message-posted": "channel",
    "message-hummed": "channel",
    "secret-hummed": "secret",
    "user-deleted": "user",
}
"""Topics on which events come that nobody takes by name."""
OPENED = "cloudsync.content.document.DocumentOpened"
SHARED = "cloudsync.content.document.DocumentShared"
SCHEMA = {
    "type": "object",
    "properties": {
        "view": {"type": "string", "enum": ["page", "board"]},
        "planFamily": {"type": "string", "maxLength": 40},
        "by": {"type": "string", "maxLength": 80},
        "note": {"type": "string", "maxLength": 200},
        "number": {"type": "integer"},
        "organizationId": {"type": "string"},
    },
    "required": ["view"],
}


def text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@dataclass
class Desk:
    """The service and the people around it."""

    service: Running
    handlers: Handlers
    tenant: UUID
    analyst: Caller
    operator: Caller
    second: Caller
    member: Caller

    async def ask(self, rpc: str, by: Caller, /, **body: Any) -> httpx.Response:
        assert self.service.rpc is not None
        path = f"/cloudsync.analytics.events.v1.EventsService/{rpc}"
        return await self.service.rpc.ask(path, body, by.headers)

    async def done(self, rpc: str, by: Caller, /, **body: Any) -> Any:
        answer = await self.ask(rpc, by, **body)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        inner = list(found.values()) if isinstance(found, dict) else []
        whole = len(inner) == 1 and isinstance(inner[0], dict)
        return inner[0] if whole else found

    async def refused(self, rpc: str, by: Caller, /, **body: Any) -> str:
        answer = await self.ask(rpc, by, **body)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["type"]).rpartition("/")[2]

    def workload(self, name: str) -> Caller:
        """A service of that name which may read and fold streams."""
        scopes = frozenset({"metric:read-stream", "metric:snapshot"})
        who = Principal(name, "workload", self.tenant, frozenset(), scopes)
        token = self.service.runtime.identity.issuer().issue(who, [SERVICE.name])
        return Caller(uuid7(), self.tenant, token)

    def wording(self, kind: str = OPENED, version: int = 1, **more: Any) -> dict[str, Any]:
        schema = json.dumps(more.pop("schema", SCHEMA))
        return {
            "eventType": kind,
            "schemaVersion": version,
            "jsonSchema": schema,
            "schemaDigest": hashlib.sha256(schema.encode()).hexdigest(),
            "owner": "content-team",
            "clientAllowed": True,
            "piiPaths": ["/by"],
            **more,
        }

    async def approved(self, kind: str = OPENED, version: int = 1, **more: Any) -> Any:
        made = await self.done(
            "RegisterSchema", self.analyst, **self.wording(kind, version, **more)
        )
        key = made["id"]
        return await self.done("ApproveSchema", self.operator, eventSchemaId=key)

    def event(self, kind: str = OPENED, /, payload: Any = None, **more: Any) -> dict[str, Any]:
        return {
            "eventId": str(uuid7()),
            "eventType": kind,
            "schemaVersion": 1,
            "occurredAt": text(clock.now()),
            "payload": json.dumps(payload if payload is not None else {"view": "page"}),
            "consentPurposes": ["operation", "analytics"],
            **more,
        }

    async def collected(self, *events: dict[str, Any], by: Caller | None = None) -> Any:
        answer = await self.done("CollectEvents", by or self.member, events=list(events))
        await self.service.tick("enrich-events")
        return answer

    def colleague(self, organization: UUID | None = None) -> Caller:
        return self.service.caller("member", organization=organization or self.tenant)

    async def told(self, kind: str, /, subject: str = "", **data: Any) -> Event:
        return await self.heard(kind, self.tenant, data, subject)

    async def heard(
        self, kind: str, tenant: UUID | None, data: dict[str, Any], subject: str = ""
    ) -> Event:
        """Of whatever topic of its domain the kind is."""
        domain, name = kind.split(".")
        topic = f"cloudsync.{domain}.{_TOPICS.get(name, name)}.v1"
        full = f"cloudsync.{kind}.v1"
        return await self.service.tell(full, data, tenant, subject, topic=topic)

    async def said(self, name: str) -> list[dict[str, Any]]:
        events = await self.service.published()
        return [dict(each.data) for each in events if f".{name}." in each.type]

    async def inside(self, action: Callable[[Context], Awaitable[Any]]) -> Any:
        incoming = Incoming(principal=workload("test", self.tenant), trace=Trace.new())
        run = self.service.runtime.executor.run
        return await run(operations.STORE_EVENT, incoming, action)

    async def events(self, **filters: Any) -> list[Any]:
        async def found(ctx: Context) -> list[Any]:
            return [each async for each in self.handlers.collected_event.each(ctx, **filters)]

        return list(await self.inside(found))

    def lately(self, **more: Any) -> dict[str, Any]:
        now = clock.now()
        return {
            "eventTypes": [OPENED],
            "since": text(now - timedelta(days=5)),
            "until": text(now + timedelta(hours=1)),
            **more,
        }

    async def found(self, by: Caller | None = None, **more: Any) -> list[dict[str, Any]]:
        slices = await self.done("QueryEvents", by or self.analyst, **self.lately(**more))
        assert slices[-1]["last"]
        return [each for one in slices for each in one.get("items", [])]


def played(state: Path, play: Callable[[Desk], Awaitable[None]], **settings: Any) -> None:
    """Let a desk be played with."""

    async def run() -> None:
        known = ServiceSettings.model_validate({**isolated(state), **settings})
        runtime = Runtime(SERVICE, known)
        handlers = Handlers(runtime)
        async with running(build(runtime, handlers)) as service:
            tenant = uuid7()

            def caller(*roles: str) -> Caller:
                return service.caller(*roles, organization=tenant)

            await play(
                Desk(
                    service,
                    handlers,
                    tenant,
                    caller("data-analyst"),
                    caller("platform-operator"),
                    caller("platform-operator"),
                    caller("member"),
                )
            )

    asyncio.run(run())
