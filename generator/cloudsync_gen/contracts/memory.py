"""What was made of a text, or found valid, once before: kept by content and by library version."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from cloudsync_gen.model.installed import version_of
from cloudsync_gen.model.memory import Memory


def remembered(
    memory: Memory, kind: str, library: str, content: bytes, make: Callable[[], Any]
) -> Any:
    """What `make` gives for `content`, kept for the installed version of `library`."""
    stamped = stamp(kind, library)
    hit = memory.get(stamped, content)
    if hit is not None:
        return hit.value
    value = make()
    memory.put(stamped, content, value)
    return value


def stamp(kind: str, library: str) -> str:
    """A kind of value as the installed version of a library makes it."""
    return f"{kind} {_version(library)}"


@cache
def _version(library: str) -> str:
    return f"{library} {version_of(library)}"
