"""Steps of the tests: the service with its handlers at hand, since a worker has no API."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import Principal, workload
from cloudsync_chassis.testing import Running, isolated, running
from push_service.generated import models, operations
from push_service.generated.app import build
from push_service.generated.service import SERVICE
from push_service.generated.settings import ServiceSettings
from push_service.handlers import Handlers

T = TypeVar("T")


def preferences(user_id: UUID, organization: UUID, **fields: Any) -> dict[str, Any]:
    """Preferences as profile-service answers them."""
    at = clock.now().isoformat()
    return {
        "id": str(uuid7()),
        "organizationId": str(organization),
        "createdAt": at,
        "updatedAt": at,
        "version": 1,
        "userId": str(user_id),
        "theme": "system",
        "density": "cosy",
        "firstWeekday": 1,
        "dateFormat": "iso",
        "channels": {},
        "reducedMotion": False,
        "shortcuts": {},
        **fields,
    }


class Desk:
    """A running service, one organisation, people who are known to the other services."""

    def __init__(self, service: Running, handlers: Handlers, state: Path) -> None:
        self.service = service
        self.handlers = handlers
        self.state = state
        self.organization = uuid7()
        self.person = uuid7()
        self.wishes: dict[str, Any] = {}
        service.answers("profile-service", "getPreferences", self._preferences)

    def _preferences(self, call: Any) -> dict[str, Any]:
        user_id = UUID(str(call.parameters["userId"]))
        return preferences(user_id, self.organization, **self.wishes)

    async def tell(self, name: str, data: Mapping[str, Any], domain: str = "user") -> None:
        """Tell an event, and let the clock do what comes of it."""
        await self.service.tell(f"cloudsync.{domain}.{name}.v1", data, self.organization)
        await self.service.tick()

    async def ask(
        self,
        operation: Operation,
        action: Callable[[Context], Awaitable[T]],
        principal: Principal | None = None,
    ) -> T:
        """Call a method of the port as an operation, with its own rights and transaction."""
        caller = principal or workload("gateway", self.organization)
        incoming = Incoming(principal=caller, trace=Trace.new())
        return await self.service.runtime.executor.run(operation, incoming, action)

    def somebody(self, *roles: str, subject: UUID | None = None) -> Principal:
        """A person with roles in the organisation."""
        subject = subject or uuid7()
        return Principal(str(subject), "user", self.organization, frozenset(roles))

    async def notices(self, **where: Any) -> list[models.PushNotification]:
        """The notifications of the organisation, oldest first."""

        async def read(ctx: Context) -> list[models.PushNotification]:
            return [each async for each in self.handlers.push_notification.each(ctx, **where)]

        return await self.ask(operations.ENQUEUE_PUSH, read)

    async def devices(self, **where: Any) -> list[models.DeviceRegistration]:
        """The registrations of the organisation, oldest first."""

        async def read(ctx: Context) -> list[models.DeviceRegistration]:
            return [each async for each in self.handlers.device_registration.each(ctx, **where)]

        return await self.ask(operations.ENQUEUE_PUSH, read)

    def shown(self, device: UUID, kind: str = "alert") -> list[dict[str, Any]]:
        """What a device was sent of a kind, in order."""
        places = self.state.glob(f"push/{device}/{kind}-*.json")
        found = sorted(places, key=lambda each: each.stat().st_mtime_ns)
        return [json.loads(each.read_bytes()) for each in found]

    def device(self, **fields: Any) -> dict[str, Any]:
        """A telephone of the person, as the gateway orders its registration."""
        key = uuid7()
        body: dict[str, Any] = {
            "userId": self.person,
            "deviceId": key,
            "platform": "ios",
            "pushToken": key.hex * 2,
            "appVersion": "4.2.0",
            **fields,
        }
        digest = hashlib.sha256(body["pushToken"].encode()).hexdigest()
        return {"tokenDigest": digest, **body}

    async def enrol(self, **fields: Any) -> UUID:
        """Register a device; its id."""
        body = self.device(**fields)
        await self.queue("notify.push.device", "register-device", body)
        return UUID(str(body["deviceId"]))

    def order(self, **fields: Any) -> dict[str, Any]:
        """A notification as another service orders it."""
        return {
            "targetUserId": self.person,
            "sourceEventId": uuid7(),
            "topicKey": "task",
            "urgency": "normal",
            "alertTitle": "OPS-1 is yours",
            "deepLink": "cloudsync://task/1",
            **fields,
        }

    async def push(self, **fields: Any) -> models.PushNotification:
        """Order a notification and let the clock do what is due; as it is then."""
        body = self.order(**fields)
        await self.queue("notify.push.high", "enqueue-push", body)
        await self.service.tick("fan-out")
        (found,) = await self.notices(sourceEventId=body["sourceEventId"])
        return found

    async def queue(self, name: str, command: str, body: Mapping[str, Any], **more: Any) -> None:
        """Put a command into a queue, and wait until it was taken."""

        async def send(ctx: Context) -> None:
            await self.service.runtime.queues.send(ctx, name, command, {"body": body, **more})

        await self.ask(operations.ENQUEUE_PUSH, send)
        await self.service.settle()

    async def told(self, name: str) -> list[Mapping[str, Any]]:
        """Data of the published events of a name."""
        events = await self.service.published()
        return [each.data for each in events if each.type.endswith(f".{name}.v1")]


def later(seconds: float) -> datetime:
    """A moment from now."""

    return clock.now() + timedelta(seconds=seconds)


async def refused(awaited: Awaitable[Any]) -> str:
    """The slug with which something is refused."""
    try:
        await awaited
    except Problem as problem:
        return problem.kind.slug
    raise AssertionError("it was not refused")


@asynccontextmanager
async def desk(state: Path) -> AsyncIterator[Desk]:
    """The service, started; stopped at the end."""
    runtime = Runtime(SERVICE, ServiceSettings.model_validate(isolated(state)))
    handlers = Handlers(runtime)
    async with running(build(runtime, handlers)) as service:
        yield Desk(service, handlers, state)


def run(state: Path, test: Callable[[Desk], Awaitable[None]]) -> None:
    """A test at a desk of its own."""

    async def at_desk() -> None:
        async with desk(state) as found:
            await test(found)

    asyncio.run(at_desk())
