"""Steps that the tests of the handlers share: an organisation, its people and their channels."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from chat_service.generated.app import build
from chat_service.generated.service import SERVICE
from chat_service.generated.settings import ServiceSettings
from chat_service.handlers import Handlers
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.testing import Caller, Running, isolated, running


class Crew:
    """A running service and the people of one organisation; Ann opens the channels."""

    def __init__(self, service: Running, handlers: Handlers) -> None:
        self.service = service
        self.handlers = handlers
        self.organization = uuid7()
        self.guests: set[UUID] = set()
        service.answers("user-service", "getUser", self._account)
        self.ann = self.person()

    def person(self, *roles: str) -> Caller:
        """Somebody of the organisation."""
        caller = self.service.caller(*(roles or ("member",)), organization=self.organization)
        if "guest" in roles:
            self.guests.add(caller.subject)
        return caller

    def _account(self, call: Call) -> Any:
        user = UUID(str(call.parameters["userId"]))
        return {
            "id": str(user),
            "organizationId": str(self.organization),
            "createdAt": "2030-01-02T03:04:05Z",
            "updatedAt": "2030-01-02T03:04:05Z",
            "version": 1,
            "primaryEmail": "ann@example.com",
            "displayName": "Ann",
            "username": "ann",
            "kind": "guest" if user in self.guests else "employee",
            "status": "active",
            "locale": "en",
            "timeZone": "Europe/Berlin",
            "homeRegion": "euWest1",
            "provisioningSource": "invitation",
        }

    async def ask(
        self, caller: Caller, method: str, path: str, body: Any = None, **headers: str
    ) -> Any:
        """The answer, whatever it is."""
        sent = {**caller.headers, **{each.replace("_", "-"): headers[each] for each in headers}}
        if method == "POST":
            sent.setdefault("Idempotency-Key", str(uuid7()))
        path = f"/v1/chat{path}"
        return await self.service.http.request(method, path, json=body, headers=sent)

    async def did(
        self, caller: Caller, method: str, path: str, body: Any = None, **headers: str
    ) -> Any:
        """The body of an answer that has to be a success."""
        answer = await self.ask(caller, method, path, body, **headers)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def refused(
        self, caller: Caller, method: str, path: str, body: Any = None, **headers: str
    ) -> str:
        """The slug of a refusal."""
        answer = await self.ask(caller, method, path, body, **headers)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["type"]).rpartition("/")[2]

    async def channel(self, name: str = "ops", *people: Caller, **more: Any) -> Any:
        """A channel of Ann's."""
        members = [str(each.subject) for each in people]
        body = {"type": "public", "name": name, "memberIds": members, **more}
        return await self.did(self.ann, "POST", "/channels", body)

    async def say(self, caller: Caller, channel: Any, text: str = "Hello", **more: Any) -> Any:
        """A message."""
        body = {"clientMessageId": str(uuid7()), "body": text, **more}
        return await self.did(caller, "POST", f"/channels/{channel['id']}/messages", body)

    async def mute(self, caller: Caller, channel: Any, text: str = "Hello", **more: Any) -> str:
        """How a message is refused."""
        body = {"clientMessageId": str(uuid7()), "body": text, **more}
        return await self.refused(caller, "POST", f"/channels/{channel['id']}/messages", body)

    async def line(self, caller: Caller, channel: Any, query: str = "") -> list[str]:
        """What stands in a channel, the newest first."""
        page = await self.did(caller, "GET", f"/channels/{channel['id']}/messages{query}")
        return [each["body"] for each in page["items"]]

    async def seat(self, caller: Caller, channel: Any) -> Any:
        """Somebody's seat in a channel."""
        page = await self.did(caller, "GET", "/memberships")
        return next((each for each in page["items"] if each["channelId"] == channel["id"]), None)

    async def founded(self, **rules: Any) -> None:
        """An organisation with rules of its own."""
        founding = {
            "organizationId": str(self.organization),
            "slug": "acme",
            "edition": "team",
            "dataResidency": "euWest1",
            "ownerUserId": str(uuid7()),
        }
        await self.tell("user.organization-created", founding)
        if rules:
            admin, path = self.person("org-admin"), f"/policies/{self.organization}"
            await self.did(admin, "PATCH", path, rules, If_Match='"1"')

    async def tell(self, event: str, data: dict[str, Any]) -> None:
        """An event of another service."""
        await self.service.tell(f"cloudsync.{event}.v1", data, self.organization)

    async def inside(self, action: Callable[[Context], Awaitable[None]]) -> None:
        """Look into the organisation's store as the service itself."""
        me = Incoming(principal=workload("chat-service", self.organization), trace=Trace.new())
        look = Operation(id="look", access="workload")
        await self.service.runtime.executor.run(look, me, action)

    async def events(self, name: str) -> list[Any]:
        """Data of the events of a type, in order."""
        wanted = f"cloudsync.collaboration.{name}.v1"
        return [each.data for each in await self.service.published() if each.type == wanted]


def played(tmp_path: Path, play: Callable[[Crew], Awaitable[None]], **settings: Any) -> None:
    """Run a play against a service of its own."""

    async def run() -> None:
        known = {"posts_per_ten_seconds": 200, **isolated(tmp_path), **settings}
        runtime = Runtime(SERVICE, ServiceSettings.model_validate(known))
        handlers = Handlers(runtime)
        async with running(build(runtime, handlers)) as service:
            await play(Crew(service, handlers))

    asyncio.run(run())
