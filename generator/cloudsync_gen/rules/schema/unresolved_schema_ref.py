"""A reference within the data model leads nowhere.

What it does: follows every `$ref` of the data model's schemas; it has to be a relative path below
`model/` with a pointer to an element's schema or one of its `$defs`, and must not lead back to
itself.

Why: whatever uses the schema cannot be generated. Nothing outside `model/` is ever read.

Example: `$ref: "../common/common.yaml#/uid/schema"`.

Use instead: the path and the key as they are; the hint names the nearest.
"""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.layers.data_model import DataElement
from cloudsync_gen.model.schema_view import target_of
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._refs import fault
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import KINDS, elements, subschemas


def check(model: Model) -> Iterator[Diagnostic]:
    for element in elements(model):
        place = model.ref(element.id, "schema")
        for pointer, schema in subschemas(element.schema):
            if "$ref" not in schema:
                continue
            message, hint = fault(model, place.file, schema["$ref"])
            if not message and not pointer and _circular(model, element):
                message, hint = "the reference leads back to itself", "write the schema out"
            if message:
                yield RULE.at(place.at(*pointer, "$ref"), message, hint, element=element.id)


def _circular(model: Model, element: DataElement) -> bool:
    """Whether an element is nothing but a reference to itself, directly or through others."""
    seen: set[str] = set()
    current: DataElement | None = element
    while current is not None and "$ref" in current.schema:
        if current.id in seen:
            return True
        seen.add(current.id)
        current = target_of(model, model.ref(current.id).file, current.schema["$ref"])
    return False


RULE = Rule(
    code="SCH002", name="unresolved-schema-ref", family="schema validation", check=check, each=KINDS
)
