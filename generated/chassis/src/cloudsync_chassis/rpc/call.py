"""RPCs on their way to the port: caller, deadline, trace, errors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Mapping,
)
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote

import grpc
from google.protobuf.message import Message
from pydantic import BaseModel
from pydantic_core import to_json

from cloudsync_chassis import faults, headers, telemetry
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming, one_by_one
from cloudsync_chassis.logs import logger
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem, not_valid
from cloudsync_chassis.propagation import TENANT_HEADER, TRACE_HEADER, Trace
from cloudsync_chassis.protobuf import status
from cloudsync_chassis.protobuf.convert import Converter, EnumNames
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.idempotency import Answer, digest
from cloudsync_chassis.store.query import Page, PageRequest
from cloudsync_chassis.traced import tell_fields
from cloudsync_chassis.validation import parameter, parse

Q = TypeVar("Q")
R = TypeVar("R")
B = TypeVar("B", bound=BaseModel)
M = TypeVar("M", bound=Message)

RpcContext = grpc.aio.ServicerContext[Any, Any]
Called = tuple[str, Message, RpcContext]
"""The RPC's name, its message, and what gRPC knows of the call."""

_RESERVE = 0.02

log = logger("grpc")


@dataclass(frozen=True, slots=True)
class Reply:
    """The message that a result becomes: in the field called `field` in JSON, or as it is.

    Of a page, `field` holds the items (`items` if none is named), `nextCursor` the cursor.
    """

    message: type[Message]
    field: str = ""


class RpcCalls:
    """What the RPCs of one service share."""

    def __init__(self, runtime: Runtime, enum_names: EnumNames | None = None) -> None:
        self._runtime = runtime
        self.enum_names = enum_names or {}
        self._converter = Converter(enum_names)
        self._abandoned: set[asyncio.Task[Any]] = set()
        self._metrics = runtime.metrics.standard

    async def answer(
        self,
        call: Called,
        operation: Operation,
        method: Callable[[Context, Q], Awaitable[object]],
        request: Callable[[], Q],
        reply: Reply,
    ) -> Message:
        """The port's result as a message; a problem ends the call with a rich status.

        `request` is called once the caller has been admitted.
        """
        name, _, context = call

        async def work() -> Message:
            incoming = await self._incoming(call, operation)
            typed = request()

            async def action(ctx: Context) -> Answer:
                tell_fields(operation.traced, getattr(typed, "body", None))
                result = await method(ctx, typed)
                tell_fields(operation.traced, result)
                made = self._message(result, reply)
                return Answer(0, (), made.SerializeToString())

            answer = await self._runtime.executor.answer(operation, incoming, action)
            return reply.message.FromString(answer.body)

        return await self._told(name, context, operation, work)

    async def send(
        self,
        call: Called,
        operation: Operation,
        method: Callable[[Context, Q], Awaitable[AsyncIterator[object]]],
        request: Callable[[], Q],
        reply: Reply,
    ) -> None:
        """As `answer`, of a method that answers with many results, each sent when it comes.

        What grants the call must have done so before the first result: nothing sent comes back.
        """
        name, _, context = call

        async def work() -> None:
            self._metrics.count("rpc_server_messages_total", name, "received")
            incoming = await self._incoming(call, operation)
            typed = request()

            async def action(ctx: Context) -> None:
                tell_fields(operation.traced, getattr(typed, "body", None))
                results = await method(ctx, typed)
                try:
                    async for each in one_by_one(ctx, results):
                        await context.write(self._message(each, reply))
                        self._metrics.count("rpc_server_messages_total", name, "sent")
                finally:
                    await _close(results)

            await self._runtime.executor.run(operation, incoming, action, again=False)

        await self._told(name, context, operation, work)

    def read(self, message: Message, model: type[B], *left_out: str) -> B:
        """The message as a model of the data model, without the fields that are parameters.

        Raises:
            Problem: `validation-failed`.
        """
        values = self._converter.to_json(message)
        for name in left_out:
            values.pop(name, None)
        return parse(model, to_json(values))

    def value(self, message: Message, name: str, kind: type[R]) -> R | None:
        """One field of the request as a parameter; None if it is absent, empty or says nothing.

        Raises:
            Problem: `validation-failed`.
        """
        fields = (each for each in message.DESCRIPTOR.fields if each.json_name == name)
        said = any(each.has_presence or getattr(message, each.name) for each in fields)
        return self._parameter(message, name, kind) if said else None

    def required(self, message: Message, name: str, kind: type[R]) -> R:
        """As `value`, of a field that must be there; zero is a value."""
        found = self._parameter(message, name, kind)
        if found is None:
            raise not_valid("required", parameter=name)
        return found

    def _parameter(self, message: Message, name: str, kind: type[R]) -> R | None:
        found = self._converter.to_json(message).get(name)
        if found is None or found == "":
            return None
        return parameter(name, found, kind)

    def page(
        self, operation: Operation, limit: int = 0, cursor: str = "", sort: str = ""
    ) -> PageRequest:
        """The page asked for; zero and empty mean the default."""
        given = {"limit": str(limit) if limit else None, "cursor": cursor or None}
        return self._runtime.pages.read(operation, {**given, "sort": sort or None})

    async def _incoming(self, call: Called, operation: Operation) -> Incoming:
        name, message, context = call
        metadata = {str(name): str(value) for name, value in context.invocation_metadata() or ()}
        principal = await self._runtime.identity.caller(metadata.get("authorization"))
        principal = headers.acting(principal, metadata.get(TENANT_HEADER.lower()), operation)
        self._runtime.executor.admit(operation, principal)
        await self._runtime.limiter.admit(principal)
        key = headers.idempotency_key(metadata.get("idempotency-key"))
        content = message.SerializeToString(deterministic=True) if key else b""
        return Incoming(
            principal=principal,
            trace=_trace_of(context),
            timeout=_in_time(context.time_remaining()),
            idempotency_key=key,
            if_match=headers.versions(_quoted(metadata.get("if-match")), operation),
            digest=digest(operation.id.encode(), content) if key else "",
            source_ip=headers.client_address(
                address_of(context.peer()),
                metadata.get("x-forwarded-for"),
                self._runtime.settings.trusted_proxies,
            ),
            route=name,
            attributes=_attributes(name),
        )

    async def _told(
        self,
        name: str,
        context: RpcContext,
        operation: Operation,
        work: Callable[[], Coroutine[Any, Any, R]],
    ) -> R:
        """What the work returns; its failure as a status. Either is logged and measured."""
        began, code = time.perf_counter(), grpc.StatusCode.CANCELLED.name
        asked = telemetry.asked()
        try:
            result = await self._alone(work())
            code = grpc.StatusCode.OK.name
        except Exception as error:
            problem = faults.of_exception(error)
            code = status.code_of(problem).name
            self._metrics.refused(problem.kind.slug, problem.kind.status)
            slug, trace = problem.kind.slug, _trace_of(context)
            attributes = _attributes(name)
            telemetry.refused(asked, operation.id, trace, attributes, slug, problem.kind.status)
            await self._abort(context, problem)
            raise
        finally:
            seconds = time.perf_counter() - began
            self._metrics.time("rpc_server_duration_seconds", seconds, name, code)
            log.info(
                "rpc", operation=operation.id, status=code, milliseconds=round(seconds * 1000, 2)
            )
        return result

    async def _alone(self, work: Coroutine[Any, Any, R]) -> R:
        """What the work returns. Whatever happens it is cancelled once: a database connection that
        is cancelled while it ends because of that is never given back.
        """
        task = asyncio.create_task(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.done() and not task.cancelling():
                task.cancel()
            self._abandoned.add(task)
            task.add_done_callback(self._ended)
            raise

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.info("abandoned_call_failed", error=type(task.exception()).__name__)

    async def settle(self, patience: float) -> None:
        """Wait, at most `patience` seconds, for calls that nobody waits for any more."""
        if self._abandoned:
            await asyncio.wait(self._abandoned, timeout=patience)

    def _message(self, result: object, reply: Reply) -> Message:
        values = self._values(result, reply.field)
        made = reply.message()
        self._converter.to_message(values, made)
        return made

    def _values(self, result: Any, field: str) -> Mapping[str, Any]:
        if result is None:
            return {}
        if isinstance(result, Page):
            items = [self._values(each, "") for each in result.items]
            following = result.following and self._runtime.cursors.encode(result.following)
            return {field or "items": items, "nextCursor": following}
        values: dict[str, Any] = result.model_dump(by_alias=True, exclude_none=True)
        return {field: values} if field else values

    async def _abort(self, context: RpcContext, problem: Problem) -> None:
        base = self._runtime.settings.problem_base
        rich = status.rich_status(problem, base)
        metadata = ((status.DETAILS, rich.SerializeToString()),)
        await context.abort(status.code_of(problem), rich.message, metadata)


def _trace_of(context: RpcContext) -> Trace:
    metadata = context.invocation_metadata() or ()
    sent = (str(value) for name, value in metadata if name == TRACE_HEADER)
    return Trace.parse(next(sent, None)) or Trace.new()


def _attributes(name: str) -> dict[str, str]:
    return {"rpc.system.name": "grpc", "rpc.method": name}


async def _close(results: AsyncIterator[object]) -> None:
    """End a generator here and now, not whenever it is collected."""
    if isinstance(results, AsyncGenerator):
        await results.aclose()


def address_of(peer: str) -> str | None:
    """`ipv4:10.0.0.1:4711`, `ipv6:%5B::1%5D:4711` → the address; None for other kinds of peer."""
    kind, _, rest = unquote(peer).partition(":")
    return rest.rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else None


def _in_time(remaining: float | None) -> float | None:
    """The caller's deadline, less what telling it takes: at the deadline gRPC cancels us midway."""
    return None if remaining is None else max(0.0, remaining - _RESERVE)


def _quoted(text: str | None) -> str | None:
    """A version as HTTP writes it; callers may leave the quotes out."""
    return f'"{text}"' if text is not None and text.isascii() and text.isdigit() else text
