"""Differences between the shapes of an entity, one aspect at a time."""

from __future__ import annotations

from collections.abc import Iterator

from cloudsync_gen.diagnostics import Diagnostic, Related
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.shapes import Aspect, Difference, FieldShape
from cloudsync_gen.model.system import Model
from cloudsync_gen.rules._known import sound
from cloudsync_gen.rules._rule import Rule
from cloudsync_gen.rules.schema._walk import elements

_FORMS = {
    "json-schema": "schema",
    "openapi": "OpenAPI answer",
    "graphql": "GraphQL type",
    "proto": "message",
    "table": "table",
    "wide-table": "wide table",
    "columnar-table": "columnar table",
    "collection": "collection",
    "index": "index",
    "payload": "payload",
}


def both(model: Model, aspect: Aspect) -> Iterator[tuple[Difference, FieldShape, FieldShape]]:
    """(difference, the schema's field, the shape's field) for an aspect that two fields have."""
    for each in _differences(model, aspect):
        if each.meant is not None and each.found is not None:
            yield each, each.meant, each.found


def single(model: Model, aspect: Aspect) -> Iterator[tuple[Difference, FieldShape]]:
    """(difference, the only field) for a field that is missing or too many."""
    for each in _differences(model, aspect):
        field = each.meant or each.found
        if field is not None:
            yield each, field


def _differences(model: Model, aspect: Aspect) -> Iterator[Difference]:
    """Those of one aspect, where the schema that the others are held against is sound itself."""
    for element in elements(model):
        for each in model.disagreements.get(ElementId(element.id), ()):
            if each.aspect == aspect and sound(model, element.id):
                yield each


def form(each: Difference) -> str:
    """What the shape is and how it is called, for a message."""
    return f"{_FORMS[each.shape.kind]} `{each.shape.name}`"


def differs(rule: Rule, each: Difference, message: str, hint: str) -> Diagnostic:
    """A finding at the shape, with the schema's field as the related place."""
    related = (Related(each.meant.ref, "the entity's schema"),) if each.meant else ()
    field = each.meant or each.found
    return rule.at(
        each.ref,
        message,
        hint,
        element=each.shape.element or each.shape.entity,
        related=related,
        facts=(each.shape.kind, each.shape.name, field.name if field else ""),
    )
