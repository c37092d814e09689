"""Call edges: a client's method, with what its caller does when no answer comes.

The generated `clients.py` of a service binds each edge of the model to one of these; the time-out,
the retries and the breaker are the client's. An edge that fails needs none: its error is answered
as 502 or 503.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, ParamSpec, TypeVar

from cloudsync_chassis import propagation
from cloudsync_chassis.client import fallback
from cloudsync_chassis.client.queue import CallQueue
from cloudsync_chassis.context import Context

P = ParamSpec("P")
R = TypeVar("R")


class Omitted(Generic[P, R]):
    """The answer, or None: the caller's own answer goes out without it."""

    def __init__(self, call: Callable[P, Awaitable[R]]) -> None:
        self._call = self.__wrapped__ = call

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R | None:
        """Make the call."""
        return await fallback.omit(lambda: self._call(*args, **kwargs))


class Defaulted(Generic[P, R]):
    """The answer, or what the caller gives as the first argument."""

    def __init__(self, call: Callable[P, Awaitable[R]]) -> None:
        self._call = call

    async def __call__(self, instead: R, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Make the call."""
        return await fallback.default(lambda: self._call(*args, **kwargs), instead)


class Cached(Generic[P, R]):
    """The answer, or the last one to the same arguments of the same tenant, if young enough.

    What was answered to a caller's own token is nobody else's.
    """

    def __init__(self, call: Callable[P, Awaitable[R]], max_age: float) -> None:
        self._call = self.__wrapped__ = call
        self._answers: fallback.Cached[R] = fallback.Cached(max_age)

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Make the call. Raises `CallError` where no answer is kept."""
        asking = propagation.acting_for.get()
        key = repr((_tenant(), asking, args, sorted(kwargs.items())))
        return await self._answers.call(key, lambda: self._call(*args, **kwargs))


class Queued(Generic[P, R]):
    """The answer, or None once the call is queued with the transaction of the context."""

    def __init__(self, call: Callable[P, Awaitable[R]], queue: CallQueue) -> None:
        self._call = call
        self._queue = queue

    async def __call__(self, ctx: Context, /, *args: P.args, **kwargs: P.kwargs) -> R | None:
        """Make the call."""
        return await self._queue.call(ctx, lambda: self._call(*args, **kwargs))


def _tenant() -> Any:
    context = propagation.current.get()
    return context.principal.organization_id if context is not None else None
