"""Steps that the tests of the handlers share: an organisation, its people, documents, folders."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Caller, Running, isolated, running
from document_service.generated.app import build
from document_service.generated.service import SERVICE
from document_service.generated.settings import ServiceSettings
from document_service.handlers import Handlers


class Desk:
    """A running service, one organisation, and somebody who writes there."""

    def __init__(self, service: Running, handlers: Handlers) -> None:
        self.service = service
        self.handlers = handlers
        self.organization = uuid7()
        self.author = self.person()
        self.other = self.person()

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

    async def document(self, caller: Caller | None = None, **more: Any) -> Any:
        """A draft of somebody's, the author's unless another is named."""
        body = {"title": "Plan", "documentType": "page", **more}
        return await self.did(caller or self.author, "POST", "/v1/documents", body)

    async def folder(self, name: str, caller: Caller | None = None, **more: Any) -> Any:
        """A folder of somebody's."""
        body = {"folderName": name, **more}
        return await self.did(caller or self.author, "POST", "/v1/folders", body)

    async def write(
        self,
        document: Any,
        *operations: Any,
        base: int = 0,
        client: str = "tab-1",
        by: Caller | None = None,
    ) -> Any:
        """Apply operations."""
        body = {"baseSequence": base, "clientId": client, "operations": list(operations)}
        path = f"/v1/documents/{document['id']}/operations"
        return await self.did(by or self.author, "POST", path, body)

    async def body(self, document: Any, by: Caller | None = None) -> Any:
        """The body at the head."""
        return await self.did(by or self.author, "GET", f"/v1/documents/{document['id']}/body")

    async def now(self, document: Any) -> Any:
        """A document as it is."""
        return await self.did(self.author, "GET", f"/v1/documents/{document['id']}")

    async def share(
        self, document: Any, principal: str, access: str = "viewer", **more: Any
    ) -> Any:
        """Grant somebody access to a document of the author's."""
        body = {"principal": principal, "access": access, **more}
        grant = await self.did(self.author, "POST", f"/v1/documents/{document['id']}/grants", body)
        await self.service.settle()
        return grant

    async def events(self, name: str) -> list[Any]:
        """Data of the events of a type, `document-created` say, in order."""
        wanted = f"cloudsync.content.{name}.v1"
        return [each.data for each in await self.service.published() if each.type == wanted]

    async def tell(self, event: str, **data: Any) -> None:
        """An event of another service."""
        await self.service.tell(f"cloudsync.{event}.v1", data, self.organization)

    async def join(self, team: UUID, *people: Caller) -> None:
        """Let people be members of a team."""
        ids = [str(each.subject) for each in people]
        await self.tell("user.team-member-added", teamId=str(team), userIds=ids)


def played(tmp_path: Path, play: Callable[[Desk], Awaitable[None]], **settings: Any) -> None:
    """Run a play against a service of its own."""

    async def run() -> None:
        known = ServiceSettings.model_validate({**isolated(tmp_path), **settings})
        runtime = Runtime(SERVICE, known)
        handlers = Handlers(runtime)
        async with running(build(runtime, handlers)) as service:
            await play(Desk(service, handlers))

    asyncio.run(run())


def version(entity: Any) -> str:
    """The entity's version as `If-Match` says it."""
    return f'"{entity["version"]}"'


def insert(block: str, text: str = "", offset: int = 0, **more: Any) -> Any:
    """An insertion of text into a block."""
    return {"kind": "insert", "blockId": block, "text": text, "offset": offset, **more}


def paragraph(block: str, text: str = "", **more: Any) -> Any:
    """An insertion that makes a paragraph."""
    return insert(block, text, blockKind="paragraph", **more)
