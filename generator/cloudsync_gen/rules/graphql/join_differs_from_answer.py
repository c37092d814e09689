"""A field of a type has another type than what answers it.

What it does: of fields with `@resolves(…, by:)`, holds each field of their type against the
properties of what is answered, item by item where that is a list: the property is there, required
where the field is never null, a list where that is one, and of a type that the scalar can hold;
enumerations have a value for each member. Objects within are followed.

Why: what the other service answers is told by this type; a field that it never fills is an error in
each answer, and nothing else says so before the service is asked.

Example: `type Card { userId: UUID! nickname: String! }` of an answer without `nickname`.

Use instead: a type whose fields are properties of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.joins import SCALARS, Asked, asked, resolver_of
from cloudsync_gen.model.layers.api import JoinedField
from cloudsync_gen.model.schema_view import resolved
from cloudsync_gen.model.sources import GraphqlSource, SourceField
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import words
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Ref


def check(model: Model) -> Iterator[Diagnostic]:
    joins = {(each.document, each.type_name, each.field_name) for each in model.all(JoinedField)}
    sources = {each.document: _Types(model, each, joins) for each in model.sources.graphql}
    for join in model.all(JoinedField):
        query, types = resolver_of(model, join), sources.get(join.document)
        found = asked(model, join)
        if query is None or types is None or not isinstance(found, Asked) or not found.schema:
            continue
        for ref, what in types.differences(join.return_type.strip("[]!"), found):
            yield RULE.at(
                model.ref(join.id, "resolves") if ref is None else ref,
                f"{what}, in what `{join.resolves}` answers",
                "give the type the fields of the answer, by the same names",
                element=join.id,
                related=(Related(model.ref(query.id, "output"), "the answer"),),
                facts=(what,),
            )


class _Place(Struct, frozen=True):
    """A property of an answer: the element that it is written in, its schema, its field."""

    element: str
    schema: Any
    kind: str
    field: SourceField
    required: bool


class _Types:
    """Types of one source, held against schemas; each pair of a type and a schema once."""

    def __init__(
        self, model: Model, source: GraphqlSource, joins: set[tuple[str, str, str]]
    ) -> None:
        self._model = model
        self._source = source
        self._joins = joins
        self._members = {e.name: e.members for e in source.types if e.kind == "enum"}
        self._seen: set[tuple[str, str]] = set()

    def differences(self, name: str, found: Asked) -> Iterator[tuple[Ref | None, str]]:
        """(place, what) of each field of the type that the answer does not fill."""
        fields = list(self._fields(name))
        if not fields:
            yield None, f"`{name}` is no type with fields"
        yield from self._object(fields, name, found.element, found.schema)

    def _fields(self, name: str) -> Iterator[SourceField]:
        for kind in self._source.types:
            if kind.name == name and kind.kind == "object":
                for field in kind.fields:
                    if (self._source.document, name, field.name) not in self._joins:
                        yield field

    def _object(
        self, fields: list[SourceField], kind: str, element: str, schema: Mapping[str, Any]
    ) -> Iterator[tuple[Ref, str]]:
        written, needed = schema.get("properties"), schema.get("required")
        if (kind, element) in self._seen or not isinstance(written, dict):
            return
        self._seen.add((kind, element))
        for field in fields:
            required = isinstance(needed, list) and field.name in needed
            if field.name in written:
                place = _Place(element, written[field.name], kind, field, required)
                yield from self._property(place)
            else:
                yield self._told(kind, field, "is no property")

    def _told(self, kind: str, field: SourceField, what: str) -> tuple[Ref, str]:
        ref = Ref(self._source.file, ("types", kind, "fields", field.name))
        return ref, f"`{kind}.{field.name}` {what}"

    def _property(self, place: _Place) -> Iterator[tuple[Ref, str]]:
        field = place.field
        if not field.optional and not place.required:
            yield self._told(place.kind, field, "is never null, and may be absent")
        named, schema = resolved(self._model, place.element, place.schema)
        element = named.id if named else place.element
        if (schema.get("type") == "array") != field.repeated:
            what = "is a list here and none" if field.repeated else "is no list here, and one"
            yield self._told(place.kind, field, what)
            return
        if field.repeated:
            named, schema = resolved(self._model, element, schema.get("items"))
            element = named.id if named else element
        yield from self._value(place.kind, field, element, schema)

    def _value(
        self, kind: str, field: SourceField, element: str, schema: Mapping[str, Any]
    ) -> Iterator[tuple[Ref, str]]:
        types = schema.get("type", ())
        told = frozenset((types,) if isinstance(types, str) else types) - {"null"}
        holds = SCALARS.get(field.type)
        if holds is not None and told - holds:
            yield self._told(
                kind, field, f"is a `{field.type}` here, and {', '.join(sorted(told))}"
            )
        elif field.type in self._members:
            names = {words(each) for each in self._members[field.type]}
            members = schema.get("enum")
            listed = members if isinstance(members, list) else ()
            lost = [e for e in listed if isinstance(e, str) and words(e) not in names]
            if lost:
                yield self._told(kind, field, f"has no value for `{lost[0]}`, which there is")
        elif fields := list(self._fields(field.type)):
            yield from self._object(fields, field.type, element, schema)


RULE = Rule(code="GQL020", name="join-differs-from-answer", family="GraphQL contracts", check=check)
