"""A reference of an OpenAPI source leads nowhere, or stands where none may.

What it does: follows every `$ref` of OpenAPI and webhook sources into the data model, and reports
those that find no schema or do not stand for one.

Why: a contract is self-contained; what it cannot take over it cannot publish. Nothing outside
`model/` is ever read.

Example: `$ref: "../../07_data_model/brewing/recipe.yaml#/recipee/schema"`.

Use instead: the relative path of a file of the data model, and `#/<element>/schema`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.sources import RestSource, WebhookSource
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._refs import fault
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.source import Pointer, Ref

_REFERABLE = frozenset(
    ("paths", "webhooks", "parameters", "requestBody", "responses", "headers", "links", "examples")
)
_TEXT = frozenset(("example", "examples", "default", "enum", "const", "mapping"))


def check(model: Model) -> Iterator[Diagnostic]:
    sources: tuple[RestSource | WebhookSource, ...]
    sources = (*model.sources.rest, *model.sources.webhooks)
    for source in sources:
        for pointer, reference, in_schema in _references(source.data, (), False):
            message, hint = "a `$ref` stands for a schema alone", "write it out here"
            if in_schema:
                message, hint = fault(model, source.file, reference)
            elif not _REFERABLE & set(pointer[-3:-1]):
                continue
            if message:
                yield RULE.at(Ref(source.file, pointer), message, hint, facts=(str(reference),))


def _references(
    data: Any, pointer: Pointer, in_schema: bool
) -> Iterator[tuple[Pointer, Any, bool]]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key == "$ref" and not (in_schema and pointer[-1:] == ("properties",)):
                yield (*pointer, key), value, in_schema
            elif key not in _TEXT or pointer[-1:] == ("properties",):
                yield from _references(value, (*pointer, key), in_schema or key == "schema")
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _references(value, (*pointer, index), in_schema)


RULE = Rule(code="OAS018", name="unresolved-ref", family="OpenAPI contracts", check=check)
