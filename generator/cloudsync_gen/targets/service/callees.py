"""The clients with which a service calls others, one method per declared call."""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import Operation, Rpc
from cloudsync_gen.model.layers.application import Call
from cloudsync_gen.model.packages import grpc_package, rest_package
from cloudsync_gen.naming import kebab, python_class, python_name
from cloudsync_gen.targets import _clients
from cloudsync_gen.targets.service.facts import Scope, ServiceFacts
from cloudsync_gen.targets.service.surroundings import seconds
from cloudsync_gen.targets.service.view_calls import CallEdgeView, CalleeView

_KINDS = {
    "fail": "",
    "omit": "Omitted",
    "default": "Defaulted",
    "cached": "Cached",
    "queue": "Queued",
}
_CACHED_FOR = 60.0
"""Seconds for which an answer stands in where the edge does not say."""


def callees_of(facts: ServiceFacts) -> tuple[CalleeView, ...]:
    """A client per contract that the service calls, by package."""
    by_contract: dict[tuple[bool, str], list[CallEdgeView]] = {}
    services: dict[tuple[bool, str], str] = {}
    for call in facts.service.calls:
        for contract, service, edge in _edges(facts, call):
            services[contract] = service
            by_contract.setdefault(contract, []).append(edge)
    attributes = Scope()
    made = []
    for rpc, name in sorted(by_contract):
        package = grpc_package(name) if rpc else rest_package(name)
        attribute = attributes.take(python_name(name))
        made.append(
            CalleeView(
                attribute=attribute,
                class_name=f"{python_class(attribute)}Calls",
                service=services[rpc, name],
                package=package,
                distribution=kebab(package),
                client=_clients.grpc_class(name) if rpc else _clients.rest_class(name),
                rpc=rpc,
                calls=tuple(sorted(by_contract[rpc, name], key=lambda each: each.method)),
            )
        )
    return tuple(sorted(made, key=lambda each: each.package))


def _edges(facts: ServiceFacts, call: Call) -> Iterator[tuple[tuple[bool, str], str, CallEdgeView]]:
    """((by gRPC, contract), callee, edge) of a call; nothing where no contract carries it."""
    model, contracts = facts.model, facts.system.contracts
    carrier = model.get(Operation, call.operation) or model.get(Rpc, call.operation)
    performed = performed_by(model, carrier.command if carrier else None)
    if carrier is None or performed is None:
        return
    if isinstance(carrier, Rpc):
        known = carrier.document in {each.name for each in contracts.grpc.values()}
        rpcs = model.where(Rpc, "document", carrier.document)
        method = _clients.rpc_methods(rpcs)[carrier.rpc_name]
    else:
        known = carrier.document in contracts.rest
        ids = (e.operation_id for e in model.where(Operation, "document", carrier.document))
        method = _clients.rest_methods(ids)[carrier.operation_id]
    if known:
        streams = isinstance(carrier, Rpc) and carrier.server_streaming
        contract = (isinstance(carrier, Rpc), carrier.document)
        yield contract, name_of(performed.service), _edge(call, method, streams)


def _edge(call: Call, method: str, streams: bool) -> CallEdgeView:
    """What stands in for the first answers of a stream would not stand in for the rest."""
    kind = "" if streams else _KINDS[call.fallback.kind]
    age = seconds(call.fallback.max_age) if call.fallback.max_age else _CACHED_FOR
    return CallEdgeView(method=method, kind=kind, max_age=age)
