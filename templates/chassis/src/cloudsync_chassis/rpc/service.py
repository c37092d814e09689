"""A gRPC service over the port: one entry per RPC, no base class of the stubs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from cloudsync_chassis.context import Context
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.protobuf.convert import EnumNames
from cloudsync_chassis.rpc.call import Reply, RpcCalls, RpcContext
from cloudsync_chassis.runtime import Runtime

Q = TypeVar("Q")
M = TypeVar("M", bound=Message)

Reader = Callable[[M], Q]
"""Makes the port's request of a message."""


class RpcService(RpcCalls):
    """The RPCs of the gRPC service `name` (its full name), added by decorated readers.

    @rpc.unary("Run", operations.RUN, service.run, RunRequest, Reply(RunResponse, "press"))
    def run(message: RunRequest) -> port.Run:
        return port.Run(body=rpc.read(message, models.RunRequest))
    """

    def __init__(self, name: str, runtime: Runtime, enum_names: EnumNames | None = None) -> None:
        super().__init__(runtime, enum_names)
        self.name = name
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    def unary(
        self,
        rpc: str,
        operation: Operation,
        method: Callable[[Context, Q], Awaitable[object]],
        message: type[M],
        reply: Reply,
    ) -> Callable[[Reader[M, Q]], Reader[M, Q]]:
        """An RPC with one answer."""

        def add(reader: Reader[M, Q]) -> Reader[M, Q]:
            async def handle(request: M, context: RpcContext) -> Message:
                call = (rpc, request, context)
                return await self.answer(call, operation, method, lambda: reader(request), reply)

            self._handlers[rpc] = grpc.unary_unary_rpc_method_handler(
                handle, message.FromString, _serialized
            )
            return reader

        return add

    def stream(
        self,
        rpc: str,
        operation: Operation,
        method: Callable[[Context, Q], Awaitable[AsyncIterator[object]]],
        message: type[M],
        reply: Reply,
    ) -> Callable[[Reader[M, Q]], Reader[M, Q]]:
        """An RPC whose answer is a stream."""

        def add(reader: Reader[M, Q]) -> Reader[M, Q]:
            async def handle(request: M, context: RpcContext) -> None:
                call = (rpc, request, context)
                await self.send(call, operation, method, lambda: reader(request), reply)

            self._handlers[rpc] = grpc.unary_stream_rpc_method_handler(
                handle, message.FromString, _serialized
            )
            return reader

        return add

    def add(self, server: grpc.aio.Server) -> None:
        """Add all RPCs to a server."""
        handler = grpc.method_handlers_generic_handler(self.name, self._handlers)
        server.add_generic_rpc_handlers((handler,))


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()
