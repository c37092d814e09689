"""Folders as values: posix path -> bytes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

Files = dict[str, bytes]
CACHES = frozenset({".cloudsync-gen", "__pycache__"})


def read_tree(root: Path, ignore: frozenset[str] = CACHES) -> Files:
    """Every file below `root`, apart from folders and files of an ignored name."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not ignore.intersection(path.relative_to(root).parts)
    }


def write_tree(root: Path, files: Mapping[str, bytes | str]) -> Path:
    """Lay `files` below `root`, which is made when missing."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def replace_tree(root: Path, files: Mapping[str, bytes]) -> None:
    """Make `root` hold exactly `files`; without any it is gone."""
    if root.exists():
        shutil.rmtree(root)
    if files:
        write_tree(root, files)


Edits = Mapping[str, Mapping[str, str] | None]
"""Path -> what to replace by what, or nothing to remove the file."""


def edited(files: Mapping[str, bytes], edits: Edits) -> Files:
    """`files` after `edits`; what is to be replaced stands there once, or it is a mistake."""
    after = dict(files)
    for name, changes in edits.items():
        if name not in after:
            raise ValueError(f"no {name} to edit")
        if changes is None:
            del after[name]
            continue
        text = after[name].decode()
        for old, new in changes.items():
            if text.count(old) != 1:
                raise ValueError(f"{name} holds {old!r} {text.count(old)} times, not once")
            text = text.replace(old, new)
        after[name] = text.encode()
    return after
