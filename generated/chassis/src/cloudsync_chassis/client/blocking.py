"""Calls from code that is not asynchronous: scripts, notebooks, workers of other frameworks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from cloudsync_chassis.client.attempts import Client

P = ParamSpec("P")
R = TypeVar("R")


class Blocking:
    """Waits for the answers of `clients`, which it closes at the end.

        with Blocking(client := FileClient(url)) as run:
            file = run(client.get_file, file_id=...)

    Argument and answer types are the method's own. Calls of several threads may overlap.
    """

    def __init__(self, *clients: Client) -> None:
        self._clients = clients
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            for client in self._clients:
                self(client.aclose)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def __call__(
        self, call: Callable[P, Coroutine[Any, Any, R]], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """The answer. Raises what the method raises."""
        return asyncio.run_coroutine_threadsafe(call(*args, **kwargs), self._loop).result()

    def each(
        self, call: Callable[P, AsyncIterator[R]], *args: P.args, **kwargs: P.kwargs
    ) -> Iterator[R]:
        """The answers of a method that streams, one by one."""
        answers = call(*args, **kwargs)
        try:
            while True:
                yield self(_next, answers)
        except StopAsyncIteration:
            return
        finally:
            self(_close, answers)


async def _next(answers: AsyncIterator[R]) -> R:
    return await anext(answers)


async def _close(answers: AsyncIterator[Any]) -> None:
    if isinstance(answers, AsyncGenerator):
        await answers.aclose()
