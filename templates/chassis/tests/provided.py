"""A provider that tests drive: answers of its calls, streams that they feed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.errors import NoAnswerError, RefusedError
from cloudsync_chassis.client.rpc import RpcClient


class Provider(RpcClient):
    """Answers each operation with what `answers` says, and tells streams what `tell` is given."""

    def __init__(self) -> None:
        super().__init__("http://provider.invalid")
        self.asked: list[Call] = []
        self.answers: dict[str, Callable[[Call], Any]] = {}
        self.away = False
        self.streams: list[asyncio.Queue[Any]] = []

    async def call(self, request: Call, result: Any) -> Any:
        self.asked.append(request)
        if self.away:
            raise NoAnswerError(request, "away")
        answer = self.answers[request.operation](request)
        if isinstance(answer, int):
            raise RefusedError(request, answer, {"title": "no"})
        return answer

    async def stream(self, request: Call, result: Any) -> AsyncIterator[Any]:
        self.asked.append(request)
        if self.away:
            raise NoAnswerError(request, "away")
        queue: asyncio.Queue[Any] = asyncio.Queue()
        self.streams.append(queue)
        while (told := await queue.get()) is not None:
            if isinstance(told, int):
                raise RefusedError(request, told, {"title": "no"})
            yield told

    async def tell(self, told: Any) -> None:
        """Tell the newest stream, once there is one; None ends it, a number is a refusal."""
        await eventually(lambda: bool(self.streams))
        await self.streams[-1].put(told)
        await asyncio.sleep(0)


async def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Return once it holds.

    Raises:
        TimeoutError: it never does.
    """
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.005)
