"""Content by key below `.cloudsync-gen/cache`: losing or damaging it costs time, never
correctness.
"""

from __future__ import annotations

import os
import tempfile
from hashlib import blake2b
from pathlib import Path

from cloudsync_gen.engine.write import STATE

_CHECK = 16
MAX_ENTRIES = 20_000


class Store:
    """Bytes by hex key. Every entry carries a checksum; what does not match it is not there."""

    def __init__(self, root: Path | None) -> None:
        self._folder = root / STATE / "cache" if root is not None else None

    def read(self, key: str) -> bytes | None:
        """The bytes stored under a key."""
        if self._folder is None:
            return None
        try:
            stored = (self._folder / key[:2] / key).read_bytes()
        except OSError:
            return None
        check, content = stored[:_CHECK], stored[_CHECK:]
        return content if _checksum(key, content) == check else None

    def write(self, key: str, content: bytes) -> None:
        """Store it; a disk that refuses is no error."""
        if self._folder is None:
            return
        folder = self._folder / key[:2]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, partial = tempfile.mkstemp(dir=folder)
            with os.fdopen(descriptor, "wb") as file:
                file.write(_checksum(key, content) + content)
            os.replace(partial, folder / key)
        except OSError:
            return

    def prune(self) -> None:
        """Drops the entries not written for longest, past a bound."""
        if self._folder is None or not self._folder.is_dir():
            return
        entries = [path for path in self._folder.glob("??/*") if path.is_file()]
        if len(entries) <= MAX_ENTRIES:
            return
        entries.sort(key=lambda path: path.stat().st_mtime_ns)
        for path in entries[: len(entries) - MAX_ENTRIES // 2]:
            path.unlink(missing_ok=True)


def _checksum(key: str, content: bytes) -> bytes:
    return blake2b(content, key=key.encode()[:64], digest_size=_CHECK).digest()
