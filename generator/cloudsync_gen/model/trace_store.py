"""Where traces stay from one run to the next: in pieces, of which those that changed are written.

An index tells of each piece what it holds. A piece that is another, for it is damaged, or of a run
that was interrupted, or lost, is not there: without the names, files or contracts all begins anew;
without some of the traces, what these tell is made again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, TypeVar
from zlib import crc32

import msgspec
from msgspec import Struct

from cloudsync_gen.model.memory import Memory

_KIND, _INDEX = "traces", b"of a model"
_DIGEST = 16
_NAMES = 8192
"""So many names are in a piece; others only come after them."""

_HELD = 1024
"""So many entries a piece of anything else has at most, on average."""

V = TypeVar("V")
Facts = dict[str, dict[str, bytes]]
"""Of what stands in a file: identity -> field -> what it is, in short; of a contract the same.
`reading.LINKS` and a link's type stand for the links of that type.
"""


class Trace(Struct, frozen=True, array_like=True):
    """What was made, and what it read. Names are numbered by the state.

    `wide`: a field of all elements of a type (`layer.type.field`). `narrow`: fields, and the
    elements of which all of these were read.
    """

    made: bytes
    keys: list[str]
    wide: bytes
    narrow: list[tuple[list[str], bytes]]


class State(Struct):
    """What is known of a model. `files`: what it was read by, and what stands in it, packed.
    `contracts`: path -> a piece of `Facts`; `traces`: name -> `Trace`; both as msgpack, since of a
    large model they are many, and few of them are asked for.
    """

    manifest: bytes = b""
    names: list[str] = []
    files: dict[str, tuple[bytes, bytes]] = {}
    contracts: dict[str, msgspec.Raw] = {}
    traces: dict[str, msgspec.Raw] = {}


class _Index(Struct, array_like=True):
    """Digests of the pieces, by what they hold."""

    manifest: bytes
    pieces: dict[str, list[bytes]] = {}


_encode = msgspec.msgpack.Encoder().encode
_indexes = msgspec.msgpack.Decoder(_Index)
_names = msgspec.msgpack.Decoder(list[str])
_HOLDS: Mapping[str, msgspec.msgpack.Decoder[Any]] = {
    "files": msgspec.msgpack.Decoder(dict[str, tuple[bytes, bytes]]),
    "contracts": msgspec.msgpack.Decoder(dict[str, msgspec.Raw]),
    "traces": msgspec.msgpack.Decoder(dict[str, msgspec.Raw]),
}


class _Lost(Exception):
    """A piece without which nothing can be said of the others."""


class TraceStore:
    """Reads a state from a memory, and writes it."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._index = _Index(b"")

    def read(self, manifest: bytes) -> State:
        """What is known of a model with that manifest; an empty state where nothing is."""
        index = self._decoded(_INDEX, _indexes, None)
        if index is None or index.manifest != manifest:
            return State(manifest=manifest)
        try:
            found = State(
                manifest=manifest,
                names=[each for part in self._parts(index, "names", _names) for each in part],
                files=_united(self._parts(index, "files", _HOLDS["files"])),
                contracts=_united(self._parts(index, "contracts", _HOLDS["contracts"])),
                traces=_united(self._parts(index, "traces", _HOLDS["traces"], may_lack=True)),
            )
        except _Lost:
            return State(manifest=manifest)
        self._index = index
        return found

    def write(self, state: State) -> None:
        """Keeps a state; the index comes last, so that it never tells of what is not there."""
        names = (
            state.names[start : start + _NAMES] for start in range(0, len(state.names), _NAMES)
        )
        pieces = {"names": self._written("names", names)}
        for what in _HOLDS:
            pieces[what] = self._written(what, _split(getattr(state, what)))
        index = _Index(state.manifest, pieces)
        if index != self._index:
            self._memory.put(_KIND, _INDEX, _encode(index))
            self._index = index

    def _written(self, what: str, parts: Iterable[object]) -> list[bytes]:
        """Digests of the parts, of which those are written that are not what they were."""
        before, digests = self._index.pieces.get(what, []), list[bytes]()
        for number, part in enumerate(parts):
            content = _encode(part)
            digest = _digest(content)
            if before[number : number + 1] != [digest]:
                self._memory.put(_KIND, _place(what, number), content)
            digests.append(digest)
        return digests

    def _parts(
        self, index: _Index, what: str, decoder: msgspec.msgpack.Decoder[V], may_lack: bool = False
    ) -> Iterator[V]:
        for number, digest in enumerate(index.pieces.get(what, ())):
            found = self._decoded(_place(what, number), decoder, digest)
            if found is not None:
                yield found
            elif not may_lack:
                raise _Lost
            else:  # not what it was, whatever comes there
                index.pieces[what][number] = b""

    def _decoded(
        self, place: bytes, decoder: msgspec.msgpack.Decoder[V], digest: bytes | None
    ) -> V | None:
        hit = self._memory.get(_KIND, place)
        try:
            if hit is None or (digest is not None and _digest(hit.value) != digest):
                return None
            return decoder.decode(hit.value)
        except (msgspec.MsgspecError, TypeError, ValueError):
            return None


def _place(what: str, number: int) -> bytes:
    return f"{what} {number}".encode()


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST).digest()


def _united(parts: Iterable[dict[str, V]]) -> dict[str, V]:
    found: dict[str, V] = {}
    for each in parts:
        found |= each
    return found


def _split(entries: Mapping[str, V]) -> Iterator[dict[str, V]]:
    """Parts in which an entry has the same place for as long as there are about as many, in an
    order of their own.
    """
    number = 1
    while number * _HELD < len(entries):
        number *= 2
    parts: defaultdict[int, list[str]] = defaultdict(list)
    for name in entries:
        parts[crc32(name.encode()) % number].append(name)
    for place in range(number):
        yield {name: entries[name] for name in sorted(parts[place])}
