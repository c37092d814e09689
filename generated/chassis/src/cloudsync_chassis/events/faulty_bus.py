"""A bus that does wrong on purpose: what a network and a broker may do, and the services must bear.

    {"seed": 7, "longest": 0.5, "services": {"order-service": {"drop": 0.2, "reorder": 0.3}}}

The file is read again whenever it changes, and may come and go while the services run. A share is
that of the publications or deliveries which it happens to. `slow`: they take up to `longest`
seconds more. `drop`: a publication fails and a delivery does not arrive, nor what follows it there.
`duplicate`: a publication arrives and its answer does not, a delivery comes twice. `reorder`: it
changes places with one of another aggregate. What a bus promises (`Bus`) it keeps all the same: at
least once, and what is of one aggregate in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cloudsync_chassis.events.bus import Bus, Delivery, Tail
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.logs import logger
from cloudsync_chassis.settings import Share

Kind = Literal["slow", "drop", "duplicate", "reorder"]
Place = tuple[str, str, int]
"""Group, topic, partition."""

_EMPTY_HANDED = 0.05
"""Seconds until who got nothing asks again."""

log = logger("faulty-bus")


class Shares(BaseModel):
    """Of the publications and deliveries of a service, 0 to 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slow: Share = 0.0
    drop: Share = 0.0
    duplicate: Share = 0.0
    reorder: Share = 0.0


class Plan(BaseModel):
    """What the file says. `longest` is in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 0
    longest: float = Field(default=0.5, ge=0, le=60)
    services: Mapping[str, Shares] = {}


class LostError(ConnectionError):
    """The publication or the word that it arrived has got lost."""


class FaultyBus:
    """`inner` with the faults that the file at `plan` has for `service`; none without a file."""

    def __init__(self, inner: Bus, plan: Path, service: str) -> None:
        self.is_log = inner.is_log
        self._inner = inner
        self._path = plan
        self._service = service
        self._seen = 0
        self._plan = Plan()
        self._random = Random()
        self._open: dict[Place, dict[int, Delivery]] = {}
        self._done: dict[Place, set[int]] = {}

    async def start(self) -> None:
        """See `Bus.start`."""
        await self._inner.start()

    async def stop(self) -> None:
        """See `Bus.stop`."""
        await self._inner.stop()

    async def publish(self, events: Sequence[Event]) -> None:
        """See `Bus.publish`.

        Raises:
            LostError: the events have not arrived, or nobody can tell that they have.
        """
        if not events:
            return
        if self._strikes("drop", "publish"):
            raise LostError("dropped")
        await self._dawdle("publish")
        await self._inner.publish(events)
        if self._strikes("duplicate", "publish"):
            raise LostError("the answer is dropped")

    async def fetch(self, group: str, topics: Sequence[str], limit: int) -> list[Delivery]:
        """See `Bus.fetch`."""
        found = await self._inner.fetch(group, topics, limit)
        if not found:
            return found
        await self._dawdle("fetch")
        arrived = self._arriving(found)
        if not arrived:
            await asyncio.sleep(_EMPTY_HANDED)
        self._hold_open(group, topics, arrived)
        return self._shuffled(self._doubled(arrived))

    async def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        """See `Bus.acknowledge`; held back while what came before has not been handled."""
        places: set[Place] = set()
        for each in deliveries:
            place = (group, each.event.topic, each.partition)
            if each.offset in self._open.get(place, {}):
                self._done.setdefault(place, set()).add(each.offset)
                places.add(place)
        handled = [each for place in sorted(places) for each in self._first_handled(place)]
        if handled:
            await self._inner.acknowledge(group, handled)

    async def rewind(self, group: str, topic: str, since: datetime) -> int:
        """See `Bus.rewind`."""
        return await self._inner.rewind(group, topic, since)

    async def tail(self, topics: Sequence[str]) -> Tail:
        """See `Bus.tail`; it promises nothing that could be broken."""
        return await self._inner.tail(topics)

    def _first_handled(self, place: Place) -> list[Delivery]:
        """What is open there no more: up to the first that has not been handled."""
        waiting, done = self._open[place], self._done[place]
        handled = list(takewhile(done.__contains__, sorted(waiting)))
        return [waiting.pop(offset) for offset in handled]

    def _arriving(self, found: Sequence[Delivery]) -> list[Delivery]:
        """Without what is lost and, lest it be acknowledged with it, what follows in its place."""
        lost: set[tuple[str, int]] = set()
        arrived = []
        for each in found:
            place = (each.event.topic, each.partition)
            if place not in lost and self._strikes("drop", each.event.topic):
                lost.add(place)
            if place not in lost:
                arrived.append(each)
        return arrived

    def _doubled(self, found: Sequence[Delivery]) -> list[Delivery]:
        many = []
        for each in found:
            many += [each, each] if self._strikes("duplicate", each.event.topic) else [each]
        return many

    def _shuffled(self, found: list[Delivery]) -> list[Delivery]:
        """Neighbours change places unless they are of one aggregate, so that its order stays."""
        for at in range(len(found) - 1):
            one, other = found[at], found[at + 1]
            apart = one.event.subject != other.event.subject
            if apart and self._strikes("reorder", one.event.topic):
                found[at], found[at + 1] = other, one
        return found

    def _hold_open(self, group: str, topics: Sequence[str], arrived: Sequence[Delivery]) -> None:
        """What was open there before comes with this fetch again, or was handled."""
        for place in [each for each in self._open if each[0] == group and each[1] in topics]:
            del self._open[place]
            self._done.pop(place, None)
        for each in arrived:
            place = (group, each.event.topic, each.partition)
            self._open.setdefault(place, {})[each.offset] = each

    async def _dawdle(self, where: str) -> None:
        if self._strikes("slow", where):
            await asyncio.sleep(self._random.uniform(0, self._plan.longest))

    def _strikes(self, kind: Kind, where: str) -> bool:
        """Whether it happens now."""
        shares = self._shares()
        share: float = getattr(shares, kind) if shares is not None else 0.0
        strikes = share > 0 and self._random.random() < share
        if strikes:
            log.warning("bus_fault", kind=kind, where=where)
        return strikes

    def _shares(self) -> Shares | None:
        """What the file says by now.

        Raises:
            pydantic.ValidationError: it says nothing that is a plan.
        """
        try:
            changed = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if changed != self._seen:
            self._plan = Plan.model_validate_json(self._path.read_bytes())
            self._random = Random(f"{self._plan.seed} {self._service}")
            self._seen = changed
        return self._plan.services.get(self._service)
