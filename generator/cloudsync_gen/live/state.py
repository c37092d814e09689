"""The state folder of services that run: the one place of `live` that makes files and removes them.

All of them lie in that folder, and none in the tree that `engine` writes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def state_folder(given: str | None) -> Iterator[Path]:
    """The folder that is named, made if it is not there, or one that is gone afterwards; for this
    user alone.
    """
    if given:
        folder = Path(given).resolve()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield folder
        return
    folder = Path(tempfile.mkdtemp(prefix="cloudsync-gen-up-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def log_path(state: Path, name: str) -> Path:
    """Where a service's output is kept."""
    return state / "logs" / f"{name}.log"


def appended(path: Path) -> BinaryIO:
    """A file to whose end is written; its folder is made."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path.open("ab")
