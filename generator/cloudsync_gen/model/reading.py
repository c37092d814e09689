"""What a judgement reads of a model: it holds for as long as that stays as it is.

A model is handed out so that it notes what is taken from it. Parts are told by keys: an element,
all elements of a type, the places of schemas, a kind of contract source, or everything. Whatever
decides about a part stands in files, so a part is known by the digests of these (verifying traces:
Mokhov, Mitchell, Peyton Jones, "Build systems à la carte", 2018, 4.2.2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, ItemsView, Iterator, Mapping, Set, ValuesView
from functools import cache
from hashlib import blake2b
from typing import TypeVar, cast

from msgspec import structs

from cloudsync_gen.model.element import Element
from cloudsync_gen.model.ids import LAYERS, ElementId, layer_of, type_of
from cloudsync_gen.model.layers import ELEMENT_TYPES, types_of
from cloudsync_gen.model.links import BY_NAME
from cloudsync_gen.model.shapes import ShapeSet
from cloudsync_gen.model.sources import (
    GraphqlSource,
    GrpcSource,
    RestSource,
    Sources,
    WebhookSource,
)
from cloudsync_gen.model.system import Model

K = TypeVar("K")
V = TypeVar("V")

EVERYTHING = "*"
_ELEMENT, _TYPE, _SCHEMAS, _SOURCES = "=", "all ", "schemas", "sources "
_MANY = 32
"""So many elements of one type are noted one by one, more as all of that type."""

_PROTO = ".proto"
"""Files of this kind are read together: they import each other."""


class Reading:
    """The keys of what was read so far."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._elements: set[str] = set()

    def element(self, element: str) -> None:
        """One element, or that there is none of this id."""
        self._elements.add(element)

    def type(self, name: str) -> None:
        """All elements of a `layer.type`."""
        self._keys.add(f"{_TYPE}{name}")

    def schemas(self) -> None:
        """Which schema stands where."""
        self._keys.add(_SCHEMAS)

    def sources(self, kind: str) -> None:
        """All contract sources of a kind."""
        self._keys.add(f"{_SOURCES}{kind}")

    def everything(self) -> None:
        """More than can be told."""
        self._keys.add(EVERYTHING)

    def add(self, keys: frozenset[str]) -> None:
        """What another reading noted."""
        self._keys |= keys

    @property
    def keys(self) -> frozenset[str]:
        """The least keys that cover all that was read."""
        if EVERYTHING in self._keys:
            return frozenset((EVERYTHING,))
        found = set(self._keys)
        by_type: defaultdict[str, set[str]] = defaultdict(set)
        for each in self._elements:
            by_type[type_of(each)].add(each)
        for kind, elements in by_type.items():
            if f"{_TYPE}{kind}" not in found:
                one_by_one = len(elements) <= _MANY
                found |= {f"{_ELEMENT}{e}" for e in elements} if one_by_one else {_TYPE + kind}
        return frozenset(found)


def layers_of(keys: frozenset[str]) -> frozenset[str]:
    """The layers in which something stands, or could stand, that has one of these keys."""
    if EVERYTHING in keys:
        return frozenset(LAYERS)
    return frozenset(_layer(key) for key in keys)


def _layer(key: str) -> str:
    if key == _SCHEMAS:
        return "data_model"
    if key.startswith(_SOURCES):
        return "api"
    return layer_of(key.removeprefix(_TYPE).removeprefix(_ELEMENT))


class Parts:
    """Digests of the parts of a model in which everything could be read.

    `files`: digest of each file of the model, with what it is read together with. What the manifest
    says goes into every part.
    """

    def __init__(self, model: Model, files: Mapping[str, bytes], manifest: str) -> None:
        self._model = model
        whole = files.get(manifest, b"")
        protos = _joined(files[each] for each in sorted(files) if each.endswith(_PROTO))
        self.files = {
            file: _joined((whole, protos if file.endswith(_PROTO) else digest))
            for file, digest in files.items()
        }
        self._manifest = whole
        self._known: dict[str, bytes] = {}
        self._holding: dict[str, set[str]] = {}

    def digest(self, key: str) -> bytes:
        """What a part is now."""
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = _joined((self._manifest, *self._pieces(key)))
        return found

    def same(self, read: Mapping[str, bytes]) -> bool:
        """Whether all parts are what they were."""
        return all(self.digest(key) == digest for key, digest in read.items())

    def _pieces(self, key: str) -> Iterator[bytes]:
        if key == _SCHEMAS:
            for (file, name), element in sorted(self._model.schemas.items()):
                yield f"{file}\0{name}\0{element}".encode()
        elif key.startswith(_ELEMENT):
            ref = self._model.refs.get(ElementId(key.removeprefix(_ELEMENT)))
            yield from self._of_files([ref.file] if ref else [])
        elif key.startswith(_SOURCES):
            name = key.removeprefix(_SOURCES)
            yield from self._of_files([each.file for each in getattr(self._model.sources, name)])
        elif key.startswith(_TYPE):
            yield from self._of_files(sorted(self._by_type.get(key.removeprefix(_TYPE), ())))
        else:
            yield from self._of_files(sorted(self.files))

    def _of_files(self, names: list[str]) -> Iterator[bytes]:
        for name in names:
            yield name.encode()
            yield self.files[name]

    @property
    def _by_type(self) -> Mapping[str, set[str]]:
        if not self._holding:
            for element, ref in self._model.refs.items():
                self._holding.setdefault(type_of(element), set()).add(ref.file)
        return self._holding


def _joined(pieces: Iterator[bytes] | tuple[bytes, ...]) -> bytes:
    whole = blake2b(digest_size=16)
    for piece in pieces:
        whole.update(f"{len(piece)}:".encode() + piece)
    return whole.digest()


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
    )


class Later(Mapping[ElementId, ShapeSet]):
    """The shapes of a model, made when somebody asks for one, and what they were made of."""

    def __init__(self, model: Model, make: Callable[[Model], Mapping[ElementId, ShapeSet]]) -> None:
        self._model = model
        self._make = make
        self._made: Mapping[ElementId, ShapeSet] | None = None
        self.read: frozenset[str] = frozenset()

    @property
    def made(self) -> Mapping[ElementId, ShapeSet]:
        """All shapes."""
        if self._made is None:
            reading = Reading()
            self._made = self._make(watched(self._model, reading))
            self.read = reading.keys
        return self._made

    def __getitem__(self, key: ElementId) -> ShapeSet:
        return self.made[key]

    def __iter__(self) -> Iterator[ElementId]:
        return iter(self.made)

    def __len__(self) -> int:
        return len(self.made)

    def values(self) -> ValuesView[ShapeSet]:
        """All shapes, ordered by element."""
        return self.made.values()


def watched(model: Model, reading: Reading) -> Model:
    """The same model, which notes what is read of it."""
    every = reading.everything

    def shapes() -> None:
        if isinstance(model.shapes, Later):
            len(model.shapes)
            reading.add(model.shapes.read)
        else:
            every()

    def links(element: str) -> None:
        reading.element(element)
        reading.schemas()

    return _Watched(
        project=model.project,
        elements=_Noting(model.elements, reading.element, every),
        refs=_Noting(model.refs, reading.element, every),
        by_type=_Noting(model.by_type, lambda kind: _note_types(reading, kind), every),
        out=_Noting(model.out, links, every),
        into=_Noting(model.into, lambda _: every(), every),
        schemas=_Noting(model.schemas, lambda _: reading.schemas(), reading.schemas),
        broken=model.broken,
        lost=model.lost,
        sources=cast(Sources, _NotingSources(model.sources, reading)),
        shapes=_Noting(model.shapes, lambda _: shapes(), shapes),
        folders=model.folders,
        model=model,
        reading=reading,
    )


class _Watched(Model, frozen=True, kw_only=True):
    model: Model
    reading: Reading

    def origins(self, element: str, link: str) -> tuple[ElementId, ...]:
        """As `Model.origins`: only elements that can have such a link decide about it."""
        for each in _sources_of(link):
            self.reading.type(each)
        if BY_NAME[link].form == "ref":
            self.reading.schemas()
        return self.model.origins(element, link)


@cache
def _sources_of(link: str) -> tuple[str, ...]:
    found: list[str] = []
    for each in BY_NAME[link].sources:
        layer = layer_of(each)
        found += [f"{layer}.{name}" for name in types_of(layer)] if each.endswith(".*") else [each]
    return tuple(found)


def _note_types(reading: Reading, kind: type[Element]) -> None:
    for name in _names_of(kind):
        reading.type(name)


@cache
def _names_of(kind: type[Element]) -> tuple[str, ...]:
    return tuple(name for name, struct in ELEMENT_TYPES.items() if struct is kind)


class _Noting(Mapping[K, V]):
    """A mapping that says which key somebody looks up, or that he looks at all."""

    def __init__(
        self, whole: Mapping[K, V], one: Callable[[K], None], every: Callable[[], None]
    ) -> None:
        self._whole = whole
        self._one = one
        self._every = every

    def __getitem__(self, key: K) -> V:
        self._one(key)
        return self._whole[key]

    def __iter__(self) -> Iterator[K]:
        self._every()
        return iter(self._whole)

    def __len__(self) -> int:
        self._every()
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

    def __init__(self, sources: Sources, reading: Reading) -> None:
        self._sources = sources
        self._reading = reading

    @property
    def rest(self) -> tuple[RestSource, ...]:
        self._reading.sources("rest")
        return self._sources.rest

    @property
    def webhooks(self) -> tuple[WebhookSource, ...]:
        self._reading.sources("webhooks")
        return self._sources.webhooks

    @property
    def graphql(self) -> tuple[GraphqlSource, ...]:
        self._reading.sources("graphql")
        return self._sources.graphql

    @property
    def grpc(self) -> tuple[GrpcSource, ...]:
        self._reading.sources("grpc")
        return self._sources.grpc
