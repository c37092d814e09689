"""A repository of a stranger: whatever its configuration, attributes and hooks say, nothing of it
is executed when the tool asks git about it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cloudsync_gen.cli import main
from cloudsync_gen.load import git as load
from support.rules import BASE
from support.trees import read_tree, write_tree

COMMANDS = (
    ("breaking", "--against", "HEAD"),
    ("check", "--staged", "--format", "sarif"),
    ("generate", "--check", "--staged", "-j1"),
    ("generate", "--check", "-j1"),
    ("ci", "check", "breaking", "--against", "HEAD"),
    ("doctor",),
)
HOOKS = ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc")
IDENTITY = ("-c", "user.name=n", "-c", "user.email=a@b.example")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *IDENTITY, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def settings(touch: str) -> dict[str, str]:
    """Keys of git's configuration whose values it executes, or that lead to something that it
    does.
    """
    return {
        "core.fsmonitor": touch,
        "core.pager": touch,
        "core.editor": touch,
        "core.sshCommand": touch,
        "core.alternateRefsCommand": touch,
        "core.askPass": touch,
        "credential.helper": f"!{touch}",
        "gpg.program": touch,
        "log.showSignature": "true",
        "diff.external": touch,
        "diff.x.textconv": touch,
        "diff.x.command": touch,
        "filter.x.clean": f"{touch}; cat",
        "filter.x.smudge": f"{touch}; cat",
        "filter.x.required": "true",
        "filter.a=b.clean": f"{touch}; cat",
        "filter.long.process": touch,
        "merge.x.driver": touch,
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": f"ext::{touch}",
        "remote.origin.uploadpack": touch,
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
    }


ATTRIBUTES = "* filter=x diff=x merge=x\n*.yaml filter=a=b\n*.json filter=long\n"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Generated and committed, nothing hostile about it yet."""
    root = write_tree(tmp_path / "root", read_tree(BASE))
    assert main(["--root", str(root), "generate", "-j1"]) == 0
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    return root


def poisoned(root: Path, canary: Path) -> None:
    """All that git might execute; a blob that it would have to fetch; files that it must read
    again to know whether they have changed.
    """
    blob = git(root, "rev-parse", "HEAD:contracts/index.json")
    (root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    git(root, "config", "core.repositoryformatversion", "1")
    for key, value in settings(f"touch {canary}").items():
        git(root, "config", key, value)
    (root / ".gitattributes").write_text(ATTRIBUTES)
    for name in HOOKS:
        hook = root / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {canary}\n")
        hook.chmod(0o755)
    for path in (*root.glob("generated/docs/*.md"), *root.glob("contracts/**/*.*")):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    with (root / "generated/docs/ARCHITECTURE.md").open("a") as file:
        file.write("edited\n")


@pytest.fixture
def older_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 2.44 git knows no `GIT_NO_LAZY_FETCH`."""
    real = shutil.which("git")
    script = f'#!/bin/sh\nunset GIT_NO_LAZY_FETCH\nexec {real} "$@"\n'
    wrapper = write_tree(tmp_path / "bin", {"git": script}) / "git"
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")


@pytest.mark.usefixtures("older_git")
@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: " ".join(each[:2]))
def test_nothing_of_a_repository_is_executed(
    command: tuple[str, ...], root: Path, canary: Path
) -> None:
    poisoned(root, canary)
    assert main(["--root", str(root), *command]) in (0, 1, 3, 5)
    assert not canary.exists()


def test_what_is_set_there_would_be_executed(root: Path, canary: Path) -> None:
    poisoned(root, canary)
    for command in (("status",), ("cat-file", "-p", "HEAD:contracts/index.json")):
        subprocess.run(["git", *command], cwd=root, capture_output=True, check=False)
        assert canary.exists(), command
        canary.unlink()


def test_a_folder_that_looks_like_a_repository_is_none(root: Path, canary: Path) -> None:
    """Git takes a folder with the right names in it for a bare repository, configuration and all:
    a clone may bring one.
    """
    (root / ".git").rename(root / "inner")
    for path in (root / "inner").iterdir():
        path.rename(root / path.name)
    git(root, "config", "core.worktree", str(root))
    git(root, "config", "core.bare", "false")
    git(root, "config", "core.fsmonitor", f"touch {canary}")
    assert git(root, "rev-parse", "--git-dir")
    for command in COMMANDS:
        assert main(["--root", str(root), *command]) in (0, 1, 3, 5)
    assert load.is_repository(root) is False


def test_filters_of_the_person_who_runs_the_tool_are_used(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As git-lfs is set up: without its filter every file of its would count as changed."""
    home = write_tree(tmp_path / "home", {".gitconfig": '[filter "up"]\n\tclean = tr a-z A-Z\n'})
    monkeypatch.setenv("HOME", str(home))
    (root / ".gitattributes").write_text("*.md filter=up\n")
    git(root, "add", "-A", "--renormalize")
    git(root, "commit", "-q", "-m", "two")
    for path in root.glob("**/*.md"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    found = load.uncommitted(root, ("contracts", "generated"))
    assert found is not None
    assert found.paths == frozenset()
