"""Runs an operation for any adapter: authorisation, deadline, span, transaction, idempotency."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from opentelemetry.trace import SpanKind
from sqlalchemy.exc import DBAPIError

from cloudsync_chassis import propagation, telemetry
from cloudsync_chassis.context import Context, Deadline, Grant
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import DEADLINE_EXCEEDED, FORBIDDEN, VERSION_CONFLICT, Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.access import Access, authorize, granting, holds
from cloudsync_chassis.security.guard import Policies
from cloudsync_chassis.security.policies import PolicyTable, Surroundings
from cloudsync_chassis.security.principal import Principal, workload
from cloudsync_chassis.store import idempotency
from cloudsync_chassis.store.database import Database, gave_way
from cloudsync_chassis.store.idempotency import Answer, OvertakenError
from cloudsync_chassis.store.unit import Unit

T = TypeVar("T")

_ATTEMPTS = 4
_PAUSE = 0.02
"""Seconds, at most, before an action that was overtaken is run again; twice as many each time."""

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
    route: str = ""
    """What the adapter calls the operation: a path of the contract, or an RPC."""
    kind: SpanKind = SpanKind.SERVER
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What its span says by OpenTelemetry's semantic conventions."""


class Executor:
    """Runs operations of one service."""

    def __init__(
        self,
        service: str,
        database: Database,
        access: Access,
        answer_key: idempotency.KeyOf,
        policies: Policies | None = None,
        patience: float = 1.0,
    ) -> None:
        self._service = service
        self._database = database
        self._access = access
        self._answer_key = answer_key
        self._patience = patience
        self.handled: Callable[[Event, float], None] = _unheard
        self.decided: Callable[[str, str], None] = _unheard
        self.replayed: Callable[[str], None] = _unheard
        self._policies = policies or Policies(PolicyTable(), Surroundings())

    def admit(self, operation: Operation, principal: Principal) -> None:
        """Refuse a caller before the request is even read.

        Raises:
            Problem: `unauthenticated` or `forbidden`.
        """
        policy = "public" if operation.access == "public" else "roles"
        with self._refusals(policy):
            authorize(operation, principal, self._access)
        self.decided(policy, "allow")

    @contextmanager
    def _refusals(self, policy: str) -> Iterator[None]:
        """Tells who refused; problems name the policy where one of the model's did."""
        try:
            yield
        except Problem as problem:
            if problem.kind is FORBIDDEN:
                self.decided(str(problem.extensions.get("policy", policy)), "deny")
            raise

    async def answer(
        self,
        operation: Operation,
        incoming: Incoming,
        action: Callable[[Context], Awaitable[Answer]],
    ) -> Answer:
        """The encoded answer; with an idempotency key the one given before, if there was one."""
        keyed = operation.idempotency == "key" and incoming.idempotency_key is not None

        async def once(ctx: Context) -> Answer:
            given = None
            if keyed:
                known = idempotency.Request.of(incoming.digest, self._answer_key)
                ctx = replace(ctx, request=known.keyed)
                given = await idempotency.replay(ctx, incoming.digest, self._answer_key)
            answer = given or await action(ctx)
            telemetry.answered(incoming.attributes, answer.status)
            if given is not None:
                ctx.grant.given = True
                self.replayed(incoming.route or operation.id)
            elif keyed:
                await idempotency.keep(ctx, incoming.digest, answer, self._answer_key)
            return answer

        return await self.run(operation, incoming, once)

    async def run(
        self,
        operation: Operation,
        incoming: Incoming,
        action: Callable[[Context], Awaitable[T]],
        *,
        again: bool = True,
    ) -> T:
        """What `action` returns, once its transaction has committed.

        Where another one committed first, the action runs again and finds what that one left: the
        same request, one that changed what this one had read, one for which the database undid
        this one. Only a caller who said which version they had seen is told of a conflict at once.
        `again`: False if what the action does cannot be done twice.

        Raises:
            Problem: `deadline-exceeded`, `forbidden`, or whatever the action raises.
        """
        deadline = Deadline.after(operation.timeout * self._patience).sooner(incoming.timeout)
        kind, parent, attributes = incoming.kind, incoming.trace, incoming.attributes
        with telemetry.span(operation.id, kind, parent, attributes) as running:
            incoming = replace(incoming, trace=telemetry.ids_of(running, parent))
            if running.is_recording():
                running.set_attributes(self._told(incoming.principal))
            for attempt in range(_ATTEMPTS if again else 0):
                try:
                    return await self._run(operation, incoming, action, deadline)
                except (OvertakenError, Problem, DBAPIError) as error:
                    if not _was_overtaken(error, incoming):
                        raise
                pause = random.uniform(0, _PAUSE * 2**attempt)
                await asyncio.sleep(min(pause, deadline.remaining))
            try:
                return await self._run(operation, incoming, action, deadline)
            except OvertakenError as error:
                raise error.otherwise from error

    async def _run(
        self,
        operation: Operation,
        incoming: Incoming,
        action: Callable[[Context], Awaitable[T]],
        deadline: Deadline,
    ) -> T:
        async with Unit(self._database, write=operation.writes) as unit:
            ctx = self._context(operation, incoming, unit, deadline)
            with self._refusals("relation"):
                return await self._within(ctx, action)

    def _told(self, principal: Principal) -> dict[str, str]:
        """What spans say of callers: the service's own word for a tenant, that tells which spans
        are of the same and leads nobody to it; a workload's name.
        """
        told: dict[str, str] = {}
        if principal.organization_id is not None:
            tenant = self._answer_key(f"tenant {principal.organization_id}").hex()[:16]
            told = {"tenant.hash": tenant, "organization.hash": tenant}
        if principal.kind == "workload":
            told["caller.service"] = principal.subject
        return told

    async def consume(self, event: Event, action: Callable[[Context], Awaitable[None]]) -> None:
        """Handle an event as the service itself, in the event's tenant."""
        incoming = Incoming(
            principal=workload(self._service, event.organization_id),
            trace=Trace.parse(event.traceparent) or Trace.new(),
            kind=SpanKind.CONSUMER,
            attributes={
                "messaging.operation.type": "process",
                "messaging.destination.name": event.topic,
                "messaging.message.id": str(event.id),
            },
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
        for policy in ctx.guard.decides if ctx.guard is not None else ():
            self.decided(policy, "allow")
        return result


def _was_overtaken(error: Exception, incoming: Incoming) -> bool:
    """Whether the action may succeed when it runs again, because another one is over then."""
    if isinstance(error, Problem):
        return error.kind == VERSION_CONFLICT and incoming.if_match is None
    return isinstance(error, OvertakenError) or (isinstance(error, DBAPIError) and gave_way(error))


def _unheard(*told: object) -> None:
    del told


async def one_by_one(ctx: Context, results: AsyncIterator[T]) -> AsyncIterator[T]:
    """The results of an operation that answers with many; while one of them is sent, an operation
    that only reads holds no transaction.

    Raises:
        Problem: `forbidden`: nothing has granted it before the first one, and nothing sent comes
            back.
    """
    require_grant(ctx)
    await ctx.unit.rest()
    async for each in results:
        await ctx.unit.rest()
        yield each


def require_grant(ctx: Context) -> None:
    """Refuse what neither a role nor a relation has granted, or what needs a permit still.

    Raises:
        Problem: `forbidden`.
    """
    if not ctx.grant.given or (ctx.guard is not None and ctx.guard.owed):
        raise FORBIDDEN(f"{ctx.operation.id} was not granted")
