"""Changes of a model's text at places drawn by lot: single faults, and what is no fault at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TypeVar

from msgspec import Struct, toml

from support.trees import Files


class Change(Struct, frozen=True, forbid_unknown_fields=True):
    """`find` becomes `put` in a file whose path ends in what `file` matches."""

    name: str
    file: str
    find: str
    put: str


class Breaker(Change, frozen=True, kw_only=True):
    """A mistake, which `code` finds in the line where the group `at` of `find` begins, or the whole
    of it.
    """

    code: str


class Changed(Struct, frozen=True):
    """A model with one change, and where that is: `file:line`."""

    files: Files
    place: str


C = TypeVar("C", bound=Change)


def read(file: Path, kind: type[C]) -> list[C]:
    """The changes that a file lists, whatever its one table is called."""
    (rows,) = toml.decode(file.read_bytes(), type=dict[str, list[kind]]).values()  # type: ignore[valid-type]
    return rows


def changed(change: Change, files: Files, number: int, seed: int) -> Iterator[Changed]:
    """The change at up to `number` different places of the model, the same for the same seed."""
    pattern = re.compile(change.find)
    places = [
        (name, match)
        for name in sorted(files)
        if re.search(f"^model/.*{change.file}$", name)
        for match in pattern.finditer(files[name].decode())
    ]
    for name, match in Random(seed).sample(places, min(number, len(places))):
        text = match.string
        after = text[: match.start()] + match.expand(change.put) + text[match.end() :]
        begins = match.start("at" if "at" in pattern.groupindex else 0)
        line = 1 + text.count("\n", 0, begins)
        yield Changed({**files, name: after.encode()}, f"{name}:{line}")
