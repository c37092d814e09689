"""Serves a schema: GraphQL over HTTP, subscriptions as server-sent events.

Subscriptions come over the request's own connection (`Accept: text/event-stream`, GraphQL over SSE
in its mode of distinct connections), so that they pass what every request passes: the caller's
token in the header, rates, traces, proxies.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from functools import partial
from typing import Any

import strawberry
from fastapi import APIRouter, Request, Response
from graphql import GraphQLError
from opentelemetry.trace import SpanKind
from pydantic_core import to_json
from strawberry.extensions import DisableIntrospection, SchemaExtension
from strawberry.types.graphql import OperationType

from cloudsync_chassis import faults, propagation, telemetry
from cloudsync_chassis.graphql import asking, errors, limits
from cloudsync_chassis.graphql.asking import NOT_KNOWN, Sent
from cloudsync_chassis.graphql.exchange import Exchange
from cloudsync_chassis.graphql.fields import Fields
from cloudsync_chassis.graphql.limits import Asked
from cloudsync_chassis.graphql.listeners import Heard, Listeners, left
from cloudsync_chassis.graphql.schema import strawberry_schema
from cloudsync_chassis.graphql.streams import Send, apart
from cloudsync_chassis.graphql.toll import free
from cloudsync_chassis.logs import logger
from cloudsync_chassis.problem import METHOD_NOT_ALLOWED, Problem
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import Principal
from cloudsync_chassis.security.tokens import bearer, refused
from cloudsync_chassis.web.call import source_of
from cloudsync_chassis.web.middleware import TRACE

log = logger("graphql")

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
EVENTS = "text/event-stream"

_BEAT = 15.0
"""Seconds after which something is sent, so that proxies keep a silent connection."""
_TOLD = 20
"""Errors of one answer: what is wrong with a document can be much longer than that."""
_LOOK = 1.0
"""Seconds between two looks at whether the service stops."""
_CODES = {NOT_KNOWN.slug: "PERSISTED_QUERY_NOT_FOUND"}
_MESSAGES = {NOT_KNOWN.slug: "PersistedQueryNotFound"}
"""What clients of the protocol of Automatic Persisted Queries wait for."""


class _Parsed(SchemaExtension):
    """Carries on with the document that was measured."""

    def on_parse(self) -> Generator[None]:
        exchange: Exchange = self.execution_context.context
        self.execution_context.graphql_document = exchange.asked.document
        yield


class Endpoint:
    """One schema at one path.

    Raises:
        LookupError: nothing answers one of its fields.
    """

    def __init__(self, fields: Fields) -> None:
        missing = fields.unanswered()
        if missing:
            raise LookupError(f"nothing answers {', '.join(missing)}")
        self._runtime: Runtime = fields.runtime
        self._runtime.fields = fields
        self._spec = fields.spec
        settings = fields.runtime.settings
        self._limits = fields.spec.limits(settings)
        self._ad_hoc = fields.spec.ad_hoc_by(settings)
        open_ = fields.spec.introspected_by(settings)
        extensions: Sequence[type[SchemaExtension]] = (
            (_Parsed,) if open_ else (_Parsed, DisableIntrospection)
        )
        self.schema: strawberry.Schema = strawberry_schema(
            fields.schema,
            fields.answers,
            fields.members(),
            extensions,
            kinds=fields.spec.kinds,
            suggests=open_,
        )
        self._core = fields.schema
        self._listeners = Listeners(fields.spec.subscriptions_by(settings))

    def router(self) -> APIRouter:
        """Its routes."""
        router = APIRouter()
        for method in ("GET", "POST"):
            router.add_api_route(self._spec.path, self.answer, methods=[method])
        return router

    async def answer(self, request: Request) -> Response:
        """Answer one request.

        Raises:
            Problem: whatever is refused before there is a document.
        """
        runtime = self._runtime
        principal = await runtime.identity.caller(request.headers.get("Authorization"))
        await runtime.limiter.admit(principal)
        sent = await asking.sent(request, runtime.settings.json_bounds)
        streams = EVENTS in request.headers.get("Accept", "")
        try:
            asked = await self._asked(sent, principal)
            if request.method == "GET" and asked.kind != "query":
                raise Problem(METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
            if asked.kind == "subscription" and not streams:
                raise asking.only_as_events()
        except Problem as problem:
            return self._refusal(problem, request)
        exchange = self._exchange(request, principal, asked)
        async with (runtime.toll or free)(exchange.weighed):
            if asked.kind != "subscription":
                return await self._execute(exchange, sent, request)
        return self._stream(exchange, sent)

    async def _asked(self, sent: Sent, principal: Principal) -> Asked:
        """The document, found and measured."""
        may = self._ad_hoc == "anybody" or (
            self._ad_hoc == "authenticated" and principal.authenticated
        )
        text = await asking.document(sent, self._runtime.documents, ad_hoc=may)
        return limits.read(text, self._core, self._limits, sent.variables, sent.operation_name)

    def _exchange(self, request: Request, principal: Principal, asked: Asked) -> Exchange:
        return Exchange(
            principal=principal,
            token=bearer(request.headers.get("Authorization")) or "",
            headers=dict(request.headers),
            trace=request.scope[TRACE],
            source_ip=source_of(request, self._runtime.settings),
            asked=asked,
        )

    async def _execute(self, exchange: Exchange, sent: Sent, request: Request) -> Response:
        asked = exchange.asked
        with (
            _noting(exchange.weighed.omitted),
            telemetry.span(
                f"{self._spec.path} {asked.kind}",
                SpanKind.SERVER,
                exchange.trace,
                _attributes(asked),
            ) as running,
        ):
            exchange.trace = telemetry.ids_of(running, exchange.trace)
            result = await self.schema.execute(
                asked.text,
                dict(sent.variables),
                exchange,
                operation_name=sent.operation_name,
                allowed_operation_types=(OperationType.QUERY, OperationType.MUTATION),
            )
        found = self._told(exchange, result.data, result.errors)
        exchange.weighed.failed = result.data is None
        if exchange.weighed.omitted:
            found["extensions"] = {"degraded": sorted(exchange.weighed.omitted)}
        self._log(exchange, found)
        request_error = result.data is None and not any(each.path for each in result.errors or ())
        return _response(found, request, 400 if request_error else 200)

    def _told(
        self, exchange: Exchange, data: Any, found: Sequence[GraphQLError] | None
    ) -> dict[str, Any]:
        """A result as it leaves."""
        if not found:
            return {"data": data}
        made = []
        for each in found[:_TOLD]:
            error, problem = errors.told(
                each, self._runtime.settings.problem_base, exchange.trace.trace_id
            )
            self._runtime.metrics.standard.refused(problem.kind.slug, problem.kind.status)
            made.append(error)
        executed = any(each.path for each in found) or data is not None
        return {"errors": made, "data": data} if executed else {"errors": made}

    def _refusal(self, problem: Problem, request: Request) -> Response:
        """A document that is not carried out."""
        slug = problem.kind.slug
        self._runtime.metrics.standard.refused(slug, problem.kind.status)
        extensions = problem.document(self._runtime.settings.problem_base)
        if slug in _CODES:
            extensions["code"] = _CODES[slug]
        detail = next((each.detail for each in problem.errors), None)
        message = _MESSAGES.get(slug) or problem.detail or detail or problem.kind.title
        found = {"errors": [{"message": message, "extensions": extensions}]}
        status = problem.kind.status
        answer = _response(found, request, status)
        if problem.kind is METHOD_NOT_ALLOWED:
            answer.status_code = status
        answer.headers.update(problem.headers)
        return answer

    def _log(self, exchange: Exchange, found: dict[str, Any]) -> None:
        asked = exchange.asked
        log.info(
            "graphql",
            kind=asked.kind,
            cost=asked.extent.cost,
            depth=asked.extent.depth,
            fields=asked.extent.fields,
            errors=len(found.get("errors", ())),
            trace_id=exchange.trace.trace_id,
        )

    def _stream(self, exchange: Exchange, sent: Sent) -> Response:
        """The results of a subscription as they come."""
        headers = {"X-Accel-Buffering": "no"}
        events = Heard(self._events(exchange, sent), 200, headers, EVENTS)
        return events.held(self._listeners, exchange)

    async def _events(self, exchange: Exchange, sent: Sent) -> AsyncGenerator[bytes]:
        async with aclosing(apart(partial(self._results, exchange, sent))) as results:
            try:
                async for each in _beating(results, self._runtime, exchange):
                    yield _event(each) if each else b":\n\n"
            except Problem as problem:
                raised = GraphQLError("", original_error=problem)
                yield _event(self._told(exchange, None, [raised]))
        if not self._runtime.health.stopping:
            # else whoever listens had better ask another replica
            yield b"event: complete\ndata:\n\n"

    async def _results(self, exchange: Exchange, sent: Sent, send: Send[dict[str, Any]]) -> None:
        asked = exchange.asked
        with telemetry.span(
            f"{self._spec.path} {asked.kind}", SpanKind.SERVER, exchange.trace, _attributes(asked)
        ) as running:
            exchange.trace = telemetry.ids_of(running, exchange.trace)
            results: Any = await self.schema.subscribe(
                asked.text, dict(sent.variables), exchange, operation_name=sent.operation_name
            )
            try:
                async for each in results:
                    await send(self._told(exchange, each.data, each.errors))
            except Exception as error:
                raised = GraphQLError("", original_error=faults.of_exception(error))
                await send(self._told(exchange, None, [raised]))


async def _beating(
    results: AsyncGenerator[dict[str, Any]], runtime: Runtime, exchange: Exchange
) -> AsyncIterator[dict[str, Any] | None]:
    """The results, and None where none has come for a while; none once the service stops.

    Raises:
        Problem: `unauthenticated`: the caller's token has ended.
    """
    coming: asyncio.Task[dict[str, Any]] | None = None
    silent = 0.0
    try:
        while not runtime.health.stopping:
            lasts = left(exchange)
            if lasts is not None and lasts <= 0:
                raise refused()
            coming = coming or asyncio.ensure_future(anext(results))
            look = _LOOK if lasts is None else min(_LOOK, lasts)
            done, _ = await asyncio.wait({coming}, timeout=look)
            silent = 0.0 if done else silent + look
            if not done:
                if silent >= _BEAT:
                    silent = 0.0
                    yield None
                continue
            found, coming = coming, None
            try:
                yield found.result()
            except StopAsyncIteration:
                return
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


def _event(found: dict[str, Any]) -> bytes:
    return b"event: next\ndata: " + to_json(found) + b"\n\n"


@contextmanager
def _noting(omitted: set[str]) -> Iterator[None]:
    """Note whose answers are left out meanwhile."""
    token = propagation.left_out.set(omitted)
    try:
        yield
    finally:
        propagation.left_out.reset(token)


def _attributes(asked: Asked) -> dict[str, str]:
    return {
        "graphql.operation.type": asked.kind,
        "graphql.operation.name": asked.name,
        "graphql.complexity": str(asked.extent.cost),
        "graphql.depth": str(asked.extent.depth),
    }


def _response(found: dict[str, Any], request: Request, status: int) -> Response:
    """`application/json` has always been answered with 200 (GraphQL over HTTP, section 6.4.1)."""
    media = RESPONSE if RESPONSE in request.headers.get("Accept", "") else JSON
    return Response(to_json(found), status if media == RESPONSE else 200, media_type=media)
