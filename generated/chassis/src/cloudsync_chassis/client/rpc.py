"""Base of the generated gRPC clients: one method per RPC on top of `call` and `stream`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_json, to_jsonable_python

from cloudsync_chassis.client.attempts import Client, Outcome, TokenSource, no_token
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import readable
from cloudsync_chassis.client.late import Result, reader
from cloudsync_chassis.client.named import METHOD
from cloudsync_chassis.client.observer import SILENT, Observer
from cloudsync_chassis.client.policy import BreakerPolicy, Budget
from cloudsync_chassis.propagation import TIMEOUT_HEADER

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from cloudsync_chassis.client.wire import Wire
    from cloudsync_chassis.protobuf.convert import Converter, EnumNames

R = TypeVar("R")

__all__ = ["METHOD", "RpcClient", "RpcMethod"]


@dataclass(frozen=True, slots=True)
class RpcMethod:
    """The messages of an RPC. `field`: the one of the answer that holds the result, if any."""

    request: type[Message]
    answer: type[Message]
    field: str = ""


class RpcClient(Client):
    """Calls one service by gRPC; `Call.body` holds the request's fields by their JSON names.

    The channel opens with the first call. `https` in the address means TLS.
    """

    methods: ClassVar[Mapping[str, RpcMethod]] = {}
    """Path -> the RPC's messages."""
    enum_names: ClassVar[EnumNames] = {}

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
        super().__init__(
            base_url,
            token=token,
            budgets=budgets,
            breaker=breaker,
            concurrent=concurrent,
            observer=observer,
        )
        self._opened: Wire | None = None

    @cached_property
    def rpcs(self) -> Mapping[str, RpcMethod]:
        """`methods`, or what a client says that loads its messages with the first call."""
        return self.methods

    @cached_property
    def _converter(self) -> Converter:
        """Of messages; protobuf is loaded with the first call."""
        from cloudsync_chassis.protobuf.convert import Converter

        return Converter(self.enum_names)

    async def call(self, request: Call, result: TypeAdapter[R] | Result[R]) -> R:
        """The typed answer. Raises as `send` does."""
        return self._result(request, await self.send(request), result)

    async def send(self, request: Call) -> Message:
        """The answer as it came."""
        return await self.attempts(request, lambda timeout: self._answer(request, timeout))

    async def stream(self, request: Call, result: TypeAdapter[R] | Result[R]) -> AsyncIterator[R]:
        """The typed answers as they come, all of them within one attempt's time; nothing is
        retried, since what has come cannot be told apart from what comes again.

        Raises:
            NoAnswerError: the callee is silent or falls silent.
            RefusedError: the callee refused.
        """
        calls: list[Any] = []

        async def begin(timeout: float) -> Outcome[Message | None]:
            calls.append(await self._open(request, timeout))
            return await self._wire.following(request, calls[0])

        try:
            with self.held(request):
                found = await self.answered(replace(request, repeatable=False), begin)
                while found is not None:
                    yield self._result(request, found, result)
                    outcome = await self._wire.following(request, calls[0])
                    if outcome.error is not None:
                        raise outcome.error
                    found = outcome.answer
        finally:
            for each in calls:
                each.cancel()

    async def aclose(self) -> None:
        """Close the channel."""
        wire, self._opened = self._opened, None
        if wire is not None:
            await wire.close()

    async def _answer(self, request: Call, timeout: float) -> Outcome[Message]:
        method = self.rpcs[request.path]
        metadata = await self._metadata(request, timeout)
        message = self._message(request, method)
        return await self._wire.answer(request, method.answer, message, timeout, metadata)

    async def _open(self, request: Call, timeout: float) -> Any:
        method = self.rpcs[request.path]
        metadata = await self._metadata(request, timeout)
        message = self._message(request, method)
        return self._wire.open(request, method.answer, message, timeout, metadata)

    def _message(self, request: Call, method: RpcMethod) -> Message:
        message = method.request()
        self._converter.to_message(to_jsonable_python(request.body or {}), message)
        return message

    def _result(self, request: Call, message: Message, result: TypeAdapter[R] | Result[R]) -> R:
        values = self._converter.to_json(message)
        field = self.rpcs[request.path].field
        content = to_json(values.get(field) if field else values)
        with readable(request):
            return reader(result).validate_json(content, strict=False, extra="ignore")

    async def _metadata(self, request: Call, timeout: float) -> tuple[tuple[str, str], ...]:
        """gRPC has a deadline of its own."""
        headers = await self.headers(request, timeout)
        headers.pop(TIMEOUT_HEADER)
        return tuple((name.lower(), value) for name, value in headers.items())

    @property
    def _wire(self) -> Wire:
        """The channel; gRPC, which takes eight megabytes, is loaded with the first one."""
        if self._opened is None:
            from cloudsync_chassis.client.wire import Wire

            self._opened = Wire(self.base_url)
        return self._opened
