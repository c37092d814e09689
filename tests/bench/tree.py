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
_DESCRIPTION = re.compile(r"(?m)^(  description: )(?=[A-Z])")
_PROPERTY = re.compile(r"(?m)^(    +description: )(?=[A-Z])")
_FIELDS = re.compile(r"(?m)^(    properties:\n)(?=      [a-z])")


def _one_more(word: str) -> str:
    name = f"oneMore{word}"
    return rf"\g<1>      {name}: {{type: boolean, x-classification: internal}}\n"


class Tree:
    """`put` writes the model into a folder."""

    def __init__(self, root: Path, put: Callable[[Path], None]) -> None:
        self.root = root
        put(root)
        shutil.rmtree(root / "model/.schema", ignore_errors=True)
        (root / ".gitignore").write_text(f"{_STATE}/\n")
        self._turn = 0
        self._edits: dict[Path, str] = {}

    def tool(self, *arguments: str, expect: int | None = 0) -> Job:
        return command([str(BIN / "cloudsync-gen"), *arguments], self.root, expect)

    def prepare(self) -> None:
        """Generated, known to git, its index warm."""
        self.tool("generate")()
        for line in (["init", "-q"], ["add", "-A"]):
            subprocess.run(["git", *line], cwd=self.root, check=True)
        self.tool("generate", "--check")()

    def settle(self) -> None:
        """Without the changes so far, generated."""
        for path, original in self._edits.items():
            path.write_text(original, encoding="utf-8")
        self._edits.clear()
        self.tool("generate")()

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
        """After what an element is said to be was changed."""
        return self._edited("04_application", _DESCRIPTION, arguments)

    def summarised(self, *arguments: str) -> Job:
        """After what an operation is said to do was changed: its contract is another."""
        return self._edited("06_api/rest-apis", _SUMMARY, arguments)

    def schema_described(self, *arguments: str) -> Job:
        """After what a property is said to be was changed, which schema and contracts tell."""
        return self._edited("07_data_model", _PROPERTY, arguments)

    def property_added(self, *arguments: str) -> Job:
        """After a schema got one more property, which its other forms lack."""
        return self._edited("07_data_model", _FIELDS, arguments, _one_more)

    def _edited(
        self,
        layer: str,
        place: re.Pattern[str],
        arguments: tuple[str, ...],
        words: Callable[[str], str] = r"\g<1>{} ".format,
    ) -> Job:
        path = next(
            path
            for path in sorted((self.root / "model").rglob("*.yaml"), reverse=True)
            if f"/{layer}/" in path.as_posix() and place.search(path.read_text(encoding="utf-8"))
        )
        original = path.read_text(encoding="utf-8")
        found = None if "--check" in arguments or words is _one_more else 0
        run = self.tool(*arguments, expect=found)

        def job() -> Spent:
            self._turn += 1
            word = f"{'ABCDEFGHIJ'[self._turn % 10]}{'abcdefghij'[self._turn // 10 % 10]}"
            self._edits[path] = original
            path.write_text(place.sub(words(word), original, count=1), encoding="utf-8")
            return run()

        return job

    def _forget(self, *names: str) -> None:
        for name in names:
            shutil.rmtree(self.root / name, ignore_errors=True)
