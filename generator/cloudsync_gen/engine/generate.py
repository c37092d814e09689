"""Units in, rendered files out: cached by fingerprint, on as many processes as asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from cloudsync_gen.engine.cache import Store
from cloudsync_gen.engine.executors import each
from cloudsync_gen.engine.fingerprint import fingerprint
from cloudsync_gen.engine.render import render
from cloudsync_gen.model.artefacts import Planned, Rendered, Unit

Files = Callable[[Unit], Iterable[Planned]]
"""A unit's files; a function of a module, so that other processes find it by name."""

Progress = Callable[[int, int], None]
"""Told after each unit: so many are rendered, of so many that are due."""

_encode = msgspec.msgpack.Encoder().encode
_rendered = msgspec.msgpack.Decoder(tuple[Rendered, ...])


class Work:
    """Renders encoded units. Lives in a module so that a worker process can be handed one."""

    def __init__(self, files: Files, views: Mapping[str, type[msgspec.Struct]]) -> None:
        self._files = files
        self._views = views

    def __call__(self, task: bytes) -> bytes:
        """(target, name, view) as msgpack -> rendered files as msgpack."""
        target, name, encoded = msgspec.msgpack.decode(task, type=tuple[str, str, bytes])
        view = msgspec.msgpack.decode(encoded, type=self._views[target])
        unit = Unit(target=target, name=name, view=view)
        return _encode(render(unit, self._files(unit)))


def render_all(
    units: Iterable[Unit],
    work: Callable[[bytes], bytes],
    store: Store,
    jobs: int,
    progress: Progress | None = None,
) -> tuple[Rendered, ...]:
    """All files of all units, ordered by path. Units whose fingerprint is known are not
    rendered.
    """
    ordered = sorted(units, key=lambda unit: (unit.target, unit.name))
    prints = [fingerprint(unit) for unit in ordered]
    known = {key: stored for key in prints if (stored := _stored(store, key)) is not None}
    due = [(key, unit) for key, unit in zip(prints, ordered, strict=True) if key not in known]
    tasks = [_encode((unit.target, unit.name, _encode(unit.view))) for _, unit in due]
    for done, ((key, _), result) in enumerate(zip(due, each(work, tasks, jobs), strict=True), 1):
        store.write(key, result)
        known[key] = _rendered.decode(result)
        if progress is not None:
            progress(done, len(due))
    return tuple(sorted((file for key in prints for file in known[key]), key=lambda r: r.path))


def _stored(store: Store, key: str) -> tuple[Rendered, ...] | None:
    content = store.read(key)
    if content is None:
        return None
    try:
        return _rendered.decode(content)
    except msgspec.DecodeError:
        return None
