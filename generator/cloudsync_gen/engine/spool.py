"""Bytes put aside until they are asked for: little in memory, much in a file that has no name."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from cloudsync_gen.model.artefacts import Content, Held

IN_MEMORY = 8 << 20
"""Bytes that are kept here before a file is made for the others."""

_SIZE = 40
"""Bits for the size of a piece: no content has as many bytes."""


class Spool:
    """A growing heap of bytes, of one process.

    Its file lies in `folder` (of the system's temporary files, where there is none given), has no
    name there, and is gone with the last that was put aside, even after a crash. A disk that
    refuses costs memory, nothing else.
    """

    def __init__(self, folder: Path | None = None, in_memory: int = IN_MEMORY) -> None:
        self._folder = folder
        self._left = in_memory
        self._file: int | None = None
        self._end = 0

    def keep(self, content: bytes) -> Content:
        """Puts it aside."""
        self._left -= len(content)
        if self._left >= 0:
            return Held(content)
        try:
            if self._file is None:
                self._file = self._opened()
            start = self._end
            _write(self._file, content, start)
        except OSError:
            return Held(content)
        self._end = start + len(content)
        return _Piece(self, start << _SIZE | len(content))

    def piece(self, start: int, size: int) -> bytes:
        """Bytes of its file. Raises `OSError`."""
        assert self._file is not None
        found = b""
        while len(found) < size:
            more = os.pread(self._file, size - len(found), start + len(found))
            if not more:
                raise OSError("a temporary file was cut short")
            found += more
        return found

    def _opened(self) -> int:
        with tempfile.TemporaryFile(dir=self._folder, buffering=0) as file:
            descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, descriptor)
        return descriptor


class Stowed(Mapping[str, bytes]):
    """A tree of files whose contents have been put aside, one by one as they came."""

    def __init__(self, files: Iterable[tuple[str, bytes]], spool: Spool) -> None:
        self._kept = {path: spool.keep(content) for path, content in files}

    def __getitem__(self, path: str) -> bytes:
        return self._kept[path]()

    def __contains__(self, path: object) -> bool:
        return path in self._kept

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


class _Piece(Struct, frozen=True, gc=False):
    """What lies in a spool's file, which stays for as long as one of its pieces does. `place` is
    where it begins, and in its last `_SIZE` bits its size: a large model has a million pieces.
    """

    spool: Spool
    place: int

    def __call__(self) -> bytes:
        """Raises `OSError`."""
        return self.spool.piece(self.place >> _SIZE, self.place & ((1 << _SIZE) - 1))


def _write(file: int, content: bytes, start: int) -> None:
    left = memoryview(content)
    while left:
        written = os.pwrite(file, left, start)
        left, start = left[written:], start + written
