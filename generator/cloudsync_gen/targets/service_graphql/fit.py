"""Whether a type of GraphQL can hold what a schema of JSON says, and the other way round."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    is_list_type,
    is_non_null_type,
    is_specified_scalar_type,
)

from cloudsync_gen.model.joins import SCALARS
from cloudsync_gen.naming import wire_name, words
from cloudsync_gen.targets._python_types import followed
from cloudsync_gen.targets.service_graphql.alternatives import alternatives_of
from cloudsync_gen.targets.service_graphql.unfitting import Unfitting

Schemas = Mapping[str, Any]

_NUMBERS = frozenset({"bool", "float", "int"})
_PARAMETERS: Mapping[str, set[str]] = {
    "Boolean": {"bool"},
    "Float": {"float"},
    "Int": {"float", "int"},
}
"""Scalars that are no texts, and the parameters that they can be."""


class Fit:
    """Compares types of one contract with schemas. As far as it came, `members` are those of
    enumerations, and `kinds` what tells the types of a union or an interface apart: its name -> a
    property -> the property's values -> types. Fields that are `joined` (`Message.author`) are of
    another service, and no properties.
    """

    def __init__(self, contract: GraphQLSchema, joined: Collection[str] = ()) -> None:
        self._contract = contract
        self._joined = joined
        self.members: dict[str, dict[str, str]] = {}
        self.kinds: dict[str, dict[str, dict[str, str]]] = {}
        self._seen: dict[tuple[str, int, bool], object] = {}

    def irregular(self) -> dict[str, dict[str, str]]:
        """Enumeration -> values whose members do not follow from their names; sorted."""
        found: dict[str, dict[str, str]] = {}
        for kind, members in sorted(self.members.items()):
            odd = {n: each for n, each in sorted(members.items()) if wire_name(n.lower()) != each}
            if odd:
                found[kind] = odd
        return found

    def answer(self, kind: Any, schema: Any, schemas: Schemas, place: str) -> None:
        """Whether all that the schema allows can be told as the type. Raises `Unfitting`."""
        self._value(kind, schema, schemas, place, told=True)

    def argument(self, kind: Any, schema: Any, schemas: Schemas, place: str) -> None:
        """Whether all that the type allows is a value of the schema, limits aside. Raises
        `Unfitting`.
        """
        self._value(kind, schema, schemas, place, told=False)

    def _value(self, kind: Any, schema: Any, schemas: Schemas, place: str, *, told: bool) -> None:
        if is_non_null_type(kind):
            kind = kind.of_type
        _, found = followed(schema, schemas)
        if is_list_type(kind):
            if found.get("type") != "array":
                raise Unfitting(f"{place} is a list, which the data model does not say")
            self._value(kind.of_type, found.get("items", {}), schemas, place, told=told)
        elif isinstance(kind, GraphQLEnumType):
            self._enum(kind, found, place, told=told)
        elif isinstance(kind, GraphQLObjectType | GraphQLInputObjectType):
            self._object(kind, found, schemas, place, told=told)
        elif isinstance(kind, GraphQLScalarType):
            _scalar(kind, found, place)
        else:
            self._alternatives(kind, found, schemas, place)

    def _alternatives(self, kind: Any, schema: Any, schemas: Schemas, place: str) -> None:
        """A union or an interface, which are told and never asked."""
        found = alternatives_of(
            self._contract.get_possible_types(kind), schema, schemas, f"{place}, a `{kind.name}`"
        )
        told = {found.property: dict(sorted(found.types.items()))}
        if self.kinds.setdefault(kind.name, told) != told:
            raise Unfitting(f"{place}: the types of `{kind.name}` are told otherwise elsewhere")
        for name, each in found.schemas.items():
            self._object(self._contract.type_map[name], each, schemas, f"{place}.{name}", told=True)

    def _enum(
        self, kind: GraphQLEnumType, schema: Mapping[str, Any], place: str, *, told: bool
    ) -> None:
        members = {words(each): each for each in schema.get("enum", ()) if isinstance(each, str)}
        names = {words(each): each for each in kind.values}
        lost = sorted(members.keys() - names.keys())
        if told and lost:
            raise Unfitting(f"{place}: `{kind.name}` has no value for `{members[lost[0]]}`")
        if not members.keys() & names.keys():
            raise Unfitting(f"{place}: the data model has no value of `{kind.name}`")
        known = self.members.setdefault(kind.name, {})
        for each, name in names.items():
            member = members.get(each)
            if member is not None and known.setdefault(name, member) != member:
                raise Unfitting(f"{place}: `{kind.name}.{name}` is `{known[name]}` elsewhere")

    def _object(
        self,
        kind: Any,
        schema: Mapping[str, Any],
        schemas: Schemas,
        place: str,
        *,
        told: bool,
    ) -> None:
        key = (kind.name, id(schema), told)
        if key in self._seen:
            return
        self._seen[key] = schema
        properties, required = schema.get("properties", {}), set(schema.get("required", ()))
        for name, field in kind.fields.items():
            if f"{kind.name}.{name}" in self._joined:
                continue
            here = f"{place}.{name}"
            if name not in properties:
                raise Unfitting(f"{here} is no property of the data model")
            if told and getattr(field, "args", None):
                raise Unfitting(f"{here} has arguments, which nothing reads")
            if told and is_non_null_type(field.type) and name not in required:
                raise Unfitting(f"{here} may be absent in the data model, and not be null here")
            self._value(field.type, properties[name], schemas, here, told=told)
        missing = sorted(required - kind.fields.keys())
        if not told and missing:
            raise Unfitting(f"{place} has no field `{missing[0]}`, which the data model requires")


def holds(parameter: str, kind: Any) -> bool:
    """Whether an argument can be a parameter of that Python type; one is a list of one."""
    if is_non_null_type(kind):
        kind = kind.of_type
    if parameter == "Any":
        return True
    item = parameter.removeprefix("list[").removesuffix("]")
    if is_list_type(kind):
        return item != parameter and holds(item, kind.of_type)
    if isinstance(kind, GraphQLScalarType) and not is_specified_scalar_type(kind):
        return True
    told = _PARAMETERS.get(kind.name)
    return item in told if told else item not in _NUMBERS


def _scalar(kind: GraphQLScalarType, schema: Mapping[str, Any], place: str) -> None:
    """Scalars of the contract's own are whatever the schema says."""
    wanted = SCALARS.get(kind.name) if is_specified_scalar_type(kind) else None
    types = schema.get("type", ())
    found = {types} if isinstance(types, str) else set(types)
    if wanted is not None and found - {"null"} and not found - {"null"} <= wanted:
        raise Unfitting(f"{place} is a `{kind.name}`, in the data model of type {sorted(found)}")
