"""A running feature-flag-service, and what tests ask of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx
from cloudsync.platform.featureflag.v1 import feature_flag_pb2
from cloudsync_chassis import clock
from cloudsync_chassis.ids import PLATFORM, uuid7
from cloudsync_chassis.testing import Caller, Running
from feature_flag_service.generated.testing import started

SERVICE = "cloudsync.platform.featureflag.v1.FeatureFlagService"
KEY = "editor.tables"
DAY = timedelta(days=1)


def at(by: timedelta = timedelta()) -> str:
    return (clock.now() + by).isoformat().replace("+00:00", "Z")


@dataclass
class Board:
    """The service, an operator, and a service that evaluates."""

    service: Running
    operator: Caller
    workload: Caller

    async def ask(
        self, rpc: str, body: Mapping[str, Any], by: Caller | None = None, **metadata: str
    ) -> httpx.Response:
        assert self.service.rpc is not None
        headers = (by or self.operator).headers
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

    def wish(self, **more: Any) -> dict[str, Any]:
        known = {
            "key": KEY,
            "environment": "production",
            "purpose": "ops",
            "valueType": "boolean",
            "variants": [
                {"name": "on", "value": "true", "weight": 0},
                {"name": "off", "value": "false", "weight": 0},
            ],
            "defaultVariant": "on",
            "offVariant": "off",
            "ownerTeam": "content-team",
        }
        return {**known, **more}

    async def flag(self, **more: Any) -> Any:
        return await self.done("CreateFlag", self.wish(**more))

    async def active(self, percent: int = 0, **more: Any) -> Any:
        flag = await self.flag(**more)
        flag = await self.done("ActivateFlag", {"featureFlagId": flag["id"]})
        for share in range(25, percent + 25, 25):
            flag = await self.share(flag, min(share, percent))
        return flag

    async def share(self, flag: Any, percent: int) -> Any:
        body = {"featureFlagId": flag["id"], "rolloutPercent": percent}
        return await self.done("ChangeRollout", body, if_match=str(flag["version"]))

    async def kill(self, flag: Any, by: Caller | None = None) -> Any:
        body = {"featureFlagId": flag["id"], "reason": "tables lose their rows"}
        return await self.done("KillFlag", body, by)

    async def get(self, flag: Any) -> Any:
        return await self.done("GetFlag", {"featureFlagId": flag["id"]})

    async def decided(self, key: str = KEY, **context: Any) -> Any:
        body = {
            "key": key,
            "environment": "production",
            "context": {"organizationId": str(uuid7()), **context},
        }
        return await self.done("EvaluateFlag", body, self.workload)

    async def variant(self, key: str = KEY, **context: Any) -> tuple[str, str]:
        found = await self.decided(key, **context)
        return found["variant"], found["reason"]

    async def said(self, name: str) -> list[dict[str, Any]]:
        events = await self.service.published()
        return [dict(each.data) for each in events if f".{name}." in each.type]

    @asynccontextmanager
    async def watching(self, held: str | None = None) -> AsyncIterator[Any]:
        """The open stream of an evaluator."""
        request = feature_flag_pb2.WatchFlagsRequest(
            environment=feature_flag_pb2.ENVIRONMENT_PRODUCTION, rules_checksum=held
        )
        async with grpc.aio.insecure_channel(self.service.address) as channel:
            watch = channel.unary_stream(
                f"/{SERVICE}/WatchFlags",
                feature_flag_pb2.WatchFlagsRequest.SerializeToString,
                feature_flag_pb2.WatchFlagsResponse.FromString,
            )
            metadata = [(name.lower(), each) for name, each in self.workload.headers.items()]
            call = watch(request, metadata=metadata, timeout=20)
            try:
                yield call
            finally:
                call.cancel()


def play(state: Path, scene: Callable[[Board], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with started(state) as service:
            operator = service.caller("platform-operator", organization=PLATFORM)
            workload = service.caller(
                "workload",
                kind="workload",
                organization=PLATFORM,
                scopes=["flag:evaluate", "flag:watch"],
            )
            await scene(Board(service, operator, workload))

    asyncio.run(whole())
