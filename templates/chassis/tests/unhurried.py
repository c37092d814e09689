"""Time that passes only where a test waits for it, so that no machine is too slow for the test."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def unhurried() -> Iterator[None]:
    """The loop does not sleep until its next timer: it moves the monotonic clock there.

    Work costs no time. Threads are not waited for: what is measured within must not need any, as
    the first token that is verified does, for which keys are read.
    """
    loop: Any = asyncio.get_running_loop()
    selector, now = loop._selector, time.monotonic()
    select = selector.select

    def jump(timeout: float | None = None) -> Any:
        nonlocal now
        found = select(0 if timeout else timeout)
        if timeout and not found:
            now += timeout + 1e-6  # timers come late, never early
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selector, "select", jump)
        patch.setattr(time, "monotonic", lambda: now)
        yield
