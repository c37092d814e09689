"""Bulkhead: how much of this service one callee may hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError


class Bulkhead:
    """At most `places` calls at once; None: as many as come.

    Nobody queues: who would wait for a slow callee holds a place of the caller's own callers.
    """

    def __init__(self, places: int | None) -> None:
        self.places = places
        self.in_use = 0

    @contextmanager
    def place(self, call: Call, refused: Callable[[], None]) -> Iterator[None]:
        """Hold a place for as long as the block runs, however it ends.

        Raises:
            NoAnswerError: all places are taken, which `refused` is told; the callee is not asked.
        """
        if self.places is not None and self.in_use >= self.places:
            refused()
            raise NoAnswerError(call, f"{self.places} calls are under way already")
        self.in_use += 1
        try:
            yield
        finally:
            self.in_use -= 1
