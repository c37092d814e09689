"""Model -> all contracts."""

from __future__ import annotations

from collections.abc import Iterable

from cloudsync_gen.contracts.asyncapi import compile_asyncapi
from cloudsync_gen.contracts.facts import Lookups
from cloudsync_gen.contracts.index import index_of
from cloudsync_gen.contracts.jsonschema import compile_schemas
from cloudsync_gen.contracts.openapi import compile_rest
from cloudsync_gen.contracts.publication import publication_of
from cloudsync_gen.contracts.schemas import schemas_of
from cloudsync_gen.contracts.webhooks import compile_webhooks
from cloudsync_gen.diagnostics import Diagnostic, Staged
from cloudsync_gen.model.contracts import ContractDocument, Contracts, ContractText, ProtoContract
from cloudsync_gen.model.sources import GraphqlSource, GrpcSource
from cloudsync_gen.model.system import Model


def compile_contracts(model: Model) -> Staged[Contracts]:
    """Every contract of the model, complete and self-contained, and what could not be put in.

    Nothing is read but the model. Whether the results are valid is `validate`'s question.
    """
    publication, found = publication_of(model)
    schemas, problems = schemas_of(model)
    found += problems
    lookups = Lookups(model)
    rest = _collected(
        (compile_rest(each, schemas, publication, lookups) for each in model.sources.rest), found
    )
    webhooks = _collected(
        (compile_webhooks(each, schemas, publication, model) for each in model.sources.webhooks),
        found,
    )
    asyncapi = compile_asyncapi(schemas, model)
    jsonschema = compile_schemas(schemas, model)
    graphql = _graphql(model.sources.graphql)
    grpc = _grpc(model.sources.grpc)
    contracts = Contracts(
        rest=rest,
        webhooks=webhooks,
        asyncapi=asyncapi,
        graphql=graphql,
        grpc=grpc,
        jsonschema=jsonschema,
        index=index_of(lookups, rest, webhooks, graphql, grpc, asyncapi, jsonschema),
        schema_names={element: each.name for element, each in jsonschema.items()},
    )
    return Staged(contracts, tuple(found))


def _collected(
    compiled: Iterable[tuple[ContractDocument, list[Diagnostic]]], found: list[Diagnostic]
) -> dict[str, ContractDocument]:
    documents: dict[str, ContractDocument] = {}
    for document, problems in compiled:
        documents[document.name] = document
        found.extend(problems)
    return dict(sorted(documents.items()))


def _graphql(sources: tuple[GraphqlSource, ...]) -> dict[str, ContractText]:
    if not sources:
        return {}
    from cloudsync_gen.contracts.graphql import compile_graphql

    return dict(sorted((each.document, compile_graphql(each)) for each in sources))


def _grpc(sources: tuple[GrpcSource, ...]) -> dict[str, ProtoContract]:
    if not sources:
        return {}
    from cloudsync_gen.contracts.proto import compile_protos

    return compile_protos(sources)
