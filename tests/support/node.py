"""Node, and packages of `tests/node/`, installed once per lock into the cache that git ignores."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests" / "node"
NAMES = ("package.json", "package-lock.json")
TIMEOUT_SECONDS = 300


class Unreachable(AssertionError):
    """The packages could not be had: what needed them has not been run."""


def node(needed_for: str) -> str:
    """Node itself: of this environment, else of the machine."""
    return _program("node", needed_for)


def package(name: str, needed_for: str) -> Path:
    """The folder of an installed package. `needed_for` is what a failure says was not run."""
    content = b"".join((SOURCE / each).read_bytes() for each in NAMES)
    target = ROOT / ".cloudsync-gen" / "node" / sha256(content).hexdigest()[:16]
    if not target.is_dir():
        _install(target, needed_for)
    return target / "node_modules" / name


def _program(name: str, needed_for: str) -> str:
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise Unreachable(f"not run, since there is no {name}: {needed_for}")
    return found


def _install(target: Path, needed_for: str) -> None:
    npm, beside = _program("npm", needed_for), Path(sys.executable)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / "made"
        made.mkdir()
        for each in NAMES:
            shutil.copy(SOURCE / each, made)
        done = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=made,
            env={**os.environ, "PATH": f"{beside.parent}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode:
            raise Unreachable(f"not run, since npm failed: {needed_for}\n{done.stderr[-500:]}")
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():
                raise
