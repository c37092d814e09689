"""Judgements of a model that hold for as long as what they read stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set

import msgspec
from msgspec import Struct

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.element import Element
from cloudsync_gen.model.memory import Memory
from cloudsync_gen.model.reading import Reading, into, without_reading_prose
from cloudsync_gen.model.system import Model
from cloudsync_gen.model.traces import Extract, Traces
from cloudsync_gen.model.watching import Part, partly, parts_of, watched, within

_APART = "apart"
_Apart = dict[str, tuple[bytes, bytes]]
"""File -> its digest, and what was found in it."""

Judge = Callable[[Model], Iterable[Diagnostic]]


class Verdict(Struct, frozen=True):
    """What a judge found, and the layers of the model that he read."""

    found: tuple[Diagnostic, ...]
    layers: frozenset[str] = frozenset()


_encode = msgspec.msgpack.Encoder().encode
_found = msgspec.msgpack.Decoder(tuple[Diagnostic, ...])
_verdict = msgspec.msgpack.Decoder(Verdict)


class Verdicts:
    """Verdicts on one model, some of them perhaps of an earlier run."""

    def __init__(self, model: Model, traces: Traces, memory: Memory) -> None:
        self._model = model
        self._memory = memory
        self.traces = traces
        self._parts: dict[tuple[type[Element], ...], Mapping[str, Part]] = {}

    def parts(self, kinds: tuple[type[Element], ...]) -> Mapping[str, Part]:
        """See `watching.parts_of`."""
        if kinds not in self._parts:
            self._parts[kinds] = parts_of(self._model, kinds)
        return self._parts[kinds]

    def known(self, judge: str) -> Verdict | None:
        """The verdict of that name, if all that it was made of is still the same."""
        made = self.traces.known(_name(judge))
        try:
            return None if made is None else _verdict.decode(made)
        except msgspec.MsgspecError:
            return None

    def made(self, judge: Judge, part: Part | None = None) -> Extract:
        """Judges now, within `reading.noting`: a verdict for `remember`, and what it rests on.
        Nobody judges what schemas and OpenAPI sources tell people. `part`: the elements that are to
        be judged, where these are not all.
        """
        with into(Reading()) as reading, without_reading_prose():
            seen = watched(self._model) if part is None else partly(self._model, part)
            found = tuple(judge(seen))
        read = reading.read
        return self.traces.extract(read, _encode(Verdict(found, read.layers)))

    def apart(self, judge: str, make: Judge) -> tuple[Diagnostic, ...]:
        """What a judge finds who looks at each file of the model by itself, and at those anew that
        are not what they were.
        """
        hit = self._memory.get(_APART, judge.encode())
        try:
            known = msgspec.convert(hit.value if hit else {}, _Apart)
        except msgspec.ValidationError:
            known = {}
        digests = self.traces.files
        held = {f: each for f, each in known.items() if digests.get(f) == each[0]}
        due = digests.keys() - held.keys()
        if due or len(held) < len(known):
            made = _by_file(make(within(self._model, due)), due)
            held |= {file: (digests[file], _encode(made[file])) for file in due}
            self._memory.put(_APART, judge.encode(), held)
        return tuple(each for _, found in held.values() for each in _found.decode(found))

    def remember(self, judge: str, made: Extract) -> Verdict:
        """For the next run."""
        self.traces.put(_name(judge), made)
        return _verdict.decode(made.made)


def _name(judge: str) -> str:
    return f"judge {judge}"


def _by_file(found: Iterable[Diagnostic], files: Set[str]) -> dict[str, tuple[Diagnostic, ...]]:
    groups: dict[str, list[Diagnostic]] = {file: [] for file in files}
    for each in found:
        groups[each.span.file if each.span else each.ref.file].append(each)
    return {file: tuple(each) for file, each in groups.items()}
