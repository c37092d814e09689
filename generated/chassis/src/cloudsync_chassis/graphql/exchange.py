"""One request, as the resolvers of its fields see it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.trace import SpanKind
from pydantic_core import to_json
from strawberry.dataloader import DataLoader

from cloudsync_chassis import headers as sent
from cloudsync_chassis.context import Deadline
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.graphql.limits import Asked
from cloudsync_chassis.graphql.toll import Weighed
from cloudsync_chassis.graphql.values import KEY, VERSION, Given
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import TENANT_HEADER, TIMEOUT_HEADER, Trace, timeout_seconds
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import refused
from cloudsync_chassis.store.idempotency import digest

_TOGETHER = 4
"""Fields of one request that are answered at the same time: a request is not to take all
connections of the database for itself.
"""

Thunk = Callable[[], Awaitable[Any]]


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A request whose caller is known. `trace` is that of its span once it is carried out."""

    principal: Principal
    token: str
    headers: Mapping[str, str]
    trace: Trace
    source_ip: str | None
    asked: Asked
    same: dict[tuple[str, bytes], Thunk] = field(default_factory=dict)
    weighed: Weighed = field(init=False)
    loader: DataLoader[tuple[str, bytes], Any] = field(init=False)
    joins: dict[str, DataLoader[Any, Any]] = field(default_factory=dict)
    places: asyncio.Semaphore = field(init=False)
    until: Deadline | None = field(init=False)
    """The caller's deadline, which all fields share."""

    def __post_init__(self) -> None:
        seconds = timeout_seconds(self.headers.get(TIMEOUT_HEADER.lower()))
        self.until = None if seconds is None else Deadline.after(seconds)
        self.loader = DataLoader(load_fn=self._load)
        self.weighed = Weighed(
            principal=self.principal,
            headers=self.headers,
            source_ip=self.source_ip,
            kind=self.asked.kind,
            cost=self.asked.extent.cost,
            depth=self.asked.extent.depth,
        )
        self.places = asyncio.Semaphore(_TOGETHER)

    async def once(self, place: str, given: Given, answer: Thunk) -> Any:
        """The answer of a query's field; to the same arguments the one that the request has been
        given already.
        """
        key = (place, _canonical(given))
        self.same.setdefault(key, answer)
        return await self.loader.load(key)

    async def joined(
        self, place: str, key: Any, load: Callable[[list[Any]], Awaitable[Any]], most: int
    ) -> Any:
        """What a field of an object is answered, asked for together with those of all others that
        are met at the same time, each once.
        """
        if place not in self.joins:
            self.joins[place] = DataLoader(load_fn=load, max_batch_size=most)
        return await self.joins[place].load(key)

    async def _load(self, keys: Sequence[tuple[str, bytes]]) -> list[Any]:
        answers = (self.placed(self.same[each]) for each in keys)
        return await asyncio.gather(*answers, return_exceptions=True)

    async def placed(self, answer: Thunk) -> Any:
        """The answer, with few others at the same time."""
        async with self.places:
            return await answer()

    def acting(self, operation: Operation) -> Principal:
        """The caller, in the tenant that the request names where the operation heeds that."""
        return sent.acting(self.principal, self.headers.get(TENANT_HEADER.lower()), operation)

    def incoming(self, operation: Operation, place: str, given: Given, name: str) -> Incoming:
        """What the executor needs to know; `name` is the field's in the answer.

        Raises:
            Problem: `validation-failed`.
        """
        key = self.key(given, name)
        return Incoming(
            principal=self.acting(operation),
            trace=self.trace,
            timeout=self.until.remaining if self.until is not None else None,
            idempotency_key=key,
            if_match=self.versions(operation, given),
            digest=digest(operation.id.encode(), _canonical(given)) if key else "",
            source_ip=self.source_ip,
            route=place,
            kind=SpanKind.INTERNAL,
        )

    def key(self, given: Given, name: str) -> str | None:
        """The idempotency key of a field: its own, or what follows from that of the request."""
        own = given.get(KEY)
        if own is not None:
            return sent.idempotency_key(str(own))
        key = sent.idempotency_key(self.headers.get("idempotency-key"))
        return digest(key.encode(), name.encode()) if key is not None else None

    def versions(self, operation: Operation, given: Given) -> frozenset[int] | None:
        """The version that a change is based on, by the argument or the header."""
        return sent.versions(self.tag(given), operation)

    def tag(self, given: Given) -> str | None:
        """The entity tag of that version."""
        version = given.get(VERSION)
        return f'"{version}"' if version is not None else self.headers.get("if-match")

    def known(self) -> None:
        """Refuse whoever has no token.

        Raises:
            Problem: `unauthenticated`.
        """
        if not self.principal.authenticated:
            raise refused()


def _canonical(given: Given) -> bytes:
    return to_json({name: given[name] for name in sorted(given)})
