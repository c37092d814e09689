"""An object of an OpenAPI source has a field that it cannot have, or lacks one that it needs.

What it does: holds documents, path items, operations, parameters, bodies and answers against the
fields that OpenAPI 3.1 (section 4.8) gives them; a parameter also needs `schema` or `content`.

Why: a field that nobody knows is left out of the contract without a word.

Example: `paramters: [...]` in an operation.

Use instead: the field as the specification spells it; extensions begin with `x-`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.sources import RestSource, WebhookSource
from cloudsync_gen.model.system import Model
from cloudsync_gen.naming import nearest
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.openapi._structure import KINDS, objects, strangers
from cloudsync_gen.source import Ref

_PLACES = ("path", "query", "header", "cookie")


def check(model: Model) -> Iterator[Diagnostic]:
    sources: tuple[RestSource | WebhookSource, ...]
    sources = (*model.sources.rest, *model.sources.webhooks)
    for source in sources:
        for kind, pointer, data in objects(source.data):
            yield from _of_object(kind, Ref(source.file, pointer), data)


def _of_object(kind: str, ref: Ref, data: Mapping[str, Any]) -> Iterator[Diagnostic]:
    unknown = strangers(kind, data)
    meant = {nearest(name, KINDS[kind].fields) for name in unknown}
    for name in unknown:
        near = nearest(name, KINDS[kind].fields)
        yield RULE.at(
            ref.name(name), f"`{name}` is no field of a {kind}", f"did you mean `{near}`?"
        )
    for name in KINDS[kind].required:
        if name not in data and name not in meant:
            yield RULE.at(ref, f"this {kind} has no `{name}`", f"add `{name}`")
    if kind == "parameter":
        if not {"schema", "content"} & (data.keys() | meant):
            yield RULE.at(ref, "this parameter has no `schema`", "add `schema`")
        if "in" in data and data["in"] not in _PLACES:
            hint = f"one of {', '.join(_PLACES)}"
            yield RULE.at(ref.at("in"), f"`{data['in']}` is no place for a parameter", hint)


RULE = Rule(code="OAS023", name="openapi-structure", family="OpenAPI contracts", check=check)
