"""Whether an OpenAPI source has the form that compile walks; its contents are judged afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.contracts.findings import contract_finding
from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.source import Ref

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_MAPPING, _LIST = "a mapping", "a list"


def form_findings(file: str, data: Mapping[str, Any]) -> list[Diagnostic]:
    """Everything in a source that is a list where a mapping belongs, and so on."""
    place = Ref(file)
    found: list[Diagnostic] = []
    for part in ("paths", "webhooks"):
        if part in data:
            found += _each(data[part], place.at(part), _item)
    if "paths" not in data and "webhooks" not in data:
        found.append(_wrong(None, place.at("paths"), _MAPPING))
    return found


def _wrong(value: Any, place: Ref, wanted: str) -> Diagnostic:
    name = place.pointer[-1]
    what = f"`{name}` is not {wanted}" if value is not None else f"`{name}` is empty"
    return contract_finding("contract-part", place, what, "see OpenAPI 3.1")


def _each(value: Any, place: Ref, check: Any) -> Iterator[Diagnostic]:
    """Findings of the values of a mapping, or that it is none."""
    if not isinstance(value, Mapping):
        yield _wrong(value, place, _MAPPING)
        return
    for key, each in value.items():
        if not key.startswith("x-"):
            yield from check(each, place.at(key))


def _item(item: Any, place: Ref) -> Iterator[Diagnostic]:
    if not isinstance(item, Mapping):
        yield _wrong(item, place, _MAPPING)
        return
    if "parameters" in item:
        yield from _parameters(item["parameters"], place.at("parameters"))
    for method in METHODS:
        if method in item:
            yield from _operation(item[method], place.at(method))


def _operation(operation: Any, place: Ref) -> Iterator[Diagnostic]:
    if not isinstance(operation, Mapping):
        yield _wrong(operation, place, _MAPPING)
        return
    if "parameters" in operation:
        yield from _parameters(operation["parameters"], place.at("parameters"))
    if "requestBody" in operation:
        yield from _body(operation["requestBody"], place.at("requestBody"))
    if "responses" in operation:
        yield from _each(operation["responses"], place.at("responses"), _body)
    elif place.pointer[0] == "paths":
        yield _wrong(None, place.at("responses"), _MAPPING)


def _parameters(parameters: Any, place: Ref) -> Iterator[Diagnostic]:
    if not isinstance(parameters, list):
        yield _wrong(parameters, place, _LIST)
        return
    for index, each in enumerate(parameters):
        if not isinstance(each, Mapping):
            yield _wrong(each, place.at(index), _MAPPING)


def _body(body: Any, place: Ref) -> Iterator[Diagnostic]:
    """A request body or a response."""
    if not isinstance(body, Mapping):
        yield _wrong(body, place, _MAPPING)
        return
    for part in ("content", "headers"):
        if part in body:
            yield from _each(body[part], place.at(part), _mapping)


def _mapping(value: Any, place: Ref) -> Iterator[Diagnostic]:
    if not isinstance(value, Mapping):
        yield _wrong(value, place, _MAPPING)
