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
from cloudsync_gen.model.artefacts import Output, Planned, Rendered, Unit

Files = Callable[[Unit], Iterable[Planned]]
"""A unit's files; a function of a module, so that other processes find it by name."""

Progress = Callable[[int, int], None]
"""Told after each unit: so many are rendered, of so many that are due."""

_MANY = 100
"""Units; room is made in less time than it takes to render ten."""

_encode = msgspec.msgpack.Encoder().encode
_task = msgspec.msgpack.Decoder(tuple[str | None, str, str, bytes])
_rendered = msgspec.msgpack.Decoder(tuple[Rendered, ...])


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
    """Rendering under way: units whose fingerprint is not known have been given to the crew."""

    def __init__(self, units: Iterable[Due], work: Work, store: Store, crew: Crew) -> None:
        self._store = store
        self._spool = crew.spool
        self._files: list[Output] = []
        self._words: dict[str, str] = {}
        self._sources: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._due: deque[tuple[str, Callable[[], bytes]]] = deque()
        for due in units:
            key = due.fingerprint
            stored = _stored(store, key)
            if stored is None:
                unit = due.unit()
                task = _encode((store.root, unit.target, unit.name, _encode(unit.view)))
                self._due.append((key, crew.submit(work, task)))
            else:
                self._put_aside(stored)

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
            self._store.write(key, result)
            self._put_aside(_rendered.decode(result))
            if progress is not None:
                progress(due - len(self._due), due)
        if due:
            self._store.prune()
        return tuple(sorted(self._files, key=lambda each: each.path))

    def _put_aside(self, files: Iterable[Rendered]) -> None:
        """What many files say of themselves is kept once."""
        same = self._words.setdefault
        for each in files:
            self._files.append(
                Output(
                    path=each.path,
                    digest=each.digest,
                    target=same(each.target, each.target),
                    unit=same(each.unit, each.unit),
                    template=same(each.template, each.template),
                    ownership=each.ownership,
                    sources=self._shared(each.sources),
                    content=self._spool.keep(each.content),
                )
            )

    def _shared(self, sources: tuple[str, ...]) -> tuple[str, ...]:
        known = self._sources.get(sources)
        if known is None:
            known = tuple(self._words.setdefault(each, each) for each in sources)
            self._sources[known] = known
        return known


def _stored(store: Store, key: str) -> tuple[Rendered, ...] | None:
    content = store.read(key)
    if content is None:
        return None
    try:
        return _rendered.decode(content)
    except msgspec.DecodeError:
        return None
