"""Where requests are counted: in the memory of this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from cloudsync_chassis.rate.gcra import TICKS, Rate, Verdict, judge

_SWEPT_AT = 4096
"""Keys at which those that count for nothing any more are dropped for the first time."""


class Buckets(Protocol):
    """One count per key."""

    async def take(self, key: str, rate: Rate, cost: int = 1) -> Verdict:
        """Count a request, if it is admitted, for `cost` plain ones."""
        ...

    async def aclose(self) -> None:
        """Give back what is held."""
        ...


def _ticks() -> int:
    return time.monotonic_ns() * TICKS // 1_000_000_000


class MemoryBuckets:
    """Counts of this process alone: with several replicas each admits the whole rate."""

    def __init__(self, now: Callable[[], int] = _ticks) -> None:
        self._now = now
        self._until: dict[str, int] = {}
        self._sweep_at = _SWEPT_AT

    async def take(self, key: str, rate: Rate, cost: int = 1) -> Verdict:
        """See `Buckets.take`."""
        now = self._now()
        verdict = judge(rate, max(0, self._until.get(key, now) - now), cost)
        if verdict.admitted:
            self._until[key] = now + verdict.ahead
            if len(self._until) >= self._sweep_at:
                self._sweep(now)
        return verdict

    async def aclose(self) -> None:
        """See `Buckets.aclose`."""

    def _sweep(self, now: int) -> None:
        """A key whose burst is whole again counts as one that never came."""
        self._until = {key: until for key, until in self._until.items() if until > now}
        self._sweep_at = max(_SWEPT_AT, 2 * len(self._until))
