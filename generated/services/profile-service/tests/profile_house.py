"""People of one organisation with their profiles, and what tests ask of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from cloudsync_chassis.testing import Caller
from profile_service.generated.testing import Running, started
from pydantic_core import to_jsonable_python


@dataclass
class House:
    """A running service and one organisation."""

    service: Running
    state: Path
    id: UUID

    def caller(self, role: str = "member", subject: UUID | None = None) -> Caller:
        return self.service.caller(role, organization=self.id, subject=subject)

    async def ask(
        self, verb: str, path: str, by: Caller, body: Any = None, **headers: str
    ) -> httpx.Response:
        given = by.headers | headers
        return await self.service.http.request(verb, f"/v1{path}", json=body, headers=given)

    async def tell(self, name: str, domain: str = "user", **data: Any) -> None:
        plain = to_jsonable_python(data)
        await self.service.tell(f"cloudsync.{domain}.{name}.v1", plain, self.id)

    async def person(self, **fields: Any) -> Caller:
        """Somebody with an open profile that says this."""
        who = self.caller()
        await self.open(who.subject)
        if fields:
            assert (await self.update(who, **fields)).status_code == 200
        return who

    async def shown(self, **fields: Any) -> Caller:
        """Somebody with a published profile."""
        who = await self.person(**({"givenName": "Ann", "familyName": "Lee"} | fields))
        published = await self.ask("POST", f"/profiles/{who.subject}/publish", who)
        assert published.status_code == 200, published.text
        return who

    async def open(self, user_id: UUID) -> None:
        await self.tell(
            "user-created",
            userId=user_id,
            kind="employee",
            locale="en-US",
            timeZone="Etc/UTC",
            provisioningSource="scim",
        )

    async def update(self, who: Caller, **fields: Any) -> httpx.Response:
        version = (await self.profile(who))["version"]
        match = {"If-Match": f'"{version}"'}
        return await self.ask("PATCH", f"/profiles/{who.subject}", who, fields, **match)

    async def profile(self, who: Caller, by: Caller | None = None) -> dict[str, Any]:
        answer = await self.ask("GET", f"/profiles/{who.subject}", by or who)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def field(self, key: str, **fields: Any) -> httpx.Response:
        body = {"label": {"en": key}, "dataType": "text", **fields}
        return await self.ask("PUT", f"/profile-fields/{key}", self.caller("org-admin"), body)

    async def events(self, name: str) -> list[dict[str, Any]]:
        found = await self.service.published()
        return [dict(each.data) for each in found if each.type == f"cloudsync.user.{name}.v1"]

    def upload(self, owner: UUID, content: bytes = b"\x89PNG\r\n\x1a\n...") -> str:
        """An uploaded file that was found clean."""
        folder = self.state / "profile-service" / "pictures" / str(owner)
        folder.mkdir(parents=True, exist_ok=True)
        name = str(uuid4())
        (folder / name).write_bytes(content)
        return name

    async def picture(self, who: Caller, file_id: str) -> httpx.Response:
        body = {"fileId": file_id, "crop": {"left": 0, "top": 0, "size": 64}}
        return await self.ask("PUT", f"/profiles/{who.subject}/avatar", who, body)


def slug(answer: httpx.Response) -> str:
    """What the problem document names, with its status."""
    name = str(answer.json().get("type", "")).rpartition("/")[2]
    return f"{answer.status_code} {name}"


@asynccontextmanager
async def house(state: Path) -> AsyncIterator[House]:
    async with started(state) as service:
        yield House(service, state, service.caller().organization)
