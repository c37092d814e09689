"""For tests of services: a field of a root asked by its name, its answer as HTTP would have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationType,
    get_named_type,
    is_list_type,
    is_non_null_type,
)

from cloudsync_chassis.graphql.fields import Fields
from cloudsync_chassis.graphql.values import KEY, VERSION, Body
from cloudsync_chassis.hostile import UnsayableError
from cloudsync_chassis.request import wire_name

_VERSION = 1
"""That of an entity which has just been made."""


def selection(kind: Any, schema: GraphQLSchema) -> str:
    """All that a type has, down to its leaves; of a union or an interface all that its types have.

    Fields that two of these have of different types are asked for by names of their own, as they
    must be (GraphQL specification, 5.3.2).
    """
    named = get_named_type(kind)
    if isinstance(named, GraphQLInterfaceType | GraphQLUnionType):
        types = schema.get_possible_types(named)
        parts = [f"... on {each.name} {_selected(each, schema, types)}" for each in types]
        return "{ __typename " + " ".join(parts) + " }"
    return _selected(named, schema) if isinstance(named, GraphQLObjectType) else ""


def _selected(
    kind: GraphQLObjectType, schema: GraphQLSchema, beside: Sequence[GraphQLObjectType] = ()
) -> str:
    parts = []
    for name, field in kind.fields.items():
        called = _called(kind, name, beside)
        alias = f"{called}: " if called != name else ""
        parts.append(f"{alias}{name} {selection(field.type, schema)}".strip())
    return "{ " + " ".join(parts) + " }"


def _called(kind: GraphQLObjectType, name: str, beside: Sequence[GraphQLObjectType]) -> str:
    """What a field is asked for as, so that it is no other type's."""
    types = {str(each.fields[name].type) for each in beside if name in each.fields}
    return f"{kind.name}_{name}" if len(types) > 1 else name


class GraphqlAsker:
    """Asks the schema of a service by parameters and body, as its data model has them."""

    def __init__(self, fields: Fields, http: httpx.AsyncClient) -> None:
        self._fields = fields
        self._http = http
        members = fields.members()
        self._members = members
        self._names = {
            kind: {member: name for name, member in each.items()} for kind, each in members.items()
        }

    async def ask(
        self, place: str, parameters: Mapping[str, Any], body: Any, headers: Mapping[str, str]
    ) -> httpx.Response:
        """The answer to a field (`query.book`), all of it. A refusal is a problem document with its
        status.

        Raises:
            UnsayableError: the field has no argument for the values.
        """
        operation, _, name = place.partition(".")
        root = self._fields.schema.get_root_type(OperationType(operation))
        if root is None:
            raise LookupError(place)
        field = root.fields[name]
        variables = dict(self._variables(f"{root.name}.{name}", field, parameters, body, headers))
        declared = ", ".join(f"${each}: {field.args[each].type}" for each in variables)
        passed = ", ".join(f"{each}: ${each}" for each in variables)
        query = f"{operation}{declared and f'({declared})'} {{ {name}{passed and f'({passed})'} "
        query += f"{selection(field.type, self._fields.schema)} }}"
        answer = await self._http.post(
            self._fields.spec.path,
            json={"query": query, "variables": variables},
            headers=dict(headers),
        )
        return self._told(answer, name, field)

    def _told(self, answer: httpx.Response, name: str, field: GraphQLField) -> httpx.Response:
        found = answer.json()
        if not answer.is_success:
            return answer
        for each in found.get("errors", ()):
            problem = each["extensions"]
            return httpx.Response(problem["status"], json=problem)
        return httpx.Response(200, json=self._value(field.type, found["data"][name]))

    def _variables(
        self,
        place: str,
        field: GraphQLField,
        parameters: Mapping[str, Any],
        body: Any,
        headers: Mapping[str, str],
    ) -> Iterator[tuple[str, Any]]:
        given = dict(body) if isinstance(body, Mapping) else {}
        for each in self._fields.values[place].values:
            if isinstance(each, Body):
                yield from ((part, given.pop(part)) for part in each.parts if part in given)
                if each.whole:
                    yield each.whole, self._input(field.args[each.whole].type, given)
            elif (wire := wire_name(each.name.rstrip("_"))) in parameters:
                yield each.argument, self._input(field.args[each.argument].type, parameters[wire])
        if KEY in field.args:
            yield KEY, headers.get("Idempotency-Key", "contract-test")
        if VERSION in field.args:
            yield VERSION, _VERSION

    def _input(self, kind: Any, value: Any) -> Any:
        """A value of the data model as GraphQL takes it."""
        if is_non_null_type(kind):
            kind = kind.of_type
        if is_list_type(kind) and isinstance(value, list):
            return [self._input(kind.of_type, each) for each in value]
        if isinstance(kind, GraphQLInputObjectType) and isinstance(value, Mapping):
            odd = value.keys() - kind.fields.keys()
            if odd:
                raise UnsayableError(f"{kind.name} has no {min(odd)}")
            return {n: self._input(kind.fields[n].type, each) for n, each in value.items()}
        if isinstance(kind, GraphQLEnumType) and isinstance(value, str):
            return self._names[kind.name].get(value, value)
        return value

    def _value(self, kind: Any, value: Any) -> Any:
        """An answer as the data model has it: members by their names there, absent for null."""
        if is_non_null_type(kind):
            kind = kind.of_type
        if is_list_type(kind) and isinstance(value, list):
            return [self._value(kind.of_type, each) for each in value]
        if isinstance(kind, GraphQLObjectType) and isinstance(value, Mapping):
            told = {n: self._value(kind.fields[n].type, each) for n, each in value.items()}
            return {name: each for name, each in told.items() if each is not None}
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType) and value is not None:
            schema = self._fields.schema
            types = schema.get_possible_types(kind)
            found = next(each for each in types if each.name == value["__typename"])
            renamed = {name: value.get(_called(found, name, types)) for name in found.fields}
            return self._value(found, renamed)
        if isinstance(kind, GraphQLEnumType):
            return self._members[kind.name].get(value, value)
        return value
