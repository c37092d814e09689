"""Work queues: commands for whichever replica is free, sent with the transaction that wants them.

RabbitMQ carries them as its own queues; every other bus as topics of the same names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from cloudsync_chassis import ids
from cloudsync_chassis.context import Context
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.outbox import Outbox
from cloudsync_chassis.events.sealing import Seals
from cloudsync_chassis.model import to_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue of the model.

    Attributes:
        delivery_limit: how often a command is tried before it is a dead letter.
        ttl: seconds after which a message that nobody took goes to `dead_letter`, or is dropped.
        max_length: messages that it holds at most.
        dead_letter: the queue for what failed or expired, empty for none.
        prefetch: commands that one replica of this service takes at a time; 0: it takes none.
    """

    name: str
    kind: Literal["quorum", "classic", "stream"] = "quorum"
    delivery_limit: int | None = None
    ttl: float | None = None
    max_length: int | None = None
    dead_letter: str = ""
    prefetch: int = 0


class WorkQueues:
    """What a service sends to queues, sealed; `brokered`: whether the bus knows queues itself."""

    def __init__(
        self,
        service: str,
        outbox: Outbox,
        queues: Iterable[Queue],
        brokered: bool,
        seals: Seals,
    ) -> None:
        self._seals = seals
        self._service = service
        self._outbox = outbox
        self._queues: Mapping[str, Queue] = {each.name: each for each in queues}
        self._brokered = brokered

    async def send(
        self,
        ctx: Context,
        queue: str,
        command: str,
        data: BaseModel | Mapping[str, Any],
        key: UUID | None = None,
    ) -> UUID:
        """Put a command into a queue once the running operation commits; the message's id.

        A queue that only holds messages back for its `ttl` (a retry queue) does so on every bus.
        `key` orders commands on a bus of topics; RabbitMQ hands them to whoever is free.

        Raises:
            KeyError: the service declares no such queue.
        """
        wanted, identity = self._queues[queue], ids.uuid7()
        held = wanted.ttl is not None and wanted.dead_letter != "" and not wanted.prefetch
        topic, due = queue, ctx.now
        if held and not self._brokered and wanted.ttl is not None:
            topic, due = wanted.dead_letter, ctx.now + timedelta(seconds=wanted.ttl)
        event = Event(
            id=identity,
            type=command,
            source=f"/{self._service}",
            topic=topic,
            subject=str(key or identity),
            time=ctx.now,
            organization_id=ctx.principal.organization_id,
            traceparent=ctx.trace.header,
            data=_plain(data),
        )
        sealed = self._seals.close(event, ours=self._comes_back(wanted))
        await self._outbox.append(ctx, identity, sealed, due=due)
        return identity

    def _comes_back(self, queue: Queue) -> bool:
        """Whether this service takes what is in it, once it is through with being held back."""
        seen: set[str] = set()
        while not queue.prefetch and queue.dead_letter in self._queues.keys() - seen:
            seen.add(queue.name)
            queue = self._queues[queue.dead_letter]
        return queue.prefetch > 0


def _plain(data: BaseModel | Mapping[str, Any]) -> Mapping[str, Any]:
    """Arguments as JSON has them: what an entity or body does not have has no key."""
    if isinstance(data, BaseModel):
        return to_record(data)
    return {k: to_record(v) if isinstance(v, BaseModel) else v for k, v in data.items()}
