"""Steps that the tests of the handlers share: an organisation, its people and their calendars."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from calendar_service.generated.app import build
from calendar_service.generated.service import SERVICE
from calendar_service.generated.settings import ServiceSettings
from calendar_service.handlers import Handlers
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Caller, Running, isolated, running

MONDAY = (datetime.now(UTC) + timedelta(days=30)).replace(hour=9, minute=0, second=0, microsecond=0)
MONDAY += timedelta(days=-MONDAY.weekday())
"""Nine o'clock (UTC) of a Monday about a month from now."""


def at(days: float = 0, hours: float = 0) -> str:
    """A moment after that."""
    return (MONDAY + timedelta(days=days, hours=hours)).isoformat().replace("+00:00", "Z")


class Office:
    """A running service and the people of one organisation, each with a primary calendar."""

    def __init__(self, service: Running, handlers: Handlers) -> None:
        self.service = service
        self.handlers = handlers
        self.organization = uuid7()
        self.members: set[UUID] = set()
        service.answers("user-service", "resolveAttendees", self._resolved)

    def _resolved(self, call: Call) -> Any:
        asked = [UUID(str(each)) for each in dict(call.body)["userIds"]]  # type: ignore[call-overload]
        known = [
            {"id": str(each), "displayName": "Ann", "timeZone": "Etc/UTC", "status": "active"}
            for each in asked
            if each in self.members
        ]
        return {"attendees": known, "unknown": []}

    async def person(self, *roles: str, zone: str = "Etc/UTC") -> Caller:
        """A new member."""
        caller = self.service.caller(*(roles or ("member",)), organization=self.organization)
        self.members.add(caller.subject)
        account = {
            "userId": str(caller.subject),
            "kind": "employee",
            "locale": "en",
            "timeZone": zone,
            "provisioningSource": "invitation",
        }
        await self.tell("user.user-created", account)
        return caller

    async def tell(self, event: str, data: dict[str, Any]) -> None:
        """An event of another service."""
        await self.service.tell(f"cloudsync.{event}.v1", data, self.organization)

    async def ask(
        self, caller: Caller, method: str, path: str, body: Any = None, **headers: str
    ) -> Any:
        """The answer, whatever it is."""
        sent = {**caller.headers, **{each.replace("_", "-"): headers[each] for each in headers}}
        if method == "POST":
            sent.setdefault("Idempotency-Key", str(uuid7()))
        path = f"/v1/calendar{path}"
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

    async def calendar(self, caller: Caller) -> str:
        """The id of somebody's primary calendar."""
        page = await self.did(caller, "GET", f"/calendars?ownerId={caller.subject}")
        return str(page["items"][0]["id"])

    async def room(self, caller: Caller, name: str = "Room", capacity: int = 4) -> str:
        """A room that the caller looks after."""
        body = {
            "name": name,
            "ownerType": "resource",
            "ownerId": str(caller.subject),
            "defaultTimeZone": "Etc/UTC",
            "capacity": capacity,
        }
        return str((await self.did(caller, "POST", "/calendars", body))["id"])

    async def schedule(self, caller: Caller, **more: Any) -> Any:
        """An event of an hour in somebody's own calendar, at MONDAY if nothing else is said."""
        body = {
            "summary": "Stand-up",
            "startsAt": at(),
            "endsAt": at(hours=1),
            "timeZone": "Etc/UTC",
            **more,
        }
        path = f"/calendars/{await self.calendar(caller)}/events"
        return await self.did(caller, "POST", path, body)

    async def daily(self, caller: Caller, count: int = 5, **more: Any) -> Any:
        """A series of days."""
        rule = {"recurrenceRule": "FREQ=DAILY", "recurrenceCount": count}
        return await self.schedule(caller, **rule, **more)

    async def starts(self, caller: Caller, calendar: str | None = None) -> list[str]:
        """When something that is not cancelled begins in a calendar within 60 days of MONDAY."""
        calendar = calendar or await self.calendar(caller)
        path = f"/calendars/{calendar}/occurrences?from={at(-7)}&to={at(60)}"
        found = await self.did(caller, "GET", path)
        return [
            each["occurrenceStart"]
            for each in found["occurrences"]
            if each["status"] != "cancelled"
        ]

    async def busy(self, caller: Caller, user: UUID) -> list[tuple[str, str, str]]:
        """When somebody is busy in the fortnight around MONDAY, working hours left aside."""
        path = f"/free-busy?userIds={user}&from={at(-7)}&to={at(14)}"
        answer = await self.did(caller, "GET", path)
        return [
            (each["from"], each["to"], each["kind"])
            for each in answer["people"][0]["busyTimes"]
            if each["kind"] != "unavailable"
        ]

    async def events(self, name: str) -> list[Any]:
        """Data of the events of a type, in order."""
        wanted = f"cloudsync.collaboration.{name}.v1"
        return [each.data for each in await self.service.published() if each.type == wanted]

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait for what follows from events of the service's own."""
        await self.service.published()
        async with asyncio.timeout(10):
            while not await holds():
                await asyncio.sleep(0.01)


def played(tmp_path: Path, play: Callable[[Office], Awaitable[None]], **settings: Any) -> None:
    """Run a play against a service of its own."""

    async def run() -> None:
        known = ServiceSettings.model_validate({**isolated(tmp_path), **settings})
        runtime = Runtime(SERVICE, known)
        handlers = Handlers(runtime)
        async with running(build(runtime, handlers)) as service:
            await play(Office(service, handlers))

    asyncio.run(run())
