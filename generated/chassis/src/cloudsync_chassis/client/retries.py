"""Retry budget: how many attempts beyond the first a caller may spend on one callee."""

from __future__ import annotations

SHARE = 0.1
"""Retries per call, in the long run: a callee that is down gets a tenth more traffic, not four
times as much.
"""
MOST = 10.0
"""Retries that may be saved up; also what a caller begins with, so that its first ones may go."""


class RetryBudget:
    """A balance in retries. Each call pays in `share`, each retry takes out one."""

    def __init__(self, share: float = SHARE, most: float = MOST) -> None:
        self._share = share
        self._most = most
        self._balance = most

    @property
    def remaining(self) -> float:
        """What is left, from 0 to 1."""
        return self._balance / self._most

    def earn(self) -> None:
        """A first attempt is made."""
        self._balance = min(self._most, self._balance + self._share)

    def spend(self) -> bool:
        """Whether a retry may be made; if so it is paid for."""
        if self._balance < 1:
            return False
        self._balance -= 1
        return True
