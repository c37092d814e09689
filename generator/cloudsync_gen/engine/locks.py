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


def new_file(path: str, folder: int | None = None) -> int:
    """Descriptor of a file that this call makes, below an opened folder where one is given; what
    was there, a link too, is unlinked, not written into. Raises `OSError`.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW
    try:
        return os.open(path, flags, 0o666, dir_fd=folder)
    except FileExistsError:
        os.unlink(path, dir_fd=folder)
        return os.open(path, flags, 0o666, dir_fd=folder)


@contextmanager
def plain_folder(root: str, folder: str, *, create: bool = False) -> Iterator[int]:
    """Descriptor of a folder below a root, opened step by step without following links: what is
    done below it is done there, whatever its path leads to meanwhile. Raises `NotAFolder`,
    `OSError`.
    """
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in filter(None, folder.split("/")):
            if create:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=descriptor)
            try:
                flags = os.O_RDONLY | os.O_DIRECTORY | NOFOLLOW
                inner = os.open(part, flags, dir_fd=descriptor)
            except OSError as error:
                raise NotAFolder(f"`{part}` is not a plain folder") from error
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def held(root: str) -> Iterator[None]:
    """Holds the tree for one run of this machine. Raises `Busy`, `OSError`.

    The hold goes with the process: a run that dies leaves none behind.
    """
    state(root)
    with plain_folder(root, STATE) as folder:
        descriptor = os.open(_HOLD, os.O_RDWR | os.O_CREAT | NOFOLLOW, 0o644, dir_fd=folder)
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
