"""Words that lie elsewhere: bodies of documents, extracts of files. `PORTS.md` says where."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Protocol

_MOST = 1_000_000
"""Characters that an entry takes."""


class Texts(Protocol):
    """A store of texts by their references."""

    async def text(self, reference: str) -> str:
        """The words, cut to what an entry takes; none where nothing lies there."""
        ...


class BodyFolder:
    """A folder with a file per reference that holds the blocks of a document, as JSON."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def text(self, reference: str) -> str:
        """See `Texts.text`; a line for each block."""
        place = (self._folder / reference).resolve()
        if not place.is_relative_to(self._folder.resolve()) or not place.is_file():
            return ""
        blocks = json.loads(await asyncio.to_thread(place.read_bytes))
        return "\n".join(str(each.get("text", "")) for each in blocks)[:_MOST]


class TextFolder:
    """A folder with a file per reference."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def text(self, reference: str) -> str:
        """See `Texts.text`."""
        place = (self._folder / reference).resolve()
        if not place.is_relative_to(self._folder.resolve()) or not place.is_file():
            return ""
        with place.open(encoding="utf-8", errors="replace") as file:
            return file.read(_MOST)
