"""Steady load on two services of the second company: reads, writes, what follows from them by
events, and gRPC, each asked over connections that are kept and over new ones.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import httpx
from cloudsync_chassis.security.keys import KeyRing
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import TokenIssuer

from support.services import ISSUER
from support.steady import Steady

RECIPES = "/v1/recipes"
MERGE = {"Content-Type": "application/merge-patch+json"}
_RUN = "/zitrusgarten.selling.press.v1.PressService/Run"
_TIMEOUT = 30.0
_RETRYING = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["CANCELLED", "UNAVAILABLE"],
            },
        }
    ]
}
"""What comes while a gRPC server stops is told so and has not begun; clients repeat it, as those of
this house do (gRPC proposal A6). Each call has an idempotency key.
"""


def brewer(state: Path) -> str:
    """A token of somebody who may do everything, signed with the key of a state folder."""
    issuer = TokenIssuer(KeyRing(state / "keys").ensure(), ISSUER)
    who = Principal(str(uuid4()), "user", uuid4(), frozenset({"brewer"}))
    return issuer.issue(who, ["recipe", "lambda"])


def run_request(recipe: str, litres: int) -> bytes:
    """`RunRequest {recipe_id = 1, litres = 2}` as it goes over the wire (Protocol Buffers,
    Encoding), so that the caller knows of no version but its own.
    """
    text = recipe.encode()
    return b"\x0a" + bytes([len(text)]) + text + b"\x10" + bytes([litres])


class Load(Steady):
    """Four callers at once, each with its way to connect."""

    def __init__(self, recipes: str, presses: str, token: str) -> None:
        super().__init__()
        self.token = token
        self._recipes = recipes
        self._presses = presses.removeprefix("http://")

    def ask(self) -> None:
        """See `Steady.ask`."""
        asyncio.run(self._all())

    async def _all(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for ask in (self._kept, self._new, self._pressed, self._pressed_anew):
                tasks.create_task(ask())

    async def _kept(self) -> None:
        """Recipes are written, read, changed, listed and approved over kept connections."""
        async with self._http() as http:
            for number in self._rounds():
                body = {"title": f"kept {number}", "class": "sour", "lemons": 3}
                made = await self._ask(http, "POST", "", 201, json=body)
                url = f"/{made.get('id')}"
                await self._ask(http, "GET", url, 200)
                change = {**MERGE, "If-Match": '"1"'}
                await self._ask(http, "PATCH", url, 200, json={"lemons": 4}, headers=change)
                await self._ask(http, "POST", f"{url}/approve", 200)
                await self._ask(http, "GET", "", 200)

    async def _new(self) -> None:
        """Each request opens a connection of its own."""
        for number in self._rounds():
            async with self._http() as http:
                body = {"title": f"new {number}", "class": "sour"}
                made = await self._ask(http, "POST", "", 201, json=body)
            async with self._http() as http:
                await self._ask(http, "GET", f"/{made.get('id')}", 200)

    async def _pressed(self) -> None:
        async with self._channel() as channel:
            for _ in self._rounds():
                await self._press(channel, "Run")

    async def _pressed_anew(self) -> None:
        for _ in self._rounds():
            async with self._channel() as channel:
                await self._press(channel, "Run anew")
            await asyncio.sleep(0.02)

    def _rounds(self) -> Iterator[int]:
        for number in count():
            if self.over.is_set():
                return
            yield number

    def _channel(self) -> grpc.aio.Channel:
        """One with a connection of its own."""
        retrying = ("grpc.service_config", json.dumps(_RETRYING))
        own = ("grpc.use_local_subchannel_pool", 1)
        return grpc.aio.insecure_channel(self._presses, [own, retrying])

    def _http(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(base_url=self._recipes, headers=headers, timeout=_TIMEOUT)

    async def _ask(
        self, http: httpx.AsyncClient, method: str, path: str, expect: int, **more: Any
    ) -> dict[str, Any]:
        what = f"{method} {path[:1]}{path[37:]}".strip()
        asked = http.request(method, f"{RECIPES}{path}", **more)
        answer = await self._counted(what, asked)
        if answer is None:
            return {}
        if answer.status_code != expect:
            self.failed.append(f"{what}: {answer.status_code} {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    async def _press(self, channel: grpc.aio.Channel, what: str) -> None:
        rpc: Any = channel.unary_unary(_RUN)
        metadata = (("authorization", f"Bearer {self.token}"), ("idempotency-key", str(uuid4())))
        call = rpc(run_request(str(uuid4()), 5), timeout=_TIMEOUT, metadata=metadata)
        await self._counted(what, call)

    async def _counted(self, what: str, call: Awaitable[Any]) -> Any:
        try:
            found = await call
        except (httpx.TransportError, grpc.aio.AioRpcError) as error:
            self.failed.append(f"{what}: {error!r}")
            return None
        self.answered[what] += 1
        return found
