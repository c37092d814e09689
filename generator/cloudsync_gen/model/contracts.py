"""Compiled contracts: self-contained, published documents of every kind, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class GrpcContract(Struct, frozen=True, kw_only=True):
    """A compiled proto file: its text and the FileDescriptorSet (without comments) that it
    needs.
    """

    document: str
    path: str
    package: str
    service: str
    text: str
    descriptor_set: bytes


class Contracts(Struct, frozen=True, kw_only=True):
    """All contracts; documents by name, ordered.

    `rest` and `webhooks` hold OpenAPI 3.1 documents, `asyncapi` AsyncAPI 3.0 documents by domain,
    `graphql` SDL, `jsonschema` self-contained schemas by element id; `index` joins them to
    elements.
    """

    rest: Mapping[str, Mapping[str, Any]] = {}
    webhooks: Mapping[str, Mapping[str, Any]] = {}
    asyncapi: Mapping[str, Mapping[str, Any]] = {}
    graphql: Mapping[str, str] = {}
    grpc: Mapping[str, GrpcContract] = {}
    jsonschema: Mapping[str, Mapping[str, Any]] = {}
    index: Mapping[str, Any] = {}
