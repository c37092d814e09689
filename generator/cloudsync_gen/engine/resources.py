"""Files below the folder of the templates, and digests of them and of the tool's own code."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import cloudsync_gen
from cloudsync_gen.source import templates

if TYPE_CHECKING:
    from hashlib import _Hash


def resource(name: str) -> Path:
    """A file or folder below `templates/`. Raises `ValueError` for a name that leaves it."""
    if name.startswith("/") or ".." in name.split("/"):
        raise ValueError(f"not a template's name: {name!r}")
    return templates() / name


def names_below(folder: str) -> tuple[str, ...]:
    """Names (relative to `templates/`) of all files below one of its folders, sorted, caches left
    out.
    """
    return tuple(sorted(_below(str(templates()), "" if folder == "." else folder)))


def _below(root: str, folder: str) -> Iterator[str]:
    try:
        entries = [*os.scandir(f"{root}/{folder}")]
    except FileNotFoundError:
        return
    for entry in entries:
        name = entry.name
        if name != "__pycache__" and not (name.startswith(".") and name.endswith("_cache")):
            path = f"{folder}/{name}" if folder else name
            if entry.is_dir(follow_symlinks=False):
                yield from _below(root, path)
            elif entry.is_file():
                yield path


@cache
def digest_of_templates(folder: str) -> bytes:
    """Digest of names and contents below `templates/<folder>`."""
    whole = sha256()
    _take(whole, str(templates()), names_below(folder))
    return whole.digest()


@cache
def digest_of_package() -> bytes:
    """Digest of the tool's own code: any change of it makes every unit due again."""
    whole = sha256()
    package = str(Path(cloudsync_gen.__file__).parent)
    _take(whole, package, sorted(each for each in _below(package, "") if each.endswith(".py")))
    return whole.digest()


def _take(whole: _Hash, root: str, names: Iterable[str]) -> None:
    for name in names:
        with open(f"{root}/{name}", "rb") as file:
            content = file.read()
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
