"""The door: every request that is none of the gateway's own, from its address to its answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import format_datetime
from types import SimpleNamespace

import httpx
from cloudsync_chassis import clock, telemetry
from cloudsync_chassis.client.breaker import Breaker
from cloudsync_chassis.client.policy import BreakerPolicy
from cloudsync_chassis.headers import client_address
from cloudsync_chassis.problem import (
    BODY_TOO_LARGE,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    RATE_LIMITED,
    UNAVAILABLE,
    Problem,
    ProblemType,
)
from cloudsync_chassis.propagation import REQUEST_ID_HEADER, TIMEOUT_HEADER, Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.web.middleware import TRACE
from opentelemetry.trace import SpanKind
from starlette.requests import Request as Incoming
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .answers import Answer, Place, may_be_kept, place_of
from .callers import Caller, Callers, same_person
from .documents_door import client_of
from .forwarding import NAME, Line, Request, Timing, passed_on, shown
from .generated.models import GatewayRoute, OnExceeded, RouteStatus
from .limits import Share
from .traffic import Counted

GONE = ProblemType("gone", 410, "The address has ended")

_DOTS = frozenset({".", ".."})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_CONNECTIONS = httpx.Limits(max_connections=256, max_keepalive_connections=64)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that has found its route and whose caller is known."""

    incoming: Incoming
    route: GatewayRoute
    caller: Caller
    share: Share | None
    address: str | None
    place: Place | None
    client: str

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's headers, by their names in lower case."""
        return self.incoming.headers

    @property
    def target(self) -> str:
        """Path and query, as they came."""
        return target_of(self.incoming)


class Door(Callers, Counted):
    """An ASGI application over the routes."""

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.transport: httpx.AsyncBaseTransport | None = None
        self._lines: dict[str, Line] = {}
        runtime.answer_otherwise(self.serve, self.close)

    async def close(self) -> None:
        """Tell the store what was counted, and end all connections to upstreams."""
        if self.runtime.health.started:
            await self.keep_counts()
        for line in self._lines.values():
            await line.http.aclose()
        await self.buckets.aclose()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse a connection that is none of HTTP."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        incoming = Incoming(scope, receive)
        try:
            response = await self._answer(incoming)
            await response(scope, receive, send)
        finally:
            await self.keep_counts_if_due()

    async def _answer(self, incoming: Incoming) -> Response:
        address = client_address(
            incoming.client.host if incoming.client else None,
            ",".join(incoming.headers.getlist("x-forwarded-for")),
            self.settings.trusted_proxies,
        )
        route = await self._route(incoming, address)
        incoming.scope["route"] = SimpleNamespace(path=route.path_pattern)
        attributes = {
            "http.request.method": incoming.method,
            "http.route": route.path_pattern,
            "gateway.route": route.name,
        }
        trace: Trace = incoming.scope[TRACE]
        with telemetry.span(route.name, SpanKind.SERVER, trace, attributes) as running:
            timing, began = Timing(), time.perf_counter()
            outcome, plan, client = "refused", "none", client_of(incoming.headers)
            try:
                asked = await self._asked(incoming, route, address, client)
                plan = asked.share.plan.plan_code.value if asked.share else plan
                traced = telemetry.ids_of(running, trace)
                response = await self._within_limits(asked, traced, timing)
                outcome = f"{response.status_code // 100}xx"
                telemetry.answered(attributes, response.status_code)
                return response
            except Exception as error:
                status = error.kind.status if isinstance(error, Problem) else 500
                outcome = f"{status // 100}xx"
                raise
            finally:
                self.count(route, outcome == "5xx")
                self.metrics.gateway_requests_total(
                    route=route.name,
                    org_plan=plan,
                    client=client,
                    outcome=outcome,
                    upstream=route.upstream_service,
                )
                added = max(0.0, time.perf_counter() - began - timing.upstream)
                self.metrics.gateway_added_latency_seconds(added, route=route.name, client=client)

    async def _route(self, incoming: Incoming, address: str | None) -> GatewayRoute:
        """The route that takes a request. Who asks is not known yet, so the side of a canary on
        which they fall follows from what they show, or from where they come.
        """
        if not _DOTS.isdisjoint(incoming.url.path.split("/")):
            raise NOT_FOUND("no such resource")  # whoever resolves them arrives elsewhere
        who = same_person(incoming.headers) or address or ""
        found = (await self.board()).ways.find(incoming.method, incoming.url.path, who)
        if found.route is not None:
            return found.route
        if found.methods and incoming.method not in found.methods:
            raise Problem(METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(found.methods)})
        if found.gone:
            raise GONE("callers were told of the end")
        raise NOT_FOUND("no such resource")

    async def _asked(
        self, incoming: Incoming, route: GatewayRoute, address: str | None, client: str
    ) -> Asked:
        peer = incoming.client.host if incoming.client else None
        announced = incoming.headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > route.max_body_bytes:
            raise BODY_TOO_LARGE(f"at most {route.max_body_bytes} bytes")
        caller = await self.caller(route, incoming.headers, peer, address)
        share = await self.share_of(caller.organization, address, route.rate_limit_plan_id)
        place = None
        if incoming.method in ("GET", "HEAD"):
            subject = caller.principal.subject
            place = place_of(route, subject, caller.organization, target_of(incoming))
        return Asked(incoming, route, caller, share, address, place, client)

    async def _within_limits(self, asked: Asked, trace: Trace, timing: Timing) -> Response:
        if asked.share is None:
            return await self._respond(asked, trace, timing)
        try:
            with self.place(asked.share):
                await self.admit(asked.share)
                return await self._respond(asked, trace, timing)
        except Problem as problem:
            kind = asked.share.plan.on_exceeded
            if problem.kind is not RATE_LIMITED or kind is not OnExceeded.degrade:
                raise
            stale = await self._kept(asked)
            if stale is None:
                raise
            return self._again(asked, stale)

    async def _respond(self, asked: Asked, trace: Trace, timing: Timing) -> Response:
        found = await self._kept(asked)
        if found is not None and found.until > clock.now().timestamp():
            return self._again(asked, found)
        answer = await self._forwarded(asked, trace, timing)
        if asked.incoming.method not in _SAFE and answer.status < 400:
            await self.answers.drop(asked.target, asked.caller.organization)
        if (
            asked.place is None
            or asked.incoming.method != "GET"
            or not may_be_kept(answer, self.settings.cached_body_bytes)
        ):
            return self._response(asked, answer, "fwd=miss" if asked.place else "")
        now = clock.now().timestamp()
        answer = replace(answer, at=now, until=now + asked.route.cache_ttl_seconds)
        await self.answers.keep(asked.place, asked.headers, answer)
        return self._conditional(asked, answer, "fwd=miss; stored")

    async def _kept(self, asked: Asked) -> Answer | None:
        if asked.place is None:
            return None
        found = await self.answers.find(asked.place, asked.headers)
        purged = (await self.board()).purged
        marks = (purged.get(e) for e in (asked.route.id, asked.caller.organization) if e)
        if found is None or any(mark is not None and found.at <= mark for mark in marks):
            return None
        return found

    def _again(self, asked: Asked, answer: Answer) -> Response:
        """An answer that was kept, with its age (RFC 9111 §5.1)."""
        age = max(0, int(clock.now().timestamp() - answer.at))
        response = self._conditional(
            asked, answer, f"hit; ttl={int(answer.until - answer.at) - age}"
        )
        response.headers["age"] = str(age)
        return response

    def _conditional(self, asked: Asked, answer: Answer, status: str) -> Response:
        """The answer, or 304 where the client has it (RFC 9110 §13.1.2)."""
        tag = answer.tag
        known = {e.strip() for e in asked.headers.get("if-none-match", "").split(",")}
        if "*" in known or tag.removeprefix("W/") in {e.removeprefix("W/") for e in known}:
            response = self._response(asked, replace(answer, status=304, body=b""), status)
            for name in ("content-type", "content-encoding", "content-length"):
                if name in response.headers:
                    del response.headers[name]
        else:
            response = self._response(asked, answer, status)
        response.headers["etag"] = tag
        return response

    def _response(self, asked: Asked, answer: Answer, status: str) -> Response:
        body = b"" if asked.incoming.method == "HEAD" else answer.body
        response = Response(body, answer.status)
        for name, value in shown(answer.headers):
            response.headers.append(name, value)
        response.headers.append("via", f"1.1 {NAME}")
        if status:
            response.headers["cache-status"] = f"{NAME}; {status}"
        if asked.route.status is RouteStatus.deprecated and asked.route.sunset_at is not None:
            response.headers["sunset"] = format_datetime(asked.route.sunset_at, usegmt=True)
            response.headers["deprecation"] = f"@{int(asked.route.updated_at.timestamp())}"
        return response

    async def _forwarded(self, asked: Asked, trace: Trace, timing: Timing) -> Answer:
        route, incoming = asked.route, asked.incoming
        line = await self._line(route.upstream_service)
        headers = passed_on(incoming.headers.items())
        if asked.place is not None:
            headers = {n: v for n, v in headers.items() if not n.startswith("if-")}
        deadline = self.settings.edge_deadline
        headers |= {
            "traceparent": trace.header,
            "via": f"{incoming.scope.get('http_version', '1.1')} {NAME}",
            "x-forwarded-proto": incoming.url.scheme,
            TIMEOUT_HEADER.lower(): str(int(min(route.timeout_ms, deadline * 1000))),
        }
        if asked.address:
            headers["x-forwarded-for"] = asked.address
        if REQUEST_ID_HEADER in incoming.headers:
            headers[REQUEST_ID_HEADER.lower()] = incoming.headers[REQUEST_ID_HEADER]
        token = await self._token(asked.caller, route.upstream_service)
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        body = await incoming.body()
        if len(body) > route.max_body_bytes:
            raise BODY_TOO_LARGE(f"at most {route.max_body_bytes} bytes")
        method = "GET" if asked.place is not None and incoming.method == "HEAD" else incoming.method
        wish = Request(method, asked.target, headers, body, deadline)
        return await line.send(route, wish, timing)

    async def _token(self, caller: Caller, service: str) -> str | None:
        if caller.token is not None or not caller.principal.authenticated:
            return caller.token
        token = await self.exchange.token(caller.principal, service)
        if token is None:
            raise UNAVAILABLE("no token for the upstream can be had")
        return token

    async def _line(self, service: str) -> Line:
        """The line to an upstream; one that has moved gets another."""
        base = await self.upstreams.address(service)
        if base is None:
            raise UNAVAILABLE("the upstream is not known at present")
        line = self._lines.get(service)
        if line is not None and str(line.http.base_url).rstrip("/") == base.rstrip("/"):
            return line
        edge = self.runtime.spec.edges.get(service)
        client = httpx.AsyncClient(
            base_url=base,
            transport=self.transport,
            limits=_CONNECTIONS,
            timeout=None,
            follow_redirects=False,
            trust_env=False,
        )
        breaker = Breaker(edge.breaker if edge is not None else BreakerPolicy())
        places = edge.concurrent if edge is not None and edge.concurrent else 256
        old, self._lines[service] = line, Line(client, breaker, places)
        if old is not None and not old.in_use:
            await old.http.aclose()
        return self._lines[service]


def target_of(incoming: Incoming) -> str:
    """Path and query of a request, as they came."""
    path = incoming.scope.get("raw_path") or incoming.url.path.encode()
    query = incoming.scope.get("query_string", b"")
    whole: bytes = path.partition(b"?")[0] + (b"?" + query if query else b"")
    return whole.decode("latin-1")
