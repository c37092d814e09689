"""The shapes of every entity: its JSON Schema, and whatever else stores, sends or shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cloudsync_gen.contracts.shape_schema import SchemaShapes
from cloudsync_gen.contracts.shape_sources import graphql_shapes, proto_shapes
from cloudsync_gen.contracts.shape_stores import store_shapes
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers.data_model import DataElement, Entity
from cloudsync_gen.model.shapes import Shape, ShapeSet
from cloudsync_gen.model.system import Model


def shapes(model: Model) -> Mapping[ElementId, ShapeSet]:
    """Element -> its shapes: every entity, and every other schema that has a second shape."""
    schemas = SchemaShapes(model)
    others: dict[str, list[Shape]] = {each.id: [] for each in model.all(Entity)}
    for shape in _others(model, schemas):
        if model.get(DataElement, shape.entity) is not None:
            others.setdefault(shape.entity, []).append(shape)
    return {
        ElementId(element): ShapeSet(schemas.canonical(element), tuple(others[element]))
        for element in sorted(others)
    }


def _others(model: Model, schemas: SchemaShapes) -> Iterator[Shape]:
    yield from schemas.inline()
    yield from schemas.payloads()
    yield from graphql_shapes(model)
    yield from proto_shapes(model)
    yield from store_shapes(model)
