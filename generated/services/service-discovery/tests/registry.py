"""A running service-discovery, its operators, and copies of services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import httpx
from cloudsync.platform.discovery.v1 import discovery_pb2
from cloudsync_chassis import clock
from cloudsync_chassis.ids import PLATFORM, uuid7
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.testing import Caller, Running
from service_discovery.generated.testing import started

SERVICE = "cloudsync.platform.discovery.v1.DiscoveryService"
CHAT = "chat-service"
SCOPES = ("instance:register", "instance:drain", "instance:read")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def at(by: timedelta = timedelta()) -> str:
    return (clock.now() + by).isoformat().replace("+00:00", "Z")


@dataclass
class Registry:
    """The service and two operators."""

    service: Running
    people: list[Caller]
    state: Path
    ports: int = 2000

    def workload(self, name: str, organization: UUID | None = None) -> dict[str, str]:
        """Headers of a service, which works for some tenant."""
        tenant = organization or uuid7()
        roles, scopes = frozenset({"workload"}), frozenset(SCOPES)
        principal = Principal(name, "workload", tenant, roles, scopes)
        token = self.service.runtime.identity.issuer().issue(
            principal, [self.service.runtime.spec.name]
        )
        return {"authorization": f"Bearer {token}"}

    async def ask(self, rpc: str, body: Mapping[str, Any], by: Any = None) -> httpx.Response:
        assert self.service.rpc is not None
        caller = by or self.people[0]
        headers = self.workload(caller) if isinstance(caller, str) else caller.headers
        return await self.service.rpc.ask(f"/{SERVICE}/{rpc}", body, headers)

    async def done(self, rpc: str, body: Mapping[str, Any], by: Any = None) -> Any:
        answer = await self.ask(rpc, body, by)
        assert answer.is_success, answer.text
        found = answer.json()
        return next(iter(found.values())) if len(found) == 1 else found

    async def refused(self, rpc: str, body: Mapping[str, Any], by: Any = None) -> str:
        answer = await self.ask(rpc, body, by)
        assert not answer.is_success, answer.text
        return str(answer.json()["type"]).rpartition("/")[2]

    async def define(self, name: str = CHAT, least: int = 2) -> Any:
        body = {
            "name": name,
            "contextName": "collaboration",
            "tier": "tierTwo",
            "ownerTeam": "chat-team",
            "minHealthyInstances": least,
        }
        return await self.done("DefineService", body)

    def wish(self, name: str = CHAT, region: str = "eu-west-1", **more: Any) -> dict[str, Any]:
        self.ports += 1
        known = {
            "serviceName": name,
            "region": region,
            "zone": f"{region}a",
            "address": "10.1.2.3",
            "port": self.ports,
            "protocol": "grpc",
            "podName": f"{name}-{self.ports}",
            "nodeName": "node-7",
            "buildVersion": "2.4.0",
            "spiffeId": f"spiffe://cloudsync.internal/ns/production/sa/{name}",
        }
        return {**known, **more}

    async def registered(self, name: str = CHAT, **more: Any) -> Any:
        return await self.done("RegisterInstance", self.wish(name, **more), name)

    async def report(self, copy: Any, outcome: str = "passed", **more: Any) -> Any:
        body = {
            "instanceId": copy["id"],
            "probe": "readiness",
            "latencyMs": 20,
            "outcome": outcome,
            "observedAt": at(),
            **more,
        }
        return await self.done("ReportHealth", body, copy["serviceName"])

    async def healthy(self, name: str = CHAT, **more: Any) -> Any:
        copy = await self.registered(name, **more)
        for _ in range(3):
            await self.report(copy)
        return await self.get(copy)

    async def get(self, copy: Any) -> Any:
        return await self.done("GetInstance", {"serviceInstanceId": copy["id"]})

    async def status(self, copy: Any) -> str:
        return str((await self.get(copy))["status"])

    async def beat(self, copy: Any, load: int = 10) -> Any:
        body = {"serviceInstanceId": copy["id"], "loadPercent": load}
        return await self.done("RenewInstanceLease", body, copy["serviceName"])

    async def later(self, by: timedelta, *beating: Any) -> None:
        """It is later, some copies have gone on beating, and the clock has done what is due."""
        left = by
        while left > timedelta():
            self.service.later(min(left, 10 * SECOND))
            left -= 10 * SECOND
            for each in beating:
                await self.beat(each)
        await self.service.tick("sweep-leases", "end-drains", "move-traffic")

    async def resolved(self, region: str = "eu-west-1", name: str = CHAT, **more: Any) -> Any:
        body = {"serviceName": name, "region": region, **more}
        answer = await self.ask("ResolveService", body, "api-gateway")
        assert answer.is_success, answer.text
        return answer.json()

    async def weights(self, region: str = "eu-west-1", **more: Any) -> dict[str, int]:
        """Instance → weight, in order."""
        found = await self.resolved(region, **more)
        return {each["serviceInstanceId"]: each["weight"] for each in found["endpoints"]}

    async def drain(self, copy: Any, by: Any = None) -> Any:
        body = {"serviceInstanceId": copy["id"], "drainReason": "a new release comes"}
        return await self.done("DrainInstance", body, by)

    async def said(self, name: str) -> list[dict[str, Any]]:
        events = await self.service.published()
        return [dict(each.data) for each in events if f".{name}." in each.type]

    @asynccontextmanager
    async def watching(self, **known: int) -> AsyncIterator[Any]:
        """The open stream of a sidecar that routes to chat-service."""
        seen = [
            discovery_pb2.KnownGeneration(service_name=CHAT, generation=each)
            for each in known.values()
        ]
        request = discovery_pb2.WatchEndpointsRequest(service_names=[CHAT], known_generations=seen)
        async with grpc.aio.insecure_channel(self.service.address) as channel:
            watch = channel.unary_stream(
                f"/{SERVICE}/WatchEndpoints",
                discovery_pb2.WatchEndpointsRequest.SerializeToString,
                discovery_pb2.WatchEndpointsResponse.FromString,
            )
            call = watch(request, metadata=list(self.workload("api-gateway").items()), timeout=20)
            try:
                yield call
            finally:
                call.cancel()


def play(state: Path, scene: Callable[[Registry], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with started(state) as service:
            people = [service.caller("platform-operator", organization=PLATFORM) for _ in range(2)]
            await scene(Registry(service, people, state))

    asyncio.run(whole())
