"""Requests of the port, and the parameters of routes that fill them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.effects import path_key
from cloudsync_gen.model.layers.api import Operation
from cloudsync_gen.model.layers.application import Aggregate, Command, Query
from cloudsync_gen.naming import python_name, wire_name
from cloudsync_gen.targets._models import FORMAT, TEXT_FORMATS, class_name
from cloudsync_gen.targets._patterns import as_ecma_means_it
from cloudsync_gen.targets._python_types import followed, python_type
from cloudsync_gen.targets.service.facts import PREFIX, Scope, ServiceFacts
from cloudsync_gen.targets.service.views import FieldView, ParameterView, RouteView

_LIMITS = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}
_SIZES = {"minItems": "min_length", "maxItems": "max_length"}
_PLACES = {"path": "Path", "query": "Query", "header": "Header", "cookie": "Cookie"}
_PARAMETERS = "#/components/parameters/"
_PAGING = ("limit", "cursor", "sort")
_IN_PATH = re.compile(r"\{([^}]+)\}")
_LOCALS = (
    *("call", "page", "body", "request", "service", "router", "self"),
    *("all", "any", "bin", "bool", "bytes", "chr", "dict", "dir", "eval", "exec", "exit", "filter"),
    *("float", "format", "hash", "help", "hex", "id", "input", "int", "iter", "len", "license"),
    *("list", "map", "max", "min", "next", "object", "oct", "open", "ord", "pow", "print"),
    *("property", "quit", "range", "repr", "reversed", "round", "set", "slice", "sorted", "str"),
    *("sum", "super", "tuple", "type", "vars", "zip"),
)
"""Names that a route uses itself, and builtins, which a parameter would hide."""

_BY_KEY = ("get", "update", "delete", "transition")


class Request(Struct, frozen=True, kw_only=True):
    """What a method of the port is called with.

    `names`: parameter -> attribute of the request. `in_path`: names of the path's parameters in
    order. `key`: the one that identifies the entity, empty where none does.
    """

    fields: tuple[FieldView, ...]
    route: RouteView | None
    names: Mapping[str, str]
    in_path: tuple[str, ...]
    key: str
    body: bool
    paged: bool


def effect_of(performed: Command | Query) -> str:
    """`create`, `update`, `delete`, `transition`, `get`, `list` or `custom`."""
    return performed.effect if isinstance(performed, Command) else performed.kind


def request_of(facts: ServiceFacts, performed: Command | Query) -> Request:
    """The request of a command or query: as its REST operation has it, else as it follows."""
    operation = facts.operation(performed)
    if operation is None:
        return _derived(facts, performed)
    return _Reader(facts, operation, performed).request()


class _Reader:
    """Reads an operation of the compiled contract."""

    def __init__(
        self, facts: ServiceFacts, operation: Operation, performed: Command | Query
    ) -> None:
        self._facts = facts
        self._operation = operation
        self._performed = performed
        self._compiled = facts.compiled(operation)
        self._schemas = facts.components(operation)
        self._scope = Scope(*_LOCALS)

    def request(self) -> Request:
        references = {str(each.get("$ref", "")) for each in self._compiled["parameters"]}
        written = [each for each in self._compiled["parameters"] if "name" in each]
        paged = effect_of(self._performed) == "list" or f"{_PARAMETERS}Cursor" in references
        used = [each for each in written if not (paged and each["name"] in _PAGING)]
        parameters = {each["name"]: self._parameter(each) for each in used}
        ordered = sorted(parameters.values(), key=lambda each: each.default)
        body, required = self._body()
        in_path = tuple(n for n in _IN_PATH.findall(self._operation.path) if n in parameters)
        return Request(
            fields=tuple(_fields(ordered, body, required, paged)),
            route=RouteView(
                verb=self._operation.method,
                path=self._operation.path,
                parameters=tuple(ordered),
            ),
            names={name: each.name for name, each in parameters.items()},
            in_path=in_path,
            key=_key(self._facts, self._performed, in_path),
            body=bool(body),
            paged=paged,
        )

    def _parameter(self, written: Mapping[str, Any]) -> ParameterView:
        name, found = followed(written.get("schema", {}), self._schemas)
        optional = not written.get("required", False)
        kind = _parameter_type(name, found, self._schemas)
        if kind.startswith("models."):
            self._facts.class_of(self._facts.elements[name])
        alias, limits = written["name"], _limits(kind, found)
        python = self._scope.take(python_name(alias))
        expected = "path" if f"{{{alias}}}" in self._operation.path else "query"
        extra = _extra(kind, found, self._schemas)
        return ParameterView(
            name=python,
            type=f"{kind} | None" if optional else kind,
            place=_PLACES[written["in"]],
            alias=alias,
            limits=limits,
            extra=extra,
            default=optional,
            plain=(written["in"], alias, limits, extra) == (expected, wire_name(python), (), {}),
        )

    def _body(self) -> tuple[str, bool]:
        """(class of the body or nothing, whether one must be sent)."""
        body = self._compiled.get("requestBody", {})
        for media in body.get("content", {}).values():
            reference = str(media.get("schema", {}).get("$ref", "")).removeprefix(PREFIX)
            if reference in self._facts.elements:
                name = self._facts.class_of(self._facts.elements[reference])
                return f"models.{name}", bool(body.get("required", True))
        return "", True


def _parameter_type(name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return f"models.{class_name(name)}" if name else _literal(schema["enum"])
    found = python_type(schema, schemas)
    if found == "datetime":
        return "AwareDatetime"
    return "str" if found == "Any" or found.startswith("models.") else found


def _literal(members: list[Any]) -> str:
    return "Literal[" + ", ".join(json.dumps(each, ensure_ascii=False) for each in members) + "]"


def _limits(kind: str, schema: Mapping[str, Any]) -> tuple[tuple[str, str | int | float], ...]:
    """What FastAPI checks beyond the type; of values that are no texts only the format."""
    if kind.startswith("list["):
        return tuple((made, schema[key]) for key, made in _SIZES.items() if key in schema)
    if kind not in ("str", "int", "float"):
        return ()
    found = {key: each for key, each in schema.items() if key in _LIMITS}
    if "pattern" in found:
        found["pattern"] = as_ecma_means_it(found["pattern"])
    return tuple((made, found[key]) for key, made in _LIMITS.items() if key in found)


def _extra(kind: str, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """What the chassis checks of a parameter, as it is told so."""
    written_as = _text_format(kind, schema)
    told: dict[str, Any] = {FORMAT: written_as} if written_as else {}
    if kind.startswith("list["):
        inner, (_, items) = kind[len("list[") : -1], followed(schema.get("items", {}), schemas)
        of_items = {**dict(_limits(inner, items)), **_extra(inner, items, schemas)}
        told |= {"x-items": of_items} if of_items else {}
        told |= {"x-unique": True} if schema.get("uniqueItems") else {}
    return told


def _text_format(kind: str, schema: Mapping[str, Any]) -> str:
    """The format that the chassis checks of a text, or nothing."""
    found = schema.get("format", "")
    return found if kind == "str" and found in TEXT_FORMATS else ""


def _fields(
    parameters: list[ParameterView], body: str, body_required: bool, paged: bool
) -> Iterator[FieldView]:
    made = [FieldView(name=p.name, type=_plain(p.type), default=p.default) for p in parameters]
    yield from (each for each in made if not each.default)
    if body and body_required:
        yield FieldView(name="body", type=body)
    if paged:
        yield FieldView(name="page", type="PageRequest")
    if body and not body_required:
        yield FieldView(name="body", type=f"{body} | None", default=True)
    yield from (each for each in made if each.default)


def _plain(kind: str) -> str:
    return kind.replace("AwareDatetime", "datetime")


def _key(facts: ServiceFacts, performed: Command | Query, in_path: tuple[str, ...]) -> str:
    """The path parameter that identifies the entity."""
    aggregate = facts.aggregates.get(performed.aggregate)
    if aggregate is None:
        return ""
    return path_key(aggregate, in_path, facts.schema(aggregate.schema).get("properties", {}))


def _derived(facts: ServiceFacts, performed: Command | Query) -> Request:
    """For a command or query that no REST operation carries."""
    effect = effect_of(performed)
    aggregate = facts.aggregates.get(performed.aggregate)
    fields: list[FieldView] = []
    names: dict[str, str] = {}
    key, scope = "", Scope(*_LOCALS)
    if aggregate is not None and (effect in _BY_KEY or _by_clock(performed)):
        key = facts.key_of(aggregate)
        names[key] = scope.take(python_name(key))
        fields.append(FieldView(name=names[key], type=_key_type(facts, aggregate)))
    if performed.input:
        fields.append(FieldView(name="body", type=f"models.{facts.class_of(performed.input)}"))
    if effect == "list":
        fields.append(FieldView(name="page", type="PageRequest"))
        for name in performed.filters if isinstance(performed, Query) else ():
            names[name] = scope.take(python_name(name))
            fields.append(FieldView(name=names[name], type="Any", default=True))
    return Request(
        fields=tuple(fields),
        route=None,
        names=names,
        in_path=(key,) if key else (),
        key=key,
        body=bool(performed.input),
        paged=effect == "list",
    )


def _by_clock(performed: Command | Query) -> bool:
    """Whether the clock calls it for one entity after the other."""
    schedule = performed.schedule if isinstance(performed, Command) else None
    return schedule is not None and schedule.per == "entity"


def _key_type(facts: ServiceFacts, aggregate: Aggregate) -> str:
    properties = facts.schema(aggregate.schema).get("properties", {})
    found = python_type(properties.get(aggregate.key, {}), facts.schemas)
    return "str" if found.startswith("models.") or found == "Any" else found
