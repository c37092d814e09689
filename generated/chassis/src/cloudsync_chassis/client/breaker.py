"""Circuit breaker: closed, open, half-open."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from cloudsync_chassis.client.policy import BreakerPolicy

State = Literal["closed", "open", "half-open"]


def _unheard(state: State) -> None:
    del state


class Breaker:
    """One per callee. Ask `allow` for a permit before a call, then `record` how it ended.

    A permit is good for the era in which it was given; each change of state begins a new one. So
    what was under way when the breaker opened neither closes it nor counts among the probes.
    """

    def __init__(
        self,
        policy: BreakerPolicy,
        now: Callable[[], float] = time.monotonic,
        turned: Callable[[State], None] = _unheard,
    ) -> None:
        self._policy = policy
        self._now = now
        self._turned = turned
        self._state: State = "closed"
        self._era = 0
        self._results: deque[tuple[float, bool]] = deque()
        self._opened_at = 0.0
        self._probes = 0
        self._passed = 0
        self._probed_at = 0.0

    @property
    def state(self) -> State:
        """The present state."""
        if self._state == "open" and self._now() - self._opened_at >= self._policy.open_for:
            return "half-open"
        return self._state

    def allow(self) -> int | None:
        """A permit for a call, or None; when half-open there are as many as there are probes."""
        if self.state == "open":
            return None
        if self.state == "half-open" and not self._probe():
            return None
        return self._era

    def record(self, permit: int, success: bool) -> None:
        """The outcome of a permitted call."""
        if permit != self._era:
            return
        if self._state == "half-open":
            self._settle(success)
            return
        now = self._now()
        self._results.append((now, success))
        while self._results and self._results[0][0] < now - self._policy.window:
            self._results.popleft()
        if self._tripped():
            self._become("open")

    def _probe(self) -> bool:
        """Whether one more probe may go; those that never told their outcome are forgotten."""
        now = self._now()
        if self._state == "open":
            self._become("half-open")
        elif self._probes and now - self._probed_at >= self._policy.open_for:
            self._begin()
        if self._probes >= self._policy.probes:
            return False
        self._probes, self._probed_at = self._probes + 1, now
        return True

    def _settle(self, success: bool) -> None:
        """One probe that fails opens the breaker anew; it closes when all have passed."""
        self._passed += success
        if not success:
            self._become("open")
        elif self._passed >= self._policy.probes:
            self._become("closed")

    def _become(self, state: State) -> None:
        self._state = state
        self._opened_at = self._now()
        self._begin()
        self._turned(state)

    def _begin(self) -> None:
        self._era += 1
        self._results.clear()
        self._probes = self._passed = 0

    def _tripped(self) -> bool:
        failures = sum(1 for _, success in self._results if not success)
        total = len(self._results)
        return total >= self._policy.requests and failures / total >= self._policy.failure_ratio
