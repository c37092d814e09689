"""A model as it is handed out to whoever has to say what he read of it (see `reading`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, ItemsView, Iterator, Mapping, Set, ValuesView
from typing import Any, TypeVar, cast, overload
from zlib import crc32

from msgspec import structs

from cloudsync_gen.model.element import Element
from cloudsync_gen.model.ids import ElementId
from cloudsync_gen.model.links import BY_NAME
from cloudsync_gen.model.reading import (
    ANY_LINK,
    ELEMENTS,
    EVERYTHING,
    PLACE,
    PLACES,
    SCHEMAS,
    Once,
    Reading,
    all_of,
    into,
    linked_by,
    names_of,
    now,
    written_in,
)
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
        disagreements={},
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


Part = Mapping[type[Element], tuple[Element, ...]]
"""Elements of some structs: of each of these all that there are, or some."""


MOST_PARTS = 16
"""Into so many a model is cut at most: what is said of a part may rest on much of the whole, and
time and memory for all of them would grow with the square of the folders.
"""


def parts_of(model: Model, kinds: tuple[type[Element], ...]) -> Mapping[str, Part]:
    """Folder of the model -> the elements of some structs that stand in its files. Of many folders
    some go together, always the same ones.
    """
    folders = {each.id: _folder(model, each.id) for kind in kinds for each in model.all(kind)}
    if len({*folders.values()}) > MOST_PARTS:
        folders = {each: f"{crc32(name.encode()) % MOST_PARTS}" for each, name in folders.items()}
    parts: dict[str, dict[type[Element], list[Element]]] = {}
    for kind in kinds:
        for each in model.all(kind):
            part = parts.setdefault(folders[each.id], {other: [] for other in kinds})
            part[kind].append(each)
    return {
        name: {kind: tuple(each) for kind, each in part.items()} for name, part in parts.items()
    }


def _folder(model: Model, element: str) -> str:
    return model.refs[ElementId(element)].file.rpartition("/")[0]


def partly(model: Model, part: Part) -> Model:
    """`watched`, where the structs of a part seem to have no other elements, though all can be
    looked up. Which these are has been read.
    """
    for kind in part:
        now().of_all(kind, PLACE)
    by_type = _Noting({**model.by_type, **part}, _note_types)
    return structs.replace(watched(model), by_type=by_type)


def watched(model: Model) -> Model:
    """The same model, which notes what is read of it."""
    if isinstance(model, _Watched):
        return model
    return _Watched(
        project=model.project,
        elements=_Noting(
            model.elements, lambda each: now().exists(each), keys=lambda: _note(ELEMENTS)
        ),
        refs=_Noting(model.refs, lambda each: now().fields[PLACE].add(each), lambda: _note(PLACES)),
        by_type=_Noting(model.by_type, _note_types),
        out=_Noting(model.out, lambda each: now().links(each), _note_links),
        into=_Noting(model.into, lambda _: _note_links(), _note_links),
        schemas=_Noting(model.schemas, lambda _: _note(SCHEMAS), lambda: _note(SCHEMAS)),
        broken=model.broken,
        lost=model.lost,
        sources=cast(Sources, _NotingSources(model.sources)),
        disagreements=(
            model.disagreements
            if isinstance(model.disagreements, Later)
            else _Noting(model.disagreements, _all)
        ),
        folders=model.folders,
        indexes=model.indexes,
        model=model,
    )


class _Watched(Model, frozen=True, kw_only=True):
    model: Model

    def origins(self, element: str, link: str) -> tuple[ElementId, ...]:
        """As `Model.origins`: only links of that type decide about it."""
        now().key(linked_by(link))
        if BY_NAME[link].form == "ref":
            now().key(SCHEMAS)
        return self.model.origins(element, link)

    def where(self, kind: type[E], field: str, value: object) -> tuple[E, ...]:
        """As `Model.where`: that field of all elements of the struct decides about it."""
        with into(Reading()):
            found = self.model.where(kind, field, value)
        now().of_all(kind, field)
        return found

    def having(self, kind: type[E], field: str) -> tuple[E, ...]:
        """As `Model.having`: that field of all elements of the struct decides about it."""
        with into(Reading()):
            found = self.model.having(kind, field)
        now().of_all(kind, field)
        return found


def _everything() -> None:
    now().key(EVERYTHING)


def _all(_: object) -> None:
    _everything()


def _note_links() -> None:
    now().key(ANY_LINK)
    now().key(SCHEMAS)


def _note(key: str) -> None:
    now().key(key)


def _note_types(kind: type[Element]) -> None:
    for name in names_of(kind):
        now().key(all_of(name))


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
        now().key(written_in("rest"))
        return self._sources.rest

    @property
    def webhooks(self) -> tuple[WebhookSource, ...]:
        now().key(written_in("webhooks"))
        return self._sources.webhooks

    @property
    def graphql(self) -> tuple[GraphqlSource, ...]:
        now().key(written_in("graphql"))
        return self._sources.graphql

    @property
    def grpc(self) -> tuple[GrpcSource, ...]:
        now().key(written_in("grpc"))
        return self._sources.grpc
