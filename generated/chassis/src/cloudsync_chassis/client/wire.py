"""gRPC as the generated clients use it: one channel, and what its answers and silences mean."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import grpc
from google.protobuf.message import Message

from cloudsync_chassis.client.attempts import Outcome, silent
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import RefusedError
from cloudsync_chassis.protobuf import status

Metadata = tuple[tuple[str, str], ...]

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


class Wire:
    """A channel to `address`; `https` in it means TLS."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        place = parts.netloc or parts.path
        self._channel = (
            grpc.aio.secure_channel(place, grpc.ssl_channel_credentials(), _OPTIONS)
            if parts.scheme == "https"
            else grpc.aio.insecure_channel(place, _OPTIONS)
        )

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    async def answer(
        self,
        request: Call,
        kind: type[Message],
        message: Message,
        timeout: float,
        metadata: Metadata,
    ) -> Outcome[Message]:
        """The message of `kind` that answers `message`, or why there is none."""
        rpc: Any = self._channel.unary_unary(request.path, _serialized, kind.FromString)
        try:
            return Outcome(await rpc(message, timeout=timeout, metadata=metadata))
        except grpc.aio.AioRpcError as error:
            return _failure(request, error)

    def open(
        self,
        request: Call,
        kind: type[Message],
        message: Message,
        timeout: float,
        metadata: Metadata,
    ) -> Any:
        """A call whose answers come one after the other; see `following`."""
        rpc: Any = self._channel.unary_stream(request.path, _serialized, kind.FromString)
        return rpc(message, timeout=timeout, metadata=metadata)

    async def following(self, request: Call, call: Any) -> Outcome[Message | None]:
        """The next answer of a call, None behind the last."""
        try:
            found = await call.read()
        except grpc.aio.AioRpcError as error:
            return _failure(request, error)
        return Outcome(None if found is grpc.aio.EOF else found)


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
