"""A client for calls that the model names; messages and gRPC are loaded with the first of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib import import_module
from typing import Any

from cloudsync_chassis.client.named import NamedCall
from cloudsync_chassis.client.rpc import RpcClient, RpcMethod


def client_of(calls: Iterable[NamedCall]) -> type[RpcClient]:
    """The client that makes these calls."""
    by_path = {each.path: each for each in calls}

    class NamedClient(RpcClient):
        @cached_property
        def rpcs(self) -> Mapping[str, RpcMethod]:
            return {path: _method(each) for path, each in by_path.items()}

    return NamedClient


def _method(call: NamedCall) -> RpcMethod:
    """The messages of an RPC; an answer with one message in it is that message."""
    from google.protobuf import descriptor_pool, message_factory

    import_module(call.stubs)
    service, _, rpc = call.path.removeprefix("/").partition("/")
    found: Any = descriptor_pool.Default().FindServiceByName(service)
    method = found.methods_by_name[rpc]
    fields = method.output_type.fields
    alone = len(fields) == 1 and fields[0].message_type is not None and not fields[0].is_repeated
    return RpcMethod(
        message_factory.GetMessageClass(method.input_type),
        message_factory.GetMessageClass(method.output_type),
        fields[0].json_name if alone else "",
    )
