"""A body that is an object has a media type that is not JSON.

What it does: reports contents whose media type is neither `application/json` nor ends in `+json`
(RFC 6839), although their schema is an object or a list.

Why: services and clients read and write objects as JSON alone; what has another type is taken for
bytes.

Example: `application/jsn: {schema: {$ref: …}}`.

Use instead: `application/json`, or `application/merge-patch+json` of a PATCH.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.schema_view import target_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._structure import documents, objects
from cloudsync_gen.source import Ref

_JSON = re.compile(r"application/([a-z0-9.-]+\+)?json(;.*)?")


def check(model: Model) -> Iterator[Diagnostic]:
    for source in documents(model):
        for _, pointer, data in objects(source.data):
            content = data.get("content")
            for kind, media in content.items() if isinstance(content, dict) else ():
                schema = media.get("schema") if isinstance(media, dict) else None
                if not _JSON.fullmatch(str(kind)) and _structured(model, source.file, schema):
                    yield RULE.at(
                        Ref(source.file, (*pointer, "content")).name(kind),
                        f"an object cannot be sent as `{kind}`",
                        "write `application/json`, or a schema of text or bytes",
                        facts=(".".join(map(str, pointer)), str(kind)),
                    )


def _structured(model: Model, file: str, schema: Any) -> bool:
    if not isinstance(schema, Mapping):
        return False
    found = target_of(model, file, schema["$ref"]) if "$ref" in schema else None
    return (found.schema if found else schema).get("type") in ("object", "array")


RULE = Rule(code="OAS027", name="schema-without-json", family="OpenAPI contracts", check=check)
