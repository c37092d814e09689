"""Attempts at a call, whatever carries it: budget, retries within the deadline, breaker, bulkhead,
span.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from opentelemetry.trace import SpanKind

from cloudsync_chassis import propagation, telemetry
from cloudsync_chassis.client.breaker import Breaker
from cloudsync_chassis.client.bulkhead import Bulkhead
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import CallError, NoAnswerError, RefusedError
from cloudsync_chassis.client.observer import SILENT, Observer
from cloudsync_chassis.client.policy import BreakerPolicy, Budget
from cloudsync_chassis.client.retries import RetryBudget

A = TypeVar("A")
TokenSource = Callable[[], Awaitable[str | None]]

_FIRST_PAUSE = 0.025
_RESERVE = 0.01
_SHORTEST = 0.01
"""Seconds that a retry must have at least: what has less only adds load and ends without answer."""
_DEFAULT = Budget(timeout=10.0)


async def no_token() -> str | None:
    """For services that are called without one."""
    return None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[A]):
    """An answer, or the error to raise. `healthy`: whether the callee is; `pause` in seconds.

    `again`: whether another attempt may end otherwise. `closed`: the callee closed a connection
    that it had kept, as it does when it is renewed, and has most likely not read the request.
    """

    answer: A | None = None
    error: CallError | None = None
    healthy: bool = True
    again: bool = False
    pause: float = 0.0
    closed: bool = False


class Client(ABC):
    """Calls one service. `budgets` by operation come from the caller's edges; without one, ten
    seconds and no retry. At most `concurrent` calls are under way at once.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: TokenSource = no_token,
        budgets: Mapping[str, Budget] | None = None,
        breaker: BreakerPolicy | None = None,
        concurrent: int | None = None,
        observer: Observer = SILENT,
    ) -> None:
        self.base_url = base_url
        self._token = token
        self._budgets = budgets or {}
        self._observer = observer
        self.breaker = Breaker(breaker or BreakerPolicy(), turned=observer.turned)
        self.bulkhead = Bulkhead(concurrent)
        self.retries = RetryBudget()

    @abstractmethod
    async def send(self, request: Call) -> object:
        """The answer as it came.

        Raises:
            NoAnswerError: no answer within the budget.
            RefusedError: the callee refused.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Close the connections."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def budget(self, request: Call) -> Budget:
        """What the call may cost."""
        return self._budgets.get(request.operation, _DEFAULT)

    @property
    def topics(self) -> frozenset[str]:
        """Where calls wait that may have to be made later."""
        return frozenset(e.topic for e in self._budgets.values() if e.fallback == "queue")

    def timeout(self, request: Call) -> float:
        """Seconds for an attempt that begins now."""
        return min(self.budget(request).timeout, time_left())

    async def headers(self, request: Call, timeout: float) -> dict[str, str]:
        """What goes beside the request: trace, tenant, deadline, who we are."""
        found = propagation.outgoing_headers()
        found[propagation.TIMEOUT_HEADER] = str(max(1, int(timeout * 1000)))
        callers = propagation.acting_for.get()
        token = callers if callers is not None else await self._token()
        if token:
            found["Authorization"] = f"Bearer {token}"
        return found | {name: each for name, each in request.headers.items() if each is not None}

    async def attempts(self, request: Call, attempt: Callable[[float], Awaitable[Outcome[A]]]) -> A:
        """The answer of the first attempt that has one. Raises as `send` does."""
        with self.held(request):
            return await self.answered(request, attempt)

    @contextmanager
    def held(self, request: Call) -> Iterator[None]:
        """A place among the calls that may be under way; what fails within is told to observers.

        Raises:
            NoAnswerError: there is none.
        """
        try:
            with self.bulkhead.place(request, self._observer.refused):
                yield
        except CallError as error:
            error.observer = self._observer
            raise

    async def answered(self, request: Call, attempt: Callable[[float], Awaitable[Outcome[A]]]) -> A:
        """As `attempts`, of a call that is `held` already."""
        attributes = {"peer.service": request.service, "rpc.method": request.operation}
        name = f"{request.service} {request.operation}"
        began, status = time.perf_counter(), 0
        try:
            with telemetry.span(name, SpanKind.CLIENT, None, attributes):
                answer = await self._attempts(request, attempt)
            status = 200
        except CallError as error:
            status = error.status if isinstance(error, RefusedError) else 0
            raise
        finally:
            self._observer.ended(request, status, time.perf_counter() - began)
        return answer

    async def _attempts(
        self, request: Call, attempt: Callable[[float], Awaitable[Outcome[A]]]
    ) -> A:
        """Each attempt beyond the first is paid for, and is one of the edge's retries. Where it has
        none, one follows a closed connection all the same, within the time of the first (RFC 9112,
        9.3.1: a client may repeat such a request).
        """
        retries = self.budget(request).retries if request.repeatable else 0
        left = retries or int(request.repeatable)
        pause, began = _FIRST_PAUSE, time.perf_counter()
        self.retries.earn()
        outcome = await self._attempt(request, attempt)
        while outcome.error is not None:
            wait = 0.0 if outcome.closed else max(random.uniform(0, pause), outcome.pause)
            if time_left() <= 0:
                self._observer.out_of_time()
            allowed = left > 0 and (retries > 0 or outcome.closed)
            if not outcome.again or not allowed or not self._worthwhile(wait):
                raise outcome.error
            await asyncio.sleep(wait)
            left, pause = left - 1, pause * 2
            spent = 0.0 if retries else time.perf_counter() - began
            outcome = await self._attempt(request, attempt, spent)
            self._observer.retried(outcome.error is None)
        return outcome.answer  # type: ignore[return-value]

    def _worthwhile(self, wait: float) -> bool:
        """Whether a retry after `wait` seconds has time for an answer, and is paid for."""
        return wait + _SHORTEST <= time_left() and self.retries.spend()

    async def _attempt(
        self, request: Call, attempt: Callable[[float], Awaitable[Outcome[A]]], spent: float = 0.0
    ) -> Outcome[A]:
        permit = self.breaker.allow()
        if permit is None:
            return Outcome(error=NoAnswerError(request, "circuit breaker is open"))
        outcome = await attempt(max(0.0, self.timeout(request) - spent))
        self.breaker.record(permit, outcome.healthy)
        return outcome


def silent(request: Call, error: Exception, reason: str = "") -> Outcome[Any]:
    """No answer came."""
    failure = NoAnswerError(request, reason or type(error).__name__)
    failure.__cause__ = error
    return Outcome(error=failure, healthy=False, again=True)


def time_left() -> float:
    """Seconds for calls; the operation keeps some of its time for a fallback."""
    context = propagation.current.get()
    return max(0.0, context.deadline.remaining - _RESERVE) if context is not None else math.inf
