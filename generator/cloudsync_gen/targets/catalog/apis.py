"""Contracts as APIs of the catalogue: who provides each, and where its definition lies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct

from cloudsync_gen.model.contracts import Contracts
from cloudsync_gen.model.exchanges import consumed_by
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import (
    GraphqlApi,
    GrpcApi,
    JoinedField,
    Operation,
    RestApi,
    RootField,
    Rpc,
    Webhook,
)
from cloudsync_gen.model.layers.application import Event, Service
from cloudsync_gen.model.layers.business import Domain
from cloudsync_gen.model.providers import asked_of_providers
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets.catalog.entities import entity, reference, store_names

Form = Literal["openapi", "graphql", "grpc", "asyncapi"]


class Api(Struct, frozen=True, kw_only=True):
    """One contract. `service` provides it; it is empty where a whole domain does (`domain`)."""

    name: str
    title: str
    form: Form
    path: str
    service: str = ""
    domain: str = ""


class Apis:
    """All contracts of a model, and which of them services provide and use. `stores`: what holds
    the stores that services use -> what it is called.
    """

    def __init__(self, model: Model, contracts: Contracts) -> None:
        self._model = model
        self._by_document: dict[tuple[type, str], Api] = {}
        self._by_domain: dict[str, Api] = {}
        self.all = tuple(self._found(contracts))
        self._provided: dict[str, list[Api]] = defaultdict(list)
        for each in self.all:
            if each.service:
                self._provided[each.service].append(each)
        uses = (use.store for each in model.all(Service) for use in each.stores)
        self.stores = store_names(model, uses)

    def _found(self, contracts: Contracts) -> Iterator[Api]:
        model = self._model
        for rest in model.all(RestApi):
            document = contracts.rest.get(rest.document)
            if document is not None:
                made = _api(rest, rest.document, "openapi", document.path, rest.archimate_ref)
                self._by_document[RestApi, rest.document] = made
                yield made
        for graphql in model.all(GraphqlApi):
            text = contracts.graphql.get(graphql.document)
            if text is not None:
                service = graphql.service or ""
                made = _api(graphql, graphql.document, "graphql", text.path, service)
                self._by_document[GraphqlApi, graphql.document] = made
                yield made
        for grpc in model.all(GrpcApi):
            proto = contracts.grpc.get(grpc.document)
            if proto is not None:
                made = _api(grpc, grpc.document, "grpc", proto.path, grpc.service)
                self._by_document[GrpcApi, grpc.document] = made
                yield made
        yield from self._of_webhooks(contracts)
        for domain in model.all(Domain):
            channels = contracts.asyncapi.get(name_of(domain.id))
            if channels is not None:
                made = Api(
                    name=f"{name_of(domain.id)}-events",
                    title=f"{domain.name}: events",
                    form="asyncapi",
                    path=channels.path,
                    domain=domain.id,
                )
                self._by_domain[domain.id] = made
                yield made

    def _of_webhooks(self, contracts: Contracts) -> Iterator[Api]:
        """A webhook document belongs to the domain whose events fire it."""
        events = {each.document: each.event for each in reversed(self._model.all(Webhook))}
        for name, document in contracts.webhooks.items():
            event = self._model.get(Event, events.get(name) or "")
            service = self._model.get(Service, event.service) if event else None
            if service is not None:
                yield Api(
                    name=f"{name}-webhooks",
                    title=f"{document.data['info']['title']}",
                    form="openapi",
                    path=document.path,
                    domain=service.domain,
                )

    def provided(self, service: Service) -> list[Api]:
        """Contracts that the service alone answers to."""
        return self._provided[service.id]

    def shared(self, service: Service) -> list[Api]:
        """The events of its domain, if it announces any."""
        announces = self._model.origins(service.id, "event-producer")
        found = self._by_domain.get(service.domain) if announces else None
        return [found] if found is not None else []

    def used(self, service: Service) -> list[Api]:
        """Contracts that it calls by or listens to, each once, by name."""
        found = [self._of_call(call.operation) for call in service.calls]
        found += [
            self._of_call(each.call.operation) for each in asked_of_providers(self._model, service)
        ]
        for consumed in consumed_by(self._model, service):
            event = self._model.get(Event, consumed)
            producer = self._model.get(Service, event.service) if event else None
            found.append(self._by_domain.get(producer.domain) if producer else None)
        found += [self._of_call(each) for each in self._resolved(service)]
        named = {each.name: each for each in found if each is not None}
        return [named[name] for name in sorted(named)]

    def _resolved(self, service: Service) -> Iterator[str]:
        """Operations behind the fields of the service's GraphQL schemas."""
        own = self._model.where(GraphqlApi, "service", service.id)
        ours = {each.document for each in own}
        for field in self._model.all(RootField):
            if field.document in ours and field.resolves:
                yield field.resolves
        for join in self._model.all(JoinedField):
            if join.document in ours:
                yield join.resolves

    def _of_call(self, called: str) -> Api | None:
        operation, rpc = self._model.get(Operation, called), self._model.get(Rpc, called)
        if operation is not None:
            return self._by_document.get((RestApi, operation.document))
        return self._by_document.get((GrpcApi, rpc.document)) if rpc is not None else None


def entity_of(api: Api, owner: str, system: str, up: str) -> dict[str, Any]:
    """The API as an entity; `up` leads from its file to the root of the repository."""
    spec = {
        "type": api.form,
        "lifecycle": "production",
        "owner": reference("group", owner),
        "system": reference("system", system),
        "definition": {"$text": f"{up}contracts/{api.path}"},
    }
    return entity("API", api.name, api.title, "", spec)


def _api(element: RestApi | GraphqlApi | GrpcApi, name: str, form: Form, path: str, by: str) -> Api:
    return Api(name=f"{name}-{form}", title=element.name, form=form, path=path, service=by)
