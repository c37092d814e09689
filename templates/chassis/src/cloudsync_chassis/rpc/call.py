"""RPCs on their way to the port: caller, deadline, trace, errors."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

import grpc
from google.protobuf.message import Message
from pydantic import BaseModel
from pydantic_core import to_json

from cloudsync_chassis import faults
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming, digest
from cloudsync_chassis.logs import logger
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem, not_valid
from cloudsync_chassis.propagation import TENANT_HEADER, TRACE_HEADER, Trace
from cloudsync_chassis.rpc import status
from cloudsync_chassis.rpc.convert import Converter, EnumNames
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.idempotency import Answer
from cloudsync_chassis.store.query import Page, PageRequest
from cloudsync_chassis.validation import parse

Q = TypeVar("Q")
R = TypeVar("R")
B = TypeVar("B", bound=BaseModel)
M = TypeVar("M", bound=Message)

log = logger("grpc")


class RpcCalls:
    """What the servicers of one service share."""

    def __init__(self, runtime: Runtime, enum_names: EnumNames | None = None) -> None:
        self._runtime = runtime
        self._converter = Converter(enum_names)

    async def unary(
        self,
        call: tuple[Message, grpc.aio.ServicerContext[Any, Any]],
        operation: Operation,
        method: Callable[[Context, Q], Awaitable[R]],
        request: Callable[[], Q],
        response: type[M],
    ) -> M:
        """The port's result as a message; a problem ends the call with a rich status.

        `request` is called once the caller has been admitted.
        """
        message, context = call
        began = time.perf_counter()
        try:
            answer = await self._answer(message, context, operation, method, request, response)
        except Exception as error:
            problem = faults.of_exception(error)
            self._log(operation, began, status.code_of(problem).name)
            await self._abort(context, problem)
            raise
        self._log(operation, began, "OK")
        return response.FromString(answer.body)

    def read(self, message: Message, model: type[B]) -> B:
        """The message as a model of the data model.

        Raises:
            Problem: `validation-failed`.
        """
        return parse(model, to_json(self._converter.to_json(message)))

    def value(self, message: Message, name: str, kind: type[R]) -> R | None:
        """One field of the request as a parameter; None if it is absent or empty.

        Raises:
            Problem: `validation-failed`.
        """
        found = self._converter.to_json(message).get(name)
        if found is None or found == "":
            return None
        try:
            return kind(found)  # type: ignore[call-arg]
        except ValueError as error:
            raise not_valid(f"no {kind.__name__}", parameter=name) from error

    def required(self, message: Message, name: str, kind: type[R]) -> R:
        """As `value`, of a field that must be there."""
        found = self.value(message, name, kind)
        if found is None:
            raise not_valid("required", parameter=name)
        return found

    def page(self, operation: Operation, limit: int, cursor: str, sort: str = "") -> PageRequest:
        """The page asked for; zero and empty mean the default."""
        given = {"limit": str(limit) if limit else None, "cursor": cursor or None}
        return self._runtime.pages.read(operation, {**given, "sort": sort or None})

    async def _answer(
        self,
        message: Message,
        context: grpc.aio.ServicerContext[Any, Any],
        operation: Operation,
        method: Callable[[Context, Q], Awaitable[R]],
        request: Callable[[], Q],
        response: type[M],
    ) -> Answer:
        metadata = {str(name): str(value) for name, value in context.invocation_metadata() or ()}
        principal = await self._runtime.identity.caller(metadata.get("authorization"))
        principal = principal.acting_for(_tenant(metadata.get(TENANT_HEADER.lower())))
        self._runtime.executor.admit(operation, principal)
        typed = request()
        key = metadata.get("idempotency-key")
        incoming = Incoming(
            principal=principal,
            trace=Trace.parse(metadata.get(TRACE_HEADER)) or Trace.new(),
            timeout=context.time_remaining(),
            idempotency_key=key,
            if_match=_versions(metadata.get("if-match")),
            digest=(
                digest(operation.id.encode(), message.SerializeToString(deterministic=True))
                if key
                else ""
            ),
        )

        async def action(ctx: Context) -> Answer:
            return Answer(0, (), self._encode(await method(ctx, typed), response))

        return await self._runtime.executor.answer(operation, incoming, action)

    def _encode(self, result: Any, response: type[Message]) -> bytes:
        message = response()
        self._converter.to_message(self._values(result), message)
        return message.SerializeToString()

    def _values(self, result: Any) -> Mapping[str, Any]:
        if result is None:
            return {}
        if isinstance(result, Page):
            items = [self._values(each) for each in result.items]
            following = result.following and self._runtime.cursors.encode(result.following)
            return {"items": items, "nextCursor": following}
        values: dict[str, Any] = result.model_dump(by_alias=True, exclude_none=True)
        return values

    async def _abort(self, context: grpc.aio.ServicerContext[Any, Any], problem: Problem) -> None:
        base = self._runtime.settings.problem_base
        rich = status.rich_status(problem, base)
        metadata = ((status.DETAILS, rich.SerializeToString()),)
        await context.abort(status.code_of(problem), rich.message, metadata)

    def _log(self, operation: Operation, began: float, code: str) -> None:
        milliseconds = round((time.perf_counter() - began) * 1000, 2)
        log.info("rpc", operation=operation.id, status=code, milliseconds=milliseconds)


def _tenant(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise not_valid("a UUID", parameter=TENANT_HEADER) from error


def _versions(text: str | None) -> frozenset[int] | None:
    if text is None or text == "*":
        return None
    digits = text.strip('"')
    return frozenset({int(digits)} if digits.isascii() and digits.isdigit() else ())
