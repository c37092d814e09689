"""A running metrics-service with staff and a tenant, and what tests ask of it."""

from __future__ import annotations

import asyncio
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
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.testing import Caller, Running, isolated, running
from metrics_service.base import PLATFORM
from metrics_service.generated import operations
from metrics_service.generated.app import build
from metrics_service.generated.service import SERVICE
from metrics_service.generated.settings import ServiceSettings
from metrics_service.handlers import Handlers

HOUR = timedelta(hours=1)


def text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def hour(ago: float = 0) -> datetime:
    return (clock.now() - ago * HOUR).replace(minute=0, second=0, microsecond=0)


@dataclass
class Desk:
    """The service and the people around it."""

    service: Running
    handlers: Handlers
    tenant: UUID
    author: Caller
    steward: Caller
    reporter: Caller
    staff: Caller

    async def ask(self, rpc: str, by: Caller, /, **body: Any) -> httpx.Response:
        assert self.service.rpc is not None
        path = f"/cloudsync.analytics.metrics.v1.MetricsService/{rpc}"
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

    def wording(self, key: str = "api_calls", **more: Any) -> dict[str, Any]:
        return {
            "metricKey": key,
            "displayName": "Calls of the API",
            "explanation": "Answered calls of the public API, refused ones left out.",
            "instrument": "counter",
            "unit": "1",
            "expression": "sum(value)",
            "sourceEventTypes": ["cloudsync.platform.gateway.CallsCounted"],
            "dimensions": ["plan", "route"],
            "granularities": ["minute", "hour", "day"],
            "additive": True,
            "ownerTeam": "platform-team",
            "stewardId": str(self.steward.subject),
            "sensitivity": "tenantVisible",
            **more,
        }

    async def active(self, key: str = "api_calls", **more: Any) -> Any:
        made = await self.done("DefineMetric", self.author, **self.wording(key, **more))
        await self.done("ValidateMetric", self.author, metricDefinitionId=made["id"])
        return await self.done("ActivateMetric", self.steward, metricDefinitionId=made["id"])

    def fact(self, value: float = 1, at: datetime | None = None, /, **more: Any) -> dict[str, Any]:
        dims = more.pop("dims", {})
        return {
            "factId": str(uuid7()),
            "metricKey": "api_calls",
            "value": value,
            "at": text(at or clock.now()),
            "dimensions": dims,
            **more,
        }

    async def record(self, *facts: dict[str, Any]) -> Any:
        return await self.done("RecordFacts", self.reporter, facts=list(facts))

    async def curve(self, key: str = "api_calls", by: Caller | None = None, /, **more: Any) -> Any:
        now = clock.now()
        wish = {
            "metricKeys": [key],
            "since": text(now - timedelta(days=3)),
            "until": text(now + HOUR),
            "granularity": "hour",
            **more,
        }
        return await self.done("Query", by or self.author, **wish)

    async def values(self, key: str = "api_calls", by: Caller | None = None, /, **more: Any) -> Any:
        answer = await self.curve(key, by, **more)
        return {
            "/".join(text for _, text in sorted(each["dimensionValues"].items())): [
                p["value"] for p in each["points"]
            ]
            for each in answer["series"]
        }

    async def tell(self, kind: str, /, **data: Any) -> Event:
        return await self.service.tell(f"cloudsync.{kind}.v1", data, self.tenant)

    async def said(self, name: str) -> list[dict[str, Any]]:
        events = await self.service.published()
        return [dict(each.data) for each in events if f".{name}." in each.type]

    async def inside(self, action: Callable[[Context], Awaitable[Any]]) -> Any:
        incoming = Incoming(principal=workload("test", self.tenant), trace=Trace.new())
        run = self.service.runtime.executor.run
        return await run(operations.UPDATE_ANALYTICS, incoming, action)


def played(state: Path, play: Callable[[Desk], Awaitable[None]], **settings: Any) -> None:
    """Let a desk be played with."""

    async def run() -> None:
        known = ServiceSettings.model_validate({**isolated(state), **settings})
        runtime = Runtime(SERVICE, known)
        handlers = Handlers(runtime)
        async with running(build(runtime, handlers)) as service:
            # no hour ends while a test runs
            service.later(timedelta(minutes=(90 - clock.now().minute) % 60))
            tenant = uuid7()
            scopes = ["metric:record", "metric:query"]
            await play(
                Desk(
                    service,
                    handlers,
                    tenant,
                    service.caller("data-analyst", organization=tenant),
                    service.caller("data-analyst", organization=tenant),
                    service.caller(kind="workload", organization=tenant, scopes=scopes),
                    service.caller("data-analyst", organization=PLATFORM),
                )
            )

    asyncio.run(run())
