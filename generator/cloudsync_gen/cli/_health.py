"""What `doctor` looks at, one function a question."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from cloudsync_gen.cli.settings import FILES, Misconfigured, settings
from cloudsync_gen.engine import disk, index, lock, write
from cloudsync_gen.engine.disk import Unsafe
from cloudsync_gen.engine.locks import STATE, is_plain
from cloudsync_gen.load.git import GitFailed, git, is_repository, uncommitted

OLDEST_PYTHON = (3, 11)
DISTRIBUTION = "cloudsync-gen"
_NAME = re.compile(r"^[A-Za-z0-9._-]+")
_MAX_NAMED = 3
FOLDERS = ("model", "contracts", "generated")


class Finding(Struct, frozen=True, kw_only=True):
    """An answer: `note` is worth knowing, `problem` stands in the way."""

    about: str
    state: Literal["ok", "note", "problem"]
    detail: str


def examine(root: str) -> list[Finding]:
    """All answers, in a fixed order."""
    folder = Path(root)
    questions = (_python, _packages, _templates, _configuration, _files)
    kept = (_state_folder, _index, _cache, _journal, _lock_shards, _git)
    found = [each for question in (*questions, *kept) for each in question(folder)]
    return [Finding(about=about, state=state, detail=detail) for about, state, detail in found]


_Answers = Iterator[tuple[str, Literal["ok", "note", "problem"], str]]


def _python(root: Path) -> _Answers:
    del root
    oldest = ".".join(map(str, OLDEST_PYTHON))
    if sys.version_info >= OLDEST_PYTHON:
        yield "python", "ok", f"{oldest} or newer"
    else:
        yield "python", "problem", f"older than {oldest}"


def requirements() -> tuple[str, ...]:
    """Names of the packages that the tool needs, extras left out."""
    try:
        wanted = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return ()
    names = (_NAME.match(each) for each in wanted if "extra ==" not in each)
    return tuple(sorted(found[0] for found in names if found))


def versions() -> dict[str, str]:
    """Name -> version of Python and of every package needed; `missing` where there is none."""
    found = {"python": sys.version.split()[0]}
    for name in (DISTRIBUTION, *requirements()):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


def _packages(root: Path) -> _Answers:
    del root
    installed = versions()
    missing = sorted(name for name, version in installed.items() if version == "missing")
    if missing:
        yield "packages", "problem", f"missing: {', '.join(missing)}; install the tool again"
    else:
        yield "packages", "ok", "all that are needed are installed"


def _templates(root: Path) -> _Answers:
    from cloudsync_gen.source import templates

    del root
    try:
        templates()
    except FileNotFoundError as error:
        yield "templates", "problem", str(error)
    else:
        yield "templates", "ok", "found"


def _configuration(root: Path) -> _Answers:
    try:
        settings(root)
    except Misconfigured as error:
        yield "configuration", "problem", str(error)
        return
    there = [name for name in FILES if (root / name).is_file()]
    yield "configuration", "ok", f"read from {' or '.join(there)}" if there else "none, defaults"


def _files(root: Path) -> _Answers:
    if not (root / "model" / "manifest.yaml").is_file():
        yield "model", "problem", "no model/manifest.yaml here; `cloudsync-gen init` writes one"
        return
    unreadable, links = [], []
    for path in _all_files(root, FOLDERS):
        if path.is_symlink():
            links.append(path.relative_to(root).as_posix())
        elif not os.access(path, os.R_OK):
            unreadable.append(path.relative_to(root).as_posix())
    if unreadable:
        yield "files", "problem", f"may not be read: {_listed(unreadable)}"
    if links:
        yield "files", "note", f"symbolic links, passed over or refused: {_listed(links)}"
    if not unreadable and not links:
        yield "files", "ok", "all can be read"


def _all_files(root: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    for folder in folders:
        for parent, inner, names in os.walk(root / folder):
            inner[:] = [name for name in inner if name not in ("__pycache__", ".venv")]
            links = [name for name in inner if os.path.islink(os.path.join(parent, name))]
            yield from (Path(parent) / name for name in (*names, *links))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return ", ".join(sorted(names)[:_MAX_NAMED]) + more


def _state_folder(root: Path) -> _Answers:
    folder = root / STATE
    if os.path.lexists(folder) and not is_plain(str(folder)):
        yield "state", "problem", f"{STATE} is not a plain folder; remove it"
    elif not os.access(folder if folder.exists() else root, os.W_OK):
        yield "state", "problem", f"{STATE} may not be written"


def _index(root: Path) -> _Answers:
    if not any((root / name).is_file() for name in (index.NAME, index.CHECKED)):
        yield "index", "ok", "none yet"
        return
    clean = [name for name in ("check", "generate") if index.is_clean(str(root), name)]
    said = f"clean for {' and '.join(clean)}" if clean else "out of date, the next run renews it"
    yield "index", "ok", said


def _cache(root: Path) -> _Answers:
    entries = [path for path in (root / STATE / "cache").glob("??/*") if path.is_file()]
    yield "cache", "ok", "holds entries" if entries else "empty"


def _journal(root: Path) -> _Answers:
    try:
        waiting = write.pending(root)
    except Unsafe as error:
        yield "journal", "problem", f"{error}; remove it"
        return
    if waiting:
        yield "journal", "note", "a run was interrupted; the next `generate` finishes its writing"
    else:
        yield "journal", "ok", "nothing unfinished"


def _lock_shards(root: Path) -> _Answers:
    try:
        shards = [p for p in disk.outputs(root) if p.startswith(f"{lock.FOLDER}/")]
        damaged = [p for p in shards if not _readable(disk.read(root, p) or b"")]
    except Unsafe as error:
        yield "lock", "problem", str(error)
        return
    if damaged:
        said = f"cannot be read: {_listed(damaged)}; take either side of the merge and generate"
        yield "lock", "problem", said
    else:
        yield "lock", "ok", f"{len(shards)} shards" if shards else "nothing generated yet"


def _readable(content: bytes) -> bool:
    try:
        stored = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    empty = isinstance(stored, dict) and stored.get("files") == {}
    return empty or bool(lock.read_shard(content))


def _git(root: Path) -> _Answers:
    try:
        if not is_repository(root):
            yield "git", "note", "this is no git repository"
            return
    except GitFailed as error:
        yield "git", "note", str(error)
        return
    changed = uncommitted(root, FOLDERS)
    if changed is None or not changed.paths:
        yield "git", "ok", "model and output are committed"
    else:
        yield "git", "note", f"not committed: {_listed([*changed.paths])}"
    try:
        tracked = git(root, "ls-files", "--", STATE).strip()
    except GitFailed:
        return
    if tracked:
        yield "git", "problem", f"{STATE} is committed; `git rm -r --cached {STATE}`"
