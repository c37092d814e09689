"""Identifiers and opaque values that services make up."""

from __future__ import annotations

import os
import secrets
import threading
import time
from uuid import UUID

PLATFORM = UUID("00000000-0000-7000-8000-000000000001")
"""The organisation of whoever runs the platform: what all tenants share is kept in its name."""

TOMBSTONE = UUID("00000000-0000-7000-8000-000000000000")
"""Stands where a person did who was erased."""

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """A time-ordered UUID (RFC 9562, version 7), strictly increasing within a process."""
    stamp = _next_stamp()
    milliseconds, sub_milliseconds = divmod(stamp, 1 << 12)
    tail = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | sub_milliseconds << 64 | 0b10 << 62 | tail
    return UUID(int=value)


def _next_stamp() -> int:
    """Milliseconds since the epoch in the high bits, a 12-bit fraction in the low ones."""
    global _last
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    stamp = milliseconds << 12 | rest * 4096 // 1_000_000
    with _lock:
        _last = stamp = max(stamp, _last + 1)
    return stamp


def object_id() -> str:
    """24 hexadecimal digits whose first eight are the time in seconds, as MongoDB makes them."""
    return f"{int(time.time()):08x}{secrets.token_hex(8)}"


def token() -> str:
    """256 random bits as 64 hexadecimal digits."""
    return secrets.token_hex(32)
