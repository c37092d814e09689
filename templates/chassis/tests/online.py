"""A shop that answers GraphQL, and what tests ask of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bookshop import SERVICE, BookSettings
from bookshop import graphql as schema
from bookshop.graphql import PATH, ShopOnline
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Caller, Running, running

CALL = Call(service="other-shop", operation="getBook", method="GET", path="/v1/books")
LIST = "mutation($book: BookInput!, $key: String) { listBook(input: $book, clientMutationId: $key) \
{ id status tags version } }"


@dataclass
class Online:
    """A shop that answers GraphQL."""

    running: Running
    service: ShopOnline

    async def ask(
        self, query: str | None, caller: Caller | None = None, **members: Any
    ) -> dict[str, Any]:
        """The whole answer to one request."""
        headers = members.pop("headers", {}) | (caller.headers if caller else {})
        variables = members.pop("variables", {})
        body = {"query": query, "variables": variables, **members}
        answer = await self.running.http.post(PATH, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def listed(self, caller: Caller, **fields: Any) -> str:
        book = {"title": "Emma", "priceMinor": 700, **fields}
        found = await self.ask(LIST, caller, variables={"book": book})
        assert "errors" not in found, found
        made: str = found["data"]["listBook"]["id"]
        return made


@asynccontextmanager
async def online(settings: BookSettings) -> AsyncIterator[Online]:
    """The shop, started."""
    runtime = Runtime(SERVICE, settings)
    service = ShopOnline(runtime)
    async with running(schema.build(runtime, service)) as started:
        yield Online(started, service)


def problems(found: dict[str, Any]) -> list[tuple[int, str]]:
    """(status, slug) of each error."""
    told = [each["extensions"] for each in found["errors"]]
    return [(each["status"], each["type"].rpartition("/")[2]) for each in told]
