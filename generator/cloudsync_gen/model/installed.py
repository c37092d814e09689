"""Versions of installed libraries, told by the names of the folders that describe them.

`importlib.metadata` imports a reader of mail and a client of sockets, and reads more of a library
than its version, which is much to a run after one change.
"""

from __future__ import annotations

import os
import re
import sys
from functools import cache

_SEPARATORS = re.compile(r"[-_.]+")
_FOLDER = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)\.dist-info")


def version_of(library: str) -> str:
    """The version that would be imported. Raises `importlib.metadata.PackageNotFoundError`."""
    found = _described().get(_normal(library))
    if found is not None:
        return found
    from importlib.metadata import version

    return version(library)


@cache
def _described() -> dict[str, str]:
    """Of all libraries on the path of this Python; of two, the first is imported."""
    found: dict[str, str] = {}
    for place in sys.path:
        try:
            names = sorted(os.listdir(place)) if place.endswith("-packages") else ()
        except OSError:
            continue
        for name in names:
            match = _FOLDER.fullmatch(name)
            if match is not None:
                found.setdefault(_normal(match["name"]), match["version"])
    return found


def _normal(name: str) -> str:
    return _SEPARATORS.sub("_", name).lower()
