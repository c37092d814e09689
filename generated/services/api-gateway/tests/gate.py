"""A running api-gateway with upstreams that answer as a test says, and what tests ask of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from api_gateway.generated import models, operations, port
from api_gateway.generated.app import build
from api_gateway.generated.models import (
    AuthMode,
    Edition,
    GatewayRoute,
    HttpMethod,
    RateLimitPlan,
    RouteKind,
)
from api_gateway.generated.service import SERVICE
from api_gateway.generated.settings import ServiceSettings
from api_gateway.handlers import Handlers
from api_gateway.ports import DeclaredUpstreams
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.ids import PLATFORM
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Caller, Running, isolated, running

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

Upstream = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]


def greeting(request: httpx.Request) -> httpx.Response:
    """What an upstream answers unless a test says otherwise."""
    return httpx.Response(200, json={"path": request.url.path}, headers={"server": "upstream"})


@dataclass
class Gate:
    """The gateway, an operator, and the requests that upstreams have seen."""

    service: Running
    handlers: Handlers
    operator: Caller
    state: Path
    seen: list[httpx.Request] = field(default_factory=list)
    upstream: Upstream = greeting

    async def ask(self, operation: Operation, request: Any, by: Caller | None = None) -> Any:
        method = getattr(self.handlers, operation.id.replace("-", "_"))
        return await self.service.ask(operation, method, request, by or self.operator)

    async def refused(self, operation: Operation, request: Any, by: Caller | None = None) -> str:
        with pytest.raises(Problem) as refusal:
            await self.ask(operation, request, by)
        return refusal.value.kind.slug

    async def plan(self, code: Edition = Edition.free, **numbers: Any) -> RateLimitPlan:
        known = {
            "limit_per_second": 1000,
            "burst": 1000,
            "concurrency": 100,
            "daily_quota": 100_000,
        }
        body = models.SetRateLimitPlanRequest(plan_code=code, **{**known, **numbers})
        found = await self.ask(operations.SET_RATE_LIMIT_PLAN, port.SetRateLimitPlan(body=body))
        assert isinstance(found, RateLimitPlan)
        return found

    def wish(self, plan: RateLimitPlan, **more: Any) -> models.DraftRouteRequest:
        known: dict[str, Any] = {
            "name": "documents-get",
            "kind": RouteKind.rest,
            "path_pattern": "/v1/documents/{documentId}",
            "methods": [HttpMethod.get],
            "upstream_service": "document-service",
            "upstream_operation": "getDocument",
            "auth_mode": AuthMode.bearer,
            "required_permission": "document:read",
            "rate_limit_plan_id": plan.id,
            "timeout_ms": 2000,
        }
        fields = {name: each for name, each in {**known, **more}.items() if each is not None}
        return models.DraftRouteRequest(**fields)

    async def draft(self, plan: RateLimitPlan | None = None, **more: Any) -> GatewayRoute:
        request = port.DraftRoute(body=self.wish(plan or await self.plan(), **more))
        found = await self.ask(operations.DRAFT_ROUTE, request)
        assert isinstance(found, GatewayRoute)
        return found

    async def route(self, plan: RateLimitPlan | None = None, **more: Any) -> GatewayRoute:
        """An active route."""
        found = await self.draft(plan, **more)

        async def activate(ctx: Context) -> GatewayRoute:
            fields = {"status": "active", "rolloutPercent": 100}
            return await self.handlers.gateway_route.rewrite(ctx, found, fields)

        active = await self.handlers.apart(activate)
        self.handlers.stale()
        return active

    async def open_route(self, plan: RateLimitPlan | None = None, **more: Any) -> GatewayRoute:
        """An active route to what the model lets everybody ask, without saying who they are."""
        self.reach("subscription-service")
        led = {"upstream_service": "subscription-service", "upstream_operation": "listPlans"}
        way = {**led, "auth_mode": AuthMode.anonymous, "required_permission": None}
        return await self.route(plan, **way, **more)

    async def publish(self, found: GatewayRoute, percent: int = 25) -> GatewayRoute:
        body = models.PublishRouteRequest(gateway_route_id=found.id, rollout_percent=percent)
        made = await self.ask(operations.PUBLISH_ROUTE, port.PublishRoute(body=body))
        assert isinstance(made, GatewayRoute)
        return made

    async def get(
        self, path: str = "/v1/documents/7", by: Caller | None = None, **headers: str
    ) -> httpx.Response:
        return await self.send("GET", path, by, b"", **headers)

    async def send(
        self, method: str, path: str, by: Caller | None = None, body: bytes = b"", **headers: str
    ) -> httpx.Response:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        proof = by.headers if by is not None else {}
        return await self.service.http.request(
            method, path, headers={**proof, **told}, content=body
        )

    def person(self, **more: Any) -> Caller:
        return self.service.caller("member", **more)

    def reach(self, service: str) -> None:
        """Have a service that the gateway calls by no edge stand somewhere."""
        peers = {**self.handlers.settings.peers, service: "http://127.0.0.1:1"}
        self.handlers.upstreams = DeclaredUpstreams(
            SERVICE, self.handlers.settings.model_copy(update={"peers": peers})
        )

    def set(self, **settings: Any) -> None:
        """Go on with other settings."""
        self.handlers.settings = self.handlers.settings.model_copy(update=settings)

    async def tell(self, name: str, data: Mapping[str, Any], organization: UUID) -> Event:
        return await self.service.tell(f"cloudsync.{name}.v1", data, organization)

    async def events(self, name: str) -> list[Event]:
        told = await self.service.published()
        return [each for each in told if each.type.split(".")[-2] == name]

    async def measured(self, series: str, **labels: str) -> float:
        """What `/metrics` says of a series."""
        text = (await self.service.http.get("/metrics")).text
        wanted = [f'{name}="{value}"' for name, value in labels.items()]
        lines = [each for each in text.splitlines() if each.startswith(f"{series}{{")]
        return sum(
            float(each.rpartition(" ")[2]) for each in lines if all(w in each for w in wanted)
        )

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.seen.append(request)
        answer = self.upstream(request)
        found = answer if isinstance(answer, httpx.Response) else await answer
        # unread, as from a connection
        stream = httpx.ByteStream(found.content)
        return httpx.Response(found.status_code, headers=found.headers, stream=stream)


@asynccontextmanager
async def gate(state: Path, **more: Any) -> AsyncIterator[Gate]:
    """A gateway over a state folder, which several may share."""
    settings = ServiceSettings.model_validate({**isolated(state), **more})
    runtime = Runtime(SERVICE, settings)
    handlers = Handlers(runtime)
    async with running(build(runtime, handlers)) as service:
        operator = service.caller("platform-operator", organization=PLATFORM)
        found = Gate(service, handlers, operator, state)
        handlers.transport = httpx.MockTransport(found._answered)
        yield found


def at_gate(state: Path, test: Callable[[Gate], Awaitable[None]]) -> None:
    """Run a test at a new gate."""

    async def run() -> None:
        async with gate(state) as found:
            await test(found)

    asyncio.run(run())


def moment(by: timedelta = timedelta()) -> Any:
    return clock.now() + by


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]
