"""What time it is, so that tests of what happens in thirty days need not wait for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_ahead = timedelta()


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC) + _ahead


def advance(by: timedelta) -> None:
    """Let this process believe that it is later, for tests. Tokens and deadlines do not notice."""
    global _ahead
    _ahead += by


def reset() -> None:
    """Back to the time of the machine."""
    global _ahead
    _ahead = timedelta()
