"""What a caller does when the callee gives no answer: fail, omit, default, cached, queue."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from cloudsync_chassis import propagation
from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.logs import logger

R = TypeVar("R")
Attempt = Callable[[], Awaitable[R]]

log = logger("fallback")

_OMITTED = "omitted"


async def omit(attempt: Attempt[R]) -> R | None:
    """The answer, or None: the caller's own answer goes out without it."""
    return await _instead(attempt, None, _OMITTED)


async def default(attempt: Attempt[R], value: R) -> R:
    """The answer, or `value`."""
    return await _instead(attempt, value, "default")


def used(kind: str, error: CallError) -> None:
    """Say that a fallback stands in for an answer."""
    log.warning("fallback_used", kind=kind, error=error)
    error.observer.stood_in(kind)
    missing = propagation.left_out.get()
    if kind == _OMITTED and missing is not None:
        missing.add(error.call.service)


async def _instead(attempt: Attempt[R], value: R, kind: str) -> R:
    try:
        return await attempt()
    except CallError as error:
        if not error.retriable:
            raise
        used(kind, error)
        return value


class Cached(Generic[R]):
    """The last good answer by key, for at most `max_age` seconds; keeps `size` of them."""

    def __init__(
        self,
        max_age: float,
        size: int = 1000,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_age = max_age
        self._size = size
        self._now = now
        self._answers: dict[str, tuple[float, R]] = {}

    async def call(self, key: str, attempt: Attempt[R]) -> R:
        """The answer, or the one kept under `key` if it is young enough.

        Raises:
            CallError: neither.
        """
        try:
            answer = await attempt()
        except CallError as error:
            kept = self._answers.get(key)
            if not error.retriable or kept is None or self._now() - kept[0] > self._max_age:
                raise
            used("cached", error)
            return kept[1]
        self._answers.pop(key, None)
        while len(self._answers) >= self._size:
            self._answers.pop(next(iter(self._answers)))
        self._answers[key] = (self._now(), answer)
        return answer
