"""Streams that a provider sends for as long as a copy runs, taken up again whenever they end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from pydantic import TypeAdapter

from cloudsync_chassis.client.errors import CallError
from cloudsync_chassis.logs import logger

Told = Mapping[str, Any]
ANSWER: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
"""An answer as the contract has it, whoever's messages they are."""

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0

log = logger("providers")


async def follow(
    name: str,
    stream: Callable[[], AsyncIterator[Told]],
    take: Callable[[Told], None],
    instead: Callable[[], Awaitable[float]] | None = None,
) -> None:
    """Take what streams send, until cancelled. One that ends is followed by the next; where none
    can be had it is tried again after growing pauses with full jitter, or after as many seconds as
    `instead` says, which does what it can without one. What is wrong is logged once.
    """
    pause, told = _FIRST_PAUSE, False
    while True:
        try:
            async for each in stream():
                take(each)
                pause, told = _FIRST_PAUSE, False
            wait = random.uniform(0, _FIRST_PAUSE)
        except CallError as error:
            if not told:
                log.warning("provider_silent", provider=name, error=error.told)
            told = True
            wait = random.uniform(0, pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            if instead is not None:
                wait = max(wait, await instead())
        await asyncio.sleep(wait)
