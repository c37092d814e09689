"""What is made when somebody asks for it, and notes what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cloudsync_gen.model.contracts import packed
from cloudsync_gen.model.reading import Read, Reading, Settled, into


class Packed:
    """A `model.contracts.Packing`. What the data is made of is dropped with its making. Who asks
    for it has not read that: what the data says is noted by itself.
    """

    __slots__ = ("_make", "_of", "_packed")

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._make: Callable[[], Mapping[str, Any]] | None = make
        self._packed = b""
        self._of: Settled | None = None

    def __call__(self) -> bytes:
        if self._make is not None:
            with into(Reading()) as reading:
                self._packed = packed(self._make())
            self._of = reading.settled()
            self._make = None
        return self._packed

    def taken(self) -> Read:
        """See `model.contracts.Packing`."""
        reading = Reading()
        if self._of is not None:
            reading.add(self._of)
        self._of = None
        return reading.read
