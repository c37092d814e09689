"""A running config-service with two operators, and what tests ask of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import httpx
from cloudsync.platform.config.v1 import config_pb2
from cloudsync_chassis import clock
from cloudsync_chassis.ids import PLATFORM, uuid7
from cloudsync_chassis.testing import Caller, Running
from config_service.generated.testing import started

SERVICE = "cloudsync.platform.config.v1.ConfigService"
KEY = "document.limits.pages"
QUERY = "sum(rate(errors_total[5m])) > 1"
MINUTE = timedelta(minutes=1)
SCHEMA = json.dumps({"type": "integer", "minimum": 1, "maximum": 1000})


def at(by: timedelta = timedelta()) -> str:
    return (clock.now() + by).isoformat().replace("+00:00", "Z")


@dataclass
class Desk:
    """The service, who writes, who reviews, and a service that asks."""

    service: Running
    author: Caller
    reviewer: Caller
    third: Caller
    pod: Caller
    state: Path

    async def ask(
        self, rpc: str, body: Mapping[str, Any], by: Caller | None = None, **metadata: str
    ) -> httpx.Response:
        assert self.service.rpc is not None
        headers = (by or self.author).headers
        named = {name.replace("_", "-"): value for name, value in metadata.items()}
        return await self.service.rpc.ask(f"/{SERVICE}/{rpc}", body, {**headers, **named})

    async def done(
        self, rpc: str, body: Mapping[str, Any], by: Caller | None = None, **metadata: str
    ) -> Any:
        answer = await self.ask(rpc, body, by, **metadata)
        assert answer.is_success, answer.text
        found = answer.json()
        return next(iter(found.values())) if isinstance(found, dict) and len(found) == 1 else found

    async def refused(
        self, rpc: str, body: Mapping[str, Any], by: Caller | None = None, **metadata: str
    ) -> str:
        answer = await self.ask(rpc, body, by, **metadata)
        assert not answer.is_success, answer.text
        return str(answer.json()["type"]).rpartition("/")[2]

    async def define(self, key: str = KEY, schema: str = SCHEMA, **more: Any) -> Any:
        body = {"key": key, "jsonSchema": schema, "owner": "content-team", **more}
        return await self.done("DefineConfigSchema", body)

    def wish(self, value: str = "10", **more: Any) -> dict[str, Any]:
        known = {
            "key": KEY,
            "environment": "production",
            "scope": "platform",
            "valueType": "integer",
            "value": value,
            "changeReason": "pages were too few",
        }
        return {**known, **more}

    async def draft(self, value: str = "10", **more: Any) -> Any:
        return await self.done(
            "DraftChange", self.wish(value, **more), idempotency_key=str(uuid7())
        )

    async def approved(self, value: str = "10", **more: Any) -> Any:
        entry = await self.draft(value, **more)
        await self.done("ProposeChange", {"configEntryId": entry["id"]}, if_match="1")
        said = {"configEntryId": entry["id"], "reviewComment": "looks good to me"}
        return await self.done("ApproveChange", said, self.reviewer, if_match="2")

    def rollout(self, entry: Any, first: int = 100, **more: Any) -> dict[str, Any]:
        stages = [each for each in (1, 10, 50, 100) if each >= first]
        return {"configEntryId": entry["id"], "stages": stages, "firstStage": first, **more}

    async def rolled_out(self, entry: Any, first: int = 100, **more: Any) -> Any:
        version = str(entry["version"])
        return await self.done(
            "RolloutChange", self.rollout(entry, first, **more), if_match=version
        )

    async def live(self, value: str = "10", **more: Any) -> Any:
        entry = await self.rolled_out(await self.approved(value, **more))
        await self.later(16 * MINUTE)
        return await self.revision(entry)

    async def revision(self, entry: Any) -> Any:
        return await self.done("GetRevision", {"configEntryId": entry["id"]})

    async def later(self, by: timedelta) -> None:
        """It is later, and the clock has done what was due on the way."""
        self.service.later(by)
        await self.service.tick("watch-rollouts")

    def place(self, **more: Any) -> dict[str, Any]:
        known = {
            "serviceName": "document-service",
            "environment": "production",
            "region": "eu-west-1",
            "keys": [],
        }
        return {**known, **more}

    async def told(self, **more: Any) -> dict[str, str]:
        """Key → value, as a service is told."""
        answer = await self.ask("GetConfig", self.place(**more), self.pod)
        assert answer.is_success, answer.text
        return {each["key"]: each["value"] for each in answer.json()["entries"]}

    async def said(self, name: str) -> list[dict[str, Any]]:
        events = await self.service.published()
        return [dict(each.data) for each in events if f".{name}." in each.type]

    def fires(self, *queries: str) -> None:
        folder = self.state / "config-service"
        (folder / "firing-queries.txt").write_text("\n".join(queries))

    async def back(self, entry: Any, to: int) -> Any:
        return await self.done("RollbackChange", self.wayback(entry, to))

    def wayback(self, entry: Any, to: int) -> dict[str, Any]:
        reason = "documents came out empty"
        return {"configEntryId": entry["id"], "toRevision": to, "rollbackReason": reason}

    @asynccontextmanager
    async def watching(
        self, pod: str = "document-1", known: tuple[str, ...] = (), timeout: float = 20.0
    ) -> AsyncIterator[Any]:
        """The open stream of a pod."""
        request = config_pb2.WatchConfigRequest(
            service_name="document-service",
            pod_name=pod,
            environment=config_pb2.ENVIRONMENT_PRODUCTION,
            region="eu-west-1",
            known_checksums=known,
        )
        async with grpc.aio.insecure_channel(self.service.address) as channel:
            watch = channel.unary_stream(
                f"/{SERVICE}/WatchConfig",
                config_pb2.WatchConfigRequest.SerializeToString,
                config_pb2.WatchConfigResponse.FromString,
            )
            metadata = [(name.lower(), each) for name, each in self.pod.headers.items()]
            call = watch(request, metadata=metadata, timeout=timeout)
            try:
                yield call
            finally:
                call.cancel()


def play(
    state: Path, scene: Callable[[Desk], Awaitable[None]], organization: UUID = PLATFORM
) -> None:
    async def whole() -> None:
        async with started(state) as service:
            people = [
                service.caller("platform-operator", organization=organization) for _ in range(3)
            ]
            pod = service.caller(
                "workload", organization=PLATFORM, kind="workload", scopes=["config:read"]
            )
            await scene(Desk(service, *people, pod, state))

    asyncio.run(whole())
