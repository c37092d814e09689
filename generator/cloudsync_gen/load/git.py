"""What git knows of the tree: files at a revision, and what is not committed. Reads, never writes.

Blobs come from `git cat-file --batch`: nothing is checked out or cloned, no index and no reference
is touched, and nothing is fetched. The repository may be a stranger's: what its own configuration
would have git execute is not executed.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from cloudsync_gen.source import is_text

INDEX = "GIT_INDEX_FILE"
"""githooks(5): git tells its hooks by this variable which index it is about to commit."""

MAX_BLOB = 16 * 1024 * 1024
_FILE_MODES = (b"100644", b"100755")
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.quotepath=false", "--no-optional-locks")
# a folder of a clone that looks like a repository has a configuration, too
_NOT_BARE = ("-c", "safe.bareRepository=explicit")
_OFFLINE = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": ""}
"""The third holds where git is older than the second, 2.44."""

_FILTERS = r"^filter\..*\.(clean|smudge|process|required)$"
_ITS_OWN = ("local", "worktree")
"""Scopes of configuration that lies in the repository."""

_SHA = re.compile(r"[0-9a-f]{7,64}")
_BACK = re.compile(r"(.+?)[~^](\d*)")


class GitFailed(Exception):
    """Why git did not answer, in a sentence with what to do."""


class Uncommitted(Struct, frozen=True):
    """Paths (relative to the root) that differ from the last commit, untracked ones included."""

    paths: frozenset[str]


def git(
    root: Path,
    *arguments: str,
    given: bytes = b"",
    committing: bool = False,
    configured: Mapping[str, str] | None = None,
) -> bytes:
    """What a git command prints; `committing`: of the index that a hook was told of, which is not
    the usual one while `git commit FILE` runs; `configured`: for this command. Raises `GitFailed`.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {**_OFFLINE, "LC_ALL": "C", **_as_environment(configured or {})}
    if committing and INDEX in os.environ:
        environment[INDEX] = os.path.abspath(os.environ[INDEX])
    try:
        done = subprocess.run(
            ["git", *_QUIET, *_NOT_BARE, *arguments],
            cwd=root,
            env=environment,
            input=given,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise GitFailed("git is not installed, or not on the PATH") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitFailed(said[-1] if said else f"git {arguments[0]} ended with {done.returncode}")
    return done.stdout


def _as_environment(configured: Mapping[str, str]) -> dict[str, str]:
    """As `-c` could not say it: there a name with `=` in it ends at that."""
    told = {"GIT_CONFIG_COUNT": str(len(configured))}
    for number, (key, value) in enumerate(configured.items()):
        told |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return told


def _without_filters(root: Path) -> dict[str, str]:
    """Configuration by which no command runs that the repository itself names as a filter. Raises
    `GitFailed`.
    """
    listed = git(root, "config", "--show-scope", "--list", "-z").split(b"\0")
    found: dict[str, str] = {}
    for scope, entry in zip(listed[::2], listed[1::2], strict=False):
        key = os.fsdecode(entry.partition(b"\n")[0])
        if scope.decode() in _ITS_OWN and re.fullmatch(_FILTERS, key, re.DOTALL):
            found[key] = "false" if key.endswith(".required") else ""
    return found


def is_repository(root: Path) -> bool:
    """Whether the folder lies in a work tree or repository. Raises `GitFailed` without git."""
    try:
        git(root, "rev-parse", "--git-dir")
    except GitFailed:
        git(root, "--version")
        return False
    return True


def commit_of(root: Path, revision: str) -> str:
    """The id of the commit that a revision names. Raises `GitFailed`, with the fetch that may help
    where the clone is shallow.
    """
    if revision.startswith("-") or not revision.isprintable():
        raise GitFailed(f"{revision!a} is no revision")
    if not is_repository(root):
        raise GitFailed("this is no git repository")
    try:
        found = git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    except GitFailed:
        raise GitFailed(f"git knows no commit `{revision}`{_remedy(root, revision)}") from None
    return found.decode().strip()


def _remedy(root: Path, revision: str) -> str:
    """The exact `git fetch`, where the clone is shallow or the revision is a remote's."""
    remotes = git(root, "remote").decode().split()
    if not remotes:
        return ""
    shallow = git(root, "rev-parse", "--is-shallow-repository").strip() == b"true"
    remote, _, branch = revision.partition("/")
    if remote in remotes and branch:
        depth = "--depth=1 " if shallow else ""
        refspec = f"{branch}:refs/remotes/{remote}/{branch}"
        return f"; fetch it: git fetch {depth}{remote} {refspec}"
    if not shallow:
        return f"; fetch it, if {remotes[0]} has it: git fetch {remotes[0]} {revision}"
    back = _BACK.fullmatch(revision)
    if back is not None:
        return f"; this clone is shallow: git fetch --deepen={int(back[2] or 1)} {remotes[0]}"
    what = revision if _SHA.fullmatch(revision) else f"tag {revision}"
    return f"; this clone is shallow: git fetch --depth=1 {remotes[0]} {what}"


def tree_at(root: Path, revision: str, folders: Iterable[str]) -> dict[str, bytes]:
    """Regular files below folders of the root at a revision, keyed by path relative to the root.

    Links and submodules are left out. Raises `GitFailed`.
    """
    commit = commit_of(root, revision)
    prefix = git(root, "rev-parse", "--show-prefix").decode().rstrip("\n")
    wanted = [f"{prefix}{folder}/" for folder in folders]
    listed = git(root, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *wanted)
    blobs: dict[str, str] = {}
    for line in filter(None, listed.split(b"\0")):
        facts, _, name = line.partition(b"\t")
        mode, kind, blob = facts.split()
        if kind == b"blob" and mode in _FILE_MODES:
            path = os.fsdecode(name).removeprefix(prefix)
            if not is_text(path):
                raise GitFailed(f"at {revision} a file has a name that is not UTF-8: {path!a}")
            blobs[path] = blob.decode()
    return _contents(root, blobs)


def _contents(root: Path, blobs: dict[str, str]) -> dict[str, bytes]:
    if not blobs:
        return {}
    names = "".join(f"{blob}\n" for blob in blobs.values()).encode()
    sizes = git(root, "cat-file", "--batch-check=%(objectsize)", given=names).split(b"\n")
    for path, said in zip(blobs, sizes, strict=False):
        if not said.isdigit():
            raise GitFailed(f"`{path}` of that revision is not in this clone; fetch it whole")
        if int(said) > MAX_BLOB:
            raise GitFailed(f"`{path}` is larger than {MAX_BLOB // 1024 // 1024} MiB")
    stream = git(root, "cat-file", "--batch", given=names)
    found: dict[str, bytes] = {}
    position = 0
    for path in blobs:
        begin = stream.index(b"\n", position) + 1
        size = int(stream[position:begin].split()[2])
        found[path] = stream[begin : begin + size]
        position = begin + size + 1
    return found


def is_committing() -> bool:
    """Whether git itself called, to commit."""
    return INDEX in os.environ


def tracked(root: Path, folders: Iterable[str]) -> frozenset[str]:
    """Paths (relative to the root) of what would be committed now. Raises `GitFailed`."""
    listed = git(root, "ls-files", "-z", "--", *folders, committing=True)
    return frozenset(os.fsdecode(each) for each in listed.split(b"\0") if each)


def untracked(root: Path, folders: Iterable[str]) -> frozenset[str]:
    """Paths (relative to the root) that would not be, ignored ones included. Raises `GitFailed`."""
    listed = git(root, "ls-files", "-z", "--others", "--", *folders, committing=True)
    return frozenset(os.fsdecode(each) for each in listed.split(b"\0") if each)


def staged(root: Path, patterns: Iterable[str]) -> bool:
    """Whether what would be committed differs from the last commit there; also where there is no
    last commit. Raises `GitFailed`.
    """
    try:
        head = git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
    except GitFailed:
        return True
    names = ("diff-index", "--cached", "--name-only", "--no-renames", head, "--", *patterns)
    return bool(git(root, *names, committing=True))


def uncommitted(root: Path, folders: Iterable[str]) -> Uncommitted | None:
    """What of these folders is not as committed; `None` without git or outside a work tree."""
    try:
        prefix = git(root, "rev-parse", "--show-prefix").decode().rstrip("\n")
        listed = git(
            root,
            *("status", "--porcelain=v1", "-z", "--untracked-files=all"),
            *("--ignore-submodules=all", "--", *folders),
            configured=_without_filters(root),
        )
    except GitFailed:
        return None
    found: set[str] = set()
    entries = iter(filter(None, listed.split(b"\0")))
    for entry in entries:
        found.add(os.fsdecode(entry[3:]).removeprefix(prefix))
        if entry[:1] in b"RC":
            found.add(os.fsdecode(next(entries, b"")).removeprefix(prefix))
    return Uncommitted(frozenset(found))
