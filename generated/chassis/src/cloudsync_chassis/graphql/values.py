"""Arguments of a field -> what a method is called with; what it returns -> JSON."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

from graphql import GraphQLField, get_named_type, is_input_object_type, is_non_null_type
from pydantic import BaseModel
from pydantic_core import to_json, to_jsonable_python

from cloudsync_chassis.bounds import JsonBounds
from cloudsync_chassis.paging import PARAMETERS
from cloudsync_chassis.problem import FieldError, Problem, not_valid
from cloudsync_chassis.request import wire_name
from cloudsync_chassis.store.query import PageRequest
from cloudsync_chassis.validation import parameter, parse

BODY = "body"
INPUT = "input"
"""The argument that holds a body, unless the field says otherwise."""
KEY = "clientMutationId"
"""The argument that is an idempotency key, as the header `Idempotency-Key` is elsewhere."""
VERSION = "version"
"""The argument that names the version that a change is based on, as `If-Match` does elsewhere."""

_SCALARS: dict[str, type] = {"UUID": UUID, "DateTime": datetime, "Date": date}
"""What a parameter is whose type the port leaves open, by the scalar of its argument."""

Given = Mapping[str, Any]
"""Arguments by their names, as JSON has them."""


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter of a method: of what argument, and as which type it is read."""

    name: str
    argument: str
    kind: Any
    required: bool

    @property
    def arguments(self) -> tuple[str, ...]:
        """All arguments that it is read from."""
        return (self.argument,)

    def read(self, given: Given, bounds: JsonBounds) -> Any:
        """The typed value; None where it is not given.

        Raises:
            Problem: `validation-failed`.
        """
        del bounds
        found = given.get(self.argument)
        if found is not None:
            if _is_list(self.kind) and not isinstance(found, list):
                found = [found]  # as GraphQL takes one for a list of one (specification, 3.11)
            return parameter(self.argument, found, self.kind)
        if self.required:
            raise not_valid("required", parameter=self.argument)
        return None


@dataclass(frozen=True, slots=True)
class Body:
    """The body: an argument as it is, or `parts` of it by their names, or both together."""

    name: str
    whole: str
    parts: tuple[str, ...]
    model: type[BaseModel]
    required: bool

    @property
    def arguments(self) -> tuple[str, ...]:
        """All arguments that it is read from."""
        return (self.whole, *self.parts) if self.whole else self.parts

    def read(self, given: Given, bounds: JsonBounds) -> Any:
        """The typed body; None where it is not given.

        Raises:
            Problem: `validation-failed`; pointers begin with the argument.
        """
        found = given.get(self.whole)
        if found is None and self.whole:
            if self.required:
                raise not_valid("required", parameter=self.whole)
            return None
        parts = {name: given[name] for name in self.parts if name in given}
        try:
            return parse(self.model, to_json({**(found or {}), **parts}), bounds)
        except Problem as problem:
            raise _below(self.whole, self.parts, problem) from problem


@dataclass(frozen=True, slots=True)
class Values:
    """The parameters of a method, but for the page; `paged` names it."""

    values: tuple[Value | Body, ...]
    paged: str = ""

    def read(self, given: Given, bounds: JsonBounds) -> dict[str, Any]:
        """The arguments by keyword, those left out that are absent and need not be there.

        Raises:
            Problem: `validation-failed`.
        """
        found = {each.name: each.read(given, bounds) for each in self.values}
        needed = {each.name for each in self.values if each.required}
        return {name: each for name, each in found.items() if name in needed or each is not None}


def of_request(request: Any, field: GraphQLField, renamed: Mapping[str, str]) -> Values:
    """The fields of a request of the port, each from the argument of its name, or as `renamed`
    says.
    """
    hints = get_type_hints(request)
    found, paged = [], ""
    for each in fields(request):
        if hints[each.name] is PageRequest:
            paged = each.name
            continue
        missing = each.default is MISSING and each.default_factory is MISSING
        argument = renamed.get(each.name) or _argument(each.name)
        found.append(_value(field, each.name, argument, hints[each.name], missing))
    return _whole(Values(tuple(found), paged), field, (*PARAMETERS,) if paged else ())


def of_call(call: Callable[..., Any], field: GraphQLField, renamed: Mapping[str, str]) -> Values:
    """As `of_request`, the parameters of a client's method. What is the caller's own subject, the
    idempotency key and the version are filled in elsewhere.
    """
    hints = get_type_hints(inspect.unwrap(call))
    elsewhere = {"idempotency_key", "if_match", *(n for n, each in renamed.items() if not each)}
    found = []
    for name, each in inspect.signature(call).parameters.items():
        argument = renamed.get(name) or _argument(name)
        required = each.default is inspect.Parameter.empty
        if name not in elsewhere and (required or argument in field.args):
            found.append(_value(field, name, argument, hints[name], required))
    return _whole(Values(tuple(found)), field, ())


def _argument(name: str) -> str:
    return INPUT if name == BODY else wire_name(name.rstrip("_"))


def _value(
    field: GraphQLField, name: str, argument: str, kind: Any, required: bool
) -> Value | Body:
    model = model_of(kind) if name == BODY else None
    if model is not None:
        return _body(field, argument.split(), model, required)
    if required and argument not in field.args:
        raise LookupError(f"no argument `{argument}` for the parameter `{name}`")
    if kind is Any and argument in field.args:
        kind = _SCALARS.get(get_named_type(field.args[argument].type).name, Any)
    return Value(name, argument, kind, required)


def _body(
    field: GraphQLField, arguments: list[str], model: type[BaseModel], required: bool
) -> Body:
    for each in arguments:
        if each not in field.args:
            raise LookupError(f"no argument `{each}` for the body")
    objects = [
        name for name in arguments if is_input_object_type(get_named_type(field.args[name].type))
    ]
    whole = objects[0] if objects else ""
    return Body(BODY, whole, tuple(e for e in arguments if e != whole), model, required)


def _whole(values: Values, field: GraphQLField, paging: tuple[str, ...]) -> Values:
    """Refuse arguments that nothing reads: they would seem to be heeded."""
    known = {name for each in values.values for name in each.arguments}
    known |= {KEY, VERSION, *paging}
    odd = sorted(field.args.keys() - known)
    if odd:
        raise LookupError(f"nothing reads the argument `{odd[0]}`")
    return values


def _is_list(kind: Any) -> bool:
    return list in {get_origin(each) for each in (kind, *get_args(kind))}


def model_of(kind: Any) -> type[BaseModel] | None:
    """The model that an annotation names, if it names one."""
    for each in (kind, *get_args(kind)):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None


def _below(whole: str, parts: tuple[str, ...], problem: Problem) -> Problem:
    """The problem, whose pointers lead into arguments."""
    errors = []
    for each in problem.errors:
        pointer = each.pointer or ""
        inside = whole and pointer.split("/")[1:2] not in [[part] for part in parts]
        errors.append(
            FieldError(each.detail, f"/{whole}{pointer}" if inside else pointer, each.parameter)
        )
    return Problem(problem.kind, problem.detail, tuple(errors), problem.extensions)


def to_value(result: Any, field: GraphQLField, within: str = "") -> Any:
    """A callee's result as JSON, in a field of its own where the schema has one around it; where
    there is nothing to tell, whether it is done.
    """
    if result is None:
        return True if is_flag(field) else None
    value = to_jsonable_python(result, by_alias=True, exclude_none=True)
    return {within: value} if within else value


def is_flag(field: GraphQLField) -> bool:
    """Whether a field tells no more than that it has been done."""
    return get_named_type(field.type).name == "Boolean"


def must_be(field: GraphQLField) -> bool:
    """Whether a field may not be null."""
    return bool(is_non_null_type(field.type))


def page_parameters(given: Given) -> Iterator[tuple[str, str | None]]:
    """`limit`, `cursor` and `sort` as texts, as they come by HTTP."""
    for name in PARAMETERS:
        found = given.get(name)
        yield name, None if found is None else str(found)
