"""Elements by id and by type; those that an earlier run kept are read when somebody asks for them.

A run after one change asks for few of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, overload

import msgspec
from msgspec import Struct

from cloudsync_gen.model.element import Element
from cloudsync_gen.model.ids import ElementId

D = TypeVar("D")

_encode = msgspec.msgpack.Encoder().encode


class Packed(Struct, frozen=True):
    """An element as msgpack, which was an element of that struct when it was written."""

    kind: type[Element]
    content: msgspec.Raw

    def element(self) -> Element:
        """The element itself, another one each time."""
        return _reader(self.kind).decode(self.content)


def packed(element: Element) -> msgspec.Raw:
    """The content of a `Packed`."""
    return msgspec.Raw(_encode(element))


@cache
def _reader(kind: type[Element]) -> msgspec.msgpack.Decoder[Element]:
    return msgspec.msgpack.Decoder(kind)


class Elements(Mapping[ElementId, Element]):
    """Id -> element; each is read once."""

    def __init__(self, held: dict[ElementId, Element | Packed]) -> None:
        self._held = held

    def __getitem__(self, key: ElementId) -> Element:
        found = self._held[key]
        if isinstance(found, Packed):
            found = self._held[key] = found.element()
        return found

    @overload
    def get(self, key: ElementId) -> Element | None: ...
    @overload
    def get(self, key: ElementId, default: Element | D) -> Element | D: ...
    def get(self, key: ElementId, default: Any = None) -> Any:
        """As of any mapping, which would raise and catch an error for what is not there."""
        return self[key] if key in self._held else default

    def __contains__(self, key: object) -> bool:
        return key in self._held

    def __iter__(self) -> Iterator[ElementId]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)


class ByType(Mapping[type[Element], tuple[Element, ...]]):
    """Struct -> its elements, in the order of their ids here."""

    def __init__(
        self, elements: Mapping[ElementId, Element], ids: Mapping[type[Element], list[ElementId]]
    ) -> None:
        self._elements = elements
        self._ids = ids
        self._known: dict[type[Element], tuple[Element, ...]] = {}

    def __getitem__(self, kind: type[Element]) -> tuple[Element, ...]:
        found = self._known.get(kind)
        if found is None:
            found = tuple(self._elements[each] for each in self._ids[kind])
            self._known[kind] = found
        return found

    def __contains__(self, kind: object) -> bool:
        return kind in self._ids

    def __iter__(self) -> Iterator[type[Element]]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)
