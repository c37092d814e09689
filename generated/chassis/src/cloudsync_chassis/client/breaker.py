"""Circuit breaker: closed, open, half-open."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from cloudsync_chassis.client.policy import BreakerPolicy

State = Literal["closed", "open", "half-open"]


class Breaker:
    """One per callee. Ask `allow` before a call, then say `record`."""

    def __init__(self, policy: BreakerPolicy, now: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._now = now
        self._results: deque[tuple[float, bool]] = deque()
        self._opened_at: float | None = None
        self._probes = 0
        self._probed_at = 0.0

    @property
    def state(self) -> State:
        """The present state."""
        if self._opened_at is None:
            return "closed"
        waited = self._now() - self._opened_at
        return "half-open" if waited >= self._policy.open_for else "open"

    def allow(self) -> bool:
        """Whether a call may be made; in the half-open state only as many as there are probes."""
        state = self.state
        if state == "half-open":
            return self._probe()
        return state == "closed"

    def _probe(self) -> bool:
        """Whether one more probe may go; those that never told their outcome are forgotten."""
        now = self._now()
        if now - self._probed_at >= self._policy.open_for:
            self._probes = 0
        if self._probes >= self._policy.probes:
            return False
        self._probes, self._probed_at = self._probes + 1, now
        return True

    def record(self, success: bool) -> None:
        """The outcome of an allowed call."""
        if self._opened_at is not None:
            self._settle(success)
            return
        now = self._now()
        self._results.append((now, success))
        while self._results and self._results[0][0] < now - self._policy.window:
            self._results.popleft()
        if self._tripped():
            self._opened_at, self._probes = now, 0

    def _settle(self, success: bool) -> None:
        """A probe's outcome closes the breaker or opens it anew."""
        self._results.clear()
        self._probes = 0
        self._opened_at = None if success else self._now()

    def _tripped(self) -> bool:
        failures = sum(1 for _, success in self._results if not success)
        total = len(self._results)
        return total >= self._policy.requests and failures / total >= self._policy.failure_ratio
