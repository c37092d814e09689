"""Units in, rendered files out: cached by fingerprint, on as many processes as asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import msgspec

from cloudsync_gen.engine.cache import Store
from cloudsync_gen.engine.executors import Crew
from cloudsync_gen.engine.planning import Due
from cloudsync_gen.engine.render import render
from cloudsync_gen.model.artefacts import Content, Described, Output, Planned, Rendered, Unit

Files = Callable[[Unit], Iterable[Planned]]
"""A unit's files; a function of a module, so that other processes find it by name."""

Progress = Callable[[int, int], None]
"""Told after each unit: so many are rendered, of so many that are due."""

_MANY = 100
"""Units; room is made in less time than it takes to render ten."""

_encode = msgspec.msgpack.Encoder().encode
_task = msgspec.msgpack.Decoder(tuple[str | None, str, str, bytes])
_rendered = msgspec.msgpack.Decoder(tuple[Rendered, ...])
_described = msgspec.msgpack.Decoder(tuple[Described, ...])


class Work:
    """Renders encoded units. Lives in a module so that a worker process can be handed one."""

    def __init__(self, files: Files, views: Mapping[str, type[msgspec.Struct]]) -> None:
        self._files = files
        self._views = views

    def __call__(self, task: bytes) -> bytes:
        """(root of the store, target, name, view) as msgpack -> rendered files as msgpack."""
        root, target, name, encoded = _task.decode(task)
        view = msgspec.msgpack.decode(encoded, type=self._views[target])
        unit = Unit(target=target, name=name, view=view)
        return _encode(render(unit, self._files(unit), _store(root)))


@lru_cache(maxsize=1)
def _store(root: str | None) -> Store:
    return Store(Path(root) if root is not None else None)


class Rendering:
    """Rendering under way: units whose fingerprint is not known have been given to the crew. Of
    the files of others only what is said of them is read, their bytes when somebody asks.
    """

    def __init__(self, units: Iterable[Due], work: Work, store: Store, crew: Crew) -> None:
        self._store = store
        self._spool = crew.spool
        self._files: list[Output] = []
        self._words: dict[str, str] = {}
        self._sources: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._due: deque[tuple[str, Callable[[], bytes]]] = deque()
        for due in units:
            key = due.fingerprint
            known = _known(store, key)
            if known is None:
                self._due.append((key, crew.submit(work, _task_of(due.unit(), store))))
            else:
                stored = _Stored(store, work, due)
                self._add(known, (_Piece(stored, number) for number in range(len(known))))

    @property
    def much(self) -> bool:
        """Whether so much is to be rendered that it is worth while to make room for it."""
        return len(self._due) > _MANY

    def files(self, progress: Progress | None = None) -> tuple[Output, ...]:
        """All files of all units, ordered by path."""
        due = len(self._due)
        while self._due:  # what a result was made of and came in is dropped with it
            key, answer = self._due.popleft()
            result = answer()
            files = _rendered.decode(result)
            self._store.write(key, result)
            self._store.write(_said_of(key), _described_only(files))
            self._add(files, (self._spool.keep(each.content) for each in files))
            if progress is not None:
                progress(due - len(self._due), due)
        if due:
            self._store.prune()
        return tuple(sorted(self._files, key=lambda each: each.path))

    def _add(self, files: Iterable[Described], contents: Iterable[Content]) -> None:
        """What many files say of themselves is kept once."""
        same = self._words.setdefault
        for each, content in zip(files, contents, strict=True):
            self._files.append(
                Output(
                    path=each.path,
                    digest=each.digest,
                    target=same(each.target, each.target),
                    unit=same(each.unit, each.unit),
                    template=same(each.template, each.template),
                    ownership=each.ownership,
                    sources=self._shared(each.sources),
                    content=content,
                )
            )

    def _shared(self, sources: tuple[str, ...]) -> tuple[str, ...]:
        known = self._sources.get(sources)
        if known is None:
            known = tuple(self._words.setdefault(each, each) for each in sources)
            self._sources[known] = known
        return known


class _Stored:
    """A unit whose files an earlier run rendered."""

    def __init__(self, store: Store, work: Work, due: Due) -> None:
        self._store = store
        self._work = work
        self._due = due

    def rendered(self) -> tuple[Rendered, ...]:
        """Its files, in their order; made anew where they are lost."""
        stored = self._store.read(self._due.fingerprint)
        try:
            if stored is not None:
                return _rendered.decode(stored)
        except msgspec.MsgspecError:
            pass
        return _rendered.decode(self._work(_task_of(self._due.unit(), self._store)))


@lru_cache(maxsize=1)
def _rendered_of(unit: _Stored) -> tuple[Rendered, ...]:
    """One unit's at a time: its files are asked for one after the other."""
    return unit.rendered()


class _Piece(msgspec.Struct, frozen=True):
    """The bytes of one of its files."""

    unit: _Stored
    number: int

    def __call__(self) -> bytes:
        return _rendered_of(self.unit)[self.number].content


def _task_of(unit: Unit, store: Store) -> bytes:
    return _encode((store.root, unit.target, unit.name, _encode(unit.view)))


def _known(store: Store, key: str) -> tuple[Described, ...] | None:
    """What is said of the files of a unit that was rendered."""
    said = store.read(_said_of(key)) if store.has(key) else None
    try:
        return None if said is None else _described.decode(said)
    except msgspec.MsgspecError:
        return None


def _said_of(key: str) -> str:
    return f"{key}.files"


def _described_only(files: Iterable[Rendered]) -> bytes:
    return _encode(
        [{name: getattr(each, name) for name in Described.__struct_fields__} for each in files]
    )
