"""Steps of the tests: the service with its handlers at hand, since a worker has no API."""

from __future__ import annotations

import asyncio
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
from sms_service.generated import models, operations
from sms_service.generated.app import build
from sms_service.generated.service import SERVICE
from sms_service.generated.settings import ServiceSettings
from sms_service.handlers import Handlers

T = TypeVar("T")

_WORDS = {
    "one-time-code": "{{code}} is your CloudSync code.\n@cloudsync.example #{{code}}",
    "security-alert": "CloudSync: {{warning}}",
    "billing-alert": "CloudSync: invoice {{invoice}} over {{total}} is overdue.",
    "meeting-reminder": "CloudSync: {{title}} begins at {{starts}}.",
}


def user(user_id: UUID, organization: UUID, **fields: Any) -> dict[str, Any]:
    """An account as user-service answers it."""
    at = clock.now().isoformat()
    return {
        "id": str(user_id),
        "organizationId": str(organization),
        "createdAt": at,
        "updatedAt": at,
        "version": 1,
        "primaryEmail": f"{user_id.hex[-8:]}@reader.example",
        "displayName": "Ada",
        "username": "ada",
        "kind": "employee",
        "status": "active",
        "locale": "en",
        "timeZone": "Europe/Dublin",
        "homeRegion": "euWest1",
        "provisioningSource": "invitation",
        "recoveryPhone": "+353861234567",
        **fields,
    }


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
        self.account: dict[str, Any] = {}
        service.answers("user-service", "getUser", self.known_user)
        service.answers("profile-service", "getPreferences", self._preferences)

    def known_user(self, call: Any) -> dict[str, Any]:
        return user(UUID(str(call.parameters["userId"])), self.organization, **self.account)

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

    async def texts(self, **where: Any) -> list[models.SmsMessage]:
        """The texts of the organisation, oldest first."""

        async def read(ctx: Context) -> list[models.SmsMessage]:
            return [each async for each in self.handlers.sms_message.each(ctx, **where)]

        return await self.ask(operations.SEND_SMS, read)

    def carried(self) -> list[dict[str, str]]:
        """What the routes took, in the order of submission, each with its route."""
        places = sorted(self.state.glob("sms/*/*.json"), key=lambda each: each.stat().st_mtime_ns)
        return [{**json.loads(each.read_bytes()), "route": each.parent.name} for each in places]

    async def queue(self, name: str, command: str, body: Mapping[str, Any]) -> None:
        """Put a command into a queue, and wait until it was taken."""

        async def send(ctx: Context) -> None:
            await self.service.runtime.queues.send(ctx, name, command, {"body": body})

        await self.ask(operations.SEND_SMS, send)
        await self.service.settle()

    async def told(self, name: str) -> list[Mapping[str, Any]]:
        """Data of the published events of a name."""
        events = await self.service.published()
        return [each.data for each in events if each.type.endswith(f".{name}.v1")]

    def code(self, **fields: Any) -> dict[str, Any]:
        """A one-time code as auth-service orders it."""
        return {
            "purpose": "oneTimeCode",
            "phoneNumber": "+353861234567",
            "templateKey": "one-time-code",
            "locale": "de-AT",
            "variables": {"code": "123456"},
            "validitySeconds": 600,
            **fields,
        }

    async def words(self, key: str, text: str, **fields: Any) -> None:
        """Publish words, as email-service does."""
        data = {
            "templateKey": key,
            "deliveredBy": "sms",
            "language": "en",
            "revision": 1,
            "plainBody": text,
            "variablesSchema": "{}",
            **fields,
        }
        await self.service.tell("cloudsync.notification.template-published.v1", data, uuid7())


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
    """A test at a desk of its own, with words for codes and alerts."""

    async def at_desk() -> None:
        async with desk(state) as found:
            for key, text in _WORDS.items():
                await found.words(key, text)
            await test(found)

    asyncio.run(at_desk())
