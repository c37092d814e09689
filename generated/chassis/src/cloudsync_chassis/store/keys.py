"""Keys of encrypted fields: several at a time, the newest encrypts, all decrypt."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cloudsync_chassis import files

KEY_LENGTH = 32
_ID_LENGTH = 4
_SUFFIX = ".key"


@dataclass(frozen=True, slots=True, repr=False)
class FieldKey:
    """A key for AES-256; `id`, four bytes, stands before what it has encrypted.

    `name` is its file's, `made_at` that file's time in seconds since the epoch.
    """

    id: bytes
    secret: bytes
    name: str = ""
    made_at: float = 0.0

    @classmethod
    def of(cls, secret: bytes, name: str = "", made_at: float = 0.0) -> FieldKey:
        """The key with the id that follows from its secret."""
        return cls(hashlib.sha256(secret).digest()[:_ID_LENGTH], secret, name, made_at)

    def __repr__(self) -> str:
        return f"FieldKey({self.id.hex()})"


class FieldKeys(Protocol):
    """Where keys come from."""

    def all(self) -> Sequence[FieldKey]:
        """Those that are known, the newest first; never none."""
        ...

    def find(self, key_id: bytes) -> FieldKey | None:
        """The key with that id, also one that has been added since."""
        ...


class GivenKeys:
    """Keys that do not change."""

    def __init__(self, *secrets: bytes) -> None:
        self._keys = tuple(map(FieldKey.of, secrets))

    def all(self) -> Sequence[FieldKey]:
        """See `FieldKeys.all`."""
        return self._keys

    def find(self, key_id: bytes) -> FieldKey | None:
        """See `FieldKeys.find`."""
        return next((each for each in self._keys if each.id == key_id), None)


class StoredKeys:
    """A file with one key, or a folder of them: `<name>.key`, whose names sort by age.

    The place is looked at again after `max_age` seconds, and for an id that is not known at most
    each `pause` seconds, so that a key which was added needs no restart.
    """

    def __init__(self, place: Path, max_age: float = 5.0, pause: float = 1.0) -> None:
        self._place = place
        self._max_age = max_age
        self._pause = pause
        self._keys: tuple[FieldKey, ...] = ()
        self._read_at = 0.0

    def all(self) -> Sequence[FieldKey]:
        """See `FieldKeys.all`.

        Raises:
            ValueError: there is none, or one has not 32 bytes.
        """
        if not self._keys or time.monotonic() - self._read_at > self._max_age:
            self.read()
        return self._keys

    def find(self, key_id: bytes) -> FieldKey | None:
        """See `FieldKeys.find`."""
        found = next((each for each in self.all() if each.id == key_id), None)
        if found is None and time.monotonic() - self._read_at > self._pause:
            self.read()
            found = next((each for each in self._keys if each.id == key_id), None)
        return found

    def read(self) -> None:
        """Look at the place now.

        Raises:
            ValueError: there is no key, or one has not 32 bytes.
        """
        names = self._files()
        keys = tuple(
            FieldKey.of(each.read_bytes(), each.name, each.stat().st_mtime) for each in names
        )
        if not keys or any(len(each.secret) != KEY_LENGTH for each in keys):
            raise ValueError(f"{self._place}: field keys have {KEY_LENGTH} bytes each")
        self._keys, self._read_at = keys, time.monotonic()

    def _files(self) -> list[Path]:
        if self._place.is_file():
            return [self._place]
        return sorted(self._place.glob(f"[!.]*{_SUFFIX}"), reverse=True)


class OwnKeys(StoredKeys):
    """Keys of the state folder, which the service makes and retires itself."""

    def ensure(self) -> None:
        """Make the first key; of two processes one does."""
        if not self._files():
            self._add(1)

    def rotate(self) -> None:
        """Add a key, which encrypts from now on."""
        newest = self._files()[0]
        self._add(int(newest.stem) + 1)
        self.read()

    def retire(self, key: FieldKey) -> None:
        """Forget a key; what it has encrypted is lost. The newest stays."""
        if key.name != self._files()[0].name:
            self._place.joinpath(key.name).unlink(missing_ok=True)
            self.read()

    def _add(self, number: int) -> None:
        path = self._place / f"{number:06d}{_SUFFIX}"
        files.create_once(path, os.urandom(KEY_LENGTH))
