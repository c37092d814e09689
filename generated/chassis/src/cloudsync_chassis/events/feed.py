"""What is published from now on, for whoever listens within this replica.

Every replica reads all of it, beside the groups that handle events, and keeps nothing: who listens
wants to know now, and reads what there is from where it stands.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from cloudsync_chassis.events.bus import Bus
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.events.sealing import SealError
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import ProblemType

EVENTS_MISSED = ProblemType("events-missed", 503, "Events may have been missed")
"""Who listens reads anew, and listens again."""

_WAITING = 100
"""Events that wait for a listener who takes their time."""
_PAUSE = 1.0

log = logger("feed")

Kind = tuple[str, str]
"""Topic and type."""


class Listener:
    """Waits for events of a kind and a tenant whose properties are as wanted; of a list of values
    one is enough.
    """

    def __init__(self, wanted: Mapping[str, Any]) -> None:
        self._wanted = wanted
        self._waiting: asyncio.Queue[Event | None] = asyncio.Queue(_WAITING)
        self._missed = False

    def tell(self, event: Event) -> None:
        """Have an event wait, if it is wanted."""
        if self._missed or not all(
            _fits(event.data.get(name), each) for name, each in self._wanted.items()
        ):
            return
        if self._waiting.full():
            self.lose()
        else:
            self._waiting.put_nowait(event)

    def lose(self) -> None:
        """Events are missing from here on."""
        self._missed = True
        if self._waiting.empty():
            self._waiting.put_nowait(None)

    async def events(self) -> AsyncIterator[Event]:
        """The events as they come, without a gap.

        Raises:
            Problem: `events-missed`: the bus was away, or they came faster than they were taken.
        """
        while not (self._missed and self._waiting.empty()):
            event = await self._waiting.get()
            if event is not None:
                yield event
        raise EVENTS_MISSED()


class Feed:
    """Reads the topics that are followed, once it runs."""

    def __init__(self, bus: Bus, opened: Callable[[Event], Event] = lambda event: event) -> None:
        self._bus = bus
        self._opened = opened
        self._kinds: set[Kind] = set()
        self._listeners: dict[tuple[Kind, UUID], set[Listener]] = defaultdict(set)
        self._reads = asyncio.Event()

    def follow(self, kind: Kind) -> None:
        """Have events of a kind be read, before it runs."""
        self._kinds.add(kind)

    @property
    def followed(self) -> frozenset[Kind]:
        """What is read."""
        return frozenset(self._kinds)

    @property
    def listening(self) -> int:
        """How many listen."""
        return sum(map(len, self._listeners.values()))

    async def reads(self) -> None:
        """Return once it reads: what is published from then on is told."""
        await self._reads.wait()

    @contextmanager
    def listen(
        self, kind: Kind, organization: UUID, wanted: Mapping[str, Any]
    ) -> Iterator[Listener]:
        """Listen to events of one tenant, to those of no other."""
        listener, place = Listener(wanted), (kind, organization)
        self._listeners[place].add(listener)
        try:
            yield listener
        finally:
            self._listeners[place].discard(listener)
            if not self._listeners[place]:
                del self._listeners[place]

    async def run(self) -> None:
        """Read until cancelled."""
        while self._kinds:
            try:
                await self._read()
            except Exception as error:
                log.warning("feed_failed", error=error)
            finally:
                self._reads.clear()
                self._lose()
            await asyncio.sleep(_PAUSE)

    async def _read(self) -> None:
        tail = await self._bus.tail(sorted({topic for topic, _ in self._kinds}))
        self._reads.set()
        try:
            while True:
                for event in await tail.events():
                    self._tell(event)
        finally:
            await tail.close()

    def _tell(self, event: Event) -> None:
        if event.organization_id is None:
            return
        listeners = self._listeners.get(((event.topic, event.type), event.organization_id))
        if not listeners:
            return
        try:
            clear = self._opened(event)
        except SealError as error:
            log.warning("event_not_opened", event_id=str(event.id), error=error)
            return
        for each in tuple(listeners):
            each.tell(clear)

    def _lose(self) -> None:
        for listeners in self._listeners.values():
            for each in listeners:
                each.lose()


def _fits(value: Any, wanted: Any) -> bool:
    return value in wanted if isinstance(wanted, list) else value == wanted
