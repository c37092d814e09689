"""The bucket of models and snapshots, behind a small protocol; `PORTS.md` says what replaces it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from cloudsync_chassis import files

BUCKET = "s3://cloudsync-models/"
_KEY = re.compile(r"[a-z0-9-]+(/[a-z0-9][a-z0-9.-]*){1,6}")
_SIGNATURE = ".signature"


class Bucket(Protocol):
    """Artefacts and data sets under their keys."""

    def put(self, key: str, content: bytes) -> None:
        """Write an object, signed as ours."""
        ...

    def read(self, key: str) -> bytes | None:
        """An object whose signature is ours; None if there is none, or it was altered."""
        ...

    def keys(self, prefix: str) -> Iterable[str]:
        """The keys below a prefix, in order."""
        ...


class SignedFiles:
    """A bucket in a folder; beside each file lies its HMAC-SHA256, bound to the key."""

    def __init__(self, folder: Path, secret: bytes) -> None:
        self._folder = folder
        self._secret = secret

    def put(self, key: str, content: bytes) -> None:
        """See `Bucket.put`.

        Raises:
            ValueError: no key of the bucket.
        """
        path = self._path(key)
        if path is None:
            raise ValueError("no key of the bucket")
        files.private_folder(path.parent)
        files.replace(path, content)
        files.replace(path.with_name(path.name + _SIGNATURE), self._signed(key, content))

    def read(self, key: str) -> bytes | None:
        """See `Bucket.read`."""
        path = self._path(key)
        if path is None or not path.is_file():
            return None
        content, signature = path.read_bytes(), path.with_name(path.name + _SIGNATURE)
        told = signature.read_bytes() if signature.is_file() else b""
        return content if hmac.compare_digest(told, self._signed(key, content)) else None

    def keys(self, prefix: str) -> Iterable[str]:
        """See `Bucket.keys`."""
        found = (each for each in (self._folder / prefix).glob("**/*") if each.is_file())
        names = (each.relative_to(self._folder).as_posix() for each in found)
        return sorted(each for each in names if not each.endswith(_SIGNATURE))

    def _path(self, key: str) -> Path | None:
        return self._folder / key if _KEY.fullmatch(key) and ".." not in key else None

    def _signed(self, key: str, content: bytes) -> bytes:
        return hmac.digest(self._secret, key.encode() + b"\n" + content, "sha256")
