"""Whether compiled contracts are valid, each by the reference implementation of its kind.

Findings name the model's place, not the contract's. Resolvers of references are refused: a contract
is self-contained, so whatever asks for a file or an address is a fault.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from cloudsync_gen.contracts.findings import contract_finding
from cloudsync_gen.contracts.memory import Forgetful, Memory, judged
from cloudsync_gen.contracts.schemas import BASE
from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.contracts import ContractDocument, Contracts, ContractText, ProtoContract
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers.data_model import DataElement
from cloudsync_gen.model.schema_check import Fault, default_faults, faults_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Pointer, Ref

MAX_MESSAGE = 300


def validate(
    model: Model, contracts: Contracts, memory: Memory | None = None
) -> tuple[Diagnostic, ...]:
    """What is wrong with the contracts, as findings about the model."""
    known = memory or Forgetful()
    found = [*_schemas(model), *_defaults(contracts, model)]
    for each in (*contracts.rest.values(), *contracts.webhooks.values()):
        found.extend(_document(each, contracts, model, known))
    for text in contracts.graphql.values():
        found.extend(_text(text, known))
    found.extend(_protos(contracts, known))
    return tuple(found)


def _schemas(model: Model) -> Iterator[Diagnostic]:
    """Each element's schema by itself: contracts hold nothing but these."""
    for element in model.elements.values():
        if isinstance(element, DataElement):
            place = model.ref(element.id, "schema")
            for fault in faults_of(element.schema):
                yield _at(place, fault, "invalid-json-schema", element.id)


def _defaults(contracts: Contracts, model: Model) -> Iterator[Diagnostic]:
    """Defaults within the data model, read off the schemas that have everything they refer to."""
    for element, document in contracts.jsonschema.items():
        local = document.data.get("$defs", {})

        def resolve(reference: str, local: Mapping[str, Any] = local) -> Any:
            return local.get(reference.removeprefix("#/$defs/"), {})

        place = model.ref(element, "schema")
        for fault in default_faults(document.data, resolve):
            yield _at(place, fault, "invalid-json-schema", element)


def _at(place: Ref, fault: Fault, kind: str, element: str = "") -> Diagnostic:
    hint = fault.hint or "see JSON Schema 2020-12"
    return contract_finding(kind, place.at(*fault.pointer), fault.message, hint, element)


def _document(
    document: ContractDocument, contracts: Contracts, model: Model, memory: Memory
) -> list[Diagnostic]:
    """Faults of inline schemas, whose places are known best, or else of the whole document."""

    def judge() -> list[Diagnostic]:
        return [
            contract_finding("invalid-openapi", place, fault.message, _OPENAPI, document.source)
            for fault in openapi_faults(document.data)
            if (place := _place(document, fault.pointer, contracts, model))
        ]

    inline = list(_inline(document))
    return inline or judged(
        memory, "openapi", "openapi-spec-validator", msgspec.json.encode(document.data), judge
    )


_OPENAPI = "see OpenAPI 3.1"


def _inline(document: ContractDocument) -> Iterator[Diagnostic]:
    """Schemas written in the source itself, and their defaults."""
    components = document.data.get("components", {}).get("schemas", {})

    def resolve(reference: str) -> Any:
        return components.get(reference.removeprefix(BASE), {})

    for pointer, schema in _source_schemas(document.data):
        place = Ref(document.file, pointer)
        for fault in (*faults_of(schema), *default_faults(schema, resolve)):
            yield _at(place, fault, "invalid-json-schema", document.source)


def _source_schemas(data: Mapping[str, Any]) -> Iterator[tuple[Pointer, Any]]:
    """(pointer, schema) of everything called `schema` below `paths` and `webhooks`."""
    pending: list[tuple[Pointer, Any]] = [
        ((part,), data[part]) for part in ("webhooks", "paths") if part in data
    ]
    while pending:
        pointer, value = pending.pop()
        if isinstance(value, Mapping):
            for key, each in value.items():
                if key == "schema":
                    yield (*pointer, key), each
                elif key != "examples":
                    pending.append(((*pointer, key), each))
        elif isinstance(value, list):
            pending.extend(((*pointer, index), each) for index, each in enumerate(value))


def _place(document: ContractDocument, pointer: Pointer, contracts: Contracts, model: Model) -> Ref:
    """The place in the model of a place in a contract."""
    if pointer[:2] == ("components", "schemas") and len(pointer) > 2:
        for element, name in contracts.schema_names.items():
            if name == pointer[2]:
                return model.refs[ElementId(element)].at("schema", *pointer[3:])
    return Ref(document.file, pointer)


def openapi_faults(data: Mapping[str, Any]) -> list[Fault]:
    """What openapi-spec-validator says about a document, its component schemas apart.

    Those are judged once for all documents; here each stands as a schema that accepts everything,
    so that references to it still have to resolve.
    """
    from jsonschema_path import SchemaPath
    from openapi_spec_validator import OpenAPIV31SpecValidator

    components = data.get("components", {})
    stubs: dict[str, Any] = {name: {} for name in components.get("schemas", {})}
    outline = {**data, "components": {**components, "schemas": stubs}}
    handlers = dict.fromkeys(("http", "https", "file", "<all_urls>"), _refuse)
    try:
        path = SchemaPath.from_dict(outline, handlers=handlers)
        errors = list(OpenAPIV31SpecValidator(path).iter_errors())
    except Exception as error:
        return [Fault((), f"{type(error).__name__}: {error}"[:MAX_MESSAGE])]
    return [
        Fault(tuple(getattr(each, "absolute_path", ())), str(each.message)[:MAX_MESSAGE])
        for each in errors
    ]


def _refuse(uri: str) -> Any:
    raise ValueError(f"a contract is self-contained, but refers to {uri}")


def _text(contract: ContractText, memory: Memory) -> list[Diagnostic]:
    def judge() -> list[Diagnostic]:
        from cloudsync_gen.contracts.graphql_check import graphql_faults

        return [
            contract_finding(
                "invalid-graphql", Ref(contract.file), fault, "see GraphQL", contract.source
            )
            for fault in graphql_faults(contract.text)
        ]

    return judged(memory, "sdl-check", "strawberry-graphql", contract.text.encode(), judge)


def _protos(contracts: Contracts, memory: Memory) -> list[Diagnostic]:
    """All proto texts together, since they import each other."""
    protos = tuple(contracts.grpc.values())
    if not protos:
        return []

    def judge() -> list[Diagnostic]:
        from cloudsync_gen.contracts.proto_check import proto_faults

        by_path: dict[str, ProtoContract] = {each.import_path: each for each in protos}
        return [
            contract_finding("invalid-proto", Ref(each.file), what, "see proto3", each.source)
            for path, what in proto_faults(protos)
            if (each := by_path.get(path, protos[0]))
        ]

    content = b"\0".join(each.text.encode() for each in protos)
    return judged(memory, "proto-check", "grpcio-tools", content, judge)
