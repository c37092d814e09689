"""The index of all contracts: what each part belongs to, and the links taken out of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudsync_gen.contracts.facts import Lookups
from cloudsync_gen.model.contracts import ContractDocument, ContractText, ProtoContract
from cloudsync_gen.model.event_names import event_type
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers.api import GraphqlApi, GrpcApi, Operation, RootField, Rpc, Webhook
from cloudsync_gen.model.layers.application import Command, Event, Query, Service
from cloudsync_gen.model.layers.technology import Topic
from cloudsync_gen.model.links import BY_NAME

VERSION = 1
PARTS = (
    *("version", "project", "operations", "rpcs", "fields", "webhooks", "events"),
    "schemas",
)
"""Keys of the index, in order."""

Published = Mapping[str, ContractDocument | ContractText | ProtoContract]


def index_of(
    lookups: Lookups,
    rest: Published,
    webhooks: Published,
    graphql: Published,
    grpc: Published,
    asyncapi: Published,
    jsonschema: Published,
) -> dict[str, Any]:
    """`index.json`: operations, rpcs, fields, webhooks, events and schemas by element id."""
    entries = _Entries(lookups)
    return {
        "version": VERSION,
        "project": lookups.model.project.slug,
        "operations": entries.operations(rest),
        "rpcs": entries.rpcs(grpc),
        "fields": entries.fields(graphql),
        "webhooks": entries.webhooks(webhooks),
        "events": entries.events(asyncapi),
        "schemas": {
            key: {"file": each.path, "name": each.name, **entries.links(key)}
            for key, each in jsonschema.items()
        },
    }


class _Entries:
    """Builds the entries of each kind."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._model = lookups.model

    def links(self, element: str) -> dict[str, Any]:
        """`links` by link type and `usedBy` by inverse name, each with sorted ids; without `$ref`s,
        which contracts keep.
        """
        out: dict[str, set[str]] = {}
        into: dict[str, set[str]] = {}
        for link in self._model.out.get(ElementId(element), ()):
            if BY_NAME[link.type].form != "ref":
                out.setdefault(link.type, set()).add(link.target)
        for link in self._model.into.get(ElementId(element), ()):
            if BY_NAME[link.type].form != "ref":
                into.setdefault(BY_NAME[link.type].inverse, set()).add(link.source)
        found = {"links": out, "usedBy": into}
        return {
            name: {key: sorted(group[key]) for key in sorted(group)}
            for name, group in found.items()
            if group
        }

    def _entry(self, element: str, file: str, service: str | None, **facts: Any) -> dict[str, Any]:
        owner = self._model.get(Service, service) if service else None
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
        found = self._model.elements.get(ElementId(identity or ""))
        if not isinstance(found, (Command, Query)):
            return None, {}
        access = {"access": found.access, "permission": found.permission}
        if isinstance(found, Command):
            access["idempotency"] = found.idempotency
        return found.service, access

    def operations(self, rest: Published) -> dict[str, Any]:
        """Operations of all REST documents."""
        found = {}
        for each in self._model.all(Operation):
            if each.document in rest:
                service, access = self._performed(each.command)
                place = {"method": each.method, "path": each.path, "operationId": each.operation_id}
                found[each.id] = self._entry(
                    each.id, rest[each.document].path, service, **place, **access
                )
        return found

    def rpcs(self, grpc: Published) -> dict[str, Any]:
        """Methods of all gRPC services."""
        services = {each.document: each for each in self._model.all(GrpcApi)}
        found = {}
        for each in self._model.all(Rpc):
            api = services.get(each.document)
            if api is not None and each.document in grpc:
                _, access = self._performed(each.command)
                method = f"{api.package}.{api.service_name}/{each.rpc_name}"
                path = grpc[each.document].path
                found[each.id] = self._entry(each.id, path, api.service, rpc=method, **access)
        return found

    def fields(self, graphql: Published) -> dict[str, Any]:
        """Root fields of all GraphQL schemas."""
        services = {each.document: each.service for each in self._model.all(GraphqlApi)}
        return {
            each.id: self._entry(
                each.id,
                graphql[each.document].path,
                services.get(each.document),
                root=each.operation_type,
                field=each.field_name,
            )
            for each in self._model.all(RootField)
            if each.document in graphql
        }

    def webhooks(self, webhooks: Published) -> dict[str, Any]:
        """Webhooks of all documents."""
        found = {}
        for each in self._model.all(Webhook):
            event = self._model.get(Event, each.event or "")
            if each.document in webhooks:
                found[each.id] = self._entry(
                    each.id,
                    webhooks[each.document].path,
                    event.service if event else None,
                    webhook=each.webhook_name,
                )
        return found

    def events(self, asyncapi: Published) -> dict[str, Any]:
        """Events of all domains."""
        found = {}
        for each in self._model.all(Event):
            service = self._model.get(Service, each.service)
            document = asyncapi.get(service.domain.rpartition(".")[2]) if service else None
            topic = self._model.get(Topic, each.topic)
            if document is None or topic is None:
                continue
            found[each.id] = self._entry(
                each.id,
                document.path,
                each.service,
                type=event_type(self._model, each),
                topic=topic.topic,
                consumers=self._lookups.consumers.get(each.id, []),
            )
        return found
