"""A git work tree with a model and its output, on which commands are tried."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.measure import Job, Spent, command

BIN = Path(sys.executable).parent
_OUTPUT = ("contracts", "generated", "model/.schema")
_STATE = ".cloudsync-gen"
_TITLE = re.compile(r"(?m)^(  name: )(?=[A-Z])")
_SUMMARY = re.compile(r"(?m)^( +summary: )(?=[A-Z])")


class Tree:
    """`put` writes the model into a folder."""

    def __init__(self, root: Path, put: Callable[[Path], None]) -> None:
        self.root = root
        put(root)
        shutil.rmtree(root / "model/.schema", ignore_errors=True)
        (root / ".gitignore").write_text(f"{_STATE}/\n")
        self._turn = 0

    def tool(self, *arguments: str, expect: int = 0) -> Job:
        return command([str(BIN / "cloudsync-gen"), *arguments], self.root, expect)

    def prepare(self) -> None:
        """Generated, known to git, its index warm."""
        self.tool("generate")()
        for line in (["init", "-q"], ["add", "-A"]):
            subprocess.run(["git", *line], cwd=self.root, check=True)
        self.tool("generate", "--check")()

    def cold(self, *arguments: str) -> Job:
        """Nothing is there but the model."""
        generate = self.tool("generate", *arguments)

        def job() -> Spent:
            self._forget(_STATE, *_OUTPUT)
            return generate()

        return job

    def cloned(self, *arguments: str) -> Job:
        """The output is there, and nothing is known of it."""
        check = self.tool("generate", "--check", *arguments)

        def job() -> Spent:
            self._forget(_STATE)
            return check()

        return job

    def checked_cold(self) -> Job:
        check = self.tool("check")

        def job() -> Spent:
            self._forget(_STATE)
            return check()

        return job

    def renamed(self, *arguments: str, layer: str = "04_application") -> Job:
        """After the name of an element was changed, which its output says."""
        return self._edited(layer, _TITLE, arguments)

    def described(self, *arguments: str) -> Job:
        """After what an operation is said to do was changed: its contract has to be judged anew."""
        return self._edited("06_api/rest-apis", _SUMMARY, arguments)

    def _edited(self, layer: str, place: re.Pattern[str], arguments: tuple[str, ...]) -> Job:
        path = next(
            path
            for path in sorted((self.root / "model").rglob("*.yaml"), reverse=True)
            if f"/{layer}/" in path.as_posix() and place.search(path.read_text(encoding="utf-8"))
        )
        original = path.read_text(encoding="utf-8")
        run = self.tool(*arguments)

        def job() -> Spent:
            self._turn += 1
            words = rf"\g<1>{'ABCDEFGHIJ'[self._turn % 10]}{'abcdefghij'[self._turn // 10 % 10]} "
            path.write_text(place.sub(words, original, count=1), encoding="utf-8")
            return run()

        return job

    def _forget(self, *names: str) -> None:
        for name in names:
            shutil.rmtree(self.root / name, ignore_errors=True)
