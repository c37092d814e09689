"""Tells the watchers of this replica at once that something has changed."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from cloudsync_chassis import propagation
from cloudsync_chassis.context import Context


class Changes:
    """A bell: whoever took the coming stroke before looking misses no change."""

    def __init__(self) -> None:
        self._coming = asyncio.Event()

    def coming(self) -> asyncio.Event:
        """The next stroke."""
        return self._coming

    def strike_after(self, ctx: Context) -> None:
        """Strike once the operation has committed."""
        ctx.unit.after_commit(self._strike)

    def _strike(self) -> None:
        self._coming.set()
        self._coming = asyncio.Event()


async def heard(stroke: asyncio.Event, seconds: float) -> None:
    """Return with the stroke, at the latest after `seconds`: other replicas strike elsewhere.

    An operation that only reads holds no transaction meanwhile.
    """
    ctx = propagation.current.get()
    if ctx is not None:
        await ctx.unit.rest()
    with suppress(TimeoutError):
        await asyncio.wait_for(stroke.wait(), seconds)
