"""Files below the folder of the templates, and digests of them and of the tool's own code."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

import cloudsync_gen
from cloudsync_gen.source import templates


def resource(name: str) -> Path:
    """A file or folder below `templates/`. Raises `ValueError` for a name that leaves it."""
    if name.startswith("/") or ".." in name.split("/"):
        raise ValueError(f"not a template's name: {name!r}")
    return templates() / name


def names_below(folder: str) -> tuple[str, ...]:
    """Names (relative to `templates/`) of all files below one of its folders, sorted, caches left
    out.
    """
    root = templates()
    return tuple(
        sorted(
            path.relative_to(root).as_posix()
            for path in (root / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and not _cached(path)
        )
    )


def _cached(path: Path) -> bool:
    return any(part.startswith(".") and part.endswith("_cache") for part in path.parts)


@cache
def digest_of_templates(folder: str) -> bytes:
    """Digest of names and contents below `templates/<folder>`."""
    whole = sha256()
    for name in names_below(folder):
        content = (templates() / name).read_bytes()
        whole.update(f"{name}\0{len(content)}\0".encode() + content)
    return whole.digest()


@cache
def digest_of_package() -> bytes:
    """Digest of the tool's own code: any change of it makes every unit due again."""
    whole = sha256()
    package = Path(cloudsync_gen.__file__).parent
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        whole.update(f"{path.relative_to(package)}\0{len(content)}\0".encode() + content)
    return whole.digest()
