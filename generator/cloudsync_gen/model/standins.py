"""Stand-ins: services that answer every call with an example of what their contract promises."""

from __future__ import annotations

from msgspec import Struct


class Answer(Struct, frozen=True, kw_only=True):
    """An operation and its one answer.

    `key` is `METHOD /path/{with}/parameters` for HTTP, `/package.Service/Method` for gRPC, whose
    `content` is the serialized message and which has no `status`.
    """

    operation: str
    key: str
    content: bytes
    status: int = 0


class StandIn(Struct, frozen=True, kw_only=True):
    """A service in whose place another is called, by HTTP or by gRPC (`rpc`)."""

    service: str
    rpc: bool
    answers: tuple[Answer, ...]
