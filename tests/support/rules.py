"""Fixtures of one rule: the nearest wrong and the nearest right model.

tests/rules/<folder of the rule>/<module of the rule>/
    bad/  ok/       each over the shared base: files that overlay it, and `edit.json`, which
                    replaces text in it: {path: {old: new}}, or {path: null} to remove a file
    expected.txt    what `bad` gives, one `file:line:col: CODE` a line; `ok` gives nothing
tests/rules/<folder of the rule>/_base/     optional, overlays the base for the whole folder, as
                                            files and as `edit.json`
"""

from __future__ import annotations

import json
from pathlib import Path

from msgspec import Struct

from cloudsync_gen import pipeline
from cloudsync_gen.engine.cache import Pack, Store
from support.trees import Files, edited, read_tree

BASE = Path(__file__).parents[1] / "models" / "lemonade"
EDIT = "edit.json"


def all_models() -> Files:
    """One model that uses as much of the format as there is: the base and every overlay."""
    tests = Path(__file__).parents[1]
    files = read_tree(BASE) | read_tree(tests / "overlays" / "stall")
    for overlay in sorted((tests / "rules").glob("*/_base")):
        files = laid_over(files, overlay)
    return files


class Finding(Struct, frozen=True, order=True):
    file: str
    line: int
    column: int
    code: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.code}"


def find_fixtures(folder: Path) -> list[Path]:
    """The folder of each rule below tests/rules/, sorted."""
    return sorted(
        path
        for path in folder.glob("*/*")
        if path.is_dir() and path.name != "_base" and not path.parent.name.startswith("_")
    )


def fixture_input(folder: Path, side: str, base: Path = BASE) -> Files:
    """The model of one side: base, the folder's `_base`, the side's own files, the side's edits."""
    return laid_over(laid_over(read_tree(base), folder.parent / "_base"), folder / side)


def laid_over(files: Files, folder: Path) -> Files:
    """`files` with those of a folder over them, and its edits applied."""
    both = files | read_tree(folder)
    edits = both.pop(EDIT, b"{}")
    return edited(both, json.loads(edits))


class Kept(Pack):
    """A pack that lies in memory and is never written."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._known: dict[str, bytes] = {}

    def read(self, key: str) -> bytes | None:
        return self._known.get(key)

    def write(self, key: str, content: bytes) -> None:
        self._known[key] = content


class Memory(Store):
    """Remembers what was made of texts from one check to the next: protoc runs once for each."""

    def __init__(self) -> None:
        super().__init__(None)
        self._known: dict[str, bytes] = {}
        self.__dict__["pack"] = Kept(self)

    def put_away(self) -> None:
        """The pack stays."""

    def read(self, key: str) -> bytes | None:
        return self._known.get(key)

    def write(self, key: str, content: bytes) -> None:
        self._known[key] = content


MEMORY = Memory()


def findings(files: Files) -> list[Finding]:
    """Everything that `check` finds, sorted."""
    checked = pipeline.check(files, store=MEMORY)
    spans = [(d.span or checked.sources.span(d.ref), d.code) for d in checked.diagnostics]
    return sorted(Finding(span.file, span.line, span.column, code) for span, code in spans)
