"""Where the templates lie: in the wheel beside the package, in a checkout at the repository's
root.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

import cloudsync_gen


@cache
def templates() -> Path:
    """Folder of all templates. Raises `FileNotFoundError` when the installation is damaged."""
    package = Path(cloudsync_gen.__file__).parent
    if (package / "_templates").is_dir():
        return package / "_templates"
    repository = package.parent.parent
    if (repository / "pyproject.toml").is_file() and (repository / "templates").is_dir():
        return repository / "templates"
    raise FileNotFoundError("the templates of cloudsync-gen are missing; install it again")


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
