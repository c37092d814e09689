"""Base of the generated gRPC clients: one method per RPC on top of `call` and `stream`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

import grpc
from google.protobuf.message import Message
from pydantic import TypeAdapter
from pydantic_core import to_json, to_jsonable_python

from cloudsync_chassis.client.attempts import Client, Outcome, TokenSource, no_token, silent
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import RefusedError, readable
from cloudsync_chassis.client.observer import SILENT, Observer
from cloudsync_chassis.client.policy import BreakerPolicy, Budget
from cloudsync_chassis.propagation import TIMEOUT_HEADER
from cloudsync_chassis.protobuf import status
from cloudsync_chassis.protobuf.convert import Converter, EnumNames

R = TypeVar("R")

METHOD = "RPC"
"""`Call.method` of a call by gRPC; its path is `/<full name of the service>/<RPC>`."""

_RETRIED = frozenset({429, 502, 503, 504})
_SILENCE = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.UNKNOWN,
    }
)
"""What gRPC says by itself where the callee says nothing."""

_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)
"""A callee that is back is found again within a second: gRPC would wait for up to two minutes, and
it is the breaker that spares a callee.
"""


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
        self._converter = Converter(self.enum_names)
        self._channel: grpc.aio.Channel | None = None

    async def call(self, request: Call, result: TypeAdapter[R]) -> R:
        """The typed answer. Raises as `send` does."""
        return self._result(request, await self.send(request), result)

    async def send(self, request: Call) -> Message:
        """The answer as it came."""
        return await self.attempts(request, lambda timeout: self._answer(request, timeout))

    async def stream(self, request: Call, result: TypeAdapter[R]) -> AsyncIterator[R]:
        """The typed answers as they come, all of them within one attempt's time; nothing is
        retried, since what has come cannot be told apart from what comes again.

        Raises:
            NoAnswerError: the callee is silent or falls silent.
            RefusedError: the callee refused.
        """
        calls: list[Any] = []

        async def begin(timeout: float) -> Outcome[Message | None]:
            calls.append(await self._open(request, timeout))
            return await self._next(request, calls[0])

        try:
            with self.held(request):
                found = await self.answered(replace(request, repeatable=False), begin)
                while found is not None:
                    yield self._result(request, found, result)
                    outcome = await self._next(request, calls[0])
                    if outcome.error is not None:
                        raise outcome.error
                    found = outcome.answer
        finally:
            for each in calls:
                each.cancel()

    async def aclose(self) -> None:
        """Close the channel."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def _answer(self, request: Call, timeout: float) -> Outcome[Message]:
        method = self.methods[request.path]
        rpc: Any = self._connected().unary_unary(
            request.path, _serialized, method.answer.FromString
        )
        metadata = await self._metadata(request, timeout)
        try:
            return Outcome(
                await rpc(self._message(request, method), timeout=timeout, metadata=metadata)
            )
        except grpc.aio.AioRpcError as error:
            return _failure(request, error)

    async def _open(self, request: Call, timeout: float) -> Any:
        method = self.methods[request.path]
        rpc: Any = self._connected().unary_stream(
            request.path, _serialized, method.answer.FromString
        )
        metadata = await self._metadata(request, timeout)
        return rpc(self._message(request, method), timeout=timeout, metadata=metadata)

    async def _next(self, request: Call, call: Any) -> Outcome[Message | None]:
        try:
            found = await call.read()
        except grpc.aio.AioRpcError as error:
            return _failure(request, error)
        return Outcome(None if found is grpc.aio.EOF else found)

    def _message(self, request: Call, method: RpcMethod) -> Message:
        message = method.request()
        self._converter.to_message(to_jsonable_python(request.body or {}), message)
        return message

    def _result(self, request: Call, message: Message, result: TypeAdapter[R]) -> R:
        values = self._converter.to_json(message)
        field = self.methods[request.path].field
        content = to_json(values.get(field) if field else values)
        with readable(request):
            return result.validate_json(content, strict=False, extra="ignore")

    async def _metadata(self, request: Call, timeout: float) -> tuple[tuple[str, str], ...]:
        """gRPC has a deadline of its own."""
        headers = await self.headers(request, timeout)
        headers.pop(TIMEOUT_HEADER)
        return tuple((name.lower(), value) for name, value in headers.items())

    def _connected(self) -> grpc.aio.Channel:
        if self._channel is None:
            address = urlsplit(self.base_url)
            place = address.netloc or address.path
            if address.scheme == "https":
                trust = grpc.ssl_channel_credentials()
                self._channel = grpc.aio.secure_channel(place, trust, _OPTIONS)
            else:
                self._channel = grpc.aio.insecure_channel(place, _OPTIONS)
        return self._channel


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


def _failure(request: Call, error: grpc.aio.AioRpcError) -> Outcome[Any]:
    """A refusal if the callee itself says why, else no answer."""
    rich = status.details_of(error.trailing_metadata() or ())
    if rich is None and error.code() in _SILENCE:
        return silent(request, error, error.code().name)
    number = status.status_of(error.code())
    problem = status.problem_document(rich, number) if rich is not None else {}
    return Outcome(
        error=RefusedError(request, number, problem or {"title": error.details() or ""}),
        healthy=number < 500,
        again=number in _RETRIED,
        pause=status.retry_delay(rich) if rich is not None else 0.0,
    )
