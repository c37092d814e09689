"""The objects of an OpenAPI 3.1 document: which fields each has, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from cloudsync_gen.model.sources import RestSource, WebhookSource
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Pointer

_METHODS = "get put post delete options head patch trace"


class Kind(Struct, frozen=True):
    """An object of the specification. `holds`: field -> kind, `*kind` for a map, `+kind` a list."""

    fields: frozenset[str]
    required: tuple[str, ...] = ()
    holds: Mapping[str, str] = {}


def _kind(fields: str, required: str = "", **holds: str) -> Kind:
    return Kind(frozenset((*fields.split(), *holds)), tuple(required.split()), holds)


KINDS: Mapping[str, Kind] = {
    "document": _kind(
        "openapi jsonSchemaDialect servers components security",
        "openapi info",
        info="info",
        paths="*path item",
        webhooks="*path item",
        tags="+tag",
        externalDocs="external documentation",
    ),
    "info": _kind(
        "title summary description termsOfService version",
        "title version",
        contact="contact",
        license="license",
    ),
    "contact": _kind("name url email"),
    "license": _kind("name identifier url", "name"),
    "tag": _kind("name description", "name", externalDocs="external documentation"),
    "external documentation": _kind("description url", "url"),
    "path item": _kind(
        "$ref summary description servers",
        "",
        parameters="+parameter",
        **dict.fromkeys(_METHODS.split(), "operation"),
    ),
    "operation": _kind(
        "tags summary description operationId callbacks deprecated security servers",
        "",
        externalDocs="external documentation",
        parameters="+parameter",
        requestBody="request body",
        responses="*response",
    ),
    "parameter": _kind(
        "name in description required deprecated allowEmptyValue style explode allowReserved"
        " schema example examples",
        "name in",
        content="*media type",
    ),
    "request body": _kind("description required", "content", content="*media type"),
    "response": _kind("description links", "description", content="*media type", headers="*header"),
    "header": _kind(
        "description required deprecated style explode schema example examples",
        "",
        content="*media type",
    ),
    "media type": _kind("schema example examples encoding"),
}
"""Name of an object (OpenAPI 3.1, section 4.8) -> its fields."""


def documents(model: Model) -> tuple[RestSource | WebhookSource, ...]:
    """All OpenAPI sources: of REST APIs, then of webhooks."""
    return (*model.sources.rest, *model.sources.webhooks)


def objects(data: Any, kind: str = "document") -> Iterator[tuple[str, Pointer, Mapping[str, Any]]]:
    """(kind, pointer, object) of a document and of all that it holds; references are left out."""
    pending: list[tuple[str, Pointer, Any]] = [(kind, (), data)]
    while pending:
        name, pointer, current = pending.pop()
        if not isinstance(current, Mapping) or "$ref" in current:
            continue
        yield name, pointer, current
        for field, held in KINDS[name].holds.items():
            value = current.get(field)
            if held.startswith("*") and isinstance(value, Mapping):
                pending += [
                    (held[1:], (*pointer, field, key), each)
                    for key, each in value.items()
                    if not key.startswith("x-")
                ]
            elif held.startswith("+") and isinstance(value, list):
                pending += [
                    (held[1:], (*pointer, field, index), e) for index, e in enumerate(value)
                ]
            elif held[0] not in "*+" and value is not None:
                pending.append((held, (*pointer, field), value))


def strangers(name: str, data: Mapping[str, Any]) -> list[str]:
    """Fields of an object that its kind does not have; extensions are none."""
    return [each for each in data if each not in KINDS[name].fields and each[:2] != "x-"]
