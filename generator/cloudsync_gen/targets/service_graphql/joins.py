"""Fields of types that other services answer: what they are asked by, and for many at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, is_leaf_type, is_list_type, is_non_null_type

from cloudsync_gen.model.effects import performed_by
from cloudsync_gen.model.layers.api import JoinedField, Operation, Rpc
from cloudsync_gen.model.layers.application import Query
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets._python_types import followed
from cloudsync_gen.targets.service_graphql.callees import Called, Callees
from cloudsync_gen.targets.service_graphql.fit import Fit
from cloudsync_gen.targets.service_graphql.unfitting import Unfitting
from cloudsync_gen.targets.service_graphql.views import FieldView

_FEWEST = 100
"""Things that are asked for at once where the data model bounds no list."""


def place_of(join: JoinedField) -> str:
    """`Message.author`."""
    return f"{join.type_name}.{join.field_name}"


def joined(
    join: JoinedField, model: Model, contract: GraphQLSchema, callees: Callees, fit: Fit
) -> FieldView:
    """How a field is answered. Raises `Unfitting`."""
    field = _field(join, contract)
    carrier = model.get(Operation, join.resolves) or model.get(Rpc, join.resolves)
    if carrier is None:
        raise Unfitting("nothing answers it")
    if not isinstance(performed_by(model, carrier.command), Query):
        raise Unfitting(f"{carrier.id} changes something, and a field of a type is only read")
    called = callees.called(carrier)
    if called.access == "workload":
        raise Unfitting(f"{carrier.id} answers workloads alone, and never a caller")
    needed = [each for each in called.parameters if each.required]
    place = place_of(join)
    told: dict[str, Any] = {"by": join.by}
    if called.body is None and len(needed) == 1:
        fit.answer(field.type, called.output, called.schemas, place)
        told["parameter"] = needed[0].name
    elif called.body is not None and not needed:
        told |= _many(called, field.type, fit, place)
    else:
        raise Unfitting(f"{carrier.id} is not asked by one id, nor by a list of them")
    return FieldView(
        place=place,
        kind="joined",
        call=called.call(done=False),
        renamed={},
        access="public" if called.access == "public" else "authenticated",
        join=told,
    )


def _field(join: JoinedField, contract: GraphQLSchema) -> Any:
    kind = contract.get_type(join.type_name)
    field = kind.fields.get(join.field_name) if isinstance(kind, GraphQLObjectType) else None
    if field is None or not isinstance(kind, GraphQLObjectType):
        raise Unfitting(f"the contract has no field `{place_of(join)}`")
    if field.args:
        raise Unfitting("a field of a type that others answer takes no arguments")
    if is_non_null_type(field.type) or is_list_type(field.type):
        raise Unfitting("what is joined may be missing, and is one thing: no list, and nullable")
    by = kind.fields.get(join.by)
    named = by.type.of_type if by is not None and is_non_null_type(by.type) else by and by.type
    if named is None or not is_leaf_type(named):
        raise Unfitting(f"`{join.type_name}` has no field `{join.by}` of one value to ask by")
    return field


def _many(called: Called, kind: Any, fit: Fit, place: str) -> dict[str, Any]:
    """How many are asked for at once: the list in the body, the one in the answer, and what tells
    in an item which of those it is. Raises `Unfitting`.
    """
    _, body = followed(called.body, called.schemas)
    lists = _lists(body, called.schemas)
    if list(body.get("required", ())) != list(lists) or len(lists) != 1:
        raise Unfitting("it is asked by more than one list of ids")
    ((many, asked),) = lists.items()
    for within, found in _lists(called.output, called.schemas).items():
        _, item = followed(found.get("items"), called.schemas)
        key = next((e for e in (many.removesuffix("s"), "id") if e in _required(item)), "")
        if key:
            fit.answer(kind, found["items"], called.schemas, place)
            most = min(asked.get("maxItems", _FEWEST), found.get("maxItems", _FEWEST))
            return {"many": many, "within": within, "key": key, "most": most}
    raise Unfitting(f"no list of the answer has items that say which of `{many}` they are")


def _lists(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    _, found = followed(schema, schemas)
    written = found.get("properties", {})
    properties = {name: followed(each, schemas)[1] for name, each in written.items()}
    return {name: each for name, each in properties.items() if each.get("type") == "array"}


def _required(schema: Mapping[str, Any]) -> set[str]:
    return set(schema.get("required", ())) & set(schema.get("properties", {}))
