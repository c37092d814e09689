"""Root fields of a schema, each with what answers it and how its arguments get there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_non_null_type,
)

from cloudsync_gen.model.artefacts import Unplannable
from cloudsync_gen.model.contracts import ContractText
from cloudsync_gen.model.layers.api import JoinedField, Operation, RootField, Rpc
from cloudsync_gen.model.layers.application import Command, Query
from cloudsync_gen.naming import wire_name
from cloudsync_gen.targets.service.behaviour import output_of
from cloudsync_gen.targets.service.facts import ServiceFacts
from cloudsync_gen.targets.service.requests import request_of
from cloudsync_gen.targets.service_graphql.callees import Called, Callees
from cloudsync_gen.targets.service_graphql.fit import Fit, holds
from cloudsync_gen.targets.service_graphql.follows import followed
from cloudsync_gen.targets.service_graphql.joins import joined, place_of
from cloudsync_gen.targets.service_graphql.unfitting import Unfitting
from cloudsync_gen.targets.service_graphql.views import FieldView

PAGE = ("limit", "cursor", "sort")
KEY = "clientMutationId"
VERSION = "version"
INPUT = "input"
"""Arguments that the chassis knows by their names."""


class Reader:
    """Reads the root fields of one contract."""

    def __init__(self, facts: ServiceFacts, contract: ContractText) -> None:
        self._facts = facts
        self._schema = build_schema(contract.text)
        self._callees = Callees(facts)
        self._joins = [e for e in facts.model.all(JoinedField) if e.document == contract.name]
        self.fit = Fit(self._schema, frozenset(map(place_of, self._joins)))

    def fields(self) -> Iterator[FieldView]:
        """All fields of the roots, and those of other types that are joined, in order of names.

        Raises:
            Unplannable: some do not fit what answers them.
        """
        faults: list[tuple[str, str]] = []
        for root in self._facts.root_fields:
            try:
                yield self._field(root)
            except Unfitting as error:
                faults.append((root.id, str(error)))
        for join in self._joins:
            try:
                yield joined(join, self._facts.model, self._schema, self._callees, self.fit)
            except Unfitting as error:
                faults.append((join.id, str(error)))
        if faults:
            raise Unplannable(faults)

    def _field(self, root: RootField) -> FieldView:
        kinds = {
            "query": self._schema.query_type,
            "mutation": self._schema.mutation_type,
            "subscription": self._schema.subscription_type,
        }
        kind = kinds[root.operation_type]
        field = kind.fields.get(root.field_name) if kind else None
        if kind is None or field is None:
            raise Unfitting(f"the contract has no field `{root.field_name}`")
        place = f"{kind.name}.{root.field_name}"
        performed = self._facts.performed_itself(root)
        if performed is not None:
            return self._own(place, root, field, performed)
        carrier = self._facts.model.get(Operation, root.resolves or "") or self._facts.model.get(
            Rpc, root.resolves or ""
        )
        if carrier is None:
            raise Unfitting("nothing answers it")
        return self._other(place, root, field, carrier)

    def _own(
        self, place: str, root: RootField, field: GraphQLField, performed: Command | Query
    ) -> FieldView:
        facts = self._facts
        if performed.id not in facts.requests:
            raise Unfitting(f"{performed.id} takes events, and answers nobody")
        streams = root.operation_type == "subscription"
        if facts.streams(performed) != streams:
            raise Unfitting(
                "a subscription is answered by a query that streams, and nothing else is"
            )
        request = request_of(facts, performed)
        wires = {attribute: wire for wire, attribute in request.names.items()}
        arguments = _Arguments(field)
        for each in request.fields:
            if each.name == "body":
                body = facts.schema(performed.input or "")
                arguments.body(body, facts.schemas, self.fit, required=not each.default)
            elif each.name != "page":
                wire = wires.get(each.name, wire_name(each.name))
                names = (wire, "id") if wire == request.key else (wire,)
                arguments.take(each.name, each.type, names, required=not each.default)
        if request.paged:
            arguments.ignore(*PAGE)
        arguments.done()
        schema, schemas = output_of(facts, performed)
        self._answer(field, schema, schemas, place)
        return FieldView(
            place=place,
            kind="stream" if streams else "own",
            constant=facts.methods[performed.id].upper(),
            request=facts.requests[performed.id],
            method=facts.methods[performed.id],
            renamed=arguments.renamed,
        )

    def _other(
        self, place: str, root: RootField, field: GraphQLField, carrier: Operation | Rpc
    ) -> FieldView:
        called = self._callees.called(carrier)
        if called.access == "workload":
            raise Unfitting(f"{carrier.id} answers workloads alone, and never a caller")
        if root.operation_type == "subscription":
            within = self._within(field, called, place)
            return followed(self._facts, place, root, field, called, self.fit, within)
        arguments = _Arguments(field)
        if called.body is not None:
            arguments.body(called.body, called.schemas, self.fit, required=True)
        for each in called.parameters:
            if each.required and called.own_subject(each, field.args.keys()):
                arguments.renamed[each.name] = ""
            else:
                arguments.take(each.name, each.type, (each.wire,), required=each.required)
        arguments.done()
        within = self._within(field, called, place)
        return FieldView(
            place=place,
            kind="other",
            call=called.call(done=get_named_type(field.type).name == "Boolean"),
            renamed=arguments.renamed,
            access="public" if called.access == "public" else "authenticated",
            within=within,
        )

    def _within(self, field: GraphQLField, called: Called, place: str) -> str:
        """The only field of the answer where that holds the result, else nothing."""
        named = get_named_type(field.type)
        properties = called.output.get("properties", {})
        if isinstance(named, GraphQLObjectType) and len(named.fields) == 1:
            ((name, only),) = named.fields.items()
            if name not in properties:
                self._answer(only, called.output, called.schemas, f"{place}.{name}")
                return str(name)
        self._answer(field, called.output, called.schemas, place)
        return ""

    def _answer(
        self, field: GraphQLField, schema: Mapping[str, Any], schemas: Any, place: str
    ) -> None:
        if schema:
            self.fit.answer(field.type, schema, schemas, place)
        elif get_named_type(field.type).name != "Boolean":
            raise Unfitting(f"{place} has no answer but that it is done, which is a Boolean")


class _Arguments:
    """The arguments of a field, as they are taken."""

    def __init__(self, field: GraphQLField) -> None:
        self._field = field
        self._left = set(field.args) - {KEY}
        self.renamed: dict[str, str] = {}

    def take(self, parameter: str, kind: str, names: tuple[str, ...], *, required: bool) -> None:
        """Fill a parameter from the first of these arguments that there is. Raises `Unfitting`."""
        found = next((each for each in names if each in self._field.args), "")
        if not found:
            if required:
                raise Unfitting(f"no argument `{names[0]}`")
            return
        if required and not is_non_null_type(self._field.args[found].type):
            raise Unfitting(f"the argument `{found}` may be left out, and is needed")
        if not holds(kind.removesuffix(" | None"), self._field.args[found].type):
            raise Unfitting(f"the argument `{found}` is no {kind}")
        self._left.discard(found)
        if wire_name(parameter.rstrip("_")) != found:
            self.renamed[parameter] = found

    def body(self, schema: Mapping[str, Any], schemas: Any, fit: Fit, *, required: bool) -> None:
        """Fill the body: an input object, other arguments that are properties of it, or both.

        Raises:
            Unfitting: they do not make one.
        """
        arguments = self._field.args
        named = {name: get_named_type(each.type) for name, each in arguments.items()}
        objects = [n for n, each in named.items() if isinstance(each, GraphQLInputObjectType)]
        if len(objects) > 1:
            raise Unfitting("two arguments are input objects, and one is the body")
        within = {
            field
            for each in named.values()
            if isinstance(each, GraphQLInputObjectType)
            for field in each.fields
        }
        properties = schema.get("properties", {})
        parts = [n for n in arguments if n in properties and n not in {KEY, *objects, *within}]
        if required and not objects and not parts:
            raise Unfitting("no argument is the body, an input object")
        for name in objects:
            fit.argument(arguments[name].type, _without(schema, parts), schemas, name)
        for name in parts:
            fit.argument(arguments[name].type, properties[name], schemas, name)
        if not objects:
            lacking = sorted(set(schema.get("required", ())) - {*parts})
            if lacking:
                raise Unfitting(f"no argument `{lacking[0]}`, which the data model requires")
        self._left -= {*objects, *parts}
        if (objects, parts) != ([INPUT], []):
            self.renamed["body"] = " ".join((*objects, *parts))

    def ignore(self, *names: str) -> None:
        """These are read by the chassis."""
        self._left -= {*names}

    def done(self) -> None:
        """Refuse what nothing has taken. Raises `Unfitting`."""
        odd = sorted(self._left - {VERSION})
        if odd:
            raise Unfitting(f"nothing reads the argument `{odd[0]}`")


def _without(schema: Mapping[str, Any], properties: list[str]) -> Mapping[str, Any]:
    """The schema of what else an object holds."""
    if not properties:
        return schema
    required = [each for each in schema.get("required", ()) if each not in properties]
    return {**schema, "required": required}
