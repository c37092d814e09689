"""A running secret-service, two engineers, and what tests ask of it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from cloudsync_chassis import clock
from cloudsync_chassis.ids import PLATFORM, uuid7
from cloudsync_chassis.testing import Caller, Running
from secret_service.generated.testing import started

SERVICE = "cloudsync.platform.secret.v1.SecretService"
PATH = "payment-service/stripe/live-key"
VALUE = b"7f3a-original-value-that-nobody-guesses-Qx91Lm"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SCOPES = ("secret:read", "secret:lease", "secret:rotate", "data-key:use", "secret:create")


def at(by: timedelta = timedelta()) -> str:
    return (clock.now() + by).isoformat().replace("+00:00", "Z")


def plain(text: str) -> bytes:
    return base64.b64decode(text)


def coded(value: bytes) -> str:
    return base64.b64encode(value).decode()


@dataclass
class Vault:
    """The service and its callers; `people` are two security engineers."""

    service: Running
    state: Path
    people: list[Caller]

    def engineer(self) -> Caller:
        return self.service.caller(
            "security-engineer", organization=PLATFORM, subject=self.people[0].subject
        )

    def workload(self, name: str, organization: UUID = PLATFORM) -> dict[str, str]:
        """Headers of a service."""
        from cloudsync_chassis.security.principal import Principal

        principal = Principal(
            name, "workload", organization, frozenset({"workload"}), frozenset(SCOPES)
        )
        issuer = self.service.runtime.identity.issuer()
        token = issuer.issue(principal, [self.service.runtime.spec.name])
        return {"authorization": f"Bearer {token}", "x-organization-id": str(organization)}

    async def ask(
        self, rpc: str, body: Mapping[str, Any], by: Any = None, **metadata: str
    ) -> httpx.Response:
        assert self.service.rpc is not None
        caller = by or self.people[0]
        headers = caller.headers if isinstance(caller, Caller) else caller
        if isinstance(caller, str):
            headers = self.workload(caller)
        named = {name.replace("_", "-"): value for name, value in metadata.items()}
        return await self.service.rpc.ask(f"/{SERVICE}/{rpc}", body, {**headers, **named})

    async def done(self, rpc: str, body: Mapping[str, Any], by: Any = None, **metadata: str) -> Any:
        answer = await self.ask(rpc, body, by, **metadata)
        assert answer.is_success, answer.text
        found = answer.json()
        return next(iter(found.values())) if isinstance(found, dict) and len(found) == 1 else found

    async def refused(
        self, rpc: str, body: Mapping[str, Any], by: Any = None, **metadata: str
    ) -> str:
        answer = await self.ask(rpc, body, by, **metadata)
        assert not answer.is_success, answer.text
        return str(answer.json()["type"]).rpartition("/")[2]

    def wish(self, **more: Any) -> dict[str, Any]:
        known = {
            "path": PATH,
            "kind": "apiToken",
            "ownerService": "payment-service",
            "readerServices": ["payment-service"],
            "initialValue": coded(VALUE),
        }
        return {name: each for name, each in {**known, **more}.items() if each is not None}

    async def secret(self, **more: Any) -> Any:
        """A secret that is open to its readers."""
        made = await self.done("CreateSecret", self.wish(**more))
        return await self.done("ActivateSecret", {"secretId": made["id"]})

    async def get(self, by: Any = "payment-service", path: str = PATH, **more: Any) -> Any:
        return await self.done("GetSecret", {"path": path, **more}, by)

    async def value(self, by: Any = "payment-service", path: str = PATH, **more: Any) -> bytes:
        return plain((await self.get(by, path, **more))["value"])

    async def meta(self, path: str = PATH) -> Any:
        items = (await self.ask("ListSecrets", {}, self.engineer())).json()["items"]
        return next(each for each in items if each["path"] == path)

    async def run(self, secret: Any) -> Any:
        body = {"secretId": secret["id"]}
        return await self.done("GetRotationStatus", body, self.engineer())

    async def verify(self, secret: Any, by: str = "payment-service") -> Any:
        """A reader fetches the staged version and proves that it has it."""
        number = (await self.run(secret))["targetVersionNumber"]
        path = (await self.meta(secret["path"]))["path"]
        staged = await self.get(by, path, versionNumber=number)
        proof = {
            "secretId": secret["id"],
            "versionNumber": number,
            "fingerprint": staged["fingerprint"],
        }
        return await self.done("VerifySecretVersion", proof, by)

    async def later(self, by: timedelta) -> None:
        """It is later, and the clock has done what is due."""
        self.service.later(by)
        await self.service.tick("begin-rotations", "drive-rotations", "bury-versions")

    async def said(self, name: str) -> list[dict[str, Any]]:
        events = await self.service.published()
        return [dict(each.data) for each in events if f".{name}." in each.type]


def play(state: Path, scene: Callable[[Vault], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with started(state) as service:
            people = [
                service.caller("security-engineer", organization=PLATFORM, subject=uuid7())
                for _ in "ab"
            ]
            await scene(Vault(service, state, people))

    asyncio.run(whole())
