"""Fields of GraphQL types that another service answers: how that is asked for many at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.effects import carried_by, key_name, operations_of
from cloudsync_gen.model.layers.api import JoinedField, Operation, Rpc
from cloudsync_gen.model.layers.application import Aggregate, Query
from cloudsync_gen.model.schema_view import data_element, properties, required, resolved
from cloudsync_gen.model.system import Model

FEWEST = 100
"""Things that are asked for at once where the data model bounds no list."""


SCALARS: Mapping[str, frozenset[str]] = {
    "Boolean": frozenset({"boolean"}),
    "Float": frozenset({"integer", "number"}),
    "ID": frozenset({"string"}),
    "Int": frozenset({"integer"}),
    "String": frozenset({"string"}),
}
"""Scalars that GraphQL has itself -> types of JSON Schema that they can hold."""


class Asked(Struct, frozen=True, kw_only=True):
    """How a join is answered: by one id, or else by `many`, a property of the question that is a
    list of them. Then `within` is the list of the answer, `key` what tells in its items which each
    is, and `most` how many may be asked for at once. `element` and `schema`: what one answer is,
    and the element of the data model in which that is written.
    """

    element: str
    schema: Mapping[str, Any]
    many: str = ""
    within: str = ""
    key: str = ""
    most: int = 0


class Unanswerable(Struct, frozen=True):
    """Why a join cannot be asked."""

    what: str


def resolver_of(model: Model, join: JoinedField) -> Query | None:
    """The query that a join leads to; `None` for a command, or for what is not there."""
    performed = carried_by(model, join.resolves)
    return performed if isinstance(performed, Query) else None


def asked(model: Model, join: JoinedField) -> Asked | Unanswerable:
    """How a join is asked, from the question and the answer of its query."""
    query = resolver_of(model, join)
    if query is None:
        return Unanswerable("it is no query")
    rpc = model.get(Rpc, join.resolves)
    if rpc is not None and rpc.server_streaming:
        return Unanswerable("it answers with a stream")
    needed = _needed(model, join, query)
    if not query.input and len(needed) == 1 and query.kind != "list":
        found = data_element(model, query.output)
        return Asked(element=query.output, schema=found.schema if found else {})
    if query.input and not needed:
        return _many(model, query.input, query.output)
    return Unanswerable("it is not asked by one id, nor by a list of them")


def _needed(model: Model, join: JoinedField, query: Query) -> tuple[str, ...]:
    """Names of the parameters without which the query cannot be asked."""
    operation = model.get(Operation, join.resolves)
    found = (operation,) if operation else operations_of(model, query.id)[:1]
    if found:
        return tuple(each.name for each in found[0].parameters if each.required)
    aggregate = model.get(Aggregate, query.aggregate) if query.kind == "get" else None
    return (key_name(aggregate.id),) if aggregate else ()


def _many(model: Model, question: str, answer: str) -> Asked | Unanswerable:
    asked_by = dict(_lists(model, question))
    if required(model, question) != asked_by.keys() or len(asked_by) != 1:
        return Unanswerable("it is asked by more than one list of ids")
    ((many, wanted),) = asked_by.items()
    for within, found in _lists(model, answer):
        named, item = resolved(model, answer, found.get("items"))
        told = _always(item)
        key = next((each for each in (many.removesuffix("s"), "id") if each in told), "")
        if key:
            return Asked(
                element=named.id if named else answer,
                schema=item,
                many=many,
                within=within,
                key=key,
                most=min(map(_bound, (wanted, found))),
            )
    return Unanswerable(f"no list of the answer has items that say which of `{many}` they are")


def _lists(model: Model, element: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, written in properties(model, element).items():
        _, found = resolved(model, element, written)
        if found.get("type") == "array":
            yield name, found


def _bound(schema: Mapping[str, Any]) -> int:
    most = schema.get("maxItems", FEWEST)
    return most if isinstance(most, int) else FEWEST


def _always(schema: Mapping[str, Any]) -> frozenset[str]:
    written, names = schema.get("properties"), schema.get("required")
    if not isinstance(written, dict) or not isinstance(names, list):
        return frozenset()
    return frozenset(written) & frozenset(each for each in names if isinstance(each, str))
