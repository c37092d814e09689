"""Changes of contracts as findings: where, how grave, and whom they reach (design §8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from msgspec import Struct

from cloudsync_gen.compat.openapi import compare_openapi
from cloudsync_gen.diagnostics import Diagnostic, Related, Severity
from cloudsync_gen.model.changes import Change, Level
from cloudsync_gen.model.impact import Impact, has_consumer, impact, operations_of_document
from cloudsync_gen.model.system import Model
from cloudsync_gen.source import Pointer, Ref

_SEVERITY = {
    Level.ERROR: Severity.ERROR,
    Level.WARNING: Severity.WARNING,
    Level.INFO: Severity.INFO,
}
_UNJUDGED = frozenset(("analysis-limit-reached", "document-version-unsupported"))
KIND = "openapi"


class Side(Struct, frozen=True, kw_only=True):
    """A document as it was or is. `file` is what findings call it; `data` `None` where it is gone.

    `schemas`: name of a component -> the model's place of its schema; `source`: the file that
    people edit, where it is not the document itself.
    """

    file: str
    data: Mapping[str, Any] | None
    source: str = ""
    schemas: Mapping[str, Ref] = {}

    def place(self, pointer: Pointer) -> Ref:
        """Where people find what stands at a pointer of the document."""
        if not self.source:
            return Ref(self.file, pointer)
        if (
            pointer[:2] == ("components", "schemas")
            and str(pointer[2:3] and pointer[2]) in self.schemas
        ):
            found = self.schemas[str(pointer[2])]
            return found.at(*pointer[3:])
        return Ref(self.source, pointer)


class Pair(Struct, frozen=True, kw_only=True):
    """A contract in two states; `document` is its name in the model, empty for a foreign one."""

    base: Side
    revision: Side
    document: str = ""


def breaks(pair: Pair, models: tuple[Model, ...], today: date) -> list[Diagnostic]:
    """What changed. With models, a break that reaches nobody known is a warning; without one, or in
    a document that no model knows, nobody can tell, and it stays an error.
    """
    base = pair.base.data or _empty(pair.revision.data)
    revision = pair.revision.data or _empty(pair.base.data)
    changes = compare_openapi(base, revision, today=today)
    operations = _operations(pair, models)
    return [_finding(change, pair, models, operations) for change in changes]


def _empty(other: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The other document without its operations: what is gone, or new, is only those."""
    return {**(other or {}), "paths": {}, "webhooks": {}}


def _operations(pair: Pair, models: Iterable[Model]) -> dict[str, set[str]]:
    """`POST /v1/documents` and operationIds -> ids of operations, of either side of the model."""
    found: dict[str, set[str]] = {}
    for model in models:
        documents = [pair.document] if pair.document else _documents(model, pair)
        for document in documents:
            for each in operations_of_document(model, document):
                for key in ("", f"{each.method.upper()} {each.path}", each.operation_id):
                    found.setdefault(key, set()).add(each.id)
    return found


def _documents(model: Model, pair: Pair) -> list[str]:
    """The documents of a model that a foreign file is a form of: those that share an operation."""
    named = {
        operation.get("operationId")
        for side in (pair.base, pair.revision)
        for path in _mapping(side.data, "paths").values()
        if isinstance(path, Mapping)
        for operation in path.values()
        if isinstance(operation, Mapping)
    }
    return [
        source.document
        for source in model.sources.rest
        if any(
            each.operation_id in named for each in operations_of_document(model, source.document)
        )
    ]


def _mapping(data: Mapping[str, Any] | None, key: str) -> Mapping[str, Any]:
    found = (data or {}).get(key)
    return found if isinstance(found, Mapping) else {}


def _finding(
    change: Change, pair: Pair, models: tuple[Model, ...], operations: Mapping[str, set[str]]
) -> Diagnostic:
    touched = operations.get(change.operation) or operations.get(change.operation_id) or set()
    reached = impact(models, sorted(touched))
    severity = _SEVERITY[change.level]
    if change.level is Level.ERROR and change.code not in _UNJUDGED and operations:
        severity = Severity.ERROR if has_consumer(reached) else Severity.WARNING
    return Diagnostic(
        code=change.code,
        name=KIND,
        severity=severity,
        ref=pair.revision.place(change.pointer_revision),
        message=change.message,
        hint=_hint(change, operations, reached),
        element=min(touched) if len(touched) == 1 else "",
        related=(Related(Ref(pair.base.file, change.pointer_base), "what it was"),),
        facts=(pair.document or pair.revision.file, change.fingerprint),
        impact=reached if change.level is not Level.INFO else {},
    )


def _hint(change: Change, operations: Mapping[str, set[str]], reached: Impact) -> str:
    if change.level is not Level.ERROR:
        return ""
    if not operations:
        return "no model knows this contract: whom it reaches cannot be told"
    if not has_consumer(reached):
        return "no consumer is known; outside this model there may be some"
    return "keep what they use and add the new beside it, or change them first"
