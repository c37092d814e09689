"""Words that lie elsewhere: bodies of documents, extracts of files. `PORTS.md` says where."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

_MOST = 1_000_000
"""Characters that an entry takes."""


class Texts(Protocol):
    """A store of texts by their references."""

    async def text(self, reference: str) -> str:
        """The words, cut to what an entry takes; none where nothing lies there."""
        ...


class TextFolder:
    """A folder with a file per reference; `suffix` is what the file's name has more."""

    def __init__(self, folder: Path, suffix: str = "") -> None:
        self._folder = folder
        self._suffix = suffix

    async def text(self, reference: str) -> str:
        """See `Texts.text`."""
        place = (self._folder / f"{reference}{self._suffix}").resolve()
        if not place.is_relative_to(self._folder.resolve()) or not place.is_file():
            return ""
        with place.open(encoding="utf-8", errors="replace") as file:
            return file.read(_MOST)
