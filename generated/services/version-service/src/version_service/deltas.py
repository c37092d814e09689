"""Differences between contents, as they are kept in place of whole ones.

A difference is JSON: a list of steps, each `[start, length]` of the earlier content, in bytes, or
new bytes in Base64.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from difflib import SequenceMatcher

_PIECE = re.compile(rb".*?(?:\},|$)", re.DOTALL)
_MOST_PIECES = 20_000
"""Pieces beyond which contents are compared by their beginnings and ends alone."""

Step = list[int] | str


def difference(old: bytes, new: bytes) -> bytes:
    """What makes the new content of the old one."""
    return json.dumps(list(_joined(_steps(old, new))), separators=(",", ":")).encode()


def applied(old: bytes, change: bytes) -> bytes:
    """The new content.

    Raises:
        ValueError: it is no difference, or one to a longer content.
    """
    found = bytearray()
    for step in json.loads(change):
        if isinstance(step, str):
            found += base64.b64decode(step, validate=True)
            continue
        start, length = (int(each) for each in step)
        if not 0 <= start <= start + length <= len(old):
            raise ValueError("a difference to another content")
        found += old[start : start + length]
    return bytes(found)


def _steps(old: bytes, new: bytes) -> Iterator[Step]:
    before, after = _PIECE.findall(old), _PIECE.findall(new)
    if max(len(before), len(after)) > _MOST_PIECES:
        yield from _trimmed(old, new, 0)
        return
    starts = [0]
    for each in before:
        starts.append(starts[-1] + len(each))
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, first, last, since, until in matcher.get_opcodes():
        start, end = starts[first], starts[last]
        if kind == "equal":
            yield [start, end - start]
        else:
            yield from _trimmed(old[start:end], b"".join(after[since:until]), start)


def _trimmed(old: bytes, new: bytes, start: int) -> Iterator[Step]:
    """One stretch for another, whose common beginning and end are taken over."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    yield [start, head]
    yield base64.b64encode(new[head : len(new) - tail]).decode()
    yield [start + len(old) - tail, tail]


def _common(one: bytes, other: bytes) -> int:
    """How many bytes at the beginning are the same."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def _joined(steps: Iterator[Step]) -> Iterator[Step]:
    """Without empty steps; stretches that follow each other are one."""
    last: Step | None = None
    for step in steps:
        if not step or (isinstance(step, list) and not step[1]):
            continue
        if isinstance(step, list) and isinstance(last, list) and last[0] + last[1] == step[0]:
            last = [last[0], last[1] + step[1]]
            continue
        if last is not None:
            yield last
        last = step
    if last is not None:
        yield last
