"""Which units a model has, and by what each is known to be what it was: what was viewed in an
earlier run, and read nothing that changed since, is not viewed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial

import msgspec
from msgspec import Struct

from cloudsync_gen.engine.fingerprint import fingerprint, shaping
from cloudsync_gen.model.artefacts import Unit
from cloudsync_gen.model.reading import Reading, into
from cloudsync_gen.model.traces import Traces

Units = Callable[[], Iterable[Unit]]

_encode = msgspec.msgpack.Encoder().encode


class Due(Struct, frozen=True):
    """A unit by its fingerprint; `unit` gives it, where what came of it is not known."""

    fingerprint: str
    unit: Callable[[], Unit]


class _Kept(Struct, frozen=True, array_like=True):
    """What a unit's view came to, with the templates and the tool of that time."""

    shaping: bytes
    fingerprint: str


_names = msgspec.msgpack.Decoder(list[str])
_kept = msgspec.msgpack.Decoder(_Kept)


class Planning:
    """The units of one target. `units` gives them; it is asked at most once, within
    `reading.noting` and with a model that notes what is read of it.
    """

    def __init__(self, target: str, units: Units, traces: Traces | None) -> None:
        self._target = target
        self._units = units
        self._traces = traces

    def due(self, covers: Callable[[str], bool]) -> Iterator[Due]:
        """Those whose name is covered, in the order of the target; the views of all do not fit into
        memory at once. May raise `Unplannable`.
        """
        for number, name in enumerate(self._names):
            if covers(name):
                known = self._known(number)
                yield (
                    self._viewed(number)
                    if known is None
                    else Due(known, partial(self._unit, number))
                )

    @cached_property
    def _names(self) -> Sequence[str]:
        """Names of all units, in order."""
        made = self._traces.known(self._name("")) if self._traces else None
        try:
            if made is not None:
                return _names.decode(made)
        except msgspec.MsgspecError:
            pass
        return [each.name for each in self._all]

    @cached_property
    def _all(self) -> Sequence[Unit]:
        """All units; what was read to tell them apart was read for each of them."""
        with into(Reading()) as reading:
            found = tuple(self._units())
        if self._traces is not None and self._traces.known(self._name("")) is None:
            self._traces.forget(f"units {self._target} ")
            self._traces.keep(self._name(""), reading.read, _encode([each.name for each in found]))
        return found

    def _unit(self, number: int) -> Unit:
        return self._all[number]

    def _known(self, number: int) -> str | None:
        made = self._traces.known(self._name(number)) if self._traces else None
        try:
            kept = None if made is None else _kept.decode(made)
        except msgspec.MsgspecError:
            return None
        return kept.fingerprint if kept and kept.shaping == shaping(self._target) else None

    def _viewed(self, number: int) -> Due:
        with into(Reading()) as reading:
            unit = self._all[number].seen()
        key = fingerprint(unit)
        if self._traces is not None:
            made = _encode(_Kept(shaping(self._target), key))
            self._traces.keep(self._name(number), reading.read, made)
        return Due(key, lambda: unit)

    def _name(self, number: int | str) -> str:
        return f"units {self._target} {number}"
