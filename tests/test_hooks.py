"""The published hooks, run by the real pre-commit in a real repository of another company."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.rules import BASE
from support.trees import write_tree

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
GOALS = "model/01_motivation/goals.yaml"
CONTRACT = "model/06_api/rest-apis/recipe.openapi.yaml"
SCHEMA = "model/.schema/motivation.json"


def published() -> list[dict[str, Any]]:
    """What .pre-commit-hooks.yaml offers."""
    hooks: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    return hooks


def local() -> dict[str, Any]:
    """The same hooks out of this environment, so that nothing is installed from the network."""
    hooks = [
        {k: v for k, v in hook.items() if k != "minimum_pre_commit_version"}
        | {"language": "system", "entry": f"{BIN}/{hook['entry']}"}
        for hook in published()
    ]
    return {"repos": [{"repo": "local", "hooks": hooks}]}


class Repository:
    """A git repository with hooks; `commit` says whether it came about and what was said."""

    def __init__(self, root: Path) -> None:
        self.root = root
        outside = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PRE_COMMIT"))}
        self.env = outside | {"PRE_COMMIT_HOME": str(root.parent / "pre-commit"), "NO_COLOR": "1"}
        self.env |= {f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER")
                     for what in ("NAME", "EMAIL")}  # fmt: skip
        self.run("git", "init", "-q", "-b", "main")
        write_tree(root, {".pre-commit-config.yaml": yaml.safe_dump(local())})
        self.run(str(BIN / "pre-commit"), "install")

    def run(self, *command: str) -> None:
        subprocess.run(command, cwd=self.root, env=self.env, check=True, capture_output=True)

    def tool(self, *arguments: str) -> None:
        self.run(str(BIN / "cloudsync-gen"), *arguments)

    def commit(self) -> tuple[bool, str]:
        self.run("git", "add", "-A")
        command = ["git", "commit", "-q", "-m", "change"]
        done = subprocess.run(
            command, cwd=self.root, env=self.env, capture_output=True, text=True, check=False
        )
        return done.returncode == 0, done.stdout + done.stderr

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """One whose model and output are committed already."""
    root = tmp_path / "company"
    shutil.copytree(BASE / "model", root / "model")
    there = Repository(root)
    there.tool("generate")
    committed, said = there.commit()
    assert committed, said
    return there


def test_the_hooks_of_the_issue_are_published() -> None:
    ids = {hook["id"]: hook["entry"] for hook in published()}
    assert ids == {
        "cloudsync-check": "cloudsync-gen check",
        "cloudsync-generate": "cloudsync-gen generate --check",
    }
    assert {hook["language"] for hook in published()} == {"python"}


def test_a_broken_line_is_told_where_it_stands(repository: Repository) -> None:
    repository.edit(GOALS, "stakeholder.elder-child", "stakeholder.elder-chlid")
    committed, said = repository.commit()
    assert not committed
    assert f"{GOALS}:8:7: error[LNK001]" in said


def test_a_changed_model_needs_its_output(repository: Repository) -> None:
    repository.edit(CONTRACT, "summary: ", "summary: Better ")
    committed, said = repository.commit()
    assert not committed
    assert "cloudsync-generate" in said
    repository.tool("generate")
    committed, said = repository.commit()
    assert committed, said


def test_an_edited_output_is_refused(repository: Repository) -> None:
    repository.edit(SCHEMA, "{", "{ ")
    committed, said = repository.commit()
    assert not committed
    assert SCHEMA in said


def test_a_commit_elsewhere_runs_no_hook(repository: Repository) -> None:
    write_tree(repository.root, {"NOTES.md": "Sugar is out.\n"})
    committed, said = repository.commit()
    assert committed
    assert said.count("Skipped") == 2
