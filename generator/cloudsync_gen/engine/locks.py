"""The state folder below a root, and the hold that one run has on the tree.

Imports nothing heavy: the warm index stands on it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

STATE = ".cloudsync-gen"
_HOLD = "run.lock"
NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


class Busy(Exception):
    """Another run holds the tree."""


class NotAFolder(OSError):
    """Something else than a plain folder stands where the state belongs."""


def state(root: str) -> str:
    """Path of the state folder, made when it is missing; git is told to pass it over.

    Raises `NotAFolder` for a link or a file in its place, `OSError` where none can be made.
    """
    folder = os.path.join(root, STATE)
    if not is_plain(folder):
        try:
            os.mkdir(folder)
        except FileExistsError as error:
            raise NotAFolder(f"{STATE} is not a plain folder") from error
        with open(os.path.join(folder, ".gitignore"), "x", encoding="utf-8") as file:
            file.write("*\n")
    return folder


def is_plain(folder: str) -> bool:
    """Whether a folder is there, and is no symbolic link to one."""
    try:
        return stat.S_ISDIR(os.lstat(folder).st_mode)
    except OSError:
        return False


def new_file(path: str) -> int:
    """Descriptor of a file that this call makes; what was there, a link too, is unlinked, not
    written into. Raises `OSError`.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW
    try:
        return os.open(path, flags, 0o666)
    except FileExistsError:
        os.unlink(path)
        return os.open(path, flags, 0o666)


@contextmanager
def held(root: str) -> Iterator[None]:
    """Holds the tree for one run of this machine. Raises `Busy`, `OSError`.

    The hold goes with the process: a run that dies leaves none behind.
    """
    path = os.path.join(state(root), _HOLD)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | NOFOLLOW, 0o644)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    with suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Busy("another `cloudsync-gen` is writing here; wait for it to end") from error
