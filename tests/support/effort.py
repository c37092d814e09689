"""How much a test does."""

from __future__ import annotations


class Effort:
    """`make test` runs a small count, `make test-all` the full figure."""

    def __init__(self, full: bool) -> None:
        self.full = full

    def count(self, *, small: int, full: int) -> int:
        return full if self.full else small
