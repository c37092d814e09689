"""Contract sources: what people write in layer 06, as text and as parsed data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class RestSource(Struct, frozen=True, kw_only=True):
    """An OpenAPI 3.1 source: paths, operations, `$ref`s into the data model, link fields."""

    document: str
    id: str
    file: str
    data: Mapping[str, Any]


class WebhookSource(Struct, frozen=True, kw_only=True):
    """An OpenAPI 3.1 source with `webhooks` alone."""

    document: str
    file: str
    data: Mapping[str, Any]


class GraphqlSource(Struct, frozen=True, kw_only=True):
    """A GraphQL SDL source."""

    document: str
    id: str
    file: str
    text: str


class GrpcSource(Struct, frozen=True, kw_only=True):
    """A proto3 source with its serialized FileDescriptorProto, options included, comments not."""

    document: str
    id: str
    file: str
    text: str
    descriptor: bytes


class Sources(Struct, frozen=True, kw_only=True):
    """All contract sources, each kind ordered by document."""

    rest: tuple[RestSource, ...] = ()
    webhooks: tuple[WebhookSource, ...] = ()
    graphql: tuple[GraphqlSource, ...] = ()
    grpc: tuple[GrpcSource, ...] = ()
