"""gRPC contracts -> units with their views."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from cloudsync_gen.model.artefacts import Unit
from cloudsync_gen.model.contracts import Contracts, ProtoContract
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import GrpcApi
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.packages import grpc_package, package_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import kebab
from cloudsync_gen.targets._clients import grpc_class
from cloudsync_gen.targets._models import document
from cloudsync_gen.targets._python_types import imported
from cloudsync_gen.targets.service.facts import PREFIX, ServiceFacts, SystemFacts
from cloudsync_gen.targets.service_grpc.enums import enum_names
from cloudsync_gen.targets.service_grpc.messages import messages_of
from cloudsync_gen.targets.service_grpc.rpcs import Reader
from cloudsync_gen.targets.service_grpc.views import (
    AdapterView,
    ClientView,
    GrpcView,
    ImportView,
    RpcView,
)

NAME = "service_grpc"
_LINE = 100


def units(model: Model, contracts: Contracts) -> Iterator[Unit]:
    """One unit per gRPC contract with a service, named after the service that answers it."""
    system = SystemFacts(model, contracts) if contracts.grpc else None
    for contract in contracts.grpc.values():
        api = model.get(GrpcApi, contract.source)
        service = model.get(Service, api.service) if api else None
        if system is not None and service is not None:
            view = partial(_view, system, service, contract)
            yield Unit(target=NAME, name=name_of(service.id), view=view)


def _view(system: SystemFacts, service: Service, contract: ProtoContract) -> GrpcView:
    facts = ServiceFacts(system, service)
    known = messages_of(contract)
    reader = Reader(facts, contract, known)
    rpcs = tuple(reader.rpcs())
    name = name_of(facts.service.id)
    enums = enum_names(known, iter(reader.pairs), facts.schemas)
    kinds = {each.type for rpc in rpcs for each in rpc.arguments}
    modules = reader.modules()
    stubs = [_stub(module, alias) for module, alias in modules.items()]
    return GrpcView(
        service=name,
        package=package_of(name),
        full_name=f"{contract.package}.{contract.service}",
        title=f"{contract.service} of {contract.package}",
        version=facts.model.project.version,
        stubs=f"{kebab(facts.model.project.slug)}-grpc",
        imports=_sorted([*stubs, *_server_imports(bool(enums))]),
        uses=imported(kinds),
        has_models=any(each.body for each in rpcs) or any("models." in each for each in kinds),
        enums=enums,
        rpcs=rpcs,
        client=_client(facts, contract, rpcs, modules, reader.results),
        sources=(facts.service.id, contract.source),
    )


def _server_imports(enums: bool) -> Iterator[ImportView]:
    if enums:
        yield ImportView(module="cloudsync_chassis.protobuf.convert", names=("EnumNames",))
    yield ImportView(module="cloudsync_chassis.rpc.call", names=("Reply",))
    yield ImportView(module="cloudsync_chassis.rpc.service", names=("RpcService",))
    yield ImportView(module="cloudsync_chassis.runtime", names=("Runtime",))


def _stub(module: str, alias: str, indent: int = 0) -> ImportView:
    package, _, name = module.rpartition(".")
    renamed = alias if alias != name else ""
    line = f"from {package} import {name}" + (f" as {renamed}" if renamed else "")
    return ImportView(module=package, names=(name,), alias=renamed, long=indent + len(line) > _LINE)


def _sorted(imports: Iterable[ImportView]) -> tuple[ImportView, ...]:
    return tuple(sorted(imports, key=lambda each: (each.module, each.names)))


def _client(
    facts: ServiceFacts,
    contract: ProtoContract,
    rpcs: tuple[RpcView, ...],
    modules: Mapping[str, str],
    results: set[str],
) -> ClientView:
    kinds = {each.type for rpc in rpcs for each in rpc.arguments}
    adapters = {rpc.adapter: f"models.{rpc.result}" for rpc in rpcs if rpc.result}
    call = ("Call", "body_of") if any(rpc.body for rpc in rpcs) else ("Call",)
    named = any("models." in each for each in kinds) or any(rpc.body for rpc in rpcs)
    late = [*(("Result",) if adapters else ()), *(("late",) if named or adapters else ())]
    imports = [
        ImportView(module="cloudsync_chassis.client.call", names=call),
        ImportView(
            module="cloudsync_chassis.client.rpc", names=("METHOD", "RpcClient", "RpcMethod")
        ),
    ]
    if late:
        imports.append(ImportView(module="cloudsync_chassis.client.late", names=tuple(late)))
    return ClientView(
        package=grpc_package(contract.name),
        class_name=grpc_class(contract.name),
        imports=_sorted(imports),
        messages=_sorted(_stub(*each, indent=8) for each in modules.items()),
        has_models=named or bool(adapters),
        adapters=tuple(AdapterView(name=n, type=t) for n, t in sorted(adapters.items())),
        uses=imported(kinds),
        has_keys=any(rpc.idempotent for rpc in rpcs),
        has_streams=any(rpc.streams for rpc in rpcs),
        schemas=document(_schemas(facts, rpcs, results)),
    )


def _schemas(facts: ServiceFacts, rpcs: tuple[RpcView, ...], results: set[str]) -> dict[str, Any]:
    """What callers send and get, and all that it refers to."""
    sent = {rpc.body.model for rpc in rpcs if rpc.body}
    sent |= {
        each.type.removeprefix("models.")
        for rpc in rpcs
        for each in rpc.arguments
        if each.type.startswith("models.")
    }
    names = facts.system.contracts.schema_names
    elements = results | {each for each in facts.needed if facts.class_of(each) in sent}
    pending = [names[each] for each in sorted(elements) if each in names]
    found: dict[str, Any] = {}
    while pending:
        name = pending.pop()
        if name not in found and name in facts.schemas:
            found[name] = facts.schemas[name]
            pending += _references(facts.schemas[name])
    return dict(sorted(found.items()))


def _references(node: Any) -> list[str]:
    if isinstance(node, Mapping):
        own = node.get("$ref")
        inner = [name for each in node.values() for name in _references(each)]
        return [own.removeprefix(PREFIX), *inner] if isinstance(own, str) else inner
    if isinstance(node, list):
        return [name for each in node for name in _references(each)]
    return []
