"""Runs an operation for any adapter: authorisation, deadline, span, transaction, idempotency."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from opentelemetry.trace import SpanKind

from cloudsync_chassis import propagation, telemetry
from cloudsync_chassis.context import Context, Deadline, Grant
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import DEADLINE_EXCEEDED, FORBIDDEN
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.access import Access, authorize, granting, holds
from cloudsync_chassis.security.guard import Policies
from cloudsync_chassis.security.policies import PolicyTable, Surroundings
from cloudsync_chassis.security.principal import Principal, workload
from cloudsync_chassis.store import idempotency
from cloudsync_chassis.store.database import Database
from cloudsync_chassis.store.idempotency import Answer, OvertakenError
from cloudsync_chassis.store.unit import Unit

T = TypeVar("T")

CONSUME = Operation(id="consume-event", access="workload", writes=True, timeout=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What an adapter read off a request. `digest` hashes the request for its idempotency key."""

    principal: Principal
    trace: Trace
    timeout: float | None = None
    idempotency_key: str | None = None
    if_match: frozenset[int] | None = None
    digest: str = ""
    source_ip: str | None = None


class Executor:
    """Runs operations of one service."""

    def __init__(
        self,
        service: str,
        database: Database,
        access: Access,
        policies: Policies | None = None,
        patience: float = 1.0,
    ) -> None:
        self._service = service
        self._database = database
        self._access = access
        self._patience = patience
        self.handled: Callable[[Event, float], None] = _unheard
        self._policies = policies or Policies(PolicyTable(), Surroundings())

    def admit(self, operation: Operation, principal: Principal) -> None:
        """Refuse a caller before the request is even read.

        Raises:
            Problem: `unauthenticated` or `forbidden`.
        """
        authorize(operation, principal, self._access)

    async def answer(
        self,
        operation: Operation,
        incoming: Incoming,
        action: Callable[[Context], Awaitable[Answer]],
    ) -> Answer:
        """The encoded answer; with an idempotency key the one given before, if there was one."""
        key = incoming.idempotency_key if operation.idempotency == "key" else None
        if key is None:
            return await self.run(operation, incoming, action)

        async def once(ctx: Context) -> Answer:
            given = await idempotency.replay(ctx, incoming.digest)
            if given is not None:
                ctx.grant.given = True
                return given
            answer = await action(ctx)
            await idempotency.keep(ctx, incoming.digest, answer)
            return answer

        return await self.run(operation, incoming, once)

    async def run(
        self,
        operation: Operation,
        incoming: Incoming,
        action: Callable[[Context], Awaitable[T]],
    ) -> T:
        """What `action` returns, once its transaction has committed.

        Where the same request committed first, the action runs again and finds what that one left.

        Raises:
            Problem: `deadline-exceeded`, `forbidden`, or whatever the action raises.
        """
        try:
            return await self._run(operation, incoming, action)
        except OvertakenError:
            pass
        try:
            return await self._run(operation, incoming, action)
        except OvertakenError as error:
            raise error.otherwise from error

    async def _run(
        self,
        operation: Operation,
        incoming: Incoming,
        action: Callable[[Context], Awaitable[T]],
    ) -> T:
        attributes = {
            "service.name": self._service,
            "enduser.kind": incoming.principal.kind,
        }
        with telemetry.span(operation.id, SpanKind.SERVER, incoming.trace, attributes) as running:
            trace = telemetry.ids_of(running, incoming.trace)
            deadline = Deadline.after(operation.timeout * self._patience).sooner(incoming.timeout)
            async with Unit(self._database, write=operation.writes) as unit:
                ctx = self._context(operation, replace(incoming, trace=trace), unit, deadline)
                return await self._within(ctx, action)

    async def consume(self, event: Event, action: Callable[[Context], Awaitable[None]]) -> None:
        """Handle an event as the service itself, in the event's tenant."""
        incoming = Incoming(
            principal=workload(self._service, event.organization_id),
            trace=Trace.parse(event.traceparent) or Trace.new(),
        )
        consume = replace(CONSUME, id=f"consume {event.type}")
        began = time.perf_counter()
        try:
            await self.run(consume, incoming, lambda ctx: action(replace(ctx, cause=event)))
        finally:
            self.handled(event, time.perf_counter() - began)

    def _context(
        self, operation: Operation, incoming: Incoming, unit: Unit, deadline: Deadline
    ) -> Context:
        principal = incoming.principal
        sure = not operation.relations or principal.kind != "user"
        return Context(
            operation=operation,
            principal=principal,
            unit=unit,
            deadline=deadline,
            trace=incoming.trace,
            idempotency_key=incoming.idempotency_key,
            if_match=incoming.if_match,
            grant=Grant(sure or holds(operation, principal, self._access)),
            guard=self._policies.guard(
                operation, principal, granting(operation, principal, self._access)
            ),
            source_ip=incoming.source_ip,
        )

    async def _within(self, ctx: Context, action: Callable[[Context], Awaitable[T]]) -> T:
        token = propagation.current.set(ctx)
        try:
            async with asyncio.timeout(ctx.deadline.remaining):
                if ctx.guard is not None:
                    await ctx.guard.begin(ctx)
                result = await action(ctx)
        except TimeoutError as error:
            raise DEADLINE_EXCEEDED() from error
        finally:
            propagation.current.reset(token)
        require_grant(ctx)
        return result


def _unheard(event: Event, seconds: float) -> None:
    del event, seconds


def require_grant(ctx: Context) -> None:
    """Refuse what neither a role nor a relation has granted, or what needs a permit still.

    Raises:
        Problem: `forbidden`.
    """
    if not ctx.grant.given or (ctx.guard is not None and ctx.guard.owed):
        raise FORBIDDEN(f"{ctx.operation.id} was not granted")
