"""A company's repository with a model, whose commits the published hooks judge, offline."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from support import plain_yaml
from support.trees import write_tree

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
GOALS = "model/01_motivation/goals.yaml"
RIGHT, WRONG = "stakeholder.customer", "stakeholder.custmer"
VALUES = "model/07_data_model/common/values.yaml"

OFFLINE = """
import sys

def refuse(event, arguments):
    far = event == "socket.getaddrinfo"
    if event == "socket.connect":
        far = not isinstance(arguments[1], (str, bytes))  # a path is no network
    if far:
        raise PermissionError("the network is refused")

sys.addaudithook(refuse)
"""


def published() -> list[dict[str, Any]]:
    """What .pre-commit-hooks.yaml offers."""
    hooks: list[dict[str, Any]] = plain_yaml.load((ROOT / ".pre-commit-hooks.yaml").read_text())
    return hooks


def local(**more: object) -> dict[str, Any]:
    """The hooks out of this environment, so that nothing has to be installed."""
    hooks = [
        {k: v for k, v in hook.items() if k != "minimum_pre_commit_version"}
        | {"language": "system", "entry": f"{shlex.quote(str(BIN))}/{hook['entry']}", **more}
        for hook in published()
    ]
    return {"repos": [{"repo": "local", "hooks": hooks}]}


class Repository:
    """A git repository; `commit` says whether it came about, and what was said."""

    def __init__(self, root: Path, aside: Path) -> None:
        """`aside`: a folder for what must not lie in the repository."""
        self.root = root
        write_tree(aside / "offline", {"sitecustomize.py": OFFLINE})
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PRE_COMMIT"))}
        paths = [str(aside / "offline"), os.environ.get("PYTHONPATH", "")]
        self.env = kept | {
            "PRE_COMMIT_HOME": str(aside / "pre-commit"),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "NO_COLOR": "1",
        }
        self.env |= {f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER")
                     for what in ("NAME", "EMAIL")}  # fmt: skip

    @classmethod
    def begun(cls, root: Path, aside: Path) -> Repository:
        """One in which a model has been begun and generated, and nothing is committed."""
        made = cls(root, aside)
        made.root.mkdir()
        made.git("init", "-q", "-b", "main")
        made.tool("init", "--name", "parcels")
        made.tool("generate")
        return made

    def run(
        self, *command: str, check: bool = True, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            cwd=cwd or self.root,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done

    def start(self, *command: str) -> subprocess.Popen[str]:
        """The command in a process group of its own, as a shell starts it."""
        out, err = subprocess.PIPE, subprocess.STDOUT
        return subprocess.Popen(
            command, cwd=self.root, env=self.env, stdout=out, stderr=err, text=True,
            start_new_session=True,
        )  # fmt: skip

    def git(self, *arguments: str) -> str:
        return self.run("git", *arguments).stdout

    def tool(self, *arguments: str) -> None:
        self.run(str(BIN / "cloudsync-gen"), *arguments)

    def install(self, config: Mapping[str, Any]) -> None:
        """Writes and installs the hooks."""
        write_tree(self.root, {".pre-commit-config.yaml": yaml.safe_dump(dict(config))})
        types = [f"--hook-type={each}" for each in ("pre-commit", "pre-merge-commit")]
        self.run(str(BIN / "pre-commit"), "install", *types)

    def only(self, *ids: str) -> None:
        """Of the hooks that are there, these run from now on."""
        self.env["SKIP"] = ",".join(hook["id"] for hook in published() if hook["id"] not in ids)

    def commit(self, *arguments: str, cwd: Path | None = None) -> tuple[bool, str]:
        """`git commit` of what is staged."""
        command = ("git", "commit", "-q", "-m", "change", *arguments)
        done = self.run(*command, check=False, cwd=cwd)
        return done.returncode == 0, done.stdout + done.stderr

    def text(self, file: str) -> str:
        return (self.root / file).read_text()

    def edit(self, file: str, old: str, new: str, *, stage: bool = True) -> None:
        path = self.root / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        if stage:
            self.git("add", "--", file)
