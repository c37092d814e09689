"""OpenAPI sources -> the document as an element and one element per operation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import msgspec

from cloudsync_gen.diagnostics import Diagnostic, finding
from cloudsync_gen.load.layers import explain
from cloudsync_gen.model.declared import DeclaredElement, declared
from cloudsync_gen.model.ids import is_id, type_of
from cloudsync_gen.model.layers.api import METHODS, PLACES, Operation, RestApi, Webhook
from cloudsync_gen.model.sources import RestSource, WebhookSource
from cloudsync_gen.naming import kebab
from cloudsync_gen.source import Ref

_DOCUMENT = "api.rest-api"
"""The type of the element that a document is."""

_VERSION = re.compile(r"3\.1\.[0-9]+(-.+)?")
"""As the metaschema of OpenAPI 3.1 has it."""

_ROOT_LINKS = ("x-archimate-ref", "x-business-service-ref", "x-governed-by-principles")
_OPERATION_LINKS = tuple(
    f.encode_name for f in msgspec.structs.fields(Operation) if f.encode_name.startswith("x-")
)

Loaded = tuple[list[DeclaredElement], list[Diagnostic]]


def document_of(file: str) -> str:
    """`…/document.openapi.yaml` -> `document`."""
    return PurePosixPath(file).name.partition(".")[0]


def rest_source(file: str, data: Any) -> tuple[RestSource | None, Loaded]:
    """The source and its elements, or what makes it no OpenAPI source."""
    ref = Ref(file)
    document = document_of(file)
    found = list(_root_findings(ref, data, document))
    if found:
        return None, ([], found)
    root = {name: data[name] for name in _ROOT_LINKS if name in data}
    info = data["info"]
    written = {
        "id": data["x-id"],
        "name": info["title"],
        "description": info.get("description") or info["title"],
        "document": document,
        "title": info["title"],
        "version": info["version"],
        **root,
    }
    elements, found = _convert(RestApi, written, data, ref)
    for place, method, path, operation in operations_of(file, data):
        more, problems = _operation(document, place, method, path, operation, data["paths"][path])
        elements.extend(more)
        found.extend(problems)
    return source_of(file, data), (elements, found)


def source_of(file: str, data: Mapping[str, Any]) -> RestSource:
    """The source alone, of data about which `rest_source` finds nothing."""
    return RestSource(document=document_of(file), id=data["x-id"], file=file, data=data)


def operations_of(
    file: str, data: Mapping[str, Any]
) -> Iterator[tuple[Ref, str, str, Mapping[str, Any]]]:
    """(place, method, path, operation) in the order written."""
    paths = data.get("paths")
    for path, item in (paths if isinstance(paths, dict) else {}).items():
        for method, operation in (item if isinstance(item, dict) else {}).items():
            if method in METHODS and isinstance(operation, dict):
                yield Ref(file, ("paths", path, method)), method, path, operation


def _root_findings(ref: Ref, data: Any, document: str) -> Iterator[Diagnostic]:
    """What the root lacks; a webhook document, which has no `x-id`, is passed without a name."""
    code = "OAS001", "openapi-document"
    if not isinstance(data, dict):
        yield finding(*code, ref, "not an OpenAPI document", "begin with `openapi: 3.1.0`")
        return
    version = data.get("openapi")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        place = ref.at("openapi")
        yield finding(*code, place, f"`openapi` is {version!r}, not 3.1", "write `openapi: 3.1.0`")
    info = data.get("info")
    if not isinstance(info, dict) or not all(
        isinstance(info.get(k), str) for k in ("title", "version")
    ):
        yield finding(*code, ref.at("info"), "`info` lacks title or version", "add both, quoted")
    identity = data.get("x-id")
    given = identity if isinstance(identity, str) and is_id(identity) else None
    if document and (given is None or type_of(given) != _DOCUMENT):
        what = f"`{given}` is no `{_DOCUMENT}`" if given else "the document has no `x-id`"
        hint = f"write `x-id: {_DOCUMENT}.{kebab(document)}`"
        yield finding(*code, ref.at("x-id"), what, hint)


def _convert(
    struct: type[RestApi] | type[Operation] | type[Webhook],
    written: Mapping[str, Any],
    data: Mapping[str, Any],
    ref: Ref,
) -> Loaded:
    try:
        value = msgspec.convert(written, struct)
    except msgspec.ValidationError as error:
        pointer, what = explain(error)
        hint = "mend the field; link fields hold ids of elements"
        place = ref.at(*pointer)
        return [], [
            finding("OAS002", "openapi-field", place, what, hint, str(written.get("id", "")))
        ]
    return [declared(value, data, ref)], []


def _operation(
    document: str, ref: Ref, method: str, path: str, operation: Mapping[str, Any], item: Any
) -> Loaded:
    identity = operation.get("operationId")
    if not isinstance(identity, str) or not kebab(identity):
        hint = "add a lowerCamelCase `operationId`; its element's id is made of it"
        what = f"`{method.upper()} {path}` has no `operationId`"
        return [], [finding("OAS003", "operation-id", ref, what, hint)]
    status, response = _success(operation)
    parameters = [
        {
            "name": p["name"],
            "location": p["in"],
            "required": p.get("required") is True,
            "schema": p["schema"],
        }
        for p in (*_listed(item, "parameters"), *_listed(operation, "parameters"))
        if isinstance(p, dict)
        and "name" in p
        and _has_place(p)
        and isinstance(p.get("schema"), dict)
    ]
    text = _texts(operation)
    written = {
        "id": f"api.operation.{kebab(document)}-{kebab(identity)}",
        "name": text.get("summary") or identity,
        "description": text.get("description") or text.get("summary") or identity,
        "document": document,
        "operationId": identity,
        "method": method,
        "path": path,
        "parameters": parameters,
        "requestSchema": _body_ref(operation.get("requestBody")),
        "responseStatus": status,
        "responseSchema": response,
        "deprecated": operation.get("deprecated") is True,
        **{name: operation[name] for name in _OPERATION_LINKS if name in operation},
    }
    return _convert(Operation, written, operation, ref)


def _texts(operation: Mapping[str, Any]) -> Mapping[str, str]:
    """Summary and description, without what is no text; `openapi-structure` says so."""
    found = {name: operation.get(name) for name in ("summary", "description")}
    return {name: each for name, each in found.items() if isinstance(each, str)}


def _has_place(parameter: Mapping[str, Any]) -> bool:
    """Whether it is sent anywhere that there is; `openapi-structure` says where not."""
    return parameter.get("in") in PLACES


def _listed(data: Mapping[str, Any], name: str) -> list[Any]:
    """A list of a source, empty where something else stands; compile says so."""
    found = data.get(name)
    return found if isinstance(found, list) else []


def _success(operation: Mapping[str, Any]) -> tuple[int, str | None]:
    responses = operation.get("responses")
    for code, response in sorted((responses if isinstance(responses, dict) else {}).items()):
        if len(code) == 3 and code.startswith("2") and code.isdigit():
            return int(code), _body_ref(response)
    return 200, None


def _body_ref(body: Any) -> str | None:
    content = body.get("content") if isinstance(body, dict) else None
    for _, media in sorted((content if isinstance(content, dict) else {}).items()):
        schema = media.get("schema") if isinstance(media, dict) else None
        if isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
            return str(schema["$ref"])
    return None


def webhook_source(file: str, data: Any) -> tuple[WebhookSource | None, Loaded]:
    """The source and one element per webhook, or what makes it no webhook document."""
    ref = Ref(file)
    document = document_of(file)
    found = list(_root_findings(ref, data, "")) if isinstance(data, dict) else []
    webhooks = data.get("webhooks") if isinstance(data, dict) else None
    if not isinstance(webhooks, dict):
        hint = "begin with `openapi: 3.1.0` and give `webhooks`"
        found.append(finding("WHK001", "webhook-document", ref, "no `webhooks` here", hint))
    if found:
        return None, ([], found)
    elements: list[DeclaredElement] = []
    for name, item in (webhooks or {}).items():
        operation = item.get("post") if isinstance(item, dict) else None
        place = ref.at("webhooks", name, "post")
        if not isinstance(operation, dict):
            hint = "a webhook is sent by POST"
            what = f"webhook `{name}` has no `post`"
            found.append(
                finding("WHK001", "webhook-document", ref.at("webhooks", name), what, hint)
            )
            continue
        text = _texts(operation)
        written = {
            "id": f"api.webhook.{kebab(name)}",
            "name": text.get("summary") or name,
            "description": text.get("description") or text.get("summary") or name,
            "document": document,
            "webhookName": name,
            "requestSchema": _body_ref(operation.get("requestBody")),
            **({"x-event": operation["x-event"]} if "x-event" in operation else {}),
        }
        more, problems = _convert(Webhook, written, operation, place)
        elements.extend(more)
        found.extend(problems)
    return WebhookSource(document=document, file=file, data=data), (elements, found)
