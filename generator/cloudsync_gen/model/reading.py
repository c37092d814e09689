"""What is read of a model while something is made of it: it holds for as long as that stays.

A model is handed out so that it notes what is taken from it (verifying traces: Mokhov, Mitchell,
Peyton Jones, "Build systems à la carte", 2018, 4.2.2): which fields of which elements, where one
stands, what it links to, and, by keys, which elements there are, all elements of a type, all links
of a type, all places or those of schemas, a kind of contract source, or everything. Fields are
noted by the classes themselves, while `noting` lasts, so that elements stay what they are, however
they are handed around.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import (
    Callable,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import contextmanager
from functools import cache
from typing import Any, Generic, TypeVar

from msgspec import Struct

from cloudsync_gen.model.contracts import ContractDocument, Contracts, ContractText, ProtoContract
from cloudsync_gen.model.element import Element
from cloudsync_gen.model.ids import LAYERS, layer_of
from cloudsync_gen.model.layers import ELEMENT_TYPES
from cloudsync_gen.model.layers.data_model import DataElement
from cloudsync_gen.model.links import BY_NAME
from cloudsync_gen.model.prose import without_prose
from cloudsync_gen.model.sources import (
    GraphqlSource,
    GrpcSource,
    RestSource,
    WebhookSource,
)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
D = TypeVar("D")
E = TypeVar("E", bound=Element)

EVERYTHING = "*"
SCHEMAS = "schemas"
CONTRACTS = "contracts"
"""Identity of the contracts of a model taken together."""

ELEMENTS, PLACES = "elements", "places"
"""Keys of which elements there are, and of where each of them stands."""

ANY_LINK = "links"
"""Key of all links: where one leads to, the elements that it comes from decide."""

EXISTS, PLACE, LINKS = "?", "@", ">"
"""What may be read of an element besides its fields: whether it is there, where, its links."""

PLAIN = "~"
"""After the name of a field: all that it says but its prose."""

_TYPE, _LINK, _SOURCES, _SOURCE = "all ", "links ", "sources ", "source "

CONTRACT_FIELDS: Mapping[type[Struct], tuple[str, ...]] = {
    ContractDocument: ("name", "path", "source", "file", "packed", "plain"),
    ContractText: ContractText.__struct_fields__,
    ProtoContract: ProtoContract.__struct_fields__,
}
"""What is read of a contract; its path tells it from others."""

SOURCE_FIELDS: Mapping[type[Struct], frozenset[str]] = {
    RestSource: frozenset(("data",)),
    WebhookSource: frozenset(("data",)),
    GraphqlSource: frozenset(("text", "types")),
    GrpcSource: frozenset(("text", "types", "descriptor", "comments")),
}
"""What is read of each contract source by itself; the other fields tell which there are."""


class Read(Struct, frozen=True, array_like=True):
    """What was read: keys, and of which elements (or contracts, by path) which field.

    `wide`: a field of all elements of a type, `layer.type.field`.
    """

    keys: frozenset[str] = frozenset()
    fields: dict[str, set[str]] = {}
    wide: frozenset[str] = frozenset()

    @property
    def layers(self) -> frozenset[str]:
        """The layers in which something stands, or could stand, that was read."""
        if EVERYTHING in self.keys:
            return frozenset(LAYERS)
        found = {layer for key in self.keys for layer in _layers(key)}
        found |= {layer_of(each) for each in self.wide}
        for ids in self.fields.values():  # of a large model these are many: no call for each
            found |= {each.partition(".")[0] for each in ids}
        return frozenset("api" if each.startswith(_SOURCE) else each for each in found)


def all_of(kind: str) -> str:
    """Key of all elements of a `layer.type`."""
    return f"{_TYPE}{kind}"


def field_of_all(kind: str, field: str) -> str:
    """A field of all elements of a `layer.type`."""
    return f"{kind}.{field}"


def linked_by(link: str) -> str:
    """Key of all links of a type."""
    return f"{_LINK}{link}"


def written_in(kind: str) -> str:
    """Key of all contract sources of a kind."""
    return f"{_SOURCES}{kind}"


def source_of(file: str) -> str:
    """Identity of what is written in a file of contract sources."""
    return f"{_SOURCE}{file}"


def has_prose(kind: type[Struct], field: str) -> bool:
    """Whether a field may be read without its prose."""
    if field == "schema":
        return issubclass(kind, DataElement)
    return field == "data" and kind in (RestSource, WebhookSource)


def _layers(key: str) -> tuple[str, ...]:
    if key == SCHEMAS:
        return ("data_model",)
    if key.startswith(_SOURCES):
        return ("api",)
    if key in (ANY_LINK, ELEMENTS, PLACES):
        return LAYERS
    if key.startswith(_LINK):
        return tuple(map(layer_of, BY_NAME[key.removeprefix(_LINK)].sources))
    return (layer_of(key.removeprefix(_TYPE)),)


class Settled(Struct, frozen=True, gc=False):
    """What was read, to which nothing is added any more. There are some for each element of a
    model, so that they are as small as can be: of `Reading`, keys, fields with ids, and wide.
    """

    keys: tuple[str, ...]
    fields: tuple[tuple[str, tuple[str, ...]], ...]
    wide: tuple[str, ...]
    others: tuple[Settled, ...]


class Reading:
    """What was read so far."""

    __slots__ = ("_others", "fields", "keys", "wide")

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.fields: defaultdict[str, set[str]] = defaultdict(set)
        self.wide: set[str] = set()
        self._others: dict[int, Settled] = {}

    def key(self, key: str) -> None:
        """A part of the model as a whole."""
        self.keys.add(key)

    def exists(self, element: str) -> None:
        """Whether there is an element of this id, and of what type."""
        self.fields[EXISTS].add(element)

    def links(self, element: str) -> None:
        """What an element links to."""
        self.fields[LINKS].add(element)
        self.keys.add(SCHEMAS)

    def of_all(self, kind: type[Element], field: str) -> None:
        """Which elements of a struct there are, and one field of all of them."""
        for name in names_of(kind):
            self.keys.add(all_of(name))
            self.wide.add(field_of_all(name, field))

    def add(self, other: Settled) -> None:
        """What another reading noted: many may share it."""
        self._others[id(other)] = other

    def settled(self) -> Settled:
        """All of it, once nothing is added any more."""
        fields = tuple((field, tuple(ids)) for field, ids in self.fields.items())
        others = tuple(self._others.values())
        return Settled(tuple(self.keys), fields, tuple(self.wide), others)

    @property
    def read(self) -> Read:
        """All of it; where everything was read, no more than that."""
        others = [*self._all()]
        keys = self.keys.union(*(each.keys for each in others))
        if EVERYTHING in keys:
            return Read(frozenset((EVERYTHING,)))
        fields = defaultdict(set, {field: {*ids} for field, ids in self.fields.items()})
        for each in others:
            for field, ids in each.fields:
                fields[field].update(ids)
        wide = self.wide.union(*(each.wide for each in others))
        return Read(frozenset(keys), dict(fields), frozenset(wide))

    def _all(self) -> Iterator[Settled]:
        """All that were added to this one or to those, each once."""
        seen: set[int] = set()
        pending = [*self._others.values()]
        while pending:
            current = pending.pop()
            if id(current) not in seen:
                seen.add(id(current))
                yield current
                pending.extend(current.others)


_open: list[Reading] = [Reading()]
"""Who reads now comes last. What nobody asked to be noted goes to the first."""


def now() -> Reading:
    """Whoever reads at the moment."""
    return _open[-1]


@contextmanager
def into(reading: Reading) -> Iterator[Reading]:
    """Meanwhile all that is noted goes there, and nowhere else."""
    _open.append(reading)
    try:
        yield reading
    finally:
        _open.pop()


class Once(Generic[K, V]):
    """What is found once for each key by several readers: whoever asks for it has read what it was
    found by, whether it was found for him or for another.
    """

    def __init__(self, find: Callable[[K], V]) -> None:
        self._find = find
        self._known: dict[tuple[K, bool], tuple[V, Settled, bool]] = {}

    def __call__(self, key: K) -> V:
        """What is found for a key."""
        place = key, bool(_hidden)
        known = self._known.get(place)
        if known is None or (_noting and not known[2]):
            with into(Reading()) as reading:
                found = self._find(key)
            known = self._known[place] = found, reading.settled(), bool(_noting)
        _open[-1].add(known[1])
        return known[0]


@contextmanager
def noting() -> Iterator[None]:
    """Meanwhile the classes of elements and contracts note which fields are read, but the identity
    by which one was found. What reads them without attributes (`msgspec` encoding one) is not seen.
    """
    if _noting:
        yield
        return
    replaced: list[tuple[type[Struct], str, Any]] = []
    try:
        for kind, fields, of in _noted():
            for field in fields:
                replaced.append((kind, field, kind.__dict__.get(field)))
                setattr(kind, field, _noted_field(kind, field, of))
        _noting.append(True)
        yield
    finally:
        _noting.clear()
        _bare.clear()
        for kind, field, own in replaced:
            if own is None:
                delattr(kind, field)
            else:
                setattr(kind, field, own)
        _open[0] = Reading()


_noting: list[bool] = []
_hidden: list[bool] = []
"""Not empty while prose is hidden."""

_bare: dict[int, tuple[Any, Any]] = {}
"""Address of a value -> that value, which keeps the address, and the same without prose."""


@contextmanager
def without_reading_prose() -> Iterator[None]:
    """Meanwhile, and while `noting` lasts, schemas and OpenAPI sources are handed out without their
    prose, and whoever reads one has not read that.
    """
    _hidden.append(True)
    try:
        yield
    finally:
        _hidden.pop()


def _noted() -> Iterator[tuple[type[Struct], Iterable[str], Callable[[Any], str]]]:
    """Classes, the fields that are noted of them, and how to tell one object from another."""
    for kind in dict.fromkeys(ELEMENT_TYPES.values()):
        own = Element.__dict__["id"].__get__
        yield kind, (each for each in kind.__struct_fields__ if each != "id"), own
    for contract in CONTRACT_FIELDS:
        path = contract.__dict__["path"].__get__
        yield contract, (each for each in CONTRACT_FIELDS[contract] if each != "path"), path
    yield Contracts, Contracts.__struct_fields__, lambda _: CONTRACTS
    for source, fields in SOURCE_FIELDS.items():
        yield source, sorted(fields), _written_at(source)


def _written_at(source: type[Struct]) -> Callable[[Any], str]:
    file = source.__dict__["file"].__get__
    return lambda each: source_of(file(each))


def _noted_field(kind: type[Struct], field: str, identity: Callable[[Any], str]) -> property:
    read = getattr(kind, field).__get__

    def noted(each: Any) -> Any:
        _open[-1].fields[field].add(identity(each))
        return read(each)

    def noted_without_prose(each: Any) -> Any:
        if not _hidden:
            return noted(each)
        _open[-1].fields[field + PLAIN].add(identity(each))
        whole = read(each)
        known = _bare.get(id(whole))
        if known is None:
            known = _bare[id(whole)] = whole, without_prose(whole)
        return known[1]

    return property(noted_without_prose if has_prose(kind, field) else noted)


@cache
def names_of(kind: type[Element]) -> tuple[str, ...]:
    """The `layer.type` of all elements of a struct."""
    return tuple(name for name, struct in ELEMENT_TYPES.items() if struct is kind)
