"""The index of all contracts: what each part belongs to, and the links taken out of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from cloudsync_gen.contracts.facts import Lookups
from cloudsync_gen.model.contracts import (
    ContractDocument,
    Contracts,
    ContractText,
    ProtoContract,
    packed_json,
)
from cloudsync_gen.model.event_names import event_type
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers.api import (
    GraphqlApi,
    GrpcApi,
    JoinedField,
    Operation,
    RootField,
    Rpc,
    Webhook,
)
from cloudsync_gen.model.layers.application import Command, Event, Query, Service
from cloudsync_gen.model.layers.technology import Topic
from cloudsync_gen.model.links import BY_NAME

VERSION = 1
F = TypeVar("F", RootField, JoinedField)
Published = Mapping[str, ContractDocument | ContractText | ProtoContract]


Entries = Iterator[tuple[str, dict[str, Any]]]
"""(element id, what is said of it)"""


def index_of(lookups: Lookups, contracts: Contracts) -> bytes:
    """`index.json`: operations, rpcs, fields, joins, webhooks, events and schemas by element id, as
    a `model.contracts.Contracts` keeps it. No more than one entry is there at a time.
    """
    return packed_json(_parts(_Entries(lookups), contracts))


def _parts(entries: _Entries, contracts: Contracts) -> Iterator[bytes]:
    """The text without spaces, piece by piece."""
    encode = msgspec.json.encode
    slug = entries.model.project.slug
    yield b'{"version":' + encode(VERSION) + b',"project":' + encode(slug)
    sections = {
        "operations": entries.operations(contracts.rest),
        "rpcs": entries.rpcs(contracts.grpc),
        "fields": entries.fields(contracts.graphql),
        "joins": entries.joins(contracts.graphql),
        "webhooks": entries.webhooks(contracts.webhooks),
        "events": entries.events(contracts.asyncapi),
        "schemas": entries.schemas(contracts.jsonschema),
    }
    for name, found in sections.items():
        yield b"," + encode(name) + b":{"
        for number, (key, entry) in enumerate(found):
            yield (b"," if number else b"") + encode(key) + b":" + encode(entry)
        yield b"}"
    yield b"}"


class _Entries:
    """Builds the entries of each kind."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self.model = lookups.model

    def links(self, element: str) -> dict[str, Any]:
        """`links` by link type and `usedBy` by inverse name, each with sorted ids; without `$ref`s,
        which contracts keep.
        """
        out: dict[str, set[str]] = {}
        into: dict[str, set[str]] = {}
        for link in self.model.out.get(ElementId(element), ()):
            if BY_NAME[link.type].form != "ref":
                out.setdefault(link.type, set()).add(link.target)
        for link in self.model.into.get(ElementId(element), ()):
            if BY_NAME[link.type].form != "ref":
                into.setdefault(BY_NAME[link.type].inverse, set()).add(link.source)
        found = {"links": out, "usedBy": into}
        return {
            name: {key: sorted(group[key]) for key in sorted(group)}
            for name, group in found.items()
            if group
        }

    def _entry(self, element: str, file: str, service: str | None, **facts: Any) -> dict[str, Any]:
        owner = self.model.get(Service, service) if service else None
        entry = {
            "file": file,
            **facts,
            "service": service,
            "owner": owner.owner if owner else None,
        }
        kept = {name: value for name, value in entry.items() if value is not None}
        return {**kept, **self.links(element)}

    def _performed(self, identity: str | None) -> tuple[str | None, dict[str, Any]]:
        """(service, access) of a command or query."""
        found = self.model.elements.get(ElementId(identity or ""))
        if not isinstance(found, (Command, Query)):
            return None, {}
        access = {"access": found.access, "permission": found.permission}
        if isinstance(found, Command):
            access["idempotency"] = found.idempotency
        return found.service, access

    def operations(self, rest: Published) -> Entries:
        """Operations of all REST documents."""
        for each in self.model.all(Operation):
            if each.document in rest:
                service, access = self._performed(each.command)
                place = {"method": each.method, "path": each.path, "operationId": each.operation_id}
                file = rest[each.document].path
                yield each.id, self._entry(each.id, file, service, **place, **access)

    def rpcs(self, grpc: Published) -> Entries:
        """Methods of all gRPC services."""
        services = {each.document: each for each in self.model.all(GrpcApi)}
        for each in self.model.all(Rpc):
            api = services.get(each.document)
            if api is not None and each.document in grpc:
                _, access = self._performed(each.command)
                method = f"{api.package}.{api.service_name}/{each.rpc_name}"
                path = grpc[each.document].path
                yield each.id, self._entry(each.id, path, api.service, rpc=method, **access)

    def fields(self, graphql: Published) -> Entries:
        """Root fields of all GraphQL schemas."""
        for each, file, service in self._in_schemas(RootField, graphql):
            facts = {"root": each.operation_type, "field": each.field_name}
            yield each.id, self._entry(each.id, file, service, **facts)

    def joins(self, graphql: Published) -> Entries:
        """Fields of other types that another service answers, of all GraphQL schemas."""
        for each, file, service in self._in_schemas(JoinedField, graphql):
            facts = {"type": each.type_name, "field": each.field_name, "by": each.by}
            yield each.id, self._entry(each.id, file, service, **facts)

    def _in_schemas(self, kind: type[F], graphql: Published) -> Iterator[tuple[F, str, str | None]]:
        """Fields of a kind, each with the file of its schema and the service that serves that."""
        services = {each.document: each.service for each in self.model.all(GraphqlApi)}
        for each in self.model.all(kind):
            if each.document in graphql:
                yield each, graphql[each.document].path, services.get(each.document)

    def webhooks(self, webhooks: Published) -> Entries:
        """Webhooks of all documents."""
        for each in self.model.all(Webhook):
            event = self.model.get(Event, each.event or "")
            if each.document in webhooks:
                yield each.id, self._entry(
                    each.id,
                    webhooks[each.document].path,
                    event.service if event else None,
                    webhook=each.webhook_name,
                )

    def events(self, asyncapi: Published) -> Entries:
        """Events of all domains."""
        for each in self.model.all(Event):
            service = self.model.get(Service, each.service)
            document = asyncapi.get(service.domain.rpartition(".")[2]) if service else None
            topic = self.model.get(Topic, each.topic)
            if document is None or topic is None:
                continue
            yield each.id, self._entry(
                each.id,
                document.path,
                each.service,
                type=event_type(self.model, each),
                topic=topic.topic,
                consumers=self._lookups.consumers.get(each.id, []),
            )

    def schemas(self, jsonschema: Mapping[str, ContractDocument]) -> Entries:
        """Elements of the data model."""
        for key, each in jsonschema.items():
            yield key, {"file": each.path, "name": each.name, **self.links(key)}
