"""Base of the generated clients: one method per operation on top of `call`."""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from opentelemetry.trace import SpanKind
from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from cloudsync_chassis import propagation, telemetry
from cloudsync_chassis.client.breaker import Breaker
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.client.policy import BreakerPolicy, Budget

R = TypeVar("R")
TokenSource = Callable[[], Awaitable[str | None]]

_RETRIED = frozenset({429, 502, 503, 504})
_FIRST_PAUSE = 0.025
_RESERVE = 0.01
_DEFAULT = Budget(timeout=10.0)


async def no_token() -> str | None:
    """For services that are called without one."""
    return None


class ServiceClient:
    """Calls one service: time-outs, retries within the deadline, breaker, propagation.

    `budgets` by operation come from the caller's edges; without one, ten seconds and no retry.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: TokenSource = no_token,
        budgets: Mapping[str, Budget] | None = None,
        breaker: BreakerPolicy | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, transport=transport, timeout=None)
        self._token = token
        self._budgets = budgets or {}
        self._breaker = Breaker(breaker or BreakerPolicy())

    async def call(self, request: Call, result: TypeAdapter[R]) -> R:
        """The typed answer.

        Raises:
            NoAnswerError: no answer within the budget.
            RefusedError: the callee refused.
        """
        response = await self.send(request)
        return result.validate_json(response.content or b"null", strict=False)

    async def send(self, request: Call) -> httpx.Response:
        """The successful answer as it came; raises as `call` does."""
        attributes = {"peer.service": request.service, "rpc.method": request.operation}
        name = f"{request.service} {request.operation}"
        with telemetry.span(name, SpanKind.CLIENT, None, attributes):
            response = await self._attempts(request)
        if response.is_success:
            return response
        raise RefusedError(request, response.status_code, _problem(response))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _attempts(self, request: Call) -> httpx.Response:
        budget = self._budgets.get(request.operation, _DEFAULT)
        left = budget.retries if request.repeatable else 0
        pause = _FIRST_PAUSE
        while True:
            outcome = await self._attempt(request, budget)
            if isinstance(outcome, httpx.Response) and outcome.status_code not in _RETRIED:
                return outcome
            wait = max(random.uniform(0, pause), _retry_after(outcome))
            if left == 0 or wait >= _time_left():
                return self._last(request, outcome)
            await asyncio.sleep(wait)
            left, pause = left - 1, pause * 2

    async def _attempt(self, request: Call, budget: Budget) -> httpx.Response | Exception:
        """An answer, or why there is none."""
        if not self._breaker.allow():
            return NoAnswerError(request, "circuit breaker is open")
        timeout = min(budget.timeout, _time_left())
        try:
            headers = await self._headers(request, timeout)
            async with asyncio.timeout(timeout):
                response = await self._http.send(self._build(request, headers))
        except (httpx.TransportError, TimeoutError) as error:
            self._breaker.record(False)
            return error
        self._breaker.record(response.status_code < 500)
        return response

    def _last(self, request: Call, outcome: httpx.Response | Exception) -> httpx.Response:
        if isinstance(outcome, httpx.Response):
            return outcome
        if isinstance(outcome, NoAnswerError):
            raise outcome
        reason = type(outcome).__name__
        raise NoAnswerError(request, reason) from outcome

    async def _headers(self, request: Call, timeout: float) -> dict[str, str]:
        headers = propagation.outgoing_headers()
        headers[propagation.TIMEOUT_HEADER] = str(max(1, int(timeout * 1000)))
        token = await self._token()
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        headers.update(
            {name: value for name, value in request.headers.items() if value is not None}
        )
        return headers

    def _build(self, request: Call, headers: dict[str, str]) -> httpx.Request:
        content = None
        if request.body is not None:
            headers["Content-Type"] = request.media
            content = json.dumps(request.body)
        query = {
            name: to_jsonable_python(value)
            for name, value in request.query.items()
            if value is not None
        }
        return self._http.build_request(
            request.method, request.url, params=query, headers=headers, content=content
        )


def _time_left() -> float:
    """Seconds for calls; the operation keeps some of its time for a fallback."""
    context = propagation.current.get()
    return max(0.0, context.deadline.remaining - _RESERVE) if context is not None else math.inf


def _retry_after(outcome: httpx.Response | Exception) -> float:
    text = outcome.headers.get("Retry-After", "") if isinstance(outcome, httpx.Response) else ""
    return float(text) if text.isascii() and text.isdigit() else 0.0


def _problem(response: httpx.Response) -> Mapping[str, Any]:
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
