"""Frames of Zstandard (RFC 8878)."""

from __future__ import annotations

from typing import Protocol

_MAGIC = (0xFD2FB528).to_bytes(4, "little")
_ONE_SEGMENT_FOUR_BYTES = 0b1010_0000
_BLOCK = 128 * 1024


class Compression(Protocol):
    """Makes a frame of a text."""

    def frame(self, content: bytes) -> bytes:
        """One frame that any decoder of Zstandard opens."""
        ...


class Stored:
    """Frames of raw blocks: as large as what is in them, and made without a library."""

    def frame(self, content: bytes) -> bytes:
        """See `Compression.frame`."""
        header = bytes([_ONE_SEGMENT_FOUR_BYTES]) + len(content).to_bytes(4, "little")
        found = bytearray(_MAGIC + header)
        starts = range(0, len(content), _BLOCK) or range(1)
        for start in starts:
            block = content[start : start + _BLOCK]
            last = start + _BLOCK >= len(content)
            found += (len(block) << 3 | last).to_bytes(3, "little") + block
        return bytes(found)
