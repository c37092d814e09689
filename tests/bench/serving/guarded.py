"""What a service written by hand does around each request: a token proven by its signature, a
tenant and its rate, a span that is exported, two series, one line of JSON in the log, the headers
that every answer has.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import structlog
from fastapi import FastAPI, HTTPException, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bench.serving.caller import Caller

ISSUER, AUDIENCE = "https://auth.cloudsync.example", "document-service"


RATE, BURST = 100_000.0, 100_000.0
"""Requests a second that a tenant may make, and at once: more than anybody makes here."""

_MAY = {"member", "guest", "org-admin"}
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"cache-control", b"private, no-cache"),
]


class Guard:
    """Proves callers by the issuer's published keys, each time, as the library's guide does, and
    counts them against their tenant's rate.
    """

    def __init__(self, keys: Path) -> None:
        self._keys = KeySet.import_key_set(json.loads(keys.read_bytes()))
        self._left: dict[UUID, tuple[float, float]] = {}

    def _admit(self, tenant: UUID) -> None:
        now = time.monotonic()
        left, since = self._left.get(tenant, (BURST, now))
        left = min(BURST, left + (now - since) * RATE)
        if left < 1:
            raise HTTPException(429)
        self._left[tenant] = left - 1, now

    def caller(self, request: Request) -> Caller:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        registry = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
        )
        try:
            claims = jwt.decode(token, self._keys, algorithms=["ES256"]).claims
            registry.validate(claims)
            caller = Caller(UUID(claims["sub"]), UUID(claims["org"]))
        except (JoseError, ValueError, KeyError) as error:
            raise HTTPException(401) from error
        self._admit(caller.organization)
        if not _MAY & set(claims["roles"]):
            raise HTTPException(403)
        return caller


class Observed:
    """A span, two series and a line in the log for each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = structlog.get_logger("http")
        self._tracer = trace.get_tracer("plain")
        self._count = Counter("requests_total", "Requests.", ("method", "route", "status"))
        self._seconds = Histogram("request_seconds", "Their time.", ("method", "route", "status"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, request_id = time.perf_counter(), 500, str(uuid4())

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                named = (b"x-request-id", request_id.encode())
                message["headers"] = [*message.get("headers", ()), *_HEADERS, named]
            await send(message)

        with self._tracer.start_as_current_span("request", kind=trace.SpanKind.SERVER) as span:
            await self._app(scope, receive, noted)
            trace_id = f"{span.get_span_context().trace_id:032x}"
        seconds = time.perf_counter() - began
        route = getattr(scope.get("route"), "path", "unmatched")
        labels = scope["method"], route, str(status)
        self._count.labels(*labels).inc()
        self._seconds.labels(*labels).observe(seconds)
        told = {"method": labels[0], "route": route, "status": status, "trace_id": trace_id}
        told["request_id"] = request_id
        self._log.info("request", milliseconds=round(seconds * 1000, 2), **told)


def observe(app: FastAPI, keys: Path) -> Callable[[Request], Caller]:
    """Have its requests told of; what proves their callers."""
    provider = TracerProvider(resource=Resource.create({"service.name": "plain"}))
    provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter()))
    trace.set_tracer_provider(provider)
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        cache_logger_on_first_use=True,
    )
    app.add_middleware(Observed)
    return Guard(keys).caller
