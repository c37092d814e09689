"""Live: the process turns. Started: it has come up. Ready: it can serve now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

_PATIENCE = 1.0


class Health:
    """State of one service; `ping` raises unless its database answers."""

    def __init__(self, ping: Callable[[], Awaitable[None]]) -> None:
        self._ping = ping
        self.started = False
        self.stopping = False

    async def ready(self) -> bool:
        """Whether requests should be sent here: up, not about to stop, database at hand."""
        if not self.started or self.stopping:
            return False
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._ping()
        except Exception:
            # whatever the driver raises: the answer is no
            return False
        return True
