"""The bus: topics are logs; each consumer group keeps its offset. Delivery is at least once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cloudsync_chassis.events.envelope import Event

DEAD_LETTERS = ".dlq"


def usual_dead_letters(*topics: str) -> dict[str, str]:
    """Topic or queue -> where its dead letters lie unless a model says otherwise."""
    return {each: each + DEAD_LETTERS for each in topics}


"""Ends the name of a topic's dead letters where the model names no topic for them."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event at its place in the log; `offset` counts within `partition`."""

    offset: int
    event: Event
    partition: int = 0


class NotALogError(RuntimeError):
    """The broker forgets what was acknowledged, so nothing can be read again."""


class Tail(Protocol):
    """Reads what is published from its beginning on, for one replica alone."""

    async def events(self) -> Sequence[Event]:
        """What has come since; empty if nothing does within a moment.

        Raises whatever says that events may have been missed; the tail is of no use then.
        """
        ...

    async def close(self) -> None:
        """Read no more."""
        ...


class Bus(Protocol):
    """What the relay and the consumers ask of a broker.

    `is_log`: whether what was handled stays there, and each group reads all of it.
    """

    is_log: bool

    async def start(self) -> None:
        """Connect."""
        ...

    async def stop(self) -> None:
        """Disconnect."""
        ...

    async def publish(self, events: Sequence[Event]) -> None:
        """Append to the events' topics, in order; returns when they are durable."""
        ...

    async def fetch(self, group: str, topics: Sequence[str], limit: int) -> list[Delivery]:
        """The next events of a group, in order; empty if there are none within a moment."""
        ...

    async def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        """The group has handled these, and whatever came before them in their topics' partitions.

        What was fetched and not acknowledged comes with the next `fetch` again.
        """
        ...

    async def rewind(self, group: str, topic: str, since: datetime) -> int:
        """Let the group, none of whose members may run, read again from `since` on.

        Returns how many events lie ahead of it now.

        Raises:
            NotALogError: the broker keeps nothing that was handled.
        """
        ...

    async def tail(self, topics: Sequence[str]) -> Tail:
        """Read from now on, beside all groups. Nobody keeps how far it has come: what is published
        while it is away it never sees.
        """
        ...


class InProcessBus:
    """A bus for tests: lists in memory."""

    is_log = True

    def __init__(self, wait: float = 0.05) -> None:
        self.log: list[Event] = []
        self._offsets: dict[tuple[str, str], int] = {}
        self._wait = wait
        self._arrived = asyncio.Event()

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to disconnect."""

    async def publish(self, events: Sequence[Event]) -> None:
        """See `Bus.publish`."""
        self.log.extend(events)
        self._arrived.set()

    async def fetch(self, group: str, topics: Sequence[str], limit: int) -> list[Delivery]:
        """See `Bus.fetch`."""
        found = self._pending(group, topics)[:limit]
        if found:
            return found
        self._arrived.clear()
        try:
            async with asyncio.timeout(self._wait):
                await self._arrived.wait()
        except TimeoutError:
            return []
        return self._pending(group, topics)[:limit]

    async def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        """See `Bus.acknowledge`."""
        for each in deliveries:
            place = (group, each.event.topic)
            self._offsets[place] = max(each.offset, self._offsets.get(place, 0))

    def handled(self, group: str, event: Event) -> bool:
        """Whether a group has acknowledged the event."""
        offset = self.log.index(event) + 1
        return self._offsets.get((group, event.topic), 0) >= offset

    async def rewind(self, group: str, topic: str, since: datetime) -> int:
        """See `Bus.rewind`."""
        places = [
            offset
            for offset, event in enumerate(self.log, 1)
            if event.topic == topic and event.time >= since
        ]
        self._offsets[group, topic] = places[0] - 1 if places else len(self.log)
        return len(self._pending(group, [topic]))

    async def tail(self, topics: Sequence[str]) -> Tail:
        """See `Bus.tail`."""
        return _LogTail(self.log, frozenset(topics), self._wait)

    def _pending(self, group: str, topics: Sequence[str]) -> list[Delivery]:
        return [
            Delivery(offset, event)
            for offset, event in enumerate(self.log, 1)
            if event.topic in topics and offset > self._offsets.get((group, event.topic), 0)
        ]


class _LogTail:
    """The end of a log in memory."""

    def __init__(self, log: Sequence[Event], topics: frozenset[str], wait: float) -> None:
        self._log = log
        self._topics = topics
        self._wait = wait
        self._seen = len(log)

    async def events(self) -> Sequence[Event]:
        """See `Tail.events`."""
        if self._seen == len(self._log):
            await asyncio.sleep(self._wait)
        found, self._seen = self._log[self._seen :], len(self._log)
        return [each for each in found if each.topic in self._topics]

    async def close(self) -> None:
        """Nothing to close."""
