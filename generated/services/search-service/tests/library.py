"""Steps that the tests share: a service, people of one organisation, and things to be found."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa
from cloudsync_chassis import clock
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.system import outbox
from cloudsync_chassis.testing import Caller, Running, isolated, running
from search_service.generated.app import build
from search_service.generated.service import SERVICE
from search_service.generated.settings import ServiceSettings
from search_service.handlers import Handlers


class Library:
    """A running service and the people of one organisation, Ann and Bob, who have joined it."""

    def __init__(self, service: Running, handlers: Handlers, state: Path) -> None:
        self.service = service
        self.handlers = handlers
        self.state = state
        self.organization = uuid7()
        self.ann = self.person("member")
        self.bob = self.person("member")
        self.author = service.caller(
            "workload", organization=self.organization, kind="workload", scopes=["search:index"]
        )

    def person(self, *roles: str) -> Caller:
        return self.service.caller(*roles, organization=self.organization)

    async def ask(
        self, method: str, path: str, body: Any = None, by: Caller | None = None, **query: Any
    ) -> httpx.Response:
        headers = {**(by or self.ann).headers}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid7())
        answer = await self.service.http.request(
            method, path, json=body, headers=headers, params=query or None
        )
        await self.service.runtime.work.settle()
        return answer

    async def did(self, method: str, path: str, *args: Any, **more: Any) -> Any:
        answer = await self.ask(method, path, *args, **more)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, *args: Any, **more: Any) -> str:
        answer = await self.ask(method, path, *args, **more)
        assert answer.status_code >= 400, answer.text
        return f"{answer.status_code} {str(answer.json()['type']).rpartition('/')[2]}"

    async def found(self, q: str, by: Caller | None = None, **more: Any) -> list[str]:
        """Headings of the hits, the best first."""
        answer = await self.did("GET", "/v1/search", by=by, q=q, **more)
        return [each["heading"] for each in answer["items"]]

    async def comes_to(self, expected: list[str], q: str, **more: Any) -> None:
        """Wait until that is found: what undoes a step of a saga waits for its turn."""
        async with asyncio.timeout(10):
            while await self.found(q, **more) != expected:
                await asyncio.sleep(0.05)

    def draft(self, heading: str, content: str = "", **more: Any) -> dict[str, Any]:
        """A document that Ann may read."""
        return {
            "sourceKind": "document",
            "sourceId": str(uuid7()),
            "sourceVersion": 1,
            "heading": heading,
            "content": content,
            "analyzerLanguage": "en",
            "readerPrincipals": [f"user:{self.ann.subject}"],
            "authorId": str(self.ann.subject),
            "contentChangedAt": at(clock.now()),
            **more,
        }

    async def put(self, *drafts: dict[str, Any]) -> Any:
        body = {"entries": list(drafts)}
        return await self.did("POST", "/v1/index-entries", body, by=self.author)

    async def tell(self, name: str, **data: Any) -> None:
        plain = {key: str(each) if isinstance(each, UUID) else each for key, each in data.items()}
        await self.service.tell(f"cloudsync.{name}.v1", plain, self.organization)

    async def document(self, title: str, *principals: str, **more: Any) -> UUID:
        """A document of Ann's, as events tell of it."""
        document = uuid7()
        await self.tell(
            "content.document-created",
            documentId=document,
            documentType="page",
            ownerId=self.ann.subject,
            title=title,
            **{"sensitivity": "internal", "principals": list(principals), **more},
        )
        return document

    async def update(self, document: UUID, title: str, words: str, ref: str = "a" * 24) -> None:
        """New words of a document."""
        place = self.state / "buckets" / "bodies" / ref
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps([{"blockId": "a", "kind": "paragraph", "text": words}]))
        await self.tell(
            "content.document-updated",
            documentId=document,
            fromSequence=1,
            toSequence=2,
            bodyRef=ref,
            bodyChecksum="0" * 64,
            title=title,
            editorIds=[],
            attachedFileIds=[],
            detachedFileIds=[],
            origin="edit",
        )

    async def within(self, action: Callable[[Context], Awaitable[None]]) -> None:
        """Work of the service itself in the organisation."""
        me = workload("search-service", self.organization)
        incoming = Incoming(principal=me, trace=Trace.new())
        write = Operation(id="test", access="workload", writes=True, timeout=30.0)
        await self.service.runtime.executor.run(write, incoming, action)

    async def graves(self) -> int:
        """How many tombstones the store holds."""
        runtime = self.service.runtime
        entries = runtime.aggregates["search-entry"].repository
        me = workload(runtime.spec.name, self.organization)
        incoming = Incoming(principal=me, trace=Trace.new())

        async def count(ctx: Context) -> int:
            return await entries.count(ctx, {"status": "tombstoned"})

        counting = Operation(id="count-graves", access="workload")
        return await runtime.executor.run(counting, incoming, count)

    async def events(self, name: str) -> list[Event]:
        async with self.service.runtime.database.transaction(write=True) as connection:
            await connection.execute(sa.update(outbox).values(occurred_at=datetime.now(UTC)))
        found = await self.service.published()
        return [each for each in found if each.type == f"cloudsync.content.{name}.v1"]


@asynccontextmanager
async def library(state: Path, **settings: Any) -> AsyncIterator[Library]:
    """A service in which people may ask as often as they like."""
    chosen = {**isolated(state), "queries_per_user": 1000, **settings}
    runtime = Runtime(SERVICE, ServiceSettings.model_validate(chosen))
    handlers = Handlers(runtime)
    async with running(build(runtime, handlers)) as service:
        yield Library(service, handlers, state)


def at(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
