"""Which paths an artefact may have. A name from a model never leads outside, and never over
another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from cloudsync_gen.diagnostics import Diagnostic, Severity
from cloudsync_gen.engine.lock import BASE
from cloudsync_gen.source import Ref

OUTPUT_ROOTS = ("contracts", "generated", "model/.schema")
"""Folders, relative to the root, that the tool writes; nothing outside them is ever touched."""

SOURCE_ROOT = "model"
CONFIGURATION = "cloudsync-gen.toml"
OWNERS = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")
"""Where code hosts look for the owners of files."""
EXPORT_ROOT = "documentation-robotics"
"""Folder, relative to the one that an export is asked into, that it writes."""

MAX_PATH = 240
MAX_NAME = 120
_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.+@=-]*")
_WINDOWS = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_FORBIDDEN = frozenset((".git", ".github", ".gitlab", ".hg", ".svn"))


def fault(path: str) -> str:
    """Why `path` may not be written, or an empty string."""
    if not any(path.startswith(root + "/") for root in OUTPUT_ROOTS):
        return f"outside {', '.join(OUTPUT_ROOTS)}"
    return _unusable(path)


def source_fault(path: str) -> str:
    """Why a command that edits the model, or exports it, may not write `path`, or an empty
    string.
    """
    if path in OWNERS:
        return ""
    hidden = any(name.startswith(".") for name in path.split("/"))
    roots = (f"{SOURCE_ROOT}/", f"{EXPORT_ROOT}/")
    if hidden or not (path.startswith(roots) or path == CONFIGURATION):
        return f"is neither below {SOURCE_ROOT}/ nor {CONFIGURATION}"
    return _unusable(path)


def _unusable(path: str) -> str:
    if len(path.removeprefix(f"{BASE}/")) > MAX_PATH:
        return f"longer than {MAX_PATH} characters"
    return next(filter(None, map(_unusable_name, path.split("/"))), "")


@lru_cache(maxsize=65536)
def _unusable_name(name: str) -> str:
    if name in ("", ".", ".."):
        return "has an empty or relative step"
    if len(name) > MAX_NAME:
        return f"has a name longer than {MAX_NAME} characters"
    if not _NAME.fullmatch(name):
        return f"has the unusable name {name!r}"
    if name.endswith((".", " ")) or _WINDOWS.fullmatch(name):
        return f"has the name {name!r}, which Windows reserves"
    if name.lower() in _FORBIDDEN:
        return f"would write into `{name}`"
    return ""


def collisions(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of paths that are one file, or a file and its folder, on a case-insensitive disk."""
    seen: dict[str, str] = {}
    ordered = sorted(paths)
    for path in ordered:
        earlier = seen.setdefault(path.casefold(), path)
        if earlier is not path:
            yield earlier, path
    above: dict[str, list[str]] = {"": []}

    def files_above(folder: str) -> list[str]:
        if folder not in above:
            own = [seen[folder.casefold()]] if folder.casefold() in seen else []
            above[folder] = own + files_above(folder.rpartition("/")[0])
        return above[folder]

    for path in ordered:
        for earlier in files_above(path.rpartition("/")[0]):
            yield earlier, path


def findings(paths: Iterable[str]) -> list[Diagnostic]:
    """What is wrong with the paths of generated files."""
    written = tuple(paths)
    found = [(path, why) for path in written if (why := fault(path))]
    found += [(path, f"is one file with `{other}`") for other, path in collisions(written)]
    return [
        Diagnostic(
            code="GEN001",
            name="unusable-path",
            severity=Severity.ERROR,
            ref=Ref("model/manifest.yaml"),
            message=f"a generated file cannot be called `{path}`: {why}",
            hint="rename the element that it is named after",
        )
        for path, why in found
    ]
