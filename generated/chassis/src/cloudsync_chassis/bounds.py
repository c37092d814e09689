"""Bounds on JSON before it is parsed: a small text can cost much more than its size."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cloudsync_chassis.problem import not_valid

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"?|[][{},]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class JsonBounds:
    """At most `depth` arrays and objects within each other, at most `members` of all together."""

    depth: int = 64
    members: int = 100_000

    def check(self, content: bytes) -> None:
        """Refuse a text beyond the bounds; whether it is JSON at all is not asked.

        Raises:
            Problem: `validation-failed`.
        """
        opened = content.count(b"[") + content.count(b"{")
        if opened <= self.depth and opened + content.count(b",") <= self.members:
            return  # as strings can only add to the counts, nothing has to be read
        depth = members = 0
        for found in _TOKEN.finditer(content):
            token = found[0]
            if token in (b"[", b"{"):
                depth += 1
                members += 1
            elif token in (b"]", b"}"):
                depth -= 1
            elif token == b",":
                members += 1
            if depth > self.depth:
                raise not_valid(f"nested deeper than {self.depth}", pointer="")
            if members > self.members:
                raise not_valid(f"more than {self.members} members", pointer="")
