"""Passing a request on: its headers, its attempts, and what an upstream's silence means."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import httpx
from cloudsync_chassis.client.breaker import Breaker
from cloudsync_chassis.problem import (
    DEADLINE_EXCEEDED,
    DEPENDENCY_FAILED,
    UNAVAILABLE,
    Problem,
    ProblemType,
)

from .answers import Answer, Headers
from .generated.models import GatewayRoute

NAME = "api-gateway"

_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"}
    | {"te", "trailer", "transfer-encoding", "upgrade"}
)
"""RFC 9110 §7.6.1."""
_OURS = frozenset(
    {"authorization", "content-length", "cookie", "expect", "forwarded", "host", "traceparent"}
    | {"via", "x-api-key", "x-forwarded-client-cert", "x-forwarded-for", "x-forwarded-host"}
    | {"x-forwarded-proto", "x-organization-id", "x-request-id", "x-timeout-ms"}
)
"""Headers that say who somebody is or where they come from: these are said here alone."""
_ENVELOPE = frozenset(
    {"cache-control", "content-length", "content-security-policy", "cross-origin-resource-policy"}
    | {"date", "referrer-policy", "server", "strict-transport-security", "x-content-type-options"}
    | {"x-request-id"}
)
"""Headers that every answer is given anyway."""
_AGAIN = frozenset({502, 503, 504})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PAUSE = 0.05
_LARGEST = 64 * 1024 * 1024


class SilenceError(Exception):
    """An attempt has no answer; `kind` is what the caller is told of it."""

    def __init__(self, kind: ProblemType) -> None:
        super().__init__(kind.slug)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Request:
    """A request to an upstream; `deadline`: seconds that all attempts have together."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    deadline: float = 30.0


@dataclass(slots=True)
class Timing:
    """Seconds that upstreams took, all attempts together."""

    upstream: float = 0.0


@dataclass
class Line:
    """What stands between us and one upstream: connections, a breaker, places."""

    http: httpx.AsyncClient
    breaker: Breaker
    places: int
    in_use: int = field(default=0)

    async def send(self, route: GatewayRoute, request: Request, timing: Timing) -> Answer:
        """The upstream's answer, whatever it is, after as many attempts as the route allows.

        Raises:
            Problem: `unavailable`, `deadline-exceeded`, `dependency-failed`.
        """
        if self.in_use >= self.places:
            raise Problem(UNAVAILABLE, headers={"Retry-After": "1"})
        loop = asyncio.get_running_loop()
        until = loop.time() + request.deadline
        self.in_use += 1
        try:
            for attempt in range(route.retry_attempts + 1):
                began, last = loop.time(), attempt == route.retry_attempts
                timeout = min(route.timeout_ms / 1000, until - began)
                try:
                    answer = await self._attempt(request, timeout)
                    if answer.status not in _AGAIN or last:
                        return answer
                except SilenceError as error:
                    if last:
                        raise Problem(error.kind) from error
                finally:
                    timing.upstream += loop.time() - began
                await asyncio.sleep(random.uniform(0, _PAUSE * 2**attempt))
        finally:
            self.in_use -= 1
        raise Problem(DEADLINE_EXCEEDED)

    async def _attempt(self, request: Request, timeout: float) -> Answer:
        permit = self.breaker.allow()
        if permit is None:
            raise SilenceError(UNAVAILABLE)
        healthy = False
        try:
            if timeout <= 0:
                raise TimeoutError
            async with asyncio.timeout(timeout):
                answer = await self._once(request)
            healthy = answer.status < 500
        except (TimeoutError, httpx.TimeoutException) as error:
            raise SilenceError(DEADLINE_EXCEEDED) from error
        except httpx.HTTPError as error:
            raise SilenceError(DEPENDENCY_FAILED) from error
        finally:
            self.breaker.record(permit, healthy)
        return answer

    async def _once(self, request: Request) -> Answer:
        """The answer; asked again where the upstream closed a kept connection just as we took it,
        for what bears repetition (RFC 9112 §9.3.1, RFC 9110 §9.2.2).
        """
        try:
            return await self._passed(request)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if request.method not in _SAFE and "idempotency-key" not in request.headers:
                raise
        return await self._passed(request)

    async def _passed(self, request: Request) -> Answer:
        wish = self.http.build_request(
            request.method, request.url, headers=dict(request.headers), content=request.body
        )
        response = await self.http.send(wish, stream=True)
        try:
            body = bytearray()
            # as it came: what the upstream has packed stays packed
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > _LARGEST:
                    raise SilenceError(DEPENDENCY_FAILED)
        finally:
            await response.aclose()
        return Answer(response.status_code, kept(response.headers.multi_items()), bytes(body))


def kept(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers of an answer that are the upstream's business and not this connection's; what it
    says of caching is kept for us to read.
    """
    told = [(name.lower(), value) for name, value in headers]
    named = {e.strip().lower() for n, v in told if n == "connection" for e in v.split(",")}
    hidden = _HOP_BY_HOP | named | (_ENVELOPE - {"cache-control"})
    return tuple((name, value) for name, value in told if name not in hidden)


def shown(headers: Headers) -> list[tuple[str, str]]:
    """Headers of an answer as a client is given them."""
    return [(name, value) for name, value in headers if name not in _ENVELOPE]


def passed_on(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers of a request that go on, without any that only we may say."""
    told = [(name.lower(), value) for name, value in headers]
    named = {e.strip().lower() for n, v in told if n == "connection" for e in v.split(",")}
    found: dict[str, str] = {}
    for name, value in told:
        if name not in _HOP_BY_HOP | named | _OURS:
            found[name] = f"{found[name]}, {value}" if name in found else value
    return found
