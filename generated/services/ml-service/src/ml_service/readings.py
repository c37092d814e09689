"""What versions took and decided lately, as this replica has seen it."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from statistics import median
from uuid import UUID

_KEPT = 1_000
_SLOT = 600
"""Seconds whose answers are looked at together."""

_WEEK = 7 * 86_400 // _SLOT
_FEWEST_SLOTS, _FEWEST_ANSWERS = 6, 20
_TIMES = 3.0
_NEVER = 0.01
"""A version that refuses nobody may begin to."""


class Readings:
    """Seconds and refusals of each version."""

    def __init__(self) -> None:
        self._seconds: dict[UUID, deque[float]] = {}
        self._slots: dict[UUID, dict[int, tuple[int, int]]] = {}

    def note(self, version: UUID, at: datetime, seconds: float, refused: bool) -> None:
        """One answer; of seconds the last thousand are known, of refusals those of a week."""
        self._seconds.setdefault(version, deque(maxlen=_KEPT)).append(seconds)
        slots = self._slots.setdefault(version, {})
        slot = _slot(at)
        no, all_ = slots.get(slot, (0, 0))
        slots[slot] = (no + refused, all_ + 1)
        for old in [each for each in slots if each < slot - _WEEK]:
            del slots[old]

    def slowest(self, version: UUID) -> float | None:
        """The 95th percentile of the seconds; None where nothing is known."""
        known = sorted(self._seconds.get(version, ()))
        return known[min(len(known) - 1, len(known) * 95 // 100)] if known else None

    def refusals(self, version: UUID) -> float:
        """The share of refusals within the week."""
        slots = self._slots.get(version, {}).values()
        return sum(no for no, _ in slots) / max(1, sum(all_ for _, all_ in slots))

    def is_alarming(self, version: UUID, now: datetime) -> bool:
        """Whether the ten minutes that ended last saw more than three times as many refusals as the
        median of the week, if there was enough of both.
        """
        slots, last = self._slots.get(version, {}), _slot(now) - 1
        no, all_ = slots.get(last, (0, 0))
        before = [a / b for slot, (a, b) in slots.items() if slot < last]
        if all_ < _FEWEST_ANSWERS or len(before) < _FEWEST_SLOTS:
            return False
        return no / all_ > _TIMES * max(median(before), _NEVER)


def _slot(at: datetime) -> int:
    return int(at.timestamp()) // _SLOT
