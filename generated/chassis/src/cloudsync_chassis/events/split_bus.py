"""One bus for events and another for work queues: Kafka and RabbitMQ side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cloudsync_chassis.events.bus import Bus, Delivery, Tail
from cloudsync_chassis.events.envelope import Event


class SplitBus:
    """Topics whose names are those of `names` go by `queues`, all others by `events`."""

    is_log = True

    def __init__(self, events: Bus, queues: Bus, names: Iterable[str]) -> None:
        self._events = events
        self._queues = queues
        self._names = frozenset(names)

    async def start(self) -> None:
        """See `Bus.start`."""
        await self._events.start()
        await self._queues.start()

    async def stop(self) -> None:
        """See `Bus.stop`."""
        await self._queues.stop()
        await self._events.stop()

    async def publish(self, events: Sequence[Event]) -> None:
        """See `Bus.publish`."""
        for bus in (self._events, self._queues):
            mine = [each for each in events if self._of(each.topic) is bus]
            if mine:
                await bus.publish(mine)

    async def fetch(self, group: str, topics: Sequence[str], limit: int) -> list[Delivery]:
        """See `Bus.fetch`; topics of one kind only."""
        return await self._of(topics[0]).fetch(group, topics, limit)

    async def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        """See `Bus.acknowledge`."""
        for bus in (self._events, self._queues):
            mine = [each for each in deliveries if self._of(each.event.topic) is bus]
            if mine:
                await bus.acknowledge(group, mine)

    async def rewind(self, group: str, topic: str, since: datetime) -> int:
        """See `Bus.rewind`."""
        return await self._of(topic).rewind(group, topic, since)

    async def tail(self, topics: Sequence[str]) -> Tail:
        """See `Bus.tail`; topics of events only."""
        return await self._events.tail(topics)

    def _of(self, topic: str) -> Bus:
        return self._queues if topic in self._names else self._events
