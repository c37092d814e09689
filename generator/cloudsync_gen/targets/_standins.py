"""What stands in for the services that a service calls: examples of their contracts' answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from cloudsync_gen.model.contracts import ContractDocument, Contracts, ProtoContract
from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.api import METHODS, GrpcApi, Operation, RestApi, Rpc
from cloudsync_gen.model.layers.application import Service
from cloudsync_gen.model.standins import Answer, StandIn
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets._examples import Samples, example_message
from cloudsync_gen.targets.service.samples import Unsampled, sample


def standins_of(model: Model, contracts: Contracts, service: Service) -> tuple[StandIn, ...]:
    """One for each service that is called, by name, with all that its contract offers."""
    documents = {call.operation: _document(model, call.operation) for call in service.calls}
    found: dict[tuple[str, bool], StandIn] = {}
    for document in sorted({each for each in documents.values() if each}):
        for made in (*_rest(model, contracts, document), *_grpc(model, contracts, document)):
            found.setdefault((made.service, made.rpc), made)
    return tuple(found[key] for key in sorted(found) if found[key].answers)


def _document(model: Model, called: str) -> str:
    carrier = model.get(Operation, called) or model.get(Rpc, called)
    return carrier.document if carrier else ""


def _rest(model: Model, contracts: Contracts, document: str) -> Iterator[StandIn]:
    contract = contracts.rest.get(document)
    api = model.get(RestApi, contract.source) if contract else None
    if contract is not None and api is not None and api.archimate_ref:
        answers = tuple(_answers(contract))
        yield StandIn(service=name_of(api.archimate_ref), rpc=False, answers=answers)


def _answers(contract: ContractDocument) -> Iterator[Answer]:
    schemas = contract.data.get("components", {}).get("schemas", {})
    for path, item in contract.data.get("paths", {}).items():
        for method in METHODS:
            operation = item.get(method)
            if operation:
                status, content = _success(operation.get("responses", {}), schemas)
                yield Answer(
                    operation=operation.get("operationId", ""),
                    key=f"{method.upper()} {path}",
                    status=status,
                    content=content,
                )


def _success(responses: Mapping[str, Any], schemas: Mapping[str, Any]) -> tuple[int, bytes]:
    """The lowest status of success, and an example of its JSON; nothing where none was found."""
    status = min((each for each in responses if each.startswith("2")), default="204")
    for content in responses.get(status, {}).get("content", {}).values():
        try:
            return int(status), json.dumps(sample(content.get("schema", {}), schemas)).encode()
        except Unsampled:
            return 501, b""
    return int(status), b""


def _grpc(model: Model, contracts: Contracts, document: str) -> Iterator[StandIn]:
    for contract in contracts.grpc.values():
        api = model.get(GrpcApi, contract.source)
        if contract.name == document and api is not None and api.service:
            answers = tuple(_messages(contract, _samples(contracts)))
            yield StandIn(service=name_of(api.service), rpc=True, answers=answers)


def _samples(contracts: Contracts) -> Samples:
    """Finds an example for a message: messages are called as the schemas that they carry."""
    elements = {name: element for element, name in contracts.schema_names.items()}

    @cache
    def found(message: str) -> Mapping[str, Any] | None:
        document = contracts.jsonschema.get(elements.get(message, ""))
        if document is None:
            return None
        parts = document.data.get("$defs", {})
        try:
            value = sample(document.data, {f"#/$defs/{name}": parts[name] for name in parts})
        except Unsampled:
            return None
        return value if isinstance(value, Mapping) else None

    return found


def _messages(contract: ProtoContract, samples: Samples) -> Iterator[Answer]:
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from google.protobuf.descriptor_pool import DescriptorPool

    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(contract.descriptors).file:
        pool.Add(file)
    described = pool.FindFileByName(contract.import_path)
    for service in described.services_by_name.values():
        for method in service.methods:
            yield Answer(
                operation=method.name,
                key=f"/{service.full_name}/{method.name}",
                content=example_message(method.output_type, samples).SerializeToString(),
            )
