"""Who listens at the moment: how many subscriptions there are, and until when each may last."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from cloudsync_chassis.graphql.exchange import Exchange
from cloudsync_chassis.problem import UNAVAILABLE, Problem, ProblemType

TOO_MANY = ProblemType(
    "too-many-subscriptions", 429, "You listen to as many subscriptions as you may"
)
"""The caller ends one, or waits until a token of theirs does."""

_STREAMS = 500
"""Subscriptions at the same time; each holds a connection of its client and two tasks."""
_WAIT = "5"
_GRACE = 5.0
"""Seconds for the last words to a client."""

Whose = tuple[str, str]


class Listeners:
    """The subscriptions that a replica serves; a caller has `most` of them. Other services have as
    many as there is room for: they speak for many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[Whose] = Counter()

    def enter(self, exchange: Exchange) -> Whose:
        """Take a place, which `leave` gives back.

        Raises:
            Problem: `unavailable`: the replica is full; `too-many-subscriptions`.
        """
        if self._open.total() >= _STREAMS:
            raise Problem(UNAVAILABLE, headers={"Retry-After": "1"})
        whose = _whose(exchange)
        if exchange.principal.kind != "workload" and self._open[whose] >= self._most:
            raise Problem(TOO_MANY, headers={"Retry-After": _WAIT})
        self._open[whose] += 1
        return whose

    def leave(self, whose: Whose) -> None:
        """Give a place back."""
        self._open[whose] -= 1
        if not self._open[whose]:
            del self._open[whose]

    @property
    def open(self) -> int:
        """How many there are."""
        return self._open.total()


def _whose(exchange: Exchange) -> Whose:
    """Whoever has not signed in is known by where they come from."""
    principal = exchange.principal
    known = principal.subject if principal.authenticated else exchange.source_ip or ""
    return principal.kind, known


def left(exchange: Exchange) -> float | None:
    """Seconds until the caller's token ends; None without one."""
    ends = exchange.principal.expires_at
    return None if ends is None else max(0.0, ends - time.time())


class Heard(StreamingResponse):
    """Events, for which a place is held until they have ended, however they do."""

    listeners: Listeners
    whose: Whose
    lasts: float | None = None

    def held(self, listeners: Listeners, exchange: Exchange) -> Heard:
        """The response, with a place that it gives back.

        Raises:
            Problem: as `Listeners.enter` does.
        """
        self.lasts = left(exchange)
        self.listeners, self.whose = listeners, listeners.enter(exchange)
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them; a client that does not take them is cut off a moment after its token ends."""
        grace = None if self.lasts is None else self.lasts + _GRACE
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await super().__call__(scope, receive, send)
        finally:
            self.listeners.leave(self.whose)
