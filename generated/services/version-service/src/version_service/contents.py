"""Ports: where contents come from, and where those of versions lie. PORTS.md says more."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Protocol


class Payloads(Protocol):
    """The bucket `versions`."""

    def write(self, key: str, content: bytes) -> int:
        """Write an object; bytes that it takes there."""
        ...

    def read(self, key: str) -> bytes | None:
        """The content; None where there is no such object.

        Raises:
            ValueError: the object is damaged.
        """
        ...

    def delete(self, key: str) -> None:
        """Delete an object; nothing if it is not there."""
        ...


class Sources(Protocol):
    """What others hold, by the reference that they give."""

    def read(self, reference: str) -> bytes | None:
        """The content; None where it is not there (yet, or any more)."""
        ...


class FolderPayloads:
    """A folder in place of a bucket; objects are zlib streams (RFC 1950)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def write(self, key: str, content: bytes) -> int:
        """See `Payloads.write`."""
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        packed = zlib.compress(content)
        path.write_bytes(packed)
        return len(packed)

    def read(self, key: str) -> bytes | None:
        """See `Payloads.read`."""
        path = self._path(key)
        if not path.is_file():
            return None
        try:
            return zlib.decompress(path.read_bytes())
        except zlib.error as error:
            raise ValueError("the object is damaged") from error

    def delete(self, key: str) -> None:
        """See `Payloads.delete`."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        path = (self._folder / key).resolve()
        if not path.is_relative_to(self._folder):
            raise ValueError("a key outside of the bucket")
        return path


class FolderSources:
    """Folders in place of the stores of document-service and file-service, contents as they are.

    `buckets` holds `bodies` and our own `versions`; `files` is the bucket of file-service.
    """

    def __init__(self, buckets: Path, files: Path) -> None:
        self._folders = {"body": (buckets / "bodies").resolve(), "file": files.resolve()}
        self._payloads = FolderPayloads(buckets / "versions")

    def read(self, reference: str) -> bytes | None:
        """See `Sources.read`."""
        kind, _, key = reference.partition(":")
        if kind == "payload":
            return self._payloads.read(key)
        folder = self._folders[kind]
        path = (folder / key).resolve()
        inside = path.is_relative_to(folder)
        return path.read_bytes() if inside and path.is_file() else None
