"""Model -> all contracts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from functools import partial
from typing import Any

import msgspec
from msgspec import structs

from cloudsync_gen.contracts.asyncapi import compile_asyncapi
from cloudsync_gen.contracts.facts import Lookups
from cloudsync_gen.contracts.index import index_of
from cloudsync_gen.contracts.jsonschema import compile_schemas
from cloudsync_gen.contracts.memory import remembered
from cloudsync_gen.contracts.openapi import compile_rest, faults_of_rest
from cloudsync_gen.contracts.publication import Publication, publication_of
from cloudsync_gen.contracts.schemas import faults_of_schemas, schemas_of
from cloudsync_gen.contracts.source_check import form_findings
from cloudsync_gen.contracts.webhooks import compile_webhooks, faults_of_webhooks
from cloudsync_gen.diagnostics import Diagnostic, Staged
from cloudsync_gen.model.contracts import (
    INDEX,
    ContractDocument,
    Contracts,
    ContractText,
    ProtoContract,
)
from cloudsync_gen.model.memory import Forgetful, Memory
from cloudsync_gen.model.reading import Once, Reading, into
from cloudsync_gen.model.sources import GraphqlSource, GrpcSource, RestSource, WebhookSource
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.watching import Later


def compile_contracts(model: Model, memory: Memory | None = None) -> Staged[Contracts]:
    """Every contract of the model, complete and self-contained, and what could not be put in.

    Nothing is read but the model. Whether the results are valid is `validate`'s question. With a
    memory, sources that need a heavy library are only printed again when they have changed.
    """
    found = faults_of_contracts(model)
    formless = {each.ref.file for each in _of_forms(model)} if found else set[str]()
    return Staged(_contracts(model, memory or Forgetful(), formless), found)


def known_contracts(model: Model, memory: Memory) -> Contracts:
    """The same of a model in which nothing is wrong with them."""
    return _contracts(model, memory, frozenset())


def _contracts(model: Model, memory: Memory, without: Set[str]) -> Contracts:
    """All contracts; each is made when somebody asks for it. Those whose sources stand in certain
    files are left out. What tells which there are, nobody has read by knowing them.
    """
    with into(Reading()):
        schemas, lookups = schemas_of(model), Lookups(model)
        publication = partial(Once[str, Publication](lambda _: publication_of(model)[0]), "")
        rest = (
            compile_rest(each, schemas, publication, lookups)
            for each in model.sources.rest
            if each.file not in without
        )
        webhooks = (
            compile_webhooks(each, schemas, publication, model)
            for each in model.sources.webhooks
            if each.file not in without
        )
        contracts = Contracts(
            rest=_by_name(rest),
            webhooks=_by_name(webhooks),
            asyncapi=compile_asyncapi(schemas, lookups),
            graphql=_graphql(model.sources.graphql, memory),
            grpc=_grpc(model.sources.grpc, memory),
            jsonschema=compile_schemas(schemas, model),
            index_file={},
            schema_names=dict(sorted(schemas.elements.items())),
        )
    index = Later[str, bytes](model, lambda seen: {INDEX: index_of(Lookups(seen), contracts)})
    return structs.replace(contracts, index_file=index)


def _by_name(documents: Iterable[ContractDocument]) -> dict[str, ContractDocument]:
    return {each.name: each for each in sorted(documents, key=lambda each: each.name)}


def faults_of_contracts(model: Model) -> tuple[Diagnostic, ...]:
    """What keeps contracts from being put together; none is."""
    return tuple(fault for judge in FAULTS.values() for fault in judge(model))


def _faults_of_publication(model: Model) -> Iterable[Diagnostic]:
    return publication_of(model)[1]


def _faults_of_sources(model: Model) -> tuple[Diagnostic, ...]:
    """What keeps OpenAPI sources from being published as they are."""
    found = _of_forms(model)
    formless, schemas = {each.ref.file for each in found}, schemas_of(model)
    for rest in model.sources.rest:
        found += faults_of_rest(rest, schemas) if rest.file not in formless else ()
    for webhook in model.sources.webhooks:
        found += faults_of_webhooks(webhook, schemas) if webhook.file not in formless else ()
    return tuple(found)


FAULTS: Mapping[str, Callable[[Model], Iterable[Diagnostic]]] = {
    "publication": _faults_of_publication,
    "schemas": faults_of_schemas,
    "sources": _faults_of_sources,
}
"""Who looks for them, by what they look at."""


def _of_forms(model: Model) -> list[Diagnostic]:
    """Why a source cannot be walked."""
    sources: tuple[RestSource | WebhookSource, ...] = (*model.sources.rest, *model.sources.webhooks)
    return [fault for each in sources for fault in form_findings(each.file, each.data)]


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
