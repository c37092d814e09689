"""For tests of services: a field of a root asked by its name, its answer as HTTP would have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
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


def selection(kind: Any) -> str:
    """All that a type has, down to its leaves."""
    named = get_named_type(kind)
    if not isinstance(named, GraphQLObjectType):
        return ""
    parts = (f"{name} {selection(field.type)}".strip() for name, field in named.fields.items())
    return "{ " + " ".join(parts) + " }"


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
        query += f"{selection(field.type)} }}"
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
        if isinstance(kind, GraphQLEnumType):
            return self._members[kind.name].get(value, value)
        return value
