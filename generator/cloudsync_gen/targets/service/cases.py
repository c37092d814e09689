"""Example requests for the contract tests of a service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from cloudsync_gen.model.effects import rpcs_of
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.naming import words
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.requests import request_of
from cloudsync_gen.targets.service.samples import FORMATS, Unsampled, enriched, sample
from cloudsync_gen.targets.service.seeds import ORGANIZATION, Arrangement
from cloudsync_gen.targets.service.views import CaseView, MethodView


def cases_of(facts: ServiceFacts, methods: tuple[MethodView, ...]) -> tuple[CaseView, ...]:
    """One case per operation, RPC or field of the contract, in the order of the paths."""
    found: list[tuple[str, str, CaseView]] = []
    for performed, method in zip(facts.performed, methods, strict=True):
        operation = facts.operation(performed)
        if operation is not None:
            case = _case(facts, performed, method, operation)
            found.append((operation.path, operation.method, case))
        for path in () if operation is not None else _rpcs(facts, performed):
            found.append((path, "", _named_case(facts, performed, method, rpc=path)))
        for field in () if operation is not None else _fields(facts, performed):
            found.append((field, "", _named_case(facts, performed, method, graphql=field)))
    return tuple(case for *_, case in sorted(found, key=lambda each: each[:2]))


def _case(
    facts: ServiceFacts, performed: Command | Query, method: MethodView, operation: Operation
) -> CaseView:
    compiled, schemas = facts.compiled(operation), facts.components(operation)
    body, rich = _body(compiled, schemas)
    arrangement = Arrangement(facts, performed, request_of(facts, performed))
    path = _examples(compiled, schemas, "path")
    parameters = arrangement.parameters(
        {name: each if isinstance(each, str) else ",".join(each) for name, each in path}
    )
    return CaseView(
        operation=operation.operation_id,
        performs=method.command,
        parameters=parameters,
        seeds=arrangement.seeds(parameters, body),
        query=dict(_examples(compiled, schemas, "query")),
        body=body,
        rich=rich,
        custom=not method.default.verb,
    )


def _rpcs(facts: ServiceFacts, performed: Command | Query) -> Iterator[str]:
    """`/<package>.<service>/<rpc>` (gRPC over HTTP2, Path) of the RPCs that carry it."""
    for rpc in rpcs_of(facts.model, performed.id):
        contract = facts.system.contracts.grpc.get(rpc.document)
        if contract is not None and facts.service.style == "grpc":
            yield f"/{contract.package}.{contract.service}/{rpc.rpc_name}"


def _fields(facts: ServiceFacts, performed: Command | Query) -> Iterator[str]:
    """`query.<field>` or `mutation.<field>` of the fields that carry it, but for subscriptions."""
    served = facts.published_schema and facts.service.style != "grpc"
    for root in facts.root_fields if served else ():
        ours = facts.performed_itself(root)
        if ours is not None and ours.id == performed.id and root.operation_type != "subscription":
            yield f"{root.operation_type}.{root.field_name}"


def _named_case(
    facts: ServiceFacts,
    performed: Command | Query,
    method: MethodView,
    *,
    rpc: str = "",
    graphql: str = "",
) -> CaseView:
    request = request_of(facts, performed)
    arrangement = Arrangement(facts, performed, request)
    examples = {request.key: _key_example(facts, performed)} if request.key else {}
    parameters = arrangement.parameters(examples)
    schema = facts.schema(performed.input) if performed.input else None
    body, rich = _examples_of(schema, facts.schemas) if schema else (None, None)
    return CaseView(
        operation=rpc.rpartition("/")[2] or graphql.rpartition(".")[2],
        performs=method.command,
        parameters=parameters,
        seeds=arrangement.seeds(parameters, body),
        query={},
        body=body,
        rich=rich,
        custom=not method.default.verb,
        rpc=rpc,
        graphql=graphql,
        refusals=tuple(sorted(each.slug for each in performed.errors if each.status >= 500)),
    )


def _key_example(facts: ServiceFacts, performed: Command | Query) -> str:
    """An example of the field that identifies what an RPC works on."""
    aggregate = facts.aggregates.get(performed.aggregate)
    if aggregate is not None:
        properties = facts.schema(aggregate.schema).get("properties", {})
        with suppress(Unsampled):
            return str(sample(properties.get(aggregate.key, {}), facts.schemas, aggregate.key))
    return FORMATS["uuid"]


def _body(compiled: Mapping[str, Any], schemas: Mapping[str, Any]) -> tuple[Any, Any]:
    """Examples of the body; nothing where none is sent or none was found."""
    for content in compiled.get("requestBody", {}).get("content", {}).values():
        return _examples_of(content.get("schema", {}), schemas)
    return None, None


def _examples_of(schema: Any, schemas: Mapping[str, Any]) -> tuple[Any, Any]:
    """(an example, one with all that may be left out if it differs)."""
    try:
        plain, rich = sample(schema, schemas), enriched(schema, schemas)
    except Unsampled:
        return None, None
    plain, rich = _of_the_tenant(plain), _of_the_tenant(rich)
    return plain, rich if rich != plain else None


def _of_the_tenant(value: Any) -> Any:
    """The value, whose ids of organisations are the caller's own: another one is refused."""
    if isinstance(value, list):
        return [_of_the_tenant(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: (
            ORGANIZATION
            if words(name)[-2:] == ("organization", "id") and isinstance(each, str)
            else _of_the_tenant(each)
        )
        for name, each in value.items()
    }


def _examples(
    compiled: Mapping[str, Any], schemas: Mapping[str, Any], place: str
) -> Iterator[tuple[str, str | list[str]]]:
    """(name, example) of the parameters that must be sent; of an array its items: a path has them
    between commas, a query one by one (OpenAPI 3.1 §4.8.12, styles `simple` and `form`).
    """
    for each in compiled["parameters"]:
        if each.get("in") == place and each.get("required"):
            try:
                value = sample(each.get("schema", {}), schemas, each["name"])
            except Unsampled:
                value = FORMATS["uuid"]
            many = isinstance(value, list)
            yield each["name"], [_text(item) for item in value] if many else _text(value)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def table_of(cases: tuple[CaseView, ...], examples: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The cases as JSON: each entity once, then where a case differs from it."""
    entities: dict[str, dict[str, Any]] = {}
    for seed in (seed for case in cases for seed in case.seeds):
        entities.setdefault(seed.aggregate, seed.values)
    for name, example in examples.items():
        entities.setdefault(name, example)
    return {
        "entities": entities,
        "sound": {},
        "invariants": {},
        "cases": [_row(case, entities) for case in cases],
    }


def _row(case: CaseView, entities: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """What nothing but the case says; what is empty is left out."""
    told = {
        "operation": case.operation,
        "performs": case.performs,
        "parameters": case.parameters,
        "query": case.query,
        "seeds": [[s.aggregate, _differs(s.values, entities[s.aggregate])] for s in case.seeds],
        "body": case.body,
        "rich": case.rich,
        "custom": case.custom,
        "rpc": case.rpc,
        "graphql": case.graphql,
        "refusals": case.refusals,
    }
    optional = ("parameters", "query", "seeds", "custom", "rpc", "graphql", "refusals")
    empty = {name for name in optional if not told[name]}
    if case.performs == _in_kebab_case(case.operation):
        empty.add("performs")
    return {n: v for n, v in told.items() if n not in empty and v is not None}


def _in_kebab_case(operation: str) -> str:
    """As the chassis reads the name of what an operation performs where nothing else is told."""
    return re.sub("(?<!^)(?=[A-Z])", "-", operation).lower()


def _differs(values: Mapping[str, Any], example: Mapping[str, Any]) -> dict[str, Any]:
    """What turns the example into the values; null takes a value away."""
    gone = dict.fromkeys(sorted(example.keys() - values.keys()))
    return gone | {n: v for n, v in sorted(values.items()) if n not in example or example[n] != v}
