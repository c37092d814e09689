"""What the gRPC adapter of a service and the client of its contract are rendered from."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class ImportView(Struct, frozen=True, kw_only=True):
    """`from module import names`; `alias` renames the only one, `long` ones take many lines."""

    module: str
    names: tuple[str, ...]
    alias: str = ""
    long: bool = False


class ArgumentView(Struct, frozen=True, kw_only=True):
    """A parameter: its Python name and type, and the JSON name of the request's field for it."""

    name: str
    wire: str
    type: str
    required: bool


class BodyView(Struct, frozen=True, kw_only=True):
    """The body of a request: a class of the models, read from the message without `left_out`, or
    from its field `source` (a Python name; `wire` in JSON) where it has a message of its own.
    """

    model: str
    source: str
    wire: str
    left_out: tuple[str, ...]


class RpcView(Struct, frozen=True, kw_only=True):
    """An RPC. `field`: JSON name of the answer's field for the result or its items.

    `page`: names of the request's fields for limit, cursor and sort, empty where there is none.
    `result` is the class of the models that callers get, `constant` its reader.
    """

    rpc: str
    path: str
    name: str
    about: str
    streams: bool
    constant: str
    method: str
    request: str
    message: str
    answer: str
    field: str
    arguments: tuple[ArgumentView, ...]
    body: BodyView | None
    paged: bool
    page: tuple[tuple[str, str], ...]
    result: str
    adapter: str
    idempotent: bool
    conditional: bool
    repeatable: bool

    @property
    def plain(self) -> bool:
        """Whether the body is all that a request holds."""
        return self.body is not None and not (self.body.wire or self.arguments or self.page)

    @property
    def keywords(self) -> bool:
        """Whether the client's method takes anything beside a body."""
        return bool(self.arguments or self.page or self.idempotent or self.conditional)

    @property
    def returns(self) -> str:
        """What the client's method is annotated to return."""
        found = f"models.{self.result}" if self.result else "None"
        return f"AsyncIterator[{found}]" if self.streams else found


class AdapterView(Struct, frozen=True, kw_only=True):
    """A module constant that reads answers of one class."""

    name: str
    type: str


class ClientView(Struct, frozen=True, kw_only=True):
    """The client package. `uses` are words of its annotations, `schemas` those of its models,
    `messages` what it loads with its first call.
    """

    package: str
    class_name: str
    imports: tuple[ImportView, ...]
    messages: tuple[ImportView, ...]
    has_models: bool
    adapters: tuple[AdapterView, ...]
    uses: tuple[str, ...]
    has_keys: bool
    has_streams: bool
    schemas: dict[str, Any]


class GrpcView(Struct, frozen=True, kw_only=True):
    """A service's gRPC contract: the adapter in the service's package, and the client."""

    service: str
    package: str
    full_name: str
    title: str
    version: str
    stubs: str
    imports: tuple[ImportView, ...]
    uses: tuple[str, ...]
    has_models: bool
    enums: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    rpcs: tuple[RpcView, ...]
    client: ClientView
    sources: tuple[str, ...]
