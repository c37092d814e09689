"""Where text comes from and where in it a value stands.

Values of every stage carry a `Ref` (file and pointer) and never a line number; a `SourceMap` turns
a `Ref` into a `Span` at the moment a diagnostic is printed. So values compare equal when somebody
adds a comment line, and no position is computed for text that nobody complains about.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath

from msgspec import Struct

Pointer = tuple[str | int, ...]
"""Steps from the root of a document: keys of mappings, indexes of sequences."""

Tree = Mapping[str, bytes]
"""Posix path relative to the root -> content; a disk, a git revision or a literal of a test."""

Located = Mapping[Pointer, tuple["Span", "Span | None"]]
"""Pointer -> (span of the value, span of its key or name where it has one)."""

Locator = Callable[[str, str], Located]
"""(path, text) -> positions of everything in that text."""


MAX_FILES = 200_000
MAX_BYTES = 16 * 1024 * 1024
"""Of one file: no reader of a format takes more, so no more is read."""
MAX_TREE = 1024 * 1024 * 1024
"""Bytes of all files together."""


def named(pointer: Pointer) -> tuple[str, ...]:
    """The keys of a pointer: which entry of a list it leads through may be another tomorrow."""
    return tuple(each for each in pointer if isinstance(each, str))


class TooMuch(OSError):
    """A model beyond what anybody writes: it is not read, so that it cannot fill the memory."""


@cache
def templates() -> Path:
    """Folder of all templates: in the wheel beside the package, in a checkout at its root.

    Raises:
        FileNotFoundError: the installation is damaged.
    """
    package = Path(__file__).parent
    if (package / "_templates").is_dir():
        return package / "_templates"
    repository = package.parent.parent
    if (repository / "pyproject.toml").is_file() and (repository / "templates").is_dir():
        return repository / "templates"
    raise FileNotFoundError("the templates of cloudsync-gen are missing; install it again")


class Span(Struct, frozen=True, order=True):
    """A stretch of text: lines and columns are 1-based, the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Ref(Struct, frozen=True, order=True):
    """The place of a value: its file and the pointer to it. `key` asks for its name, not its
    value.
    """

    file: str
    pointer: Pointer = ()
    key: bool = False

    def at(self, *tail: str | int) -> Ref:
        """The value below this one."""
        return Ref(self.file, (*self.pointer, *tail))

    def name(self, *tail: str | int) -> Ref:
        """The key (the name) of the value below this one."""
        return Ref(self.file, (*self.pointer, *tail), key=True)


class SourceMap:
    """Finds the line and column of a `Ref`, reading a file's positions the first time it is
    asked.
    """

    def __init__(
        self, tree: Tree, locators: Mapping[str, Locator], besides: Tree | None = None
    ) -> None:
        self._tree = tree
        self._besides = besides or {}
        self._locators = locators
        self._located: dict[str, Located] = {}

    def text(self, file: str) -> str | None:
        """The text of a file, `None` when it is not there or not UTF-8."""
        content = (self._besides if file in self._besides else self._tree).get(file)
        if content is None:
            return None
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def span(self, ref: Ref) -> Span:
        """The span of `ref`, or of its nearest ancestor that has one: a look-up never fails."""
        located = self._positions(ref.file)
        for length in range(len(ref.pointer), -1, -1):
            found = located.get(ref.pointer[:length])
            if found is None:
                continue
            value, key = found
            if length < len(ref.pointer) and key is not None:
                return key
            return key if ref.key and key is not None else value
        return Span(ref.file, 1, 1, 1, 1)

    def exact(self, ref: Ref) -> Span | None:
        """The span of `ref` itself, of its key where the ref asks for its name; `None` where it
        stands somewhere else, as what an alias means does, or spans more than a value does.
        """
        found = self._positions(ref.file).get(ref.pointer)
        if found is None:
            return None
        value, key = found
        return key if ref.key else value

    def _positions(self, file: str) -> Located:
        if file not in self._located:
            locate = self._locators.get(PurePosixPath(file).suffix)
            text = self.text(file)
            self._located[file] = locate(file, text) if locate and text is not None else {}
        return self._located[file]


def is_text(name: str) -> bool:
    """Whether a name of a file is UTF-8: others have surrogates for what is not (PEP 383)."""
    return not any("\ud800" <= char <= "\udfff" for char in name)


def files_below(root: Path, folder: str, *, hidden: bool = False) -> Iterator[str]:
    """Posix paths (relative to `root`) of the regular files below `root/folder`, sorted.

    Symbolic links are left out: a model from a stranger must not read files that are not its own.
    Dot files and dot folders are left out unless `hidden`. Raises `TooMuch`, and `OSError` for a
    name that is not UTF-8: no report could tell it.
    """
    if folder and (root / folder).is_symlink():
        return
    found: list[str] = []
    pending = [folder]
    while pending:
        current = pending.pop()
        try:
            entries = list(os.scandir(root / current))
        except (FileNotFoundError, NotADirectoryError):
            continue
        before = f"{current}/" if current else ""
        for entry in entries:
            if entry.name.startswith(".") and not hidden:
                continue
            if not is_text(entry.name):
                raise OSError(errno.EILSEQ, "its name is not UTF-8", entry.path)
            if entry.is_dir(follow_symlinks=False):
                pending.append(before + entry.name)
            elif entry.is_file(follow_symlinks=False):
                found.append(before + entry.name)
        if len(found) > MAX_FILES:
            raise TooMuch(errno.EFBIG, f"more than {MAX_FILES} files", str(root / folder))
    yield from sorted(found)


def _content(path: Path) -> bytes:
    """A buffer for the largest file that may be, made for each, would stay pages long."""
    with open(path, "rb") as file:
        size = min(os.fstat(file.fileno()).st_size, MAX_BYTES)
        content = file.read(size + 1)
        grown = len(content) > size
        return content + file.read(MAX_BYTES + 1 - len(content)) if grown else content


def contents_below(root: Path, folder: str) -> Iterator[tuple[str, bytes]]:
    """(path relative to `root`, bytes) of all regular files below `root/folder`, by path.

    Of a file larger than `MAX_BYTES` one byte more is read, which its reader complains of. Raises
    `TooMuch`, `OSError`.
    """
    left = MAX_TREE
    for path in files_below(root, folder):
        content = _content(root / path)
        left -= len(content)
        if left < 0:
            raise TooMuch(errno.EFBIG, f"more than {MAX_TREE} bytes", str(root / folder))
        yield path, content


def tree_from_disk(root: Path, folder: str) -> dict[str, bytes]:
    """`contents_below`, all at once."""
    return dict(contents_below(root, folder))
