"""The shapes of every entity: its JSON Schema, and whatever else stores, sends or shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from cloudsync_gen.contracts.shape_schema import SchemaShapes
from cloudsync_gen.contracts.shape_sources import graphql_shapes, proto_shapes
from cloudsync_gen.contracts.shape_stores import store_shapes
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.layers import data_model
from cloudsync_gen.model.layers.data_model import DataElement, Entity
from cloudsync_gen.model.reading import Once
from cloudsync_gen.model.shapes import Difference, Shape, ShapeSet, differences
from cloudsync_gen.model.system import Model

Differences = tuple[Difference, ...]


def shapes(model: Model) -> Mapping[ElementId, ShapeSet]:
    """Element -> its shapes: every entity, and every other schema that has a second shape."""
    found = Shapes(model)
    elements = sorted(each.id for each in _elements(model))
    every = ((ElementId(each), found.of(each)) for each in elements)
    return {element: each for element, each in every if each is not None}


def disagreements(model: Model) -> Mapping[ElementId, Differences]:
    """Element -> where its shapes differ, which is found when somebody asks for it."""
    return _Disagreements(model)


class Shapes:
    """Finds the shapes of one element after the other, without looking at those of others."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._schemas = SchemaShapes(model)
        self._inline = Once[str, Mapping[str, list[Shape]]](
            lambda _: _by_element(self._schemas.inline())
        )
        self._sources = Once[str, Mapping[str, list[Shape]]](
            lambda _: _by_element(chain(graphql_shapes(model), proto_shapes(model)))
        )

    def of(self, element: str) -> ShapeSet | None:
        """All shapes of an element of the data model that is an entity, or has a second one."""
        found = self._model.get(DataElement, element)
        others = tuple(self._others(element)) if found is not None else ()
        if not others and not isinstance(found, Entity):
            return None
        return ShapeSet(self._schemas.canonical(element), others)

    def _others(self, element: str) -> Iterator[Shape]:
        yield from self._inline("").get(element, ())
        yield from self._schemas.payloads(element)
        yield from self._sources("").get(element, ())
        yield from store_shapes(self._model, element)


class _Disagreements(Mapping[ElementId, Differences]):
    """Of what is found no more is kept than differences."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._shapes = Shapes(model)
        self._found = Once[ElementId, Differences](self._find)

    def _find(self, element: ElementId) -> Differences:
        found = self._shapes.of(element)
        return tuple(differences(found)) if found is not None else ()

    def __getitem__(self, element: ElementId) -> Differences:
        return self._found(element)

    def __iter__(self) -> Iterator[ElementId]:
        return iter(sorted(ElementId(each.id) for each in _elements(self._model)))

    def __len__(self) -> int:
        return sum(1 for _ in _elements(self._model))


def _elements(model: Model) -> Iterable[DataElement]:
    every = chain.from_iterable(map(model.all, data_model.TYPES.values()))
    return (each for each in every if isinstance(each, DataElement))


def _by_element(found: Iterable[Shape]) -> Mapping[str, list[Shape]]:
    groups: defaultdict[str, list[Shape]] = defaultdict(list)
    for each in found:
        groups[each.entity].append(each)
    return dict(groups)
