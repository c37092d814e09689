"""Steps of the tests: the service with its handlers at hand, since a worker has no API."""

from __future__ import annotations

import asyncio
import atexit
import hmac
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default
from functools import cache
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
from email_service.generated import models, operations
from email_service.generated.app import build
from email_service.generated.service import SERVICE
from email_service.generated.settings import ServiceSettings
from email_service.handlers import Handlers
from email_service.receipts import signed_text

T = TypeVar("T")


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

    def set(self, **values: Any) -> None:
        """Settings other than those that it started with."""
        self.handlers.settings = self.handlers.settings.model_copy(update=values)

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

    async def mails(self, **where: Any) -> list[models.EmailMessage]:
        """The mails of the organisation, oldest first."""

        async def read(ctx: Context) -> list[models.EmailMessage]:
            return [each async for each in self.handlers.email_message.each(ctx, **where)]

        return await self.ask(operations.ENQUEUE_EMAIL, read)

    def sent(self) -> list[Message]:
        """What the providers took, in the order of hand-over."""
        found = sorted(self.state.glob("mail/*/*.eml"), key=lambda each: each.stat().st_mtime_ns)
        return [message_from_bytes(each.read_bytes(), policy=default) for each in found]

    async def receipt(self, mail: models.EmailMessage, kind: str, **fields: Any) -> dict[str, Any]:
        """A receipt as its provider signs it."""
        body = {
            "provider": str(mail.provider),
            "providerMessageId": mail.provider_message_id,
            "receiptKind": kind,
            "occurredAt": clock.now(),
            "signature": "0" * 64,
            **fields,
        }
        found = models.ProviderReceipt.model_validate(body, strict=False)
        key = await self.handlers.world.keys.get(f"receipts/{found.provider}")
        body["signature"] = hmac.digest(key, signed_text(found), "sha256").hex()
        return body

    async def queue(self, name: str, command: str, body: Mapping[str, Any]) -> None:
        """Put a command into a queue, and wait until it was taken."""

        async def send(ctx: Context) -> None:
            await self.service.runtime.queues.send(ctx, name, command, {"body": body})

        await self.ask(operations.ENQUEUE_EMAIL, send)
        await self.service.settle()

    async def told(self, name: str) -> list[Mapping[str, Any]]:
        """Data of the published events of a name."""
        events = await self.service.published()
        return [each.data for each in events if each.type.endswith(f".{name}.v1")]

    def order(self, **fields: Any) -> dict[str, Any]:
        """A mail as auth-service orders it."""
        return {
            "notificationKey": "security.code",
            "category": "security",
            "sourceEventId": uuid7(),
            "recipientUserId": self.person,
            "toAddress": "Ada@Reader.Example",
            "addressHash": "a" * 64,
            "templateKey": "one-time-code",
            "templateVersion": 1,
            "locale": "pt-BR",
            "variables": {"code": "123456"},
            "expiresAt": later(600),
            **fields,
        }


def later(seconds: float) -> datetime:
    """A moment from now."""

    return clock.now() + timedelta(seconds=seconds)


def text_of(message: Message, kind: str = "text/plain") -> str:
    """The part of a message of a kind, as text."""
    for part in message.walk():
        if part.get_content_type() == kind:
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            return content.decode()
    raise AssertionError(f"no {kind}")


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


@cache
def _seeded() -> Path:
    """A state folder in which the first words are published already, to be copied."""
    place = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, place, ignore_errors=True)

    async def once() -> None:
        async with desk(place):
            pass

    asyncio.run(once())
    return place


def run(state: Path, test: Callable[[Desk], Awaitable[None]], fresh: bool = False) -> None:
    """A test at a desk of its own; `fresh`: which nobody has used before."""
    if not fresh:
        shutil.copytree(_seeded(), state, dirs_exist_ok=True)

    async def at_desk() -> None:
        async with desk(state) as found:
            await test(found)

    asyncio.run(at_desk())
