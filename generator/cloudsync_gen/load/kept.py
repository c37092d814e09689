"""Elements of a file as an earlier run declared them, so that nobody looks at each of them again.

Only of files about which there was nothing to say. Where an element stands in its file and what it
links to is read at once, its value when somebody asks for it (`model.elements`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from cloudsync_gen.load.cache import ParseCache
from cloudsync_gen.model.declared import DeclaredElement
from cloudsync_gen.model.element import Element
from cloudsync_gen.model.elements import Packed, packed
from cloudsync_gen.model.ids import ElementId, type_of
from cloudsync_gen.model.layers import ELEMENT_TYPES
from cloudsync_gen.model.links import Link, shared
from cloudsync_gen.source import Pointer, Ref


class _Element(Struct, frozen=True, array_like=True):
    """`links`: three numbers for each, of its type and its target among the words of the file, and
    of its tail among the tails.
    """

    id: str
    pointer: Pointer
    value: msgspec.Raw
    links: list[int]


class _File(Struct, frozen=True, array_like=True):
    words: list[str]
    tails: list[Pointer]
    elements: list[_Element]


_decoder = msgspec.msgpack.Decoder(_File)


def kept(
    file: str, kind: str, content: bytes, cache: ParseCache, words: dict[str, str]
) -> list[DeclaredElement] | None:
    """The elements of a file, where they are known. `kind`: all that decides, beside its content,
    what they are. `words`: see `yaml_tree.parse`.
    """
    stored = cache.packed(f"elements {kind}", content)
    try:
        known = None if stored is None else _decoder.decode(stored)
    except msgspec.MsgspecError:
        return None
    return None if known is None else [*_unpacked(file, known, words)]


def _unpacked(file: str, known: _File, words: dict[str, str]) -> Iterator[DeclaredElement]:
    same = [words.setdefault(each, each) for each in known.words]
    tails = [shared(each) for each in known.tails]
    for each in known.elements:
        identity = ElementId(words.setdefault(each.id, each.id))
        numbers = iter(each.links)
        yield DeclaredElement(
            id=identity,
            value=Packed(ELEMENT_TYPES[type_of(identity)], each.value),
            ref=Ref(file, each.pointer),
            links=tuple(
                [
                    Link(same[kind], identity, same[target], tails[tail])
                    for kind, target, tail in zip(numbers, numbers, numbers, strict=True)
                ]
            ),
        )


def keep(kind: str, content: bytes, elements: Iterable[DeclaredElement], cache: ParseCache) -> None:
    """Remembers all elements of a file (see `kept`)."""
    words: dict[str, int] = {}
    tails: dict[Pointer, int] = {}
    found: list[_Element] = []
    for each in elements:
        assert isinstance(each.value, Element)
        numbers: list[int] = []
        for link in each.links:
            numbers.append(words.setdefault(link.type, len(words)))
            numbers.append(words.setdefault(link.target, len(words)))
            numbers.append(tails.setdefault(link.tail, len(tails)))
        made = _Element(each.id, each.ref.pointer, packed(each.value), numbers)
        found.append(made)
    cache.put(f"elements {kind}", content, _File([*words], [*tails], found))
