"""What the client of a REST contract is rendered from."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class ArgumentView(Struct, frozen=True, kw_only=True):
    """A parameter of a method: its Python name and type, its name on the wire and where it goes."""

    name: str
    wire: str
    type: str
    location: str
    required: bool


class AdapterView(Struct, frozen=True, kw_only=True):
    """A module constant that reads answers of one type."""

    name: str
    type: str


class MethodView(Struct, frozen=True, kw_only=True):
    """A method: one operation of the contract."""

    name: str
    operation: str
    http: str
    path: str
    doc: str
    arguments: tuple[ArgumentView, ...]
    body: str
    media: str
    result: str
    adapter: str
    idempotent: bool
    conditional: bool
    repeatable: bool

    @property
    def in_path(self) -> tuple[ArgumentView, ...]:
        """Arguments that fill the path."""
        return tuple(each for each in self.arguments if each.location == "path")

    @property
    def in_query(self) -> tuple[ArgumentView, ...]:
        """Arguments that are sent in the query."""
        return tuple(each for each in self.arguments if each.location == "query")


class ClientView(Struct, frozen=True, kw_only=True):
    """The client of one document. `schemas` are the contract's, for the models."""

    document: str
    package: str
    class_name: str
    service: str
    title: str
    version: str
    methods: tuple[MethodView, ...]
    adapters: tuple[AdapterView, ...]
    uses: tuple[str, ...]
    has_bodies: bool
    has_keys: bool
    has_models: bool
    schemas: dict[str, Any]
    sources: tuple[str, ...]
