"""Names of the generated clients, which their makers and their users must agree on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from cloudsync_gen.model.layers.api import Rpc
from cloudsync_gen.naming import python_class, python_name

_BASE = ("attempts", "base_url", "budget", "call", "enum_names", "headers", "methods")
_RESERVED = frozenset((*_BASE, "aclose", "client", "rpcs", "send", "stream", "timeout"))
"""What a client has by itself, and what its caller calls the client."""

_LOCALS = ("self", "body", "idempotency_key", "if_match", "request", "body_of", "str", "uuid4")
"""What a method of a REST client takes besides its operation's parameters, and what it uses."""

RPC_RESERVED = ("rpc", "service", "runtime", "models", "operations", "port", "message", "services")
"""What the adapter of a gRPC service cannot call a method: names that its module uses."""


def rest_class(contract: str) -> str:
    """The class in it."""
    return f"{python_class(contract)}Client"


def python_module(path: str) -> str:
    """The module that protoc's Python plug-in makes of a file."""
    pure = PurePosixPath(path)
    return ".".join((*pure.parent.parts, f"{pure.stem}_pb2"))


def grpc_class(contract: str) -> str:
    """The class in it."""
    return f"{python_class(contract)}GrpcClient"


def rest_methods(operations: Iterable[str]) -> dict[str, str]:
    """Id of each operation of one contract -> the client's method."""
    return _methods(operations, _RESERVED)


def argument_names(parameters: Iterable[str], taken: Iterable[str]) -> Iterator[str]:
    """Names of the arguments that stand for parameters of one operation, in their order, beside
    names that are taken.
    """
    used = {*_LOCALS, *taken}
    for each in parameters:
        yield _apart(python_name(each), used)


def rpc_methods(rpcs: Iterable[Rpc]) -> dict[str, str]:
    """Name of each RPC of one contract -> the client's method."""
    return _methods((each.rpc_name for each in rpcs), _RESERVED | {*RPC_RESERVED})


def _methods(names: Iterable[str], reserved: frozenset[str]) -> dict[str, str]:
    taken = set(reserved)
    return {name: _apart(python_name(name), taken) for name in sorted(names)}


def _apart(name: str, taken: set[str]) -> str:
    """The name, or what it becomes where it is taken; from now on that is."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name
