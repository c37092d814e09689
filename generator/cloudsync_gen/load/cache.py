"""Remembers what a text parsed to, by its content: a broken entry costs time, never correctness."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

FORMAT = b"1"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Known(Struct, frozen=True):
    """A hit; its value may be `None`."""

    value: Any


class ParseCache:
    """Keeps nothing by itself; with a store behind it, what it is given.

    `salt` tells apart what different versions of the readers made of one text.

    `read` and `write` take a hex key; `read` returns `None` for an unknown one.
    """

    def __init__(
        self,
        read: Callable[[str], bytes | None] | None = None,
        write: Callable[[str, bytes], None] | None = None,
        salt: bytes = b"",
    ) -> None:
        self._read = read
        self._write = write
        self._salt = salt

    def get(self, kind: str, content: bytes) -> Known | None:
        """What `content` parsed to as `kind`, if that is known."""
        stored = self.packed(kind, content)
        if stored is None:
            return None
        try:
            return Known(_decode(stored))
        except msgspec.DecodeError:
            return None

    def packed(self, kind: str, content: bytes) -> bytes | None:
        """The same as it is kept, as msgpack."""
        return None if self._read is None else self._read(self._key(kind, content))

    def put(self, kind: str, content: bytes, value: Any) -> None:
        """Remember it."""
        if self._write is not None:
            self._write(self._key(kind, content), _encode(value))

    def _key(self, kind: str, content: bytes) -> str:
        salted = FORMAT + self._salt + kind.encode() + b"\0" + content
        return blake2b(salted, digest_size=20).hexdigest() + _mark(kind)


@cache
def _mark(kind: str) -> str:
    """By which a store tells entries of a kind from others."""
    return blake2b(kind.encode(), digest_size=4).hexdigest()
