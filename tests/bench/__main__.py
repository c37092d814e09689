"""`make bench`: the budgets of the design as ratios, each pair measured turn by turn in one run.

Rows are timed as whole processes, as a person or a hook would start them. What counts is the least
of some runs: noise of a machine only ever adds. Nothing here decides whether a test passes.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PYTHON = [sys.executable, "-c", "pass"]
DESCRIPTION = re.compile(r"(?m)^(  description: )(?=[A-Z])")
Job = Callable[[], object]


class Row(Struct, frozen=True):
    """`job` may take at most `budget` times as long as `yardstick`."""

    what: str
    job: Job
    measured_against: str
    yardstick: Job
    budget: float
    runs: int


class Measured(Struct, frozen=True):
    row: Row
    seconds: float
    yardstick_seconds: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.yardstick_seconds

    @property
    def kept(self) -> bool:
        return self.ratio <= self.row.budget


class Tree:
    """A git work tree with a model and its output, on which commands are tried."""

    def __init__(self, root: Path, model: Path) -> None:
        self.root = root
        shutil.copytree(model, root / "model")
        (root / ".gitignore").write_text(".cloudsync-gen/\n")
        self.edited = next(
            path
            for path in sorted((root / "model").rglob("*.yaml"), reverse=True)
            if "04_application" in path.parts and DESCRIPTION.search(path.read_text())
        )
        self.turn = 0

    def tool(self, *arguments: str, expect: int = 0) -> Job:
        return command([str(BIN / "cloudsync-gen"), *arguments], self.root, expect)

    def prepare(self) -> None:
        self.tool("generate")()
        command(["git", "init", "-q"], self.root)()
        command(["git", "add", "-A"], self.root)()
        self.tool("generate", "--check")()

    def cold(self, *arguments: str) -> Job:
        generate = self.tool("generate", *arguments)

        def job() -> None:
            for name in (".cloudsync-gen", "contracts", "generated"):
                shutil.rmtree(self.root / name, ignore_errors=True)
            self.timed(generate)

        return job

    def after_an_edit(self) -> None:
        self.turn += 1
        text = self.edited.read_text(encoding="utf-8")
        changed = DESCRIPTION.sub(rf"\g<1>Edit {self.turn}. ", text, count=1)
        self.edited.write_text(changed, encoding="utf-8")
        self.timed(self.tool("generate"))

    def timed(self, job: Job) -> None:
        """Only this part of a job counts, not the making of its conditions."""
        started = time.perf_counter()
        job()
        self.spent = time.perf_counter() - started


def command(line: list[str], folder: Path, expect: int = 0) -> Job:
    def job() -> None:
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != expect:
            sys.exit(f"{' '.join(line)} ended with {done.returncode}:\n{done.stderr}")

    return job


def rows(tree: Tree) -> Iterator[Row]:
    nothing = command(PYTHON, tree.root)
    status = command(["git", "status"], tree.root)

    def both() -> None:
        nothing()
        status()

    pair = "python -c pass + git status"
    yield Row("--help", tree.tool("--help"), "python -c pass", nothing, 3, 20)
    yield Row("usage error", tree.tool("-?", expect=2), "python -c pass", nothing, 3, 20)
    yield Row("nothing changed", tree.tool("generate", "--check"), pair, both, 2, 20)
    full = tree.cold("-j1")
    yield Row("one element changed", tree.after_an_edit, "cold full run", full, 0.05, 3)
    yield Row("cold, two workers", tree.cold("-j2"), "cold, one worker", full, 1 / 1.6, 3)


def least(job: Job, tree: Tree) -> float:
    started = time.perf_counter()
    tree.spent = 0.0
    job()
    return tree.spent or time.perf_counter() - started


def measure(row: Row, tree: Tree) -> Measured:
    ours, theirs = [], []
    for _ in range(row.runs):
        theirs.append(least(row.yardstick, tree))
        ours.append(least(row.job, tree))
    return Measured(row, min(ours), min(theirs))


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / "model", help="a folder `model`")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    options = parser.parse_args()
    print(f"{'what':<22}{'ms':>9}  {'against':<30}{'ms':>9}{'ratio':>8}{'budget':>8}")
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(Path(folder) / "tree", options.model)
        tree.prepare()
        for row in rows(tree):
            if options.only in row.what:
                done = measure(row, tree)
                print(
                    f"{row.what:<22}{done.seconds * 1e3:>9.1f}  {row.measured_against:<30}"
                    f"{done.yardstick_seconds * 1e3:>9.1f}{done.ratio:>8.2f}{row.budget:>8.2f}"
                    f"  {'ok' if done.kept else 'OVER'}"
                )


if __name__ == "__main__":
    main()
