"""Requests in a process of their own: over some connections, as fast as they are answered or at a
steady rate.

At a steady rate a request's time runs from the moment at which it was due, so that a server which
stalls is not spared the requests that waited meanwhile. A connection that is refused, or an answer
of another status than 200 or 201, ends the run: what fails is not fast.

    python -m bench.serving.load < job.json > told.json
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from itertools import cycle

import msgspec
from msgspec import Struct

_TOO_LONG = 30.0


class Request(Struct, frozen=True):
    """`token`: none sends no `Authorization`; `body`: JSON, none sends none."""

    method: str
    path: str
    token: str = ""
    body: str = ""

    def encoded(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", "host: 127.0.0.1"]
        if self.token:
            lines.append(f"authorization: Bearer {self.token}")
        if self.body:
            lines += ["content-type: application/json", f"content-length: {len(self.body)}"]
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()


class Run(Struct, frozen=True):
    """`requests` come round and round for `seconds`, or each `once`; `rate`: a second, 0 for as
    fast as they are answered."""

    port: int
    requests: tuple[Request, ...]
    connections: int = 16
    seconds: float = 0.0
    rate: float = 0.0
    bodies: bool = False


class Told(Struct, frozen=True):
    """`times` in seconds, one for each request; `answers` only where the run asks for bodies."""

    seconds: float
    times: tuple[float, ...]
    answers: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds

    def quantile(self, share: float) -> float:
        """Seconds within which this share of the requests was answered."""
        return sorted(self.times)[min(len(self.times) - 1, int(len(self.times) * share))]


class FailedError(Exception):
    """An answer was none."""


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, request: bytes) -> bytes:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        _, _, rest = head.lower().partition(b"content-length: ")
        body = await self._reader.readexactly(int(rest.partition(b"\r\n")[0] or b"0"))
        if head[9:12] not in (b"200", b"201"):
            raise FailedError((head + body)[:2000].decode(errors="replace"))
        return body

    def close(self) -> None:
        self._writer.close()


class _Turns:
    """The requests of a run, each with the moment at which it is due."""

    def __init__(self, run: Run) -> None:
        encoded = [each.encoded() for each in run.requests]
        self._requests: Iterator[bytes] = cycle(encoded) if run.seconds else iter(encoded)
        self._rate = run.rate
        self._given = 0
        self.began = time.perf_counter()
        self._end = self.began + run.seconds if run.seconds else float("inf")

    def __iter__(self) -> Iterator[tuple[bytes, float]]:
        for request in self._requests:
            due = time.perf_counter()
            if self._rate:
                due = self.began + self._given / self._rate
            if due >= self._end:
                return
            self._given += 1
            yield request, due


async def carried_out(run: Run) -> Told:
    """All of it.

    Raises:
        FailedError: a request was not answered with what it asked for.
    """
    opened = [
        _Connection(*await asyncio.open_connection("127.0.0.1", run.port))
        for _ in range(run.connections)
    ]
    turns = _Turns(run)
    shared = iter(turns)
    times: list[float] = []
    answers: list[str] = []

    async def work(connection: _Connection) -> None:
        for request, due in shared:
            await asyncio.sleep(max(0.0, due - time.perf_counter()) if run.rate else 0)
            body = await connection.ask(request)
            times.append(time.perf_counter() - due)
            if run.bodies:
                answers.append(body.decode())

    async with asyncio.timeout(run.seconds + _TOO_LONG):
        await asyncio.gather(*map(work, opened))
    seconds = time.perf_counter() - turns.began
    for each in opened:
        each.close()
    return Told(seconds, tuple(times), tuple(answers))


def main() -> None:
    run = msgspec.json.decode(sys.stdin.buffer.read(), type=Run)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(carried_out(run))))


if __name__ == "__main__":
    main()
