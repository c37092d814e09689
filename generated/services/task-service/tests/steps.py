"""Steps that the tests of the handlers share: an organisation, its boards and tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Caller, Running, isolated, running
from task_service.generated.app import build
from task_service.generated.service import SERVICE
from task_service.generated.settings import ServiceSettings
from task_service.handlers import Handlers
from task_service.task_index import TaskIndex


class Team:
    """A running service and the people of one organisation: a lead and those whom they seat."""

    def __init__(self, service: Running) -> None:
        self.service = service
        self.organization = uuid7()
        self.lead = self.person()

    def person(self, *roles: str) -> Caller:
        """Somebody of the organisation."""
        return self.service.caller(*(roles or ("member",)), organization=self.organization)

    async def ask(
        self, caller: Caller, method: str, path: str, body: Any = None, **headers: str
    ) -> Any:
        """The answer, whatever it is."""
        sent = {**caller.headers, **{each.replace("_", "-"): headers[each] for each in headers}}
        if method == "POST":
            sent.setdefault("Idempotency-Key", str(uuid7()))
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

    async def board(self, key: str = "OPS", **more: Any) -> Any:
        """A board of the lead's."""
        body = {"boardKey": key, "boardTitle": f"Board {key}", **more}
        return await self.did(self.lead, "POST", "/v1/boards", body)

    async def columns(self, board: Any) -> dict[str, Any]:
        """Columns of a board by the state that they mean."""
        view = await self.did(self.lead, "GET", f"/v1/boards/{board['id']}")
        return {each["column"]["mapsTo"]: each["column"] for each in view["columns"]}

    async def cards(self, board: Any, state: str) -> list[str]:
        """Headlines in the column of a state, from the top."""
        view = await self.did(self.lead, "GET", f"/v1/boards/{board['id']}")
        [found] = [each for each in view["columns"] if each["column"]["mapsTo"] == state]
        assert found["taskCount"] == len(found["tasks"])
        return [each["headline"] for each in found["tasks"]]

    async def task(self, board: Any, headline: str = "Write it", **more: Any) -> Any:
        """A task in the backlog."""
        path = f"/v1/boards/{board['id']}/tasks"
        return await self.did(self.lead, "POST", path, {"headline": headline, **more})

    async def planned(self, board: Any, headline: str = "Plan it", minutes: int = 480) -> Any:
        """A task that is ready."""
        task = await self.task(board, headline)
        body = {"estimateMinutes": minutes}
        return await self.did(self.lead, "POST", f"/v1/tasks/{task['id']}/plan", body)

    async def begun(self, board: Any, headline: str = "Do it", minutes: int = 480) -> Any:
        """A task in the lead's hands."""
        task = await self.planned(board, headline, minutes)
        await self.assign(task, self.lead.subject)
        return await self.did(self.lead, "POST", f"/v1/tasks/{task['id']}/start")

    async def assign(self, task: Any, *people: UUID) -> Any:
        """Put a task into hands."""
        body = {"assigneeIds": [str(each) for each in people]}
        return await self.did(self.lead, "PUT", f"/v1/tasks/{task['id']}/assignees", body)

    async def done(self, task: Any) -> Any:
        """Complete a task."""
        return await self.did(self.lead, "POST", f"/v1/tasks/{task['id']}/complete")

    async def now(self, task: Any) -> Any:
        """A task as it is."""
        return await self.did(self.lead, "GET", f"/v1/tasks/{task['id']}")

    async def move(self, task: Any, column: Any, **body: Any) -> Any:
        """Let a card go over a column."""
        version = (await self.now(task))["version"]
        path, body = f"/v1/tasks/{task['id']}/move", {"columnId": column["id"], **body}
        return await self.ask(self.lead, "POST", path, body, If_Match=f'"{version}"')

    async def seat(self, board: Any, caller: Caller, role: str = "editor") -> Any:
        """Let somebody onto a board."""
        path = f"/v1/boards/{board['id']}/members/{caller.subject}"
        return await self.did(self.lead, "PUT", path, {"boardRole": role})

    async def events(self, name: str) -> list[Any]:
        """Data of the events of a type, `task-created` say, in order."""
        wanted = f"cloudsync.collaboration.{name}.v1"
        return [each.data for each in await self.service.published() if each.type == wanted]

    async def founded(self) -> None:
        """The organisation is founded."""
        founding = {
            "organizationId": str(self.organization),
            "slug": "acme",
            "edition": "team",
            "dataResidency": "euWest1",
            "ownerUserId": str(uuid7()),
        }
        await self.tell("user.organization-created", founding)

    async def tell(self, event: str, data: dict[str, Any]) -> None:
        """An event of another service."""
        await self.service.tell(f"cloudsync.{event}.v1", data, self.organization)


def played(
    tmp_path: Path,
    play: Callable[[Team], Awaitable[None]],
    index: TaskIndex | None = None,
    **settings: Any,
) -> None:
    """Run a play against a service of its own."""

    async def run() -> None:
        known = ServiceSettings.model_validate({**isolated(tmp_path), **settings})
        runtime = Runtime(SERVICE, known)
        handlers = Handlers(runtime)
        handlers.index = index or handlers.index
        async with running(build(runtime, handlers)) as service:
            await play(Team(service))

    asyncio.run(run())


def slug(answer: Any) -> str:
    """The slug of a refusal that was asked for."""
    return str(answer.json()["type"]).rpartition("/")[2]
