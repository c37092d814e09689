"""The bus over RabbitMQ: one exchange, a quorum queue for each consumer group and topic.

Messages are CloudEvents in structured mode. A queue has one active consumer at a time, which keeps
the events of a topic in order; other replicas stand by. RabbitMQ is no log: a group gets what is
published once its queue is there, and what it acknowledged is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any

import aio_pika
from aio_pika.abc import (
    AbstractChannel,
    AbstractExchange,
    AbstractIncomingMessage,
    AbstractQueue,
    AbstractRobustConnection,
)
from aio_pika.exceptions import ChannelInvalidStateError

from cloudsync_chassis.events import wire
from cloudsync_chassis.events.bus import DEAD_LETTERS, Delivery, NotALogError, Tail
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.queues import Queue

EXCHANGE = "events"
_PREFETCH = 50


@dataclass(slots=True)
class _Held:
    """What a group has been sent and has not acknowledged, by place, in the order of arrival."""

    channel: AbstractChannel
    messages: dict[int, tuple[AbstractIncomingMessage, Event]] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def acknowledge(self, last: Mapping[str, int]) -> None:
        """Of each of these topics everything up to this place.

        The broker is told at once of all before the first message that stays here, then one by one.
        """
        handled = [
            (place, message)
            for place, (message, event) in self.messages.items()
            if place <= last.get(event.topic, 0)
        ]
        staying = min(self.messages.keys() - {place for place, _ in handled}, default=None)
        first = [each for each in handled if staying is None or each[0] < staying]
        try:
            if first:
                await first[-1][1].ack(multiple=True)
            for _, message in handled[len(first) :]:
                await message.ack()
        except ChannelInvalidStateError:
            # the connection broke: the broker sends them again, and the inbox knows them
            self.messages.clear()
        for place, _ in handled:
            self.messages.pop(place, None)

    async def forget(self, *_: Any) -> None:
        """Of a channel that is no more."""
        self.messages.clear()


class _Tail:
    """What a channel is sent, until it breaks: nothing is kept for it meanwhile."""

    def __init__(self, channel: AbstractChannel, wait: float) -> None:
        self._channel = channel
        self._wait = wait
        self._arrived: list[Event] = []
        self._stroke = asyncio.Event()
        self._lost = False

    async def arrive(self, topic: str, message: AbstractIncomingMessage) -> None:
        """Keep a message until it is read."""
        place = f"{topic}/{message.message_id}"
        event = wire.read(topic, place, message.body, message.content_type or "", {})
        self._arrived.append(event)
        self._stroke.set()

    async def lost(self, *_: Any) -> None:
        """The channel is no more."""
        self._lost = True
        self._stroke.set()

    async def events(self) -> list[Event]:
        """See `Tail.events`.

        Raises:
            ConnectionError: the channel has broken.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(self._wait):
                await self._stroke.wait()
        if self._lost:
            raise ConnectionError("the channel is closed")
        self._stroke.clear()
        found, self._arrived = self._arrived, []
        return found

    async def close(self) -> None:
        """See `Tail.close`."""
        await self._channel.close()


class RabbitBus:
    """Waits at most `wait` seconds a fetch.

    `queues`: work queues of the model, by name; they are published to and taken from as they are.
    `kept`: topics whose events wait for somebody to ask, in a queue of the topic's name: dead
    letters.
    """

    is_log = False

    def __init__(
        self,
        url: str,
        queues: Iterable[Queue] = (),
        kept: Iterable[str] = (),
        wait: float = 1.0,
    ) -> None:
        self._url = url
        self._queues: Mapping[str, Queue] = {each.name: each for each in queues}
        self._kept = set(kept) - self._queues.keys()
        self._wait = wait
        self._connection: AbstractRobustConnection | None = None
        self._channel: AbstractChannel | None = None
        self._exchange: AbstractExchange | None = None
        self._default: AbstractExchange | None = None
        self._groups: dict[tuple[str, tuple[str, ...]], _Held] = {}
        self._places = count(1)

    async def start(self) -> None:
        """See `Bus.start`."""
        self._connection = await aio_pika.connect_robust(self._url)
        channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        self._exchange = await _exchange(channel)
        self._default = channel.default_exchange
        for queue in self._queues.values():
            await channel.declare_queue(queue.name, durable=True, arguments=_arguments(queue))
        self._channel = channel
        for topic in sorted(self._kept):
            await self._keep(topic)

    async def stop(self) -> None:
        """See `Bus.stop`."""
        connection, self._connection = self._connection, None
        self._groups.clear()
        if connection is not None:
            await connection.close()

    async def publish(self, events: Sequence[Event]) -> None:
        """See `Bus.publish`; the broker has confirmed each.

        Raises:
            ConnectionError: the bus has not been started.
        """
        if self._exchange is None or self._default is None:
            raise ConnectionError("the bus is not started")
        for event in events:
            if event.failure is not None and event.topic not in (*self._kept, *self._queues):
                await self._keep(event.topic)
            lasting = event.topic in self._queues or event.topic in self._kept
            exchange = self._default if event.topic in self._queues else self._exchange
            # an event that no group asks for is nobody's loss; a command or a dead letter would be
            await exchange.publish(_message(event), event.topic, mandatory=lasting)

    async def fetch(self, group: str, topics: Sequence[str], limit: int) -> list[Delivery]:
        """See `Bus.fetch`."""
        held = await self._held(group, tuple(topics))
        # messages arrive in callbacks, which a caller that never waits would keep out
        await asyncio.sleep(0)
        if not held.messages:
            held.arrived.clear()
            try:
                async with asyncio.timeout(self._wait):
                    await held.arrived.wait()
            except TimeoutError:
                return []
        first = list(held.messages.items())[:limit]
        return [Delivery(place, event) for place, (_, event) in first]

    async def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        """See `Bus.acknowledge`."""
        last: dict[str, int] = {}
        for each in deliveries:
            last[each.event.topic] = max(each.offset, last.get(each.event.topic, 0))
        for (name, _), held in self._groups.items():
            if name == group:
                await held.acknowledge(last)

    async def rewind(self, group: str, topic: str, since: datetime) -> int:
        """See `Bus.rewind`.

        Raises:
            NotALogError: always.
        """
        raise NotALogError("RabbitMQ keeps nothing that was handled")

    async def tail(self, topics: Sequence[str]) -> Tail:
        """See `Bus.tail`: a queue that goes with its reader."""
        if self._connection is None:
            raise ConnectionError("the bus is not started")
        channel = await self._connection.channel()
        tail = _Tail(channel, self._wait)
        channel.close_callbacks.add(tail.lost)
        for topic in topics:
            queue = await channel.declare_queue(exclusive=True, auto_delete=True)
            await queue.bind(await _exchange(channel), topic)
            await queue.consume(partial(tail.arrive, topic), no_ack=True)
        return tail

    async def _keep(self, topic: str) -> None:
        """Let the events of a topic wait for somebody to ask."""
        if self._channel is None or self._exchange is None:
            raise ConnectionError("the bus is not started")
        queue = await self._channel.declare_queue(topic, durable=True, arguments=_QUORUM)
        await queue.bind(self._exchange, topic)
        self._kept.add(topic)

    async def _held(self, group: str, topics: tuple[str, ...]) -> _Held:
        held = self._groups.get((group, topics))
        if held is None:
            if self._connection is None:
                raise ConnectionError("the bus is not started")
            channel = await self._connection.channel()
            held = self._groups[group, topics] = _Held(channel)
            await channel.set_qos(prefetch_count=self._prefetch(topics))
            # a new channel is sent again what the old one held
            channel.close_callbacks.add(held.forget)
            for topic in topics:
                queue = await self._queue(channel, group, topic)
                await queue.consume(partial(self._arrive, held, topic))
        return held

    async def _queue(self, channel: AbstractChannel, group: str, topic: str) -> AbstractQueue:
        if topic.endswith(DEAD_LETTERS) and topic not in self._queues:
            await self._keep(topic)
        if topic in self._queues or topic in self._kept:
            return await channel.get_queue(topic, ensure=False)
        arguments = {**_QUORUM, "x-single-active-consumer": True}
        queue = await channel.declare_queue(f"{group}.{topic}", durable=True, arguments=arguments)
        await queue.bind(await _exchange(channel), topic)
        return queue

    async def _arrive(self, held: _Held, topic: str, message: AbstractIncomingMessage) -> None:
        place = f"{topic}/{message.message_id}"
        event = wire.read(topic, place, message.body, message.content_type or "", {})
        held.messages[next(self._places)] = (message, event)
        held.arrived.set()

    def _prefetch(self, topics: Iterable[str]) -> int:
        asked = [self._queues[each].prefetch for each in topics if each in self._queues]
        return max(asked, default=_PREFETCH) or _PREFETCH


_QUORUM: dict[str, Any] = {"x-queue-type": "quorum"}


async def _exchange(channel: AbstractChannel) -> AbstractExchange:
    return await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.DIRECT, durable=True)


def _arguments(queue: Queue) -> dict[str, Any]:
    """As RabbitMQ names them; a queue that others have declared must be declared the same."""
    wanted = {
        "x-queue-type": queue.kind,
        "x-delivery-limit": queue.delivery_limit,
        "x-message-ttl": int(queue.ttl * 1000) if queue.ttl is not None else None,
        "x-max-length": queue.max_length,
        "x-dead-letter-exchange": "" if queue.dead_letter else None,
        "x-dead-letter-routing-key": queue.dead_letter or None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _message(event: Event) -> aio_pika.Message:
    return aio_pika.Message(
        wire.body(event),
        content_type=wire.STRUCTURED,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=str(event.id),
        timestamp=event.time,
        type=event.type,
    )
