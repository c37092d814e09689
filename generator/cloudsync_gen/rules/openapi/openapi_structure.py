"""An object of an OpenAPI source has a field that it cannot have, or lacks one that it needs.

What it does: holds documents, path items, operations, parameters, bodies and answers against the
fields that OpenAPI 3.1 (section 4.8) gives them; a parameter also needs `schema` or `content`, a
body a media type, an answer a status, and no two operations of a document may have one
`operationId`.

Why: a field that nobody knows is left out of the contract without a word.

Example: `paramters: [...]` in an operation.

Use instead: the field as the specification spells it; extensions begin with `x-`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.layers.api import PLACES
from cloudsync_gen.model.sources import WebhookSource
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import likeliest, offered
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._structure import KINDS, documents, objects, strangers
from cloudsync_gen.source import Pointer, Ref

_STATUS = re.compile(r"[1-5]([0-9]{2}|XX)|default|x-.*")


def check(model: Model) -> Iterator[Diagnostic]:
    for source in documents(model):
        found = list(objects(source.data))
        for kind, pointer, data in found:
            yield from _of_object(kind, Ref(source.file, pointer), data)
        if isinstance(source, WebhookSource):  # of others an element's id is made of it
            yield from _twins(source.file, found)


def _of_object(kind: str, ref: Ref, data: Mapping[str, Any]) -> Iterator[Diagnostic]:
    unknown = strangers(kind, data)
    fields = KINDS[kind].fields
    misspelt = {likeliest(name, fields) for name in unknown}
    for name in unknown:
        hint = offered(name, fields, otherwise="remove it")
        yield RULE.at(ref.name(name), f"`{name}` is no field of a {kind}", hint)
    yield from _containers(kind, ref, data)
    for name in KINDS[kind].required:
        if name not in data and name not in misspelt:
            yield RULE.at(ref, f"this {kind} has no `{name}`", f"add `{name}`")
    if not isinstance(data.get("schema", {}), dict | bool):
        yield RULE.at(ref.at("schema"), "`schema` is not a mapping", "write a mapping")
    for name in ("description", "summary", "operationId", "title"):
        if not isinstance(data.get(name, ""), str):
            yield RULE.at(ref.at(name), f"`{name}` is no text", "write a text")
    for name in ("required", "deprecated"):
        if not isinstance(data.get(name, True), bool):
            yield RULE.at(ref.at(name), f"`{name}` is neither true nor false", "write `true`?")
    if kind == "request body" and data.get("content") == {}:
        hint = "add `application/json` with its schema"
        yield RULE.at(ref.at("content"), "this body is of no media type", hint)
    if kind == "parameter":
        if not {"schema", "content"} & (data.keys() | misspelt):
            yield RULE.at(ref, "this parameter has no `schema`", "add `schema`")
        if "in" in data and data["in"] not in PLACES:
            hint = f"one of {', '.join(PLACES)}"
            yield RULE.at(ref.at("in"), f"`{data['in']}` is no place for a parameter", hint)


def _containers(kind: str, ref: Ref, data: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Fields that hold objects, but are neither list nor mapping as they should be."""
    for field, held in KINDS[kind].holds.items():
        value = data.get(field, {} if held[0] != "+" else [])
        wanted = "list" if held[0] == "+" else "mapping"
        if not isinstance(value, list if held[0] == "+" else dict):
            yield RULE.at(ref.at(field), f"`{field}` is not a {wanted}", f"write a {wanted}")
            continue
        inner = enumerate(value) if isinstance(value, list) else value.items()
        for key, each in inner if held[0] in "*+" else ():
            if not isinstance(each, dict) and not str(key).startswith("x-"):
                message = f"this {held[1:]} is not a mapping"
                yield RULE.at(ref.at(field, key), message, "write a mapping")
    if kind == "operation":
        responses = data.get("responses")
        for status in responses if isinstance(responses, dict) else ():
            if not _STATUS.fullmatch(str(status)):
                message = f"`{status}` is no status of an answer"
                hint = "100 to 599, `4XX` or `default`"
                yield RULE.at(ref.at("responses").name(status), message, hint)
    if kind == "document":
        paths = data.get("paths")
        for path in paths if isinstance(paths, dict) else ():
            if not path.startswith(("/", "x-")):
                message = f"the path `{path}` does not begin with a slash"
                yield RULE.at(ref.at("paths").name(path), message, f"write `/{path}`")


def _twins(file: str, found: list[tuple[str, Pointer, Mapping[str, Any]]]) -> Iterator[Diagnostic]:
    first: dict[str, Ref] = {}
    for kind, pointer, data in reversed(found):
        name = data.get("operationId") if kind == "operation" else None
        if not isinstance(name, str):
            continue
        place = Ref(file, (*pointer, "operationId"))
        earlier = first.setdefault(name, place)
        if earlier is not place:
            yield RULE.at(
                place,
                f"`{name}` names another operation of this document as well",
                "give each operation a name of its own",
                related=(Related(earlier, "the other one"),),
            )


RULE = Rule(
    code="OAS023", name="openapi-structure", family="OpenAPI contracts", check=check, alone=True
)
