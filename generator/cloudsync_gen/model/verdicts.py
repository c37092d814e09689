"""Judgements of a model that hold for as long as what they read stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

import msgspec
from msgspec import Struct

from cloudsync_gen.diagnostics import Diagnostic
from cloudsync_gen.model.memory import Memory
from cloudsync_gen.model.reading import Parts, Reading, watched, within
from cloudsync_gen.model.system import Model

_KIND, _APART = "verdict", "apart"
_Apart = dict[str, tuple[bytes, bytes]]
"""File -> its digest, and what was found in it."""

Judge = Callable[[Model], Iterable[Diagnostic]]


class Verdict(Struct, frozen=True):
    """What a judge found, and the digest of each part of the model that he read."""

    found: tuple[Diagnostic, ...]
    read: Mapping[str, bytes]


_encode = msgspec.msgpack.Encoder().encode
_found = msgspec.msgpack.Decoder(tuple[Diagnostic, ...])


class Verdicts:
    """Verdicts on one model, some of them perhaps of an earlier run."""

    def __init__(self, model: Model, parts: Parts, memory: Memory) -> None:
        self._model = model
        self._parts = parts
        self._memory = memory

    def known(self, judge: str) -> Verdict | None:
        """The verdict of that name, if all that it was made of is still the same."""
        hit = self._memory.get(_KIND, judge.encode())
        try:
            verdict = _remembered(hit.value) if hit is not None else None
        except (msgspec.MsgspecError, TypeError, ValueError):
            return None
        return verdict if verdict is not None and self._parts.same(verdict.read) else None

    def made(self, judge: Judge) -> Verdict:
        """Judges now."""
        reading = Reading()
        found = tuple(judge(watched(self._model, reading)))
        return Verdict(found, {key: self._parts.digest(key) for key in reading.keys})

    def apart(self, judge: str, make: Judge) -> tuple[Diagnostic, ...]:
        """What a judge finds who looks at each file of the model by itself, and at those anew that
        are not what they were.
        """
        hit = self._memory.get(_APART, judge.encode())
        try:
            known = msgspec.convert(hit.value if hit else {}, _Apart)
        except msgspec.ValidationError:
            known = {}
        digests = self._parts.files
        held = {f: each for f, each in known.items() if digests.get(f) == each[0]}
        due = digests.keys() - held.keys()
        if due or len(held) < len(known):
            made = _by_file(make(within(self._model, due)), due)
            held |= {file: (digests[file], _encode(made[file])) for file in due}
            self._memory.put(_APART, judge.encode(), held)
        return tuple(each for _, found in held.values() for each in _found.decode(found))

    def remember(self, judge: str, verdict: Verdict) -> None:
        """For the next run."""
        found = _encode(verdict.found) if verdict.found else b""
        self._memory.put(_KIND, judge.encode(), (found, verdict.read))


def _by_file(found: Iterable[Diagnostic], files: Set[str]) -> dict[str, tuple[Diagnostic, ...]]:
    groups: dict[str, list[Diagnostic]] = {file: [] for file in files}
    for each in found:
        groups[each.span.file if each.span else each.ref.file].append(each)
    return {file: tuple(each) for file, each in groups.items()}


def _remembered(value: Any) -> Verdict:
    found, read = value
    return Verdict(_found.decode(found) if found else (), read)
