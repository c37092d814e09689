"""A bus whose publications are measured, sagas whose steps are counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

from cloudsync_chassis.events.bus import DEAD_LETTERS, Bus
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.metrics.standard import Standard
from cloudsync_chassis.sagas.runner import Sagas

Told = Callable[[Sequence[Event], float], None]


def publications(bus: Bus, metrics: Standard) -> Bus:
    """The bus as a relay sees it: how long the broker takes, by topic."""

    def told(events: Sequence[Event], seconds: float) -> None:
        for topic in {each.topic for each in events}:
            metrics.time("event_publish_duration_seconds", seconds, topic)

    return cast(Bus, _Watched(bus, told))


def dead_letters(bus: Bus, metrics: Standard) -> Bus:
    """The bus as a consumer sees it, which publishes nothing but what it gives up."""

    def told(events: Sequence[Event], seconds: float) -> None:
        del seconds
        for each in events:
            topic = each.topic.removesuffix(DEAD_LETTERS)
            metrics.count("dead_letters_total", topic, each.type)

    return cast(Bus, _Watched(bus, told))


def sagas(counted: Sagas, metrics: Standard) -> None:
    """Count what becomes of runs and steps."""
    counted.repeated = partial(metrics.count, "saga_steps_repeated_total")
    counted.abandoned = partial(metrics.count, "saga_steps_abandoned_total")
    counted.ended = metrics.saga_ended
    counted.undid = metrics.saga_undid


class _Watched:
    """Everything but `publish` is the bus' own."""

    def __init__(self, bus: Bus, told: Told) -> None:
        self._bus = bus
        self._told = told

    async def publish(self, events: Sequence[Event]) -> None:
        """See `Bus.publish`."""
        began = time.perf_counter()
        await self._bus.publish(events)
        self._told(events, time.perf_counter() - began)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)
