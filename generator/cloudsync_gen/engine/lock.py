"""The lock: what was written last time, one shard per unit, one line per file.

A shard that is missing or cannot be read (a merge conflict) counts as empty: files equal to what is
wanted stay, others become conflicts. So the worst merge is: take either side, run `generate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import msgspec

from cloudsync_gen.model.artefacts import Action, Described, LockEntry, Ownership

FOLDER = "generated/.lock"
BASE = "generated/.base"
FORMAT = 1

Shard = dict[str, LockEntry]


class _Stored(msgspec.Struct, frozen=True):
    format: int
    files: dict[str, LockEntry]


_decoder = msgspec.json.Decoder(_Stored)


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return sha256(content).hexdigest()


def shard_path(unit: str) -> str:
    """Where the shard of a unit lies."""
    return f"{FOLDER}/{unit}.json"


def base_path(path: str) -> str:
    """Where the pristine base of a SCAFFOLD lies."""
    return f"{BASE}/{path}"


def read_shard(content: bytes) -> Shard:
    """The entries of a shard; none when it cannot be read."""
    try:
        stored = _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return stored.files if stored.format == FORMAT else {}


def write_shard(entries: Mapping[str, LockEntry]) -> bytes:
    """The bytes of a shard: sorted, one line per file, so that git merges it by line."""
    lines = [
        f"{_json(path)}: {_json(entry)}"
        for path, entry in sorted(entries.items(), key=lambda e: e[0])
    ]
    body = ",\n".join(lines)
    return f'{{"format": {FORMAT}, "files": {{\n{body}\n}}}}\n'.encode()


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def entry_of(rendered: Described) -> LockEntry:
    """What the lock keeps of a rendered file."""
    return LockEntry(
        digest=rendered.digest,
        target=rendered.target,
        template=rendered.template,
        ownership=rendered.ownership,
        sources=rendered.sources,
    )


def decide(new: Described | None, locked: LockEntry | None, disk: str | None) -> tuple[Action, str]:
    """What becomes of a file, by what is wanted, what was written last and what is there
    (digests).
    """
    if locked is not None and locked.ownership is Ownership.FROZEN:
        return _frozen(new, locked, disk)
    if new is None:
        return _unwanted(locked, disk)
    if disk == new.digest:
        return Action.SAME, "as wanted"
    if disk is None:
        gone = locked is not None and locked.ownership is Ownership.SCAFFOLD
        if gone and new.ownership is Ownership.SCAFFOLD:
            return Action.KEEP, "deleted by its team"
        return Action.CREATE, "missing" if locked else "new"
    if locked is not None and disk == locked.digest:
        pristine = new.ownership is Ownership.SCAFFOLD
        return Action.UPDATE, "pristine scaffold, out of date" if pristine else "out of date"
    if new.ownership is Ownership.SCAFFOLD:
        return Action.KEEP, "belongs to its team"
    if locked is None:
        return Action.CONFLICT, "there is a file that the tool never wrote"
    return Action.CONFLICT, "edited by hand since it was generated"


def _frozen(new: Described | None, locked: LockEntry, disk: str | None) -> tuple[Action, str]:
    """A released file is what it was, whatever is wanted now."""
    if disk is None:
        return Action.CONFLICT, "released, and gone from the disk"
    if disk != locked.digest:
        return Action.CONFLICT, "released, and changed on the disk"
    if new is None:
        return Action.KEEP, "released"
    if new.digest != locked.digest:
        return Action.CONFLICT, "released: it may not change any more"
    return Action.SAME, "as wanted"


def _unwanted(locked: LockEntry | None, disk: str | None) -> tuple[Action, str]:
    if locked is None or locked.ownership is Ownership.SCAFFOLD:
        return Action.KEEP, "belongs to its team"
    if disk is None or disk == locked.digest:
        return Action.DELETE, "no longer generated"
    return Action.CONFLICT, "no longer generated, but edited by hand"
