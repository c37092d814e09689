"""For tests of services: an RPC asked by its name, and its answer as HTTP would have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc
import httpx
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from cloudsync_chassis.hostile import UnsayableError
from cloudsync_chassis.protobuf import status
from cloudsync_chassis.protobuf.convert import Converter, EnumNames

_PATIENCE = 30.0


class RpcAsker:
    """Calls the gRPC service at `address`, whose messages this process knows."""

    def __init__(self, address: str, enum_names: EnumNames) -> None:
        self._channel = grpc.aio.insecure_channel(address)
        self._converter = Converter(enum_names)

    async def aclose(self) -> None:
        """Give the connection back."""
        await self._channel.close()

    async def ask(
        self, path: str, values: Mapping[str, Any], headers: Mapping[str, str]
    ) -> httpx.Response:
        """The answer to `/<full name of the service>/<RPC>`; of a stream, a list of all.

        A refusal is a problem document with the HTTP status that its code stands for.

        Raises:
            UnsayableError: the message has no place for the values.
        """
        service, _, rpc = path.removeprefix("/").partition("/")
        found: Any = descriptor_pool.Default().FindServiceByName(service)
        method = found.methods_by_name[rpc]
        request = self._message(method.input_type, values)
        reply = message_factory.GetMessageClass(method.output_type)
        kind = self._channel.unary_stream if method.server_streaming else self._channel.unary_unary
        call: Any = kind(path, type(request).SerializeToString, reply.FromString)
        metadata = [(name.lower(), value) for name, value in headers.items()]
        answer = call(request, metadata=metadata, timeout=_PATIENCE)
        try:
            if not method.server_streaming:
                return httpx.Response(200, json=self._converter.to_json(await answer))
            return httpx.Response(200, json=[self._converter.to_json(e) async for e in answer])
        except grpc.aio.AioRpcError as error:
            return _refusal(error)

    def _message(self, kind: Any, values: Mapping[str, Any]) -> Message:
        made: Message = message_factory.GetMessageClass(kind)()
        try:
            self._converter.to_message(values, made)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise UnsayableError(str(error)) from error
        return made


def _refusal(error: grpc.aio.AioRpcError) -> httpx.Response:
    """The problem that a status tells of."""
    code = status.status_of(error.code())
    rich = status.details_of(error.trailing_metadata() or ())
    if rich is None:
        return httpx.Response(code, json={"detail": error.details()})
    return httpx.Response(code, json=dict(status.problem_document(rich, code)))
