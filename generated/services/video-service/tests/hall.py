"""A running video-service with one organisation, and what tests ask of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import httpx
from cloudsync.collaboration.video.v1 import video_pb2
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.testing import Caller, Running, isolated, running
from video_service.generated.app import build
from video_service.generated.service import SERVICE as SPEC
from video_service.generated.settings import ServiceSettings
from video_service.handlers import Handlers
from video_service.nodes import LoopbackNodes

SERVICE = "cloudsync.collaboration.video.v1.VideoService"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WRITE = Operation(id="test", access="workload", writes=True)


def at(by: timedelta = timedelta()) -> str:
    return (clock.now() + by).isoformat().replace("+00:00", "Z")


@dataclass
class Hall:
    """The service, its host and three members."""

    service: Running
    handlers: Handlers
    tenant: UUID = field(default_factory=uuid7)
    people: dict[str, Caller] = field(default_factory=dict)

    def person(self, name: str, role: str = "member") -> Caller:
        if name not in self.people:
            self.people[name] = self.service.caller(role, organization=self.tenant)
        return self.people[name]

    async def ask(self, rpc: str, body: Mapping[str, Any], by: str = "host") -> httpx.Response:
        assert self.service.rpc is not None
        caller = self.person(by, by if by in ("guest", "org-admin") else "member")
        return await self.service.rpc.ask(f"/{SERVICE}/{rpc}", body, caller.headers)

    async def done(self, rpc: str, body: Mapping[str, Any], by: str = "host") -> Any:
        answer = await self.ask(rpc, body, by)
        assert answer.is_success, answer.text
        found = answer.json()
        return next(iter(found.values())) if len(found) == 1 else found

    async def refused(self, rpc: str, body: Mapping[str, Any], by: str = "host") -> str:
        answer = await self.ask(rpc, body, by)
        assert not answer.is_success, answer.text
        return str(answer.json()["type"]).rpartition("/")[2]

    def wish(self, **more: Any) -> dict[str, Any]:
        start = more.pop("start", HOUR)
        known = {
            "title": "Weekly",
            "scheduledStart": at(start),
            "scheduledEnd": at(start + HOUR),
            "admission": "lobbyForGuests",
        }
        return {**known, **more}

    async def booked(self, **more: Any) -> Any:
        return await self.done("ScheduleMeeting", self.wish(**more))

    async def live(self, region: str = "usEast1", **more: Any) -> Any:
        """A meeting that its host has opened and is in."""
        meeting = await self.booked(**more)
        await self.join(meeting, "host", **self.key(more))
        start = {"meetingId": meeting["id"], "mediaRegion": region}
        return await self.done("StartMeeting", start)

    @staticmethod
    def key(more: Mapping[str, Any]) -> dict[str, Any]:
        return {name: more[name] for name in ("passcode",) if name in more}

    async def join(self, meeting: Mapping[str, Any], by: str, **more: Any) -> Any:
        found = await self.done("JoinMeeting", self.ticket(meeting, by, **more), by)
        return {"participant": found} if "joinState" in found else found

    def ticket(self, meeting: Mapping[str, Any], by: str, **more: Any) -> dict[str, Any]:
        known = {"joinCode": meeting["joinCode"], "displayName": by.title(), "device": "web"}
        return {**known, **more}

    async def connect(self, meeting: Mapping[str, Any], *names: str) -> list[Any]:
        """Let people join and the node see them."""
        joined = [(await self.join(meeting, each))["participant"] for each in names]
        await self.hear()
        return joined

    async def hear(self) -> None:
        await self.service.tick("hear-media-nodes")

    async def run(self, action: Callable[[Context], Awaitable[Any]]) -> Any:
        incoming = Incoming(principal=workload("test", self.tenant), trace=Trace.new())
        return await self.service.runtime.executor.run(WRITE, incoming, action)

    async def meeting(self, key: str) -> Any:
        return await self.run(lambda ctx: self.handlers.meeting.find(ctx, id=UUID(key)))

    async def entry(self, key: str) -> Any:
        return await self.run(lambda ctx: self.handlers.participant.find(ctx, id=UUID(key)))

    async def tell(self, name: str, /, **data: Any) -> None:
        await self.service.tell(f"cloudsync.{name}.v1", data, self.tenant)

    async def said(self, name: str) -> list[dict[str, Any]]:
        events = await self.service.published()
        return [dict(each.data) for each in events if f".{name}." in each.type]

    def hang_up(self, key: str, score: float | None = None) -> None:
        assert isinstance(self.handlers.nodes, LoopbackNodes)
        self.handlers.nodes.hang_up(UUID(key), score)

    def watch(self, key: str, by: str) -> tuple[grpc.aio.Channel, Any]:
        """An open stream; whoever opens it closes the channel."""
        channel = grpc.aio.insecure_channel(self.service.address)
        call = channel.unary_stream(
            f"/{SERVICE}/WatchMeeting",
            request_serializer=video_pb2.WatchMeetingRequest.SerializeToString,
            response_deserializer=video_pb2.WatchMeetingResponse.FromString,
        )
        token = (("authorization", self.person(by).headers["Authorization"]),)
        request = video_pb2.WatchMeetingRequest(meeting_id=key)
        return channel, call(request, metadata=token, timeout=30)


@asynccontextmanager
async def hall(state: Path) -> AsyncIterator[Hall]:
    runtime = Runtime(SPEC, ServiceSettings.model_validate(isolated(state)))
    handlers = Handlers(runtime)
    async with running(build(runtime, handlers)) as service:
        yield Hall(service, handlers)


def play(state: Path, scene: Callable[[Hall], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with hall(state) as opened:
            await scene(opened)

    asyncio.run(whole())
