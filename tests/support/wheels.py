"""A package index without a network: wheels of what is installed here."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def pack(folder: Path, names: Iterable[str]) -> None:
    """Pack installed distributions, and all that they need, into wheels as they came."""
    for name in _closure(names):
        found = distribution(name)
        files = {str(each): Path(str(each.locate())) for each in found.files or ()}
        info = next(each.rpartition("/")[0] for each in files if each.endswith("/METADATA"))
        described = files[f"{info}/WHEEL"].read_text().splitlines()
        tags = [line.removeprefix("Tag: ") for line in described if line.startswith("Tag: ")]
        path = folder / f"{info.removesuffix('.dist-info')}-{_compressed(tags)}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for each, source in files.items():
                inside = not each.startswith(("..", "/")) and not each.endswith(".pyc")
                if inside and source.is_file():
                    archive.write(source, each)


def _compressed(tags: list[str]) -> str:
    """Tags as a wheel's name has them (PEP 425): each part's alternatives joined by dots."""
    parts = zip(*(each.split("-") for each in tags), strict=True)
    return "-".join(".".join(dict.fromkeys(each)) for each in parts)


def _closure(names: Iterable[str]) -> set[str]:
    """The names of installed distributions that requirements lead to, extras and all."""
    pending, seen = [Requirement(each) for each in names], set[tuple[str, str]]()
    while pending:
        wanted = pending.pop()
        for extra in ("", *wanted.extras):
            key = (canonicalize_name(wanted.name), extra)
            if key not in seen:
                seen.add(key)
                needed = map(Requirement, distribution(wanted.name).requires or ())
                asked = {"extra": extra}
                pending += [
                    each for each in needed if not each.marker or each.marker.evaluate(asked)
                ]
    return {name for name, _ in seen}
