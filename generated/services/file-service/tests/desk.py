"""Steps that the tests share: a service, people of one organisation, and files of theirs."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.system import outbox
from cloudsync_chassis.testing import Caller, Running, isolated, running
from file_service import local_objects
from file_service.edge import edge
from file_service.generated.app import build
from file_service.generated.service import SERVICE
from file_service.generated.settings import ServiceSettings
from file_service.handlers import Handlers

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


class Desk:
    """A running service, the storage beside it, and the people of one organisation."""

    def __init__(self, service: Running, handlers: Handlers, storage: httpx.AsyncClient) -> None:
        self.service = service
        self.handlers = handlers
        self.storage = storage
        self.organization = uuid7()
        self.ann = self.person("member")
        self.bob = self.person("member")

    def person(self, *roles: str) -> Caller:
        return self.service.caller(*roles, organization=self.organization)

    async def ask(
        self, method: str, path: str, body: Any = None, by: Caller | None = None, **headers: str
    ) -> httpx.Response:
        sent = {**(by or self.ann).headers, **headers}
        if method == "POST":
            sent.setdefault("Idempotency-Key", str(uuid7()))
        return await self.service.http.request(method, path, json=body, headers=sent)

    async def did(
        self, method: str, path: str, body: Any = None, by: Caller | None = None, **headers: str
    ) -> Any:
        answer = await self.ask(method, path, body, by, **headers)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def refused(
        self, method: str, path: str, body: Any = None, by: Caller | None = None, **headers: str
    ) -> str:
        answer = await self.ask(method, path, body, by, **headers)
        assert answer.status_code >= 400, answer.text
        return f"{answer.status_code} {str(answer.json()['type']).rpartition('/')[2]}"

    async def begun(self, content: bytes, media_type: str = "text/plain", **more: Any) -> Any:
        by = more.pop("by", None)
        name = more.pop("name", "notes.txt")
        body = {"fileName": name, "sizeBytes": len(content), "mediaType": media_type, **more}
        return await self.did("POST", "/v1/uploads", body, by)

    async def put(self, file: Any, content: bytes, by: Caller | None = None) -> Any:
        """Send the one part; what completing the upload would say."""
        body = {"firstPart": 1, "count": 1}
        signed = await self.did("POST", f"/v1/uploads/{file['id']}/parts", body, by)
        answer = await self.storage.put(signed["parts"][0]["address"], content=content)
        assert answer.status_code == 200
        digest = hashlib.sha256(content).hexdigest()
        part = {"number": 1, "etag": answer.headers["etag"], "sha256": digest}
        return {"contentSha256": digest, "parts": [part]}

    async def uploaded(self, content: bytes = b"words", *args: Any, **more: Any) -> Any:
        """A file that has gone through the scanner, as it is after that."""
        by = more.get("by")
        file = await self.begun(content, *args, **more)
        told = await self.put(file, content, by)
        await self.did("POST", f"/v1/uploads/{file['id']}/complete", told, by)
        await self.settle()
        return await self.file(file["id"], by)

    async def file(self, file_id: str, by: Caller | None = None) -> Any:
        return await self.did("GET", f"/v1/files/{file_id}", by=by)

    async def link(self, file: Any, by: Caller | None = None, **more: Any) -> Any:
        body = {"targetKind": "task", "targetId": str(uuid7()), **more}
        return await self.did("POST", f"/v1/files/{file['id']}/links", body, by)

    async def address(self, file: Any, by: Caller | None = None, **more: Any) -> Any:
        body = {"disposition": "attachment", **more}
        return await self.did("POST", f"/v1/files/{file['id']}/downloads", body, by)

    async def tell(self, name: str, data: Mapping[str, Any]) -> None:
        plain = {key: str(each) if isinstance(each, UUID) else each for key, each in data.items()}
        await self.service.tell(f"cloudsync.{name}.v1", plain, self.organization)

    async def settle(self) -> None:
        """Have everything handled, also what was told while the service was made to think that it
        is later: the relay goes by the clock of the machine.
        """
        async with self.service.runtime.database.transaction(write=True) as connection:
            await connection.execute(sa.update(outbox).values(occurred_at=datetime.now(UTC)))
        await self.service.settle()

    async def tick(self, *jobs: str) -> None:
        """Let the clock do what is due."""
        await self.service.tick(*jobs)
        await self.settle()

    async def events(self, name: str) -> list[Event]:
        await self.settle()
        found = await self.service.published()
        return [each for each in found if each.type == f"cloudsync.content.{name}.v1"]

    @property
    def buckets(self) -> Path:
        return self.service.runtime.settings.state_path("file-service", "objects")


@asynccontextmanager
async def desk(state: Path, **settings: Any) -> AsyncIterator[Desk]:
    """A service with its storage."""
    chosen = {**isolated(state), **settings}
    runtime = Runtime(SERVICE, ServiceSettings.model_validate(chosen))
    handlers = Handlers(runtime)
    transport = httpx.ASGITransport(app=edge(local_objects.local(runtime.settings)))
    async with (
        running(build(runtime, handlers)) as service,
        httpx.AsyncClient(transport=transport, base_url="https://storage") as storage,
    ):
        yield Desk(service, handlers, storage)


def at(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
