"""Results that come one after the other, made by a task of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

import anyio

T = TypeVar("T")

Send = Callable[[T], Awaitable[None]]


async def apart(produce: Callable[[Send[T]], Awaitable[None]]) -> AsyncGenerator[T]:
    """What `produce` sends, each when somebody takes it; raises what that raises.

    It runs in one task from beginning to end, which ends with the generator: what it begins there,
    a transaction or a span, it also ends there, whoever takes the results.
    """
    outlet, inlet = anyio.create_memory_object_stream[T](0)

    async def work() -> None:
        with outlet:
            await produce(outlet.send)

    task = asyncio.create_task(work())
    try:
        with inlet:
            async for each in inlet:
                yield each
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
