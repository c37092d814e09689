"""Content by key below `.cloudsync-gen/cache`: losing or damaging it costs time, never
correctness.

Entries are sealed with a key file of the same folder together with the moment and place of its
making on this disk: a cache that came with somebody's tree, or with a backup, is not believed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import msgspec

from cloudsync_gen.engine.locks import NOFOLLOW, STATE, is_plain, new_file, plain_folder, state
from cloudsync_gen.engine.spool import Spool
from cloudsync_gen.model.artefacts import Content, Held

_CHECK = 16
MAX_ENTRIES = 100_000
_SHARDS = 256
PACK = blake2b(b"pack by keys of bytes", digest_size=20).hexdigest()
PATIENCE = 20
_BYTES = 20
"""Of a digest; what stands behind it tells of what kind an entry is."""
_ROOM = 8 << 20
"""Bytes that nobody asked for are kept even of a small model."""

_MAP = b"\xdf"
"""How a mapping begins in msgpack, before the number of its entries in 32 bits."""

_entries = msgspec.msgpack.Decoder(dict[bytes, tuple[int, bytes]])


class Store:
    """Bytes by hex key. Every entry carries a checksum; what does not match it is not there.

    Without a root, or where the disk does not let it, it keeps nothing, and has no `folder`.
    """

    def __init__(self, root: Path | None) -> None:
        self.folder: Path | None = None
        self._seal = b""
        self.root = None if root is None else str(root.absolute())
        if root is None:
            return
        try:
            folder = Path(state(str(root))) / "cache"
            folder.mkdir(exist_ok=True)
            if is_plain(str(folder)):
                self._seal = _seal(folder)
                self.folder = folder
        except OSError:
            return

    def has(self, key: str) -> bool:
        """Whether something lies under a key; it may be damaged."""
        return self.folder is not None and os.path.isfile(f"{self.folder}/{key[:2]}/{key}")

    def read(self, key: str) -> bytes | None:
        """The bytes stored under a key."""
        if self.folder is None:
            return None
        try:
            stored = (self.folder / key[:2] / key).read_bytes()
        except OSError:
            return None
        content, whole = stored[_CHECK:], self._hash(key)
        whole.update(content)
        return content if whole.digest() == stored[:_CHECK] else None

    def write(self, key: str, content: bytes) -> None:
        """Store it; a disk that refuses is no error."""
        self.write_parts(key, (content,))

    def write_parts(self, key: str, parts: Iterable[bytes]) -> None:
        """Store what these are together, of which there may be more than fits into memory."""
        if self.folder is None:
            return
        partial = f"{key}.{os.getpid()}"
        try:
            with plain_folder(self.root or "", f"{STATE}/cache/{key[:2]}", create=True) as folder:
                with os.fdopen(new_file(partial, folder), "wb") as file:
                    whole = self._hash(key)
                    file.write(bytes(_CHECK))
                    for part in parts:
                        whole.update(part)
                        file.write(part)
                    file.seek(0)
                    file.write(whole.digest())
                os.replace(partial, key, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            return

    @cached_property
    def pack(self) -> Pack:
        """Many small entries in one."""
        return Pack(self)

    def put_away(self) -> None:
        """Keeps nothing of the pack but what is on the disk."""
        self.__dict__.pop("pack", None)

    def seen(self, what: bytes) -> bool:
        """Whether this was noted, and nobody dropped the note."""
        return self.read(_noted(what)) is not None

    def note(self, what: bytes) -> None:
        """Remember that something has been seen."""
        if not self.seen(what):
            self.write(_noted(what), b"")

    def prune(self) -> None:
        """Drops the entries not written for longest, past a bound. Keys are digests: whether there
        are too many, the first of their folders tells.
        """
        if self.folder is None or not self.folder.is_dir():
            return
        first = self.folder / "00"
        if not is_plain(str(first)) or len(os.listdir(first)) <= MAX_ENTRIES // _SHARDS:
            return
        shards = (each for each in self.folder.glob("??") if is_plain(str(each)))
        entries = [path for each in shards for path in each.iterdir() if path.is_file()]
        if len(entries) <= MAX_ENTRIES:
            return
        entries.sort(key=lambda path: path.stat().st_mtime_ns)
        for path in entries[: len(entries) - MAX_ENTRIES // 2]:
            path.unlink(missing_ok=True)

    def _hash(self, key: str) -> blake2b:
        """Of what is stored under a key, before the first of it."""
        sealed = blake2b(key.encode(), key=self._seal, digest_size=_CHECK).digest()
        return blake2b(key=sealed, digest_size=_CHECK)


class Pack:
    """Entries that one run reads or writes by the hundred: one file, read when first asked for
    anything, and written by `save` when something is new.

    A run that asks for no entry of a kind knows already what they would tell it: they are in use.
    What was not asked for in `PATIENCE` writes of runs that asked for others of its kind is left
    out; and the oldest of it, beyond as many bytes as were asked for.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._spool = Spool(store.folder)
        self._used: dict[bytes, Content] = {}
        self._kinds: set[bytes] = set()
        self._size = 0
        self._new = False

    def read(self, key: str) -> bytes | None:
        """The bytes stored under a key."""
        short = _short(key)
        self._kinds.add(short[_BYTES:])
        found = self._used.get(short)
        if found is None and short in self._before:
            content = self._before[short][1]
            found = self._used[short] = Held(content)
            self._size += len(content)
        return None if found is None else found()

    def write(self, key: str, content: bytes) -> None:
        """Store it, when the pack is saved."""
        if self._store.root is not None:
            short = _short(key)
            self._kinds.add(short[_BYTES:])
            self._used[short] = self._spool.keep(content)
            self._size += len(content)
            self._new = True

    def save(self) -> None:
        """Writes the pack, if anything in it is new."""
        if not self._new:
            return
        self._store.write_parts(PACK, self._encoded())
        self._new = False

    def _encoded(self) -> Iterator[bytes]:
        """`_entries`, one by one, what was asked for last before all others."""
        encode = msgspec.msgpack.Encoder().encode
        kept = [*self._unasked()]
        yield _MAP + (len(kept) + len(self._used)).to_bytes(4, "big")
        for key, each in self._used.items():
            yield encode(key) + encode((0, each()))
        for key, age in kept:
            yield encode(key) + encode((age, self._before[key][1]))

    def _unasked(self) -> Iterator[tuple[bytes, int]]:
        """What is kept though nobody asked for it, and its age, the youngest first."""
        aged = [
            (key, age + (key[_BYTES:] in self._kinds))
            for key, (age, _) in self._before.items()
            if key not in self._used
        ]
        room = max(_ROOM, self._size)
        for key, age in sorted(aged, key=lambda each: each[1]):
            room -= len(self._before[key][1])
            if age > PATIENCE or room < 0:
                return
            yield key, age

    @cached_property
    def _before(self) -> dict[bytes, tuple[int, bytes]]:
        stored = self._store.read(PACK)
        try:
            return _entries.decode(stored) if stored is not None else {}
        except msgspec.DecodeError:
            return {}


def _short(key: str) -> bytes:
    digest = 2 * _BYTES
    return bytes.fromhex(key[:digest]) + key[digest:].encode()


def _noted(what: bytes) -> str:
    return blake2b(b"noted " + what, digest_size=20).hexdigest()


def _seal(folder: Path) -> bytes:
    """What nobody knows who did not see this folder's key file being made here."""
    path = folder / "key"
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(32))
    with open(os.open(path, os.O_RDONLY | NOFOLLOW), "rb") as file:
        made = os.fstat(file.fileno())
        place = f"{made.st_dev} {made.st_ino} {made.st_ctime_ns}"
        return blake2b(file.read(64) + place.encode(), digest_size=32).digest()
