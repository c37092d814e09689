"""What happens around every request: id, trace, size limit, headers, access log, last resort."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloudsync_chassis import faults, telemetry
from cloudsync_chassis.health import Health
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.logs import logger
from cloudsync_chassis.metrics.standard import METHODS, UNMATCHED, Standard
from cloudsync_chassis.problem import BODY_TOO_LARGE, REQUEST_TIMEOUT, UNAVAILABLE, Problem
from cloudsync_chassis.propagation import REQUEST_ID_HEADER, TRACE_HEADER, Trace
from cloudsync_chassis.settings import Settings
from cloudsync_chassis.web import problems

log = logger("http")

TRACE = "chassis.trace"

_SECURITY: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"cache-control", b"private, no-cache"),
]
_ID_LENGTH = 64
_PROBES = ("/health/", "/metrics", "/.well-known/", "/openapi.")


class Envelope:
    """The outermost layer."""

    def __init__(self, app: ASGIApp, settings: Settings, health: Health, metrics: Standard) -> None:
        self._app = app
        self._max = settings.max_body_bytes
        self._patience = settings.body_timeout
        self._base = settings.problem_base
        self._health = health
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        trace = Trace.parse(headers.get(TRACE_HEADER)) or Trace.new()
        scope[TRACE] = trace
        asked = telemetry.asked()
        request_id = _request_id(headers.get(REQUEST_ID_HEADER.lower()))
        exchange = _Exchange(scope, send, request_id, self._health)
        self._metrics.active.add(1)
        try:
            await self._app(scope, self._limited(headers, receive, exchange), exchange.send)
        except Exception as error:
            if exchange.status:
                raise  # too late for an answer
            await self._refuse(faults.of_exception(error), scope, receive, exchange)
        except asyncio.CancelledError:
            if exchange.status or not self._health.stopping:
                raise
            # the grace is over: who still waits had better ask another replica
            gone = Problem(UNAVAILABLE, headers={"Retry-After": "1"})
            await self._refuse(gone, scope, receive, exchange)
        finally:
            self._metrics.active.add(-1)
            exchange.measured(self._metrics)
        exchange.traced(asked, trace)
        exchange.finished(trace)

    async def _refuse(
        self, problem: Problem, scope: Scope, receive: Receive, exchange: _Exchange
    ) -> None:
        scope[problems.PROBLEM] = problem.kind.slug
        answer = problems.response(problem, self._base, scope["path"])
        await answer(scope, receive, exchange.send)

    def _limited(self, headers: dict[str, str], receive: Receive, exchange: _Exchange) -> Receive:
        """Refuses a body that is announced or turns out to be too large, or dawdles."""
        announced = headers.get("content-length", "0")
        too_large = announced.isdigit() and int(announced) > self._max
        whole = False
        until = asyncio.get_running_loop().time() + self._patience

        async def limited() -> Message:
            nonlocal whole
            if too_large:
                raise BODY_TOO_LARGE(f"at most {self._max} bytes")
            if whole:
                return await receive()
            message = await _in_time(receive, until)
            whole = not message.get("more_body", False)
            exchange.received += len(message.get("body", b""))
            if exchange.received > self._max:
                raise BODY_TOO_LARGE(f"at most {self._max} bytes")
            return message

        return limited


async def _in_time(receive: Receive, until: float) -> Message:
    try:
        async with asyncio.timeout_at(until):
            return await receive()
    except TimeoutError as error:
        raise Problem(REQUEST_TIMEOUT, headers={"Connection": "close"}) from error


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, send: Send, request_id: str, health: Health) -> None:
        self._scope = scope
        self._send = send
        self._request_id = request_id
        self._health = health
        self._began = time.perf_counter()
        self.status = self.received = self._sent = 0

    async def send(self, message: Message) -> None:
        """Pass the answer on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [
                *message.get("headers", ()),
                *_SECURITY,
                (b"x-request-id", self._request_id.encode("latin-1")),
            ]
            if self._health.stopping:
                message["headers"].append((b"connection", b"close"))
        self._sent += len(message.get("body", b""))
        await self._send(message)

    @property
    def _route(self) -> str | None:
        route: Any = self._scope.get("route")
        return getattr(route, "path", None)

    def measured(self, metrics: Standard) -> None:
        """Count it, unless it was a probe: those are many, and nobody's requests."""
        route = self._route or UNMATCHED
        if route.startswith(_PROBES):
            return
        seconds = time.perf_counter() - self._began
        method, status = self._scope["method"], self.status or 499
        metrics.answered(method, route, status, seconds, self.received, self._sent)
        problem = self._scope.get(problems.PROBLEM)
        if problem is not None:
            metrics.refused(problem, self.status)

    def traced(self, asked: telemetry.Asked, trace: Trace) -> None:
        """Give it a span if it was refused without one; it is called as its operation, or by its
        method where it has none (OpenTelemetry, Semantic conventions for HTTP spans, "Name").
        """
        problem = self._scope.get(problems.PROBLEM)
        if problem is not None:
            verb = self._scope["method"]
            verb = verb if verb in METHODS else "_OTHER"
            attributes = {"http.request.method": verb}
            if self._route is not None:
                attributes["http.route"] = self._route
            route: Any = self._scope.get("route")
            carried = verb in (getattr(route, "methods", None) or ())
            name = route.name if carried else verb.replace("_OTHER", "HTTP")
            telemetry.refused(asked, name, trace, attributes, problem, self.status)

    def finished(self, trace: Trace) -> None:
        """One log line."""
        log.info(
            "request",
            method=self._scope["method"],
            route=self._route,
            status=self.status,
            milliseconds=round((time.perf_counter() - self._began) * 1000, 2),
            request_id=self._request_id,
            trace_id=trace.trace_id,
        )


def _request_id(given: str | None) -> str:
    """The caller's id if it is harmless, else a new one."""
    if given and len(given) <= _ID_LENGTH and given.isascii() and given.isprintable():
        return given
    return str(uuid7())
