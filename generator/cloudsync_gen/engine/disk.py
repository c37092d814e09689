"""Reading the output folders: symbolic links are refused, not followed."""

from __future__ import annotations

import os
import stat
from functools import cached_property
from pathlib import Path

from cloudsync_gen.engine.paths import OUTPUT_ROOTS

_ESCAPED = "backslashreplace"
_PASSED_OVER = frozenset(("__pycache__", ".venv", ".pytest_cache", ".mypy_cache", ".ruff_cache"))

# a pipe is opened without waiting for somebody to write into it
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Unsafe(Exception):
    """A symbolic link or a special file where a plain file or folder belongs: exit code 4."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


class Reader:
    """Reads below one root. Each folder is looked at once: what happens meanwhile, `engine.write`
    looks for again.
    """

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._folders: dict[str, bool] = {"": True}

    def read(self, path: str) -> bytes | None:
        """Bytes of a file, `None` where there is none. Raises `Unsafe` for links and special
        files.
        """
        if not self._is_there(path.rpartition("/")[0], path):
            return None
        try:
            descriptor = os.open(f"{self._root}/{path}", _READ)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unsafe(path, "is a symbolic link or cannot be opened") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Unsafe(path, "is not a plain file")
        with open(descriptor, "rb", buffering=0) as file:
            return file.readall()

    def _is_there(self, folder: str, path: str) -> bool:
        known = self._folders.get(folder)
        if known is not None:
            return known
        above, _, name = folder.rpartition("/")
        there = self._is_there(above, path)
        if there:
            try:
                mode = os.lstat(f"{self._root}/{folder}").st_mode
            except FileNotFoundError:
                there = False
            else:
                if not stat.S_ISDIR(mode):
                    raise Unsafe(path, f"`{name}` is not a plain folder")
        self._folders[folder] = there
        return there

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Paths of all files below the output roots, sorted; caches of Python tools are passed
        over. A name that is not UTF-8, which no output has, is given with escapes.
        """
        found: list[str] = []
        pending = [*OUTPUT_ROOTS]
        while pending:
            folder = pending.pop()
            try:
                entries = os.scandir(f"{self._root}/{folder}")
            except (FileNotFoundError, NotADirectoryError):
                continue
            with entries:
                for entry in entries:
                    name = entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if name not in _PASSED_OVER and not name.endswith(".egg-info"):
                            pending.append(f"{folder}/{name}")
                    elif not name.endswith(".pyc"):
                        found.append(os.fsencode(f"{folder}/{name}").decode(errors=_ESCAPED))
        return tuple(sorted(found))


def read(root: Path, path: str) -> bytes | None:
    """Bytes of a file, `None` where there is none. Raises `Unsafe` for links and special files."""
    return Reader(root).read(path)


def outputs(root: Path) -> tuple[str, ...]:
    """Paths of all files below the output roots, sorted; caches of Python tools are passed over."""
    return Reader(root).outputs
