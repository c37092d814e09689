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
    ItemsView,
    Iterable,
    Iterator,
    Mapping,
    Set,
    ValuesView,
)
from contextlib import contextmanager
from functools import cache
from typing import Any, Generic, TypeVar, cast, overload

from msgspec import Struct, structs

from cloudsync_gen.model.contracts import ContractDocument, Contracts, ContractText, ProtoContract
from cloudsync_gen.model.element import Element
from cloudsync_gen.model.ids import LAYERS, ElementId, layer_of
from cloudsync_gen.model.layers import ELEMENT_TYPES
from cloudsync_gen.model.layers.data_model import DataElement
from cloudsync_gen.model.links import BY_NAME
from cloudsync_gen.model.prose import without_prose
from cloudsync_gen.model.sources import (
    GraphqlSource,
    GrpcSource,
    RestSource,
    Sources,
    WebhookSource,
)
from cloudsync_gen.model.system import Indexes, Model

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
        return frozenset(found.union(*(map(_layer_of, ids) for ids in self.fields.values())))


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


def _layer_of(identity: str) -> str:
    return "api" if identity.startswith(_SOURCE) else layer_of(identity)


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


class Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.fields: defaultdict[str, set[str]] = defaultdict(set)
        self.wide: set[str] = set()

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
        for name in _names_of(kind):
            self.keys.add(all_of(name))
            self.wide.add(field_of_all(name, field))

    def add(self, other: Reading) -> None:
        """What another reading noted."""
        self.keys |= other.keys
        self.wide |= other.wide
        for field, ids in other.fields.items():
            self.fields[field] |= ids

    @property
    def read(self) -> Read:
        """All of it; where everything was read, no more than that."""
        if EVERYTHING in self.keys:
            return Read(frozenset((EVERYTHING,)))
        return Read(frozenset(self.keys), dict(self.fields), frozenset(self.wide))

    def taken(self) -> Read:
        """All of it, which is forgotten here."""
        found = self.read
        self.keys, self.wide, self.fields = set(), set(), defaultdict(set)
        return found


_open: list[Reading] = [Reading()]
"""Who reads now comes last. What nobody asked to be noted goes to the first."""


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
        self._known: dict[tuple[K, bool], tuple[V, Reading, bool]] = {}

    def __call__(self, key: K) -> V:
        """What is found for a key."""
        place = key, bool(_hidden)
        known = self._known.get(place)
        if known is None or (_noting and not known[2]):
            with into(Reading()) as reading:
                known = self._known[place] = self._find(key), reading, bool(_noting)
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
    for contract in (ContractDocument, ContractText, ProtoContract):
        path = contract.__dict__["path"].__get__
        yield contract, (each for each in contract.__struct_fields__ if each != "path"), path
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


def within(model: Model, files: Set[str]) -> Model:
    """Only what stands in some files: elements, their places and sources, without any link."""
    here = {each: ref for each, ref in model.refs.items() if ref.file in files}
    kinds: defaultdict[type[Element], list[Element]] = defaultdict(list)
    for each in here:
        kinds[type(model.elements[each])].append(model.elements[each])
    sources = model.sources
    return structs.replace(
        model,
        elements={each: model.elements[each] for each in here},
        refs=here,
        by_type={kind: tuple(each) for kind, each in kinds.items()},
        sources=Sources(
            rest=tuple(each for each in sources.rest if each.file in files),
            webhooks=tuple(each for each in sources.webhooks if each.file in files),
            graphql=tuple(each for each in sources.graphql if each.file in files),
            grpc=tuple(each for each in sources.grpc if each.file in files),
        ),
        out={},
        into={},
        schemas={},
        shapes={},
        indexes=Indexes(),
    )


class Later(Mapping[K, V]):
    """What is made of a model when somebody asks for it, who then read what it came from."""

    def __init__(self, model: Model, make: Callable[[Model], Mapping[K, V]]) -> None:
        self._all = Once[str, Mapping[K, V]](lambda _: make(watched(model)))

    @property
    def made(self) -> Mapping[K, V]:
        """All of it."""
        return self._all("")

    def __getitem__(self, key: K) -> V:
        return self.made[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self.made)

    def __len__(self) -> int:
        return len(self.made)

    def values(self) -> ValuesView[V]:
        """All of it, in its order."""
        return self.made.values()


def watched(model: Model) -> Model:
    """The same model, which notes what is read of it."""
    if isinstance(model, _Watched):
        return model
    return _Watched(
        project=model.project,
        elements=_Noting(
            model.elements, lambda each: _open[-1].exists(each), keys=lambda: _note(ELEMENTS)
        ),
        refs=_Noting(
            model.refs, lambda each: _open[-1].fields[PLACE].add(each), lambda: _note(PLACES)
        ),
        by_type=_Noting(model.by_type, _note_types),
        out=_Noting(model.out, lambda each: _open[-1].links(each), _note_links),
        into=_Noting(model.into, lambda _: _note_links(), _note_links),
        schemas=_Noting(model.schemas, lambda _: _note(SCHEMAS), lambda: _note(SCHEMAS)),
        broken=model.broken,
        lost=model.lost,
        sources=cast(Sources, _NotingSources(model.sources)),
        shapes=model.shapes if isinstance(model.shapes, Later) else _Noting(model.shapes, _all),
        folders=model.folders,
        indexes=model.indexes,
        model=model,
    )


class _Watched(Model, frozen=True, kw_only=True):
    model: Model

    def origins(self, element: str, link: str) -> tuple[ElementId, ...]:
        """As `Model.origins`: only links of that type decide about it."""
        _open[-1].key(linked_by(link))
        if BY_NAME[link].form == "ref":
            _open[-1].key(SCHEMAS)
        return self.model.origins(element, link)

    def where(self, kind: type[E], field: str, value: object) -> tuple[E, ...]:
        """As `Model.where`: that field of all elements of the struct decides about it."""
        with into(Reading()):
            found = self.model.where(kind, field, value)
        _open[-1].of_all(kind, field)
        return found

    def having(self, kind: type[E], field: str) -> tuple[E, ...]:
        """As `Model.having`: that field of all elements of the struct decides about it."""
        with into(Reading()):
            found = self.model.having(kind, field)
        _open[-1].of_all(kind, field)
        return found


def _everything() -> None:
    _open[-1].key(EVERYTHING)


def _all(_: object) -> None:
    _everything()


def _note_links() -> None:
    _open[-1].key(ANY_LINK)
    _open[-1].key(SCHEMAS)


def _note(key: str) -> None:
    _open[-1].key(key)


def _note_types(kind: type[Element]) -> None:
    for name in _names_of(kind):
        _open[-1].key(all_of(name))


@cache
def _names_of(kind: type[Element]) -> tuple[str, ...]:
    return tuple(name for name, struct in ELEMENT_TYPES.items() if struct is kind)


class _Noting(Mapping[K, V]):
    """A mapping that says which key somebody looks up, or that he looks at all, or at all `keys`,
    where those tell less.
    """

    def __init__(
        self,
        whole: Mapping[K, V],
        one: Callable[[K], None],
        every: Callable[[], None] = _everything,
        keys: Callable[[], None] | None = None,
    ) -> None:
        self._whole = whole
        self._one = one
        self._every = every
        self._keys = keys or every

    def __getitem__(self, key: K) -> V:
        self._one(key)
        return self._whole[key]

    def __contains__(self, key: object) -> bool:
        self._one(cast(K, key))
        return key in self._whole

    @overload
    def get(self, key: K) -> V | None: ...
    @overload
    def get(self, key: K, default: V | D) -> V | D: ...
    def get(self, key: K, default: Any = None) -> Any:
        """As of any mapping, which would raise and catch an error for what is not there."""
        self._one(key)
        return self._whole.get(key, default)

    def __iter__(self) -> Iterator[K]:
        self._keys()
        return iter(self._whole)

    def __len__(self) -> int:
        self._keys()
        return len(self._whole)

    def items(self) -> ItemsView[K, V]:
        """All of it."""
        self._every()
        return self._whole.items()

    def values(self) -> ValuesView[V]:
        """All of it."""
        self._every()
        return self._whole.values()


class _NotingSources:
    """`Sources` that say of which kind somebody looks at them."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    @property
    def rest(self) -> tuple[RestSource, ...]:
        _open[-1].key(written_in("rest"))
        return self._sources.rest

    @property
    def webhooks(self) -> tuple[WebhookSource, ...]:
        _open[-1].key(written_in("webhooks"))
        return self._sources.webhooks

    @property
    def graphql(self) -> tuple[GraphqlSource, ...]:
        _open[-1].key(written_in("graphql"))
        return self._sources.graphql

    @property
    def grpc(self) -> tuple[GrpcSource, ...]:
        _open[-1].key(written_in("grpc"))
        return self._sources.grpc
