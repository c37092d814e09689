"""Documents that ask everything of a GraphQL schema, with arguments that its callees take."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from cloudsync_chassis.graphql.asker import selection
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLSchema,
    get_named_type,
    is_list_type,
    is_non_null_type,
)

from cloudsync_gen.model.layers.api import Operation, RootField, Rpc
from cloudsync_gen.targets._python_types import followed
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.samples import FORMATS, sample
from cloudsync_gen.targets.service_graphql.callees import Callees

SCALARS: Mapping[str, Any] = {
    "UUID": FORMATS["uuid"],
    "DateTime": FORMATS["date-time"],
    "Date": FORMATS["date"],
    "Boolean": True,
    "Float": 1.0,
    "Int": 1,
    "Long": 1,
}

_PATIENCE = 60.0
"""Seconds for the first that a subscription tells; signs of life go on for ever."""


@dataclass(frozen=True)
class Question:
    """One field of a root, as it is asked for: a document and its variables."""

    root: RootField
    query: str
    variables: Mapping[str, Any]


def questions(facts: ServiceFacts, schema: GraphQLSchema) -> Iterator[Question]:
    """One for each field of the roots."""
    callees = Callees(facts)
    for root in facts.root_fields:
        kinds = {
            "query": schema.query_type,
            "mutation": schema.mutation_type,
            "subscription": schema.subscription_type,
        }
        kind = kinds[root.operation_type]
        assert kind is not None
        field = kind.fields[root.field_name]
        variables = dict(_variables(facts, callees, root, field))
        declared = ", ".join(f"${name}: {field.args[name].type}" for name in variables)
        passed = ", ".join(f"{name}: ${name}" for name in variables)
        query = f"{root.operation_type}{f'({declared})' if declared else ''} {{ {root.field_name}"
        query += f"{f'({passed})' if passed else ''} {selection(field.type, schema)} }}"
        yield Question(root, query, variables)


def _variables(
    facts: ServiceFacts, callees: Callees, root: RootField, field: GraphQLField
) -> Iterator[tuple[str, Any]]:
    """What is needed; bodies are examples of what is taken."""
    carrier = facts.model.get(Operation, root.resolves or "") or facts.model.get(
        Rpc, root.resolves or ""
    )
    performed = facts.performed_itself(root)
    body: Mapping[str, Any] = {}
    schemas: Mapping[str, Any] = facts.schemas
    if performed is None and carrier is not None:
        called = callees.called(carrier)
        body, schemas = called.body or {}, called.schemas
    elif performed is not None and performed.input:
        body = facts.schema(performed.input)
    for name, argument in field.args.items():
        if not is_non_null_type(argument.type):
            continue
        named = get_named_type(argument.type)
        if isinstance(named, GraphQLInputObjectType):
            yield name, _asked(named, body, schemas)
        elif name in body.get("properties", {}):
            yield name, _told(argument.type, body["properties"][name], schemas)
        else:
            yield name, _value(argument.type)


def _asked(kind: Any, schema: Any, schemas: Mapping[str, Any]) -> Any:
    """An example of a schema, as far as the input object has it."""
    _, found = followed(schema, schemas)
    made: dict[str, Any] = {}
    for name in found.get("required", ()):
        if name in kind.fields:
            made[name] = _told(kind.fields[name].type, found["properties"][name], schemas)
    lacking = max(0, found.get("minProperties", 0) - len(made))
    for name in [each for each in kind.fields if each not in made][:lacking]:
        made[name] = _told(kind.fields[name].type, found["properties"][name], schemas)
    return made


def _told(kind: Any, schema: Any, schemas: Mapping[str, Any]) -> Any:
    if is_non_null_type(kind):
        kind = kind.of_type
    _, found = followed(schema, schemas)
    if is_list_type(kind):
        fewest = range(max(1, found.get("minItems", 0)))
        return [_told(kind.of_type, found["items"], schemas) for _ in fewest]
    if isinstance(kind, GraphQLInputObjectType):
        return _asked(kind, found, schemas)
    return _value(kind) if isinstance(kind, GraphQLEnumType) else sample(schema, schemas)


def _value(kind: Any) -> Any:
    if is_non_null_type(kind):
        kind = kind.of_type
    if is_list_type(kind):
        return [_value(kind.of_type)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        needed = ((n, each.type) for n, each in kind.fields.items() if is_non_null_type(each.type))
        return {name: _value(each) for name, each in needed}
    return SCALARS.get(kind.name, {} if kind.name == "StringMap" else "example")


def ask(url: str, query: str, token: str = "", **members: Any) -> httpx.Response:
    """One request, of whoever has seen the first version of what it changes; of a subscription the
    first that is told.
    """
    headers = {"If-Match": '"1"'} | ({"Authorization": f"Bearer {token}"} if token else {})
    body = {"query": query, **members}
    if not query.startswith("subscription"):
        return httpx.post(url, json=body, headers=headers, timeout=60)
    headers["Accept"] = "text/event-stream"
    with httpx.stream("POST", url, json=body, headers=headers, timeout=60) as answer:
        until = time.monotonic() + _PATIENCE
        for line in answer.iter_lines():
            if line.startswith("data: "):
                return httpx.Response(answer.status_code, content=line.removeprefix("data: "))
            assert time.monotonic() < until, f"nothing is told but that it lives: {query}"
        return httpx.Response(answer.status_code, content="")
