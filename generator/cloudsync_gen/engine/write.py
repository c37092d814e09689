"""The only module that changes the user's tree: all or nothing, by a journal.

Everything is staged beside the tree first, so that a full disk or a crash leaves it as it was.
Then a journal names every step; from its last byte on the change counts as decided, and a run that
finds a journal carries it through before it does anything else. Folders are opened one by one
without following links, and files are replaced below those descriptors: a folder that becomes a
symbolic link in between is refused, not followed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from cloudsync_gen.engine import disk, paths
from cloudsync_gen.engine.disk import Unsafe
from cloudsync_gen.model.artefacts import Action, Change

STATE = ".cloudsync-gen"
_STAGE = "stage"
_JOURNAL = "journal"


class Busy(Exception):
    """Another run holds the tree."""


class _Step(Struct, frozen=True):
    path: str
    staged: str | None
    old: str | None
    new: str | None


class _Journal(Struct, frozen=True):
    steps: tuple[_Step, ...]
    checksum: str


@contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Holds the tree for one run; finishes or drops what a broken run left. Raises `Busy`,
    `Unsafe`.
    """
    state = root / STATE
    if state.is_symlink():
        raise Unsafe(STATE, "is a symbolic link")
    state.mkdir(exist_ok=True)
    with open(state / "run.lock", "a+b") as handle:
        _hold(handle.fileno())
        recover(root)
        yield


def _hold(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise Busy("another `cloudsync-gen` is writing here; wait for it to end") from error


def apply(root: Path, changes: Iterable[Change]) -> None:
    """Carries out all creations, updates and deletions, or none. Raises `Unsafe`, `OSError`.

    Call inside `exclusive`.
    """
    due = [c for c in changes if c.action in (Action.CREATE, Action.UPDATE, Action.DELETE)]
    if not due:
        return
    for change in due:
        fault = paths.fault(change.path)
        if fault:
            raise Unsafe(change.path, fault)
    stage = root / STATE / _STAGE
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    try:
        steps = tuple(_staged(stage, number, change) for number, change in enumerate(due))
        _write_journal(root, steps)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        (root / STATE / _JOURNAL).unlink(missing_ok=True)
        raise
    _carry_out(root, steps)
    _forget(root)


def recover(root: Path) -> None:
    """Carries through a decided change that a crash interrupted; drops one that was not decided."""
    journal = root / STATE / _JOURNAL
    steps = _read_journal(journal)
    if steps is not None:
        _carry_out(root, steps)
    if journal.exists() or (root / STATE / _STAGE).exists():
        _forget(root)


def _staged(stage: Path, number: int, change: Change) -> _Step:
    if change.action is Action.DELETE or change.content is None:
        return _Step(change.path, None, change.old, None)
    name = f"{number:06d}"
    (stage / name).write_bytes(change.content)
    return _Step(change.path, name, change.old, sha256(change.content).hexdigest())


def _write_journal(root: Path, steps: tuple[_Step, ...]) -> None:
    journal = root / STATE / _JOURNAL
    partial = journal.with_suffix(".partial")
    checksum = sha256(msgspec.json.encode(steps)).hexdigest()
    with open(partial, "wb") as file:
        file.write(msgspec.json.encode(_Journal(steps, checksum)))
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, journal)


def _read_journal(journal: Path) -> tuple[_Step, ...] | None:
    try:
        stored = msgspec.json.decode(journal.read_bytes(), type=_Journal)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    whole = sha256(msgspec.json.encode(stored.steps)).hexdigest() == stored.checksum
    return stored.steps if whole else None


def _forget(root: Path) -> None:
    (root / STATE / _JOURNAL).unlink(missing_ok=True)
    shutil.rmtree(root / STATE / _STAGE, ignore_errors=True)


def _carry_out(root: Path, steps: Iterable[_Step]) -> None:
    emptied: set[str] = set()
    for step in steps:
        if paths.fault(step.path):
            raise Unsafe(step.path, paths.fault(step.path))
        present = disk.read(root, step.path)
        now = None if present is None else sha256(present).hexdigest()
        if now == step.new:
            continue
        if now != step.old:
            raise Unsafe(step.path, "changed while it was being replaced; run again")
        folder, _, name = step.path.rpartition("/")
        with _folder(root, folder, create=step.staged is not None) as descriptor:
            if step.staged is None:
                os.unlink(name, dir_fd=descriptor)
                emptied.add(folder)
            else:
                staged = root / STATE / _STAGE / step.staged
                os.replace(staged, name, dst_dir_fd=descriptor)
    for folder in sorted(emptied, reverse=True):
        _remove_empty(root, folder)


@contextmanager
def _folder(root: Path, folder: str, *, create: bool) -> Iterator[int]:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in folder.split("/"):
            if create:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=descriptor)
            try:
                inner = os.open(part, flags, dir_fd=descriptor)
            except OSError as error:
                raise Unsafe(folder, f"`{part}` is not a plain folder") from error
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _remove_empty(root: Path, folder: str) -> None:
    while folder and folder not in paths.OUTPUT_ROOTS:
        try:
            os.rmdir(root / folder)
        except OSError:
            return
        folder = folder.rpartition("/")[0]
