"""Unions and interfaces: which of their types an answer is, by a property of the data model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphql import GraphQLObjectType
from msgspec import Struct

from cloudsync_gen.naming import words
from cloudsync_gen.targets._python_types import followed
from cloudsync_gen.targets.service_graphql.unfitting import Unfitting


class Alternatives(Struct, frozen=True):
    """What `property` holds in each of the types; `schemas` are those of the types, by name."""

    property: str
    types: dict[str, str]
    schemas: dict[str, Any]


def alternatives_of(
    types: Sequence[GraphQLObjectType],
    schema: Mapping[str, Any],
    schemas: Mapping[str, Any],
    place: str,
) -> Alternatives:
    """How a schema of `oneOf` alternatives is told as one of these types.

    Each alternative is a component called as its type, and has a required property whose `const`
    (or only `enum` member) no other one has: OpenAPI 3.1.1 §4.8.25 calls that the discriminator.

    Raises:
        Unfitting: an alternative has no type, or nothing tells them apart.
    """
    named = {words(each.name): each.name for each in types}
    chosen: dict[str, Any] = {}
    for each in schema.get("oneOf", ()):
        component, found = followed(each, schemas)
        name = named.get(words(component)) if component else None
        if name is None:
            called = f"`{component}`" if component else "an alternative without a name"
            raise Unfitting(f"{place}: no type is called as {called} of the data model")
        chosen[name] = found
    if not chosen:
        raise Unfitting(f"{place}: the data model has no `oneOf` that names its types")
    constants = {name: dict(_constants(found)) for name, found in chosen.items()}
    for name in sorted(set[str].intersection(*map(set[str], constants.values()))):
        values = {told[name]: kind for kind, told in constants.items()}
        if len(values) == len(chosen):
            return Alternatives(name, values, chosen)
    raise Unfitting(f"{place}: no required property has another `const` for each of its types")


def _constants(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Required properties that hold one text in all values, and that text."""
    for name in schema.get("required", ()):
        written = schema.get("properties", {}).get(name)
        if not isinstance(written, Mapping):
            continue
        only = [written["const"]] if "const" in written else written.get("enum", ())
        if len(only) == 1 and isinstance(only[0], str):
            yield name, only[0]
