"""The fallback `queue`: a call that got no answer is made later, through the outbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TypeVar
from uuid import UUID

from cloudsync_chassis import clock, ids
from cloudsync_chassis.client.attempts import Client
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.client.fallback import Attempt, used
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.consumer import Subscription
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.outbox import Outbox
from cloudsync_chassis.events.sealing import Seals
from cloudsync_chassis.problem import ProblemType

R = TypeVar("R")
QUEUED = "call.queued"

CALL_UNKNOWN = ProblemType("call-unknown", 422, "The call is none that is made here")


class CallQueue:
    """Keeps calls of one service; `clients`, by the callee's name, make them later, in order.

    They wait on the topics that their edges name. Each topic has a consumer of its own: while one
    callee is down, calls to others go on. Meanwhile they are sealed.
    """

    def __init__(
        self, service: str, outbox: Outbox, clients: Mapping[str, Client], seals: Seals
    ) -> None:
        self._service = service
        self._outbox = outbox
        self._seals = seals
        self._clients = clients

    def subscriptions(self) -> Iterator[Subscription]:
        """What consumers listen to, one of each topic; a call is tried again until it is older than
        its edge says, then, or when it is refused, it is a dead letter.
        """
        for topic in sorted({each for client in self._clients.values() for each in client.topics}):
            yield Subscription(topic, QUEUED, self.make, self._lasting)

    async def call(self, ctx: Context, attempt: Attempt[R]) -> R | None:
        """The answer, or None once the call is queued with the running operation's transaction."""
        try:
            return await attempt()
        except CallError as error:
            if not error.retriable:
                raise
            used("queued", error)
            await self.add(ctx, error.call)
            return None

    async def add(self, ctx: Context, call: Call) -> None:
        """Queue a call."""
        aggregate_id: UUID = ctx.principal.organization_id or ids.uuid7()
        event = Event(
            id=ids.uuid7(),
            type=QUEUED,
            source=f"/{self._service}",
            topic=self._clients[call.service].budget(call).topic,
            subject=str(aggregate_id),
            time=ctx.now,
            organization_id=ctx.principal.organization_id,
            traceparent=ctx.trace.header,
            data=asdict(call),
        )
        await self._outbox.append(ctx, aggregate_id, self._seals.close(event, ours=True))

    async def make(self, ctx: Context, event: Event) -> None:
        """Make a queued call.

        Raises:
            Problem: `call-unknown`: it is none that this service makes.
        """
        call = self._known(event)
        if call is None:
            raise CALL_UNKNOWN("no edge of the service leads there")
        await self._clients[call.service].send(call)

    def _lasting(self, event: Event) -> bool:
        call = self._known(event)
        if call is None:
            return False
        age = clock.now() - event.time
        return age.total_seconds() < self._clients[call.service].budget(call).max_age

    def _known(self, event: Event) -> Call | None:
        """The call, if its edge waits on this topic: a release may have dropped the edge since."""
        try:
            call = Call(**event.data)
        except TypeError:
            return None
        client = self._clients.get(call.service)
        return call if client is not None and client.budget(call).topic == event.topic else None
