"""For tests of services: a service in this process, callers with tokens, a clean state folder."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import httpx
from pydantic import TypeAdapter
from pydantic_core import to_json

from cloudsync_chassis import clock, testing_databases
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.late import Result, reader
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.bus import InProcessBus
from cloudsync_chassis.events.consumer import ANY
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import Kind, Principal
from cloudsync_chassis.web.framework import FastAPI

if TYPE_CHECKING:
    from cloudsync_chassis.graphql.asker import GraphqlAsker
    from cloudsync_chassis.rpc.asking import RpcAsker
    from cloudsync_chassis.rpc.server import RpcServer


Q = TypeVar("Q")
R = TypeVar("R")

_PATIENCE = 30.0


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

    A gRPC service answers at `address`, on a free port of this machine; `rpc` asks it. `graphql`
    asks fields of a schema.
    """

    def __init__(
        self,
        runtime: Runtime,
        http: httpx.AsyncClient,
        address: str = "",
        rpc: RpcAsker | None = None,
        graphql: GraphqlAsker | None = None,
    ) -> None:
        self.runtime = runtime
        self.http = http
        self.address = address
        self.rpc = rpc
        self.graphql = graphql

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
        assurance: str | None = None,
        session: str | None = None,
    ) -> Caller:
        """A caller of a new organisation, or of the one given.

        `factors` (RFC 8176, `mfa`) were shown `factor_age` seconds ago; policies ask for them,
        for `assurance` and `session`, and for the issuer's `attributes`.
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
            assurance,
            session,
        )
        token = self.runtime.identity.issuer().issue(principal, [self.runtime.spec.name])
        return Caller(subject, organization, token)

    async def ask(
        self,
        operation: Operation,
        method: Callable[[Context, Q], Awaitable[R]],
        request: Q,
        caller: Caller,
        source_ip: str | None = None,
    ) -> R:
        """What a method of the port answers somebody, whatever adapter it is for: their token is
        proven, they are admitted, and what it wrote has committed.

        Raises:
            Problem: the refusal.
        """
        runtime = self.runtime
        principal = await runtime.identity.caller(caller.headers["Authorization"])
        runtime.executor.admit(operation, principal)
        incoming = Incoming(principal=principal, trace=Trace.new(), source_ip=source_ip)
        return await runtime.executor.run(operation, incoming, lambda ctx: method(ctx, request))

    def answers(self, service: str, operation: str, answer: Any) -> None:
        """From now on another service answers an operation so, without a network.

        `answer`: JSON, an exception to raise, or a function from the `Call` to either.
        """
        client: Any = self.runtime.clients[service]
        known: dict[str, Any] = vars(client).setdefault("canned", {})
        if not known:
            client.call = _Canned(known, client.call)
        known[operation] = answer

    def later(self, by: timedelta) -> None:
        """From now on it is later, for whatever the service does and writes."""
        clock.advance(by)

    async def tell(
        self,
        event_type: str,
        data: Mapping[str, Any],
        organization: UUID | None,
        subject: str = "",
        *,
        topic: str = "",
    ) -> Event:
        """Publish an event that the service consumes, and return once it has been handled. `topic`:
        of what it collects without knowing its type.

        Raises:
            AssertionError: nothing consumes it, or its handler gave it up.
        """
        bus = self.runtime.bus
        topics = {
            each.topic
            for each in self.runtime.subscriptions
            if each.type == event_type or (each.type == ANY and each.topic == topic)
        }
        assert isinstance(bus, InProcessBus), "only on the bus of this process"
        assert topics, f"{self.runtime.spec.name} does not consume {event_type}"
        event = Event(
            id=uuid7(),
            type=event_type,
            source="/test",
            topic=min(topics),
            subject=subject or str(uuid7()),
            time=clock.now(),
            organization_id=organization,
            data=data,
        )
        await bus.publish([event])
        async with asyncio.timeout(_PATIENCE):
            await self.settle()
        dead = any(each.id == event.id and each.topic != event.topic for each in bus.log)
        assert not dead, f"{event_type} was given up; the log says why"
        return event

    async def settle(self) -> None:
        """Return once the service has handled all that it and others have published so far, and
        what came of it: steps of sagas, and what handlers left to be done after them (in-process
        bus only).
        """
        bus = self.runtime.bus
        assert isinstance(bus, InProcessBus), "only on the bus of this process"
        work = self.runtime.work
        consumed = (*self.runtime.subscriptions, *self.runtime.sagas.subscriptions())
        topics = {each.topic for each in consumed}
        while True:
            await work.settle()
            while await self.runtime.relay.publish_once():
                pass
            told = len(bus.log)
            waiting = [each for each in bus.log if each.topic in topics]
            if all(bus.handled(self.runtime.spec.name, each) for each in waiting):
                await self.runtime.sagas.watch(self.runtime.executor.consume)
                # the service's own relay may have published meanwhile what is not handled yet
                more = await self.runtime.relay.publish_once() or len(bus.log) > told
                if not more and work.settled:
                    return
            await asyncio.sleep(0.005)

    async def tick(self, *jobs: str) -> None:
        """Let the clock do what is due by now, with all that comes of it; of the jobs named, if
        any, also what is not due. In tests the clock does nothing by itself.
        """
        await self.runtime.work.do(jobs)
        await self.settle()

    async def published(self) -> list[Event]:
        """All events on the bus, in clear, once the outbox is empty (in-process bus only)."""
        while await self.runtime.relay.publish_once():
            pass
        bus = self.runtime.bus
        log = bus.log if isinstance(bus, InProcessBus) else []
        return [self.runtime.seals.open(each) for each in log]


class _Canned:
    """Answers in place of a client's `call`."""

    def __init__(self, known: Mapping[str, Any], otherwise: Any) -> None:
        self._known = known
        self._otherwise = otherwise

    async def __call__(self, request: Call, result: TypeAdapter[Any] | Result[Any]) -> Any:
        if request.operation not in self._known:
            return await self._otherwise(request, result)
        answer = self._known[request.operation]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        return reader(result).validate_json(to_json(answer), strict=False)


@asynccontextmanager
async def running(app: FastAPI | RpcServer) -> AsyncIterator[Running]:
    """Start the application, stop it at the end."""
    runtime: Runtime = app.state.runtime if isinstance(app, FastAPI) else app.runtime
    try:
        async with testing_databases.lent(runtime), _started(app) as found:
            yield found
    finally:
        clock.reset()


@asynccontextmanager
async def _started(app: FastAPI | RpcServer) -> AsyncIterator[Running]:
    if not isinstance(app, FastAPI):
        from cloudsync_chassis.rpc.asking import RpcAsker  # gRPC is an extra

        async with app, httpx.AsyncClient() as http:
            address = f"127.0.0.1:{app.port}"
            async with aclosing(RpcAsker(address, app.enum_names)) as rpc:
                yield Running(app.runtime, http, address, rpc)
        return
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service") as http,
    ):
        runtime: Runtime = app.state.runtime
        asker = None
        if runtime.fields is not None:
            from cloudsync_chassis.graphql.asker import GraphqlAsker  # GraphQL is an extra

            asker = GraphqlAsker(runtime.fields, http)
        yield Running(runtime, http, graphql=asker)


def isolated(state: Path) -> dict[str, Any]:
    """Arguments for a service's settings: everything below `state`, events in this process, free
    ports, and no limit to what one tenant may ask in a second.

    With `CHASSIS_TEST_DATABASES` the store is a database of its own on that server.
    """
    url = testing_databases.address(state)
    return {
        **({"database_url": url} if url else {}),
        "environment": "test",
        "state_dir": state,
        "bus": "memory",
        "port": 0,
        "metrics_port": 0,
        "rate_limit_per_second": 0,
        "jobs": False,
    }
