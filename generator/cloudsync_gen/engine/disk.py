"""Reading the output folders: symbolic links are refused, not followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from cloudsync_gen.engine.paths import OUTPUT_ROOTS

_PASSED_OVER = frozenset(("__pycache__", ".venv", ".pytest_cache", ".mypy_cache", ".ruff_cache"))

# a pipe is opened without waiting for somebody to write into it
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Unsafe(Exception):
    """A symbolic link or a special file where a plain file or folder belongs: exit code 4."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


def read(root: Path, path: str) -> bytes | None:
    """Bytes of a file, `None` where there is none. Raises `Unsafe` for links and special files."""
    current = root
    parts = path.split("/")
    for part in parts[:-1]:
        current = current / part
        try:
            mode = os.lstat(current).st_mode
        except FileNotFoundError:
            return None
        if not stat.S_ISDIR(mode):
            raise Unsafe(path, f"`{part}` is not a plain folder")
    try:
        descriptor = os.open(current / parts[-1], _READ)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unsafe(path, "is a symbolic link or cannot be opened") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unsafe(path, "is not a plain file")
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def outputs(root: Path) -> Iterator[str]:
    """Paths of all files below the output roots, sorted; caches of Python tools are passed over."""
    found: list[str] = []
    pending = [(root / folder, folder) for folder in OUTPUT_ROOTS]
    while pending:
        folder, name = pending.pop()
        try:
            entries = list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            path = f"{name}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _PASSED_OVER and not entry.name.endswith(".egg-info"):
                    pending.append((Path(entry.path), path))
            elif not entry.name.endswith(".pyc"):
                found.append(path)
    yield from sorted(found)
