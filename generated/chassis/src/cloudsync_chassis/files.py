"""Files of the state folder: secrets are mode 0600 and made at most once, even by two processes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def private_folder(path: Path) -> Path:
    """The folder, made with mode 0700 if it is missing."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def create_once(path: Path, content: bytes) -> bool:
    """Write a new file of mode 0600 completely or not at all; False if it exists already."""
    staged = _staged(path, content)
    try:
        os.link(staged, path)
    except FileExistsError:
        return False
    finally:
        staged.unlink()
    return True


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Put a file in place of another in one step."""
    staged = _staged(path, content)
    staged.chmod(mode)
    os.replace(staged, path)


def secret_bytes(path: Path, length: int = 32) -> bytes:
    """Random bytes kept in `path`; made at the first call of whichever process comes first."""
    if not path.exists():
        create_once(path, os.urandom(length))
    return path.read_bytes()


def _staged(path: Path, content: bytes) -> Path:
    private_folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "wb") as staged:
        staged.write(content)
        staged.flush()
        os.fsync(staged.fileno())
    return Path(name)
