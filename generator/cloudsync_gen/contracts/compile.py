"""Model -> all contracts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct, structs

from cloudsync_gen.contracts.asyncapi import compile_asyncapi
from cloudsync_gen.contracts.facts import Lookups
from cloudsync_gen.contracts.index import index_of
from cloudsync_gen.contracts.jsonschema import compile_schemas
from cloudsync_gen.contracts.made import Made
from cloudsync_gen.contracts.memory import remembered
from cloudsync_gen.contracts.openapi import compile_rest
from cloudsync_gen.contracts.publication import publication_of
from cloudsync_gen.contracts.schemas import Schemas, known_schemas, schemas_of
from cloudsync_gen.contracts.source_check import form_findings
from cloudsync_gen.contracts.webhooks import compile_webhooks
from cloudsync_gen.diagnostics import Diagnostic, Staged
from cloudsync_gen.model.contracts import (
    INDEX,
    ContractDocument,
    Contracts,
    ContractText,
    ProtoContract,
)
from cloudsync_gen.model.memory import Forgetful, Memory
from cloudsync_gen.model.reading import Later
from cloudsync_gen.model.sources import GraphqlSource, GrpcSource, RestSource, WebhookSource
from cloudsync_gen.model.system import Model


class _Begun(Struct, frozen=True):
    """What can go wrong, done: the contracts whose sources are data."""

    schemas: Schemas
    lookups: Lookups
    rest: Mapping[str, ContractDocument]
    webhooks: Mapping[str, ContractDocument]
    found: tuple[Diagnostic, ...]


def compile_contracts(model: Model, memory: Memory | None = None) -> Staged[Contracts]:
    """Every contract of the model, complete and self-contained, and what could not be put in.

    Nothing is read but the model. Whether the results are valid is `validate`'s question. With a
    memory, sources that need a heavy library are only printed again when they have changed.
    """
    made = _without_index(model, memory or Forgetful())
    return Staged(_indexed(model, made.value), made.diagnostics)


def _indexed(model: Model, contracts: Contracts) -> Contracts:
    """With the index, which is made when somebody asks for it."""
    index = Later[str, bytes](model, lambda seen: {INDEX: index_of(Lookups(seen), contracts)})
    return structs.replace(contracts, index_file=index)


def _without_index(model: Model, known: Memory) -> Staged[Contracts]:
    """All contracts; the schemas that they were made of are dropped."""
    begun = _begun(model)
    contracts = Contracts(
        rest=begun.rest,
        webhooks=begun.webhooks,
        asyncapi=compile_asyncapi(begun.schemas, begun.lookups),
        graphql=_graphql(model.sources.graphql, known),
        grpc=_grpc(model.sources.grpc, known),
        jsonschema=dict(compile_schemas(begun.schemas, model)),
        index_file={},
        schema_names=dict(sorted(begun.schemas.elements.items())),
    )
    return Staged(contracts, begun.found)


def known_contracts(model: Model, memory: Memory) -> Contracts:
    """The same of a model whose contracts are known to be whole; each is made when somebody asks
    for it.
    """
    publication, lookups, schemas = publication_of(model)[0], Lookups(model), known_schemas(model)
    sources = {each.document: each for each in model.sources.rest}
    hooks = {each.document: each for each in model.sources.webhooks}
    rest = Made(
        sorted(sources), lambda name: compile_rest(sources[name], schemas, publication, lookups)[0]
    )
    webhooks = Made(
        sorted(hooks), lambda name: compile_webhooks(hooks[name], schemas, publication, model)[0]
    )
    contracts = Contracts(
        rest=rest,
        webhooks=webhooks,
        asyncapi=compile_asyncapi(schemas, lookups),
        graphql=_graphql(model.sources.graphql, memory),
        grpc=_grpc(model.sources.grpc, memory),
        jsonschema=compile_schemas(schemas, model),
        index_file={},
        schema_names=dict(sorted(schemas.elements.items())),
    )
    return _indexed(model, contracts)


def faults_of_contracts(model: Model) -> tuple[Diagnostic, ...]:
    """What `compile_contracts` finds; the contracts of which nothing can be wrong are not made."""
    return _begun(model).found


def _begun(model: Model) -> _Begun:
    publication, found = publication_of(model)
    schemas, problems = schemas_of(model)
    found += problems
    lookups = Lookups(model)
    rest = _collected(
        (
            compile_rest(each, schemas, publication, lookups)
            for each in model.sources.rest
            if _has_form(each, found)
        ),
        found,
    )
    webhooks = _collected(
        (
            compile_webhooks(each, schemas, publication, model)
            for each in model.sources.webhooks
            if _has_form(each, found)
        ),
        found,
    )
    return _Begun(schemas, lookups, rest, webhooks, tuple(found))


def _has_form(source: RestSource | WebhookSource, found: list[Diagnostic]) -> bool:
    """Whether a source can be walked; what stands in the way goes to `found`."""
    problems = form_findings(source.file, source.data)
    found.extend(problems)
    return not problems


def _collected(
    compiled: Iterable[tuple[ContractDocument, list[Diagnostic]]], found: list[Diagnostic]
) -> dict[str, ContractDocument]:
    documents: dict[str, ContractDocument] = {}
    for document, problems in compiled:
        documents[document.name] = document
        found.extend(problems)
    return dict(sorted(documents.items()))


def _graphql(sources: tuple[GraphqlSource, ...], memory: Memory) -> dict[str, ContractText]:
    found: dict[str, ContractText] = {}
    for source in sorted(sources, key=lambda each: each.document):

        def make(text: str = source.text) -> str:
            from cloudsync_gen.contracts.graphql import published

            return published(text)

        text = remembered(memory, "sdl", "graphql-core", source.text.encode(), make)
        found[source.document] = ContractText(
            name=source.document,
            path=f"graphql/{source.document}.graphql",
            source=source.id,
            file=source.file,
            text=text,
        )
    return found


def _grpc(sources: tuple[GrpcSource, ...], memory: Memory) -> dict[str, ProtoContract]:
    """All files at once, since they import each other."""
    if not sources:
        return {}

    def make() -> Any:
        from cloudsync_gen.contracts.proto import compile_protos

        return msgspec.to_builtins(compile_protos(sources), builtin_types=(bytes,))

    fields = GrpcSource.__struct_fields__
    content = msgspec.msgpack.encode([[getattr(e, field) for field in fields] for e in sources])
    made = remembered(memory, "proto", "protobuf", content, make)
    return msgspec.convert(made, dict[str, ProtoContract], builtin_types=(bytes,))
