"""How much a test does."""

from __future__ import annotations


class Effort:
    """`make test` runs a small count, `make test-all` the full figure. `seed`: what random changes
    are drawn by, where it is not each test's own.
    """

    def __init__(self, full: bool, seed: int | None = None) -> None:
        self.full = full
        self.seed = seed

    def count(self, *, small: int, full: int) -> int:
        return full if self.full else small
