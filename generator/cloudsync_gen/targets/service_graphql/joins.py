"""Fields of types that other services answer: what they are asked by, and for many at once."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema

from cloudsync_gen.model.joins import Asked, asked, resolver_of
from cloudsync_gen.model.layers.api import JoinedField, Operation, Rpc
from cloudsync_gen.model.system import Model
from cloudsync_gen.targets._python_types import followed
from cloudsync_gen.targets.service_graphql.callees import Callees
from cloudsync_gen.targets.service_graphql.fit import Fit
from cloudsync_gen.targets.service_graphql.unfitting import Unfitting
from cloudsync_gen.targets.service_graphql.views import FieldView


def place_of(join: JoinedField) -> str:
    """`Message.author`."""
    return f"{join.type_name}.{join.field_name}"


def joined(
    join: JoinedField, model: Model, contract: GraphQLSchema, callees: Callees, fit: Fit
) -> FieldView:
    """How a field is answered. `check` finds what else could be wrong with it (GQL012, GQL017 to
    GQL020).

    Raises:
        Unfitting: it cannot be asked, or the answer does not fit its type.
    """
    place = place_of(join)
    kind = contract.type_map[join.type_name]
    carrier = model.get(Operation, join.resolves) or model.get(Rpc, join.resolves)
    found = asked(model, join)
    if carrier is None or resolver_of(model, join) is None or not isinstance(found, Asked):
        raise Unfitting(f"{join.resolves} cannot be asked by `{join.by}`")
    if not isinstance(kind, GraphQLObjectType):
        raise Unfitting(f"`{join.type_name}` is no type with fields")
    called = callees.called(carrier)
    needed = [each.name for each in called.parameters if each.required]
    told: dict[str, Any] = {"by": join.by}
    answer: Any = called.output
    if found.many:
        listed = followed(answer, called.schemas)[1]["properties"][found.within]
        answer = followed(listed, called.schemas)[1]["items"]
        told |= {each: getattr(found, each) for each in ("many", "within", "key", "most")}
    else:
        told["parameter"] = needed[0]
    fit.answer(kind.fields[join.field_name].type, answer, called.schemas, place)
    return FieldView(
        place=place,
        kind="joined",
        call=called.call(done=False),
        renamed={},
        access="public" if called.access == "public" else "authenticated",
        join=told,
    )
