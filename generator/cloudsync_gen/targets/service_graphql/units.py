"""GraphQL contracts -> units with their views."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from cloudsync_gen.model.artefacts import Unit, Unplannable
from cloudsync_gen.model.contracts import Contracts, ContractText
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import GraphqlApi
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.layers.navigation import Route
from cloudsync_gen.model.packages import package_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets.service.facts import ServiceFacts, SystemFacts
from cloudsync_gen.targets.service_graphql.views import GraphqlView

NAME = "service_graphql"


def units(model: Model, contracts: Contracts) -> Iterator[Unit]:
    """One unit per GraphQL contract with a service, named after the service that answers it. Views
    raise `Unplannable`: fields that do not fit what answers them.
    """
    system = SystemFacts(model, contracts) if contracts.graphql else None
    for contract in contracts.graphql.values():
        api = model.get(GraphqlApi, contract.source)
        service = model.get(Service, api.service or "") if api else None
        if system is None or api is None or service is None:
            continue
        view = partial(_view, system, service, api, contract)
        yield Unit(target=NAME, name=name_of(service.id), view=view)


def _check(facts: ServiceFacts, api: GraphqlApi) -> None:
    """One schema for a service, which answers by HTTP."""
    if facts.service.style == "grpc":
        raise Unplannable([(api.id, f"{facts.service.name} answers by gRPC, and nothing else")])
    if facts.schema_source != api:
        raise Unplannable([(api.id, f"{facts.service.name} has a schema already")])


def _view(
    system: SystemFacts, service: Service, api: GraphqlApi, contract: ContractText
) -> GraphqlView:
    facts = ServiceFacts(system, service, plain=True)
    _check(facts, api)
    # who reads no schema does without graphql-core
    from cloudsync_gen.targets.service_graphql.reader import Reader

    reader = Reader(facts, contract)
    fields = tuple(reader.fields())
    name = name_of(facts.service.id)
    return GraphqlView(
        service=name,
        package=package_of(name),
        name=contract.name,
        path=_path(facts.model, api),
        contract=contract.path,
        ad_hoc=api.ad_hoc,
        introspection=api.introspection,
        depth=api.max_depth,
        cost=api.max_cost,
        subscriptions=api.max_subscriptions,
        members=reader.fit.irregular(),
        kinds=dict(sorted(reader.fit.kinds.items())),
        fields=fields,
        sources=(facts.service.id, contract.source),
    )


def _path(model: Model, api: GraphqlApi) -> str:
    """Where the gateway sends its requests; a path of its own where no route leads to it."""
    for route in model.all(Route):
        if api.id in route.contracts and "*" not in route.path and "{" not in route.path:
            return route.path
    return f"/graphql/{api.document}"
