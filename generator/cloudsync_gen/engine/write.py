"""The only module that changes the user's tree: all or nothing, by a journal.

Everything is staged beside the tree first, so that a full disk or a crash leaves it as it was; then
what is to be replaced is looked at once more. Then a journal names every step; from its last byte
on the change counts as decided, and a run that finds a journal carries it through before it does
anything else. Folders are opened one by one without following links, and files are replaced below
those descriptors: a folder that becomes a symbolic link in between is refused, not followed.

The state folder may come from a stranger, with the tree: a journal is believed only as far as a
plan of this tool could go.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from cloudsync_gen.engine import disk, paths
from cloudsync_gen.engine.disk import Unsafe
from cloudsync_gen.engine.locks import (
    STATE,
    NotAFolder,
    held,
    is_plain,
    new_file,
    plain_folder,
    state,
)
from cloudsync_gen.model.artefacts import Action, Change

_STAGE = f"{STATE}/stage"
_JOURNAL = f"{STATE}/journal"
_STAGED = re.compile(r"[0-9]{6,}")


class _Step(Struct, frozen=True):
    path: str
    staged: str | None
    old: str | None
    new: str | None


class _Journal(Struct, frozen=True):
    steps: tuple[_Step, ...]
    checksum: str


def make_root(root: Path) -> None:
    """A folder that somebody named. Raises `OSError`."""
    root.mkdir(parents=True, exist_ok=True)


def add_to_file(path: Path, text: str) -> None:
    """Adds to the end of a file that somebody named. Raises `OSError`."""
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def replace_file(path: Path, text: str) -> None:
    """Writes a file that somebody named: a plain file appears whole or not at all, anything else
    (a device, a pipe) is written into. Raises `OSError`.
    """
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    target = path.resolve()  # through a link, as the shell's `>` goes
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with open(new_file(str(partial)), "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def replace_files(base: Path, folder: str, texts: Mapping[str, str]) -> None:
    """Writes files whose names nobody chose into a folder below `base`, made where it is missing: a
    link in their place, or on the way there, is not followed. Raises `Unsafe`, `OSError`.
    """
    if folder.split("/")[0] == STATE:
        _state_in(base)
    with _folder(base, folder, create=True) as descriptor:
        for name, text in texts.items():
            partial = f".{name}.{os.getpid()}"
            with open(new_file(partial, descriptor), "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(partial, name, src_dir_fd=descriptor, dst_dir_fd=descriptor)


def _state_in(root: Path) -> None:
    """Makes the state folder where it is missing. Raises `Unsafe`, `OSError`."""
    try:
        state(str(root))
    except NotAFolder as error:
        raise Unsafe(STATE, "is not a plain folder") from error


@contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Holds the tree for one run; finishes or drops what a broken run left. Raises `Busy`,
    `Unsafe`, `OSError`.
    """
    try:
        with held(str(root)):
            recover(root)
            yield
    except NotAFolder as error:
        raise Unsafe(STATE, "is not a plain folder") from error


def apply(root: Path, changes: Iterable[Change], edits: Iterable[Change] = ()) -> None:
    """Carries out all creations, updates and deletions, or none. Raises `Unsafe`, `OSError`.

    `changes` are of outputs, `edits` of the model, which people own: only what they asked for by a
    command belongs there. Call inside `exclusive`.
    """
    due = [
        (change, fault)
        for group, fault in ((changes, paths.fault), (edits, paths.source_fault))
        for change in group
        if change.action in (Action.CREATE, Action.UPDATE, Action.DELETE)
    ]
    if not due:
        return
    for change, fault in due:
        if fault(change.path):
            raise Unsafe(change.path, fault(change.path))
    _drop(root)
    try:
        with _folder(root, _STAGE, create=True) as stage:
            steps = tuple(_staged(stage, number, change) for number, (change, _) in enumerate(due))
            for step in steps:
                _look_again(root, step)
            _write_journal(root, stage, steps)
    except BaseException:
        _drop(root)
        raise
    _carry_out(root, steps, recovering=False)
    _drop(root)


def recover(root: Path) -> None:
    """Carries through a decided change that a crash interrupted; drops one that was not decided."""
    steps = _read_journal(root)
    if steps is not None:
        _carry_out(root, steps, recovering=True)
    _drop(root)


def _staged(stage: int, number: int, change: Change) -> _Step:
    if change.action is Action.DELETE or change.content is None:
        return _Step(change.path, None, change.old, None)
    name, content = f"{number:06d}", change.content()
    with open(new_file(name, stage), "wb") as file:
        file.write(content)
    return _Step(change.path, name, change.old, sha256(content).hexdigest())


def _look_again(root: Path, step: _Step) -> None:
    """Refuses what would stop half-way: a file changed since it was planned, a closed folder."""
    if _now(root, step.path) != step.old:
        raise Unsafe(step.path, "changed while it was being replaced; run again")
    folder = (root / step.path).parent
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Unsafe(step.path, "its folder may not be written")


def _now(root: Path, path: str) -> str | None:
    present = disk.read(root, path)
    return None if present is None else sha256(present).hexdigest()


def _write_journal(root: Path, stage: int, steps: tuple[_Step, ...]) -> None:
    """As `_Journal` is read, piece by piece: of a large model it has as many bytes as memory that
    nobody needs otherwise by then.
    """
    whole = sha256()
    with open(new_file("journal", stage), "wb") as file:
        file.write(b'{"steps":')
        for piece in _encoded(steps):
            whole.update(piece)
            file.write(piece)
        file.write(b',"checksum":"%s"}' % whole.hexdigest().encode())
        file.flush()
        os.fsync(file.fileno())
    with _folder(root, STATE, create=False) as state:
        os.replace("journal", "journal", src_dir_fd=stage, dst_dir_fd=state)


def _encoded(steps: tuple[_Step, ...]) -> Iterator[bytes]:
    """The bytes of `msgspec.json.encode(steps)`."""
    encode, before = msgspec.json.Encoder().encode, b"["
    for step in steps:
        yield before + encode(step)
        before = b","
    yield b"]" if steps else b"[]"


def pending(root: Path) -> bool:
    """Whether a decided change waits to be carried through."""
    return _read_journal(root) is not None


def _read_journal(root: Path) -> tuple[_Step, ...] | None:
    content = disk.read(root, _JOURNAL)
    try:
        stored = msgspec.json.decode(content or b"", type=_Journal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    whole = sha256(msgspec.json.encode(stored.steps)).hexdigest() == stored.checksum
    return stored.steps if whole and is_plain(str(root / _STAGE)) else None


def _drop(root: Path) -> None:
    """Forgets journal and stage; a link in their place is unlinked, not followed."""
    if not os.path.lexists(root / STATE):
        return
    with _folder(root, STATE, create=False) as state:
        with suppress(FileNotFoundError):
            os.unlink("journal", dir_fd=state)
        try:
            mode = os.lstat("stage", dir_fd=state).st_mode
        except FileNotFoundError:
            return
        if stat.S_ISDIR(mode):
            shutil.rmtree("stage", dir_fd=state)
        else:
            os.unlink("stage", dir_fd=state)


def _carry_out(root: Path, steps: Iterable[_Step], *, recovering: bool) -> None:
    """`recovering`: somebody may have changed files since; theirs are left, `generate` tells."""
    emptied: set[str] = set()
    for step in steps:
        if paths.fault(step.path) and paths.source_fault(step.path):
            raise Unsafe(step.path, paths.fault(step.path))
        now = _now(root, step.path)
        if now == step.new:
            continue
        if step.staged is not None and not _STAGED.fullmatch(step.staged):
            raise Unsafe(STATE, "its journal was not written by this tool; delete it")
        if recovering and (now != step.old or _used_up(root, step)):
            continue
        if now != step.old:
            raise Unsafe(step.path, "changed while it was being replaced; run again")
        folder, _, name = step.path.rpartition("/")
        with _folder(root, folder, create=step.staged is not None) as descriptor:
            if step.staged is None:
                os.unlink(name, dir_fd=descriptor)
                emptied.add(folder)
            else:
                with _folder(root, _STAGE, create=False) as stage:
                    os.replace(step.staged, name, src_dir_fd=stage, dst_dir_fd=descriptor)
    for folder in sorted(emptied, reverse=True):
        _remove_empty(root, folder)


def _used_up(root: Path, step: _Step) -> bool:
    """Whether the step was carried out already, and its file removed by somebody since."""
    return step.staged is not None and not (root / _STAGE / step.staged).is_file()


@contextmanager
def _folder(root: Path, folder: str, *, create: bool) -> Iterator[int]:
    try:
        with plain_folder(str(root), folder, create=create) as descriptor:
            yield descriptor
    except NotAFolder as error:
        raise Unsafe(folder, str(error)) from error


def _remove_empty(root: Path, folder: str) -> None:
    while folder and folder not in (*paths.OUTPUT_ROOTS, paths.SOURCE_ROOT):
        try:
            os.rmdir(root / folder)
        except OSError:
            return
        folder = folder.rpartition("/")[0]
