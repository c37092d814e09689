"""The linked model: what rules judge and targets are planned from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import Struct, field

from cloudsync_gen.model.declared import Project
from cloudsync_gen.model.element import Element
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.links import Link
from cloudsync_gen.model.shapes import Difference
from cloudsync_gen.model.sources import Sources
from cloudsync_gen.source import Ref

E = TypeVar("E", bound=Element)


class Indexes:
    """Elements by what a field of theirs holds, each index made when it is first asked for."""

    def __init__(self) -> None:
        self._by_value: dict[tuple[type, str], dict[object, tuple[Any, ...]]] = {}
        self._saying: dict[tuple[type, str], tuple[Any, ...]] = {}

    def by_value(
        self, elements: Mapping[type[Element], tuple[Element, ...]], kind: type[E], field: str
    ) -> Mapping[object, tuple[E, ...]]:
        """Value -> the elements of a struct whose field holds it, in their order."""
        found = self._by_value.get((kind, field))
        if found is None:
            groups: defaultdict[object, list[Element]] = defaultdict(list)
            for each in elements.get(kind, ()):
                groups[getattr(each, field)].append(each)
            found = {value: tuple(group) for value, group in groups.items()}
            self._by_value[kind, field] = found
        return found

    def saying(
        self, elements: Mapping[type[Element], tuple[Element, ...]], kind: type[E], field: str
    ) -> tuple[E, ...]:
        """The elements of a struct whose field is there and not empty, in their order."""
        found = self._saying.get((kind, field))
        if found is None:
            found = tuple(each for each in elements.get(kind, ()) if getattr(each, field))
            self._saying[kind, field] = found
        return found


class Model(Struct, frozen=True, kw_only=True):
    """All elements, ordered by id, and all links in both directions.

    Dangling links are kept as written; rules report them. Of what could not be read, `broken` holds
    the ids and `lost` beginnings of ids (see `Declared`): nobody may call it missing. `schemas`
    maps the (file, first key) of a data model element to its id, so that a `$ref` can be followed.
    `folders` holds the folder of each layer, `disagreements` where the shapes of an element of the
    data model differ.
    """

    project: Project
    elements: Mapping[ElementId, Element]
    refs: Mapping[ElementId, Ref]
    by_type: Mapping[type[Element], tuple[Element, ...]]
    out: Mapping[ElementId, tuple[Link, ...]]
    into: Mapping[ElementId, tuple[Link, ...]]
    schemas: Mapping[tuple[str, str], ElementId]
    broken: Mapping[str, Ref]
    lost: tuple[str, ...]
    sources: Sources
    disagreements: Mapping[ElementId, tuple[Difference, ...]] = {}
    folders: Mapping[str, str] = {}
    indexes: Indexes = field(default_factory=Indexes)

    def all(self, kind: type[E]) -> tuple[E, ...]:
        """All elements of one struct, ordered by id."""
        return self.by_type.get(kind, ())  # type: ignore[return-value]

    def get(self, kind: type[E], element: str) -> E | None:
        """The element with that id if it exists and is of that struct."""
        found = self.elements.get(ElementId(element))
        return found if isinstance(found, kind) else None

    def where(self, kind: type[E], field: str, value: object) -> tuple[E, ...]:
        """All elements of one struct whose field, hashable, holds that value, ordered by id: found
        without looking at the others.
        """
        return self.indexes.by_value(self.by_type, kind, field).get(value, ())

    def having(self, kind: type[E], field: str) -> tuple[E, ...]:
        """All elements of one struct whose field is there and not empty, ordered by id."""
        return self.indexes.saying(self.by_type, kind, field)

    @property
    def whole(self) -> bool:
        """Whether everything could be read, so that what is not there is missing."""
        return not self.broken and not self.lost

    def unread(self, element: str) -> bool:
        """Whether an id may belong to something that could not be read."""
        return element in self.broken or element.startswith(self.lost)

    def unread_at(self, file: str, key: str) -> bool:
        """Whether a file, or its element with that key, could not be read."""
        return any(
            place.file == file and place.pointer[:1] in ((), (key,))
            for place in self.broken.values()
        )

    def ref(self, element: str, *tail: str | int) -> Ref:
        """The place of an element, or of a value below it."""
        ref = self.refs.get(ElementId(element))
        return ref.at(*tail) if ref else Ref("model/manifest.yaml")

    def place(self, link: Link) -> Ref:
        """Where a link is written."""
        return self.ref(link.source, *link.tail)

    def targets(self, element: str, link: str) -> tuple[str, ...]:
        """Ids that an element names by links of one type, in the order written."""
        return tuple(
            each.target for each in self.out.get(ElementId(element), ()) if each.type == link
        )

    def origins(self, element: str, link: str) -> tuple[ElementId, ...]:
        """Ids of the elements that name this one by links of one type: the link's inverse,
        sorted.
        """
        found = {each.source for each in self.into.get(ElementId(element), ()) if each.type == link}
        return tuple(sorted(found))
