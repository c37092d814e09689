"""For tests of services: a service in this process, callers with tokens, a clean state folder."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from cloudsync_chassis.events.bus import InProcessBus
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import Kind, Principal

if TYPE_CHECKING:
    from cloudsync_chassis.rpc.server import RpcServer


@dataclass(frozen=True)
class Caller:
    """Somebody with a token."""

    subject: UUID
    organization: UUID
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """The header that proves it."""
        return {"Authorization": f"Bearer {self.token}"}


class Running:
    """A started service; `http` sends requests to it without a network.

    A gRPC service answers at `address`, on a free port of this machine.
    """

    def __init__(self, runtime: Runtime, http: httpx.AsyncClient, address: str = "") -> None:
        self.runtime = runtime
        self.http = http
        self.address = address

    async def ready(self) -> bool:
        """Whether the service would be sent requests."""
        return await self.runtime.health.ready()

    def caller(
        self,
        *roles: str,
        organization: UUID | None = None,
        subject: UUID | None = None,
        kind: Kind = "user",
        scopes: Iterable[str] = (),
        factors: Iterable[str] = (),
        factor_age: float = 0.0,
        attributes: Mapping[str, Any] | None = None,
    ) -> Caller:
        """A caller of a new organisation, or of the one given.

        `factors` (RFC 8176, `mfa`) were shown `factor_age` seconds ago; policies ask for them and
        for the issuer's `attributes`.
        """
        organization, subject = organization or uuid7(), subject or uuid7()
        shown = frozenset(factors)
        principal = Principal(
            str(subject),
            kind,
            organization,
            frozenset(roles),
            frozenset(scopes),
            shown,
            int(time.time() - factor_age) if shown else None,
            attributes or {},
        )
        token = self.runtime.identity.issuer().issue(principal, [self.runtime.spec.name])
        return Caller(subject, organization, token)

    async def published(self) -> list[Event]:
        """All events on the bus, once the outbox is empty (in-process bus only)."""
        while await self.runtime.relay.publish_once():
            pass
        bus = self.runtime.bus
        return list(bus.log) if isinstance(bus, InProcessBus) else []


@asynccontextmanager
async def running(app: FastAPI | RpcServer) -> AsyncIterator[Running]:
    """Start the application, stop it at the end."""
    if not isinstance(app, FastAPI):
        async with app, httpx.AsyncClient() as http:
            yield Running(app.runtime, http, f"127.0.0.1:{app.port}")
        return
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service") as http,
    ):
        yield Running(app.state.runtime, http)


def isolated(state: Path) -> dict[str, Any]:
    """Arguments for a service's settings: everything below `state`, events in this process."""
    return {"environment": "test", "state_dir": state, "bus": "memory", "port": 0}
