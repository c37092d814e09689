"""A process that is told to stop: what it has begun it ends, and tells everybody else."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cloudsync_chassis.events.bus import InProcessBus
from cloudsync_chassis.testing import Running
from shop_messages import NAME, Book
from test_serve import environment, port, ready, run

__all__ = ["port"]

PROGRAM = """
import asyncio, os, sys
import bookshop, test_rpc
from cloudsync_chassis import serve
from cloudsync_chassis.events.outbox import Relay
from cloudsync_chassis.rpc.server import RpcServer

class Slow(bookshop.Books):
    async def list_book(self, ctx, request):
        await asyncio.sleep(float(os.environ["SLOW"]))
        return await super().list_book(ctx, request)

async def idle(self):
    await asyncio.sleep(3600)

Relay.run = idle  # so that nothing but the end of the process empties the outbox

def build(runtime):
    if "RPC" in os.environ:
        return RpcServer(runtime, [test_rpc.book_service(runtime, Slow(runtime))])
    return bookshop.build(runtime, Slow(runtime))

sys.exit(serve.main(bookshop.SERVICE, bookshop.BookSettings, build))
"""

Start = Callable[..., "subprocess.Popen[bytes]"]

ENDS_WITHIN = float(os.environ.get("CHASSIS_TEST_PATIENCE", "8"))
"""Seconds that the machine may take to end a process in which nothing is left to wait for."""


@pytest.fixture
def start(tmp_path: Path, port: int) -> Iterator[Start]:
    begun: list[subprocess.Popen[bytes]] = []

    def started(**more: str) -> subprocess.Popen[bytes]:
        found = {"CHASSIS_PORT": str(port), "CHASSIS_METRICS_PORT": "0", **more}
        begun.append(
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM],
                env=environment(tmp_path, **found),
                stdout=subprocess.DEVNULL,
            )
        )
        return begun[-1]

    yield started
    for each in begun:
        each.kill()
        each.wait()


def token(state: Path) -> dict[str, str]:
    organization = "0190a0b0-0000-7000-8000-000000000009"
    made = run(state, "token", "--organization", organization, "--role", "clerk")
    return {"Authorization": f"Bearer {made.stdout.strip()}"}


def published(state: Path) -> tuple[list[Any], list[Any]]:
    """(types on the bus, times of publication in the outbox)."""
    with sqlite3.connect(state / "bus.sqlite") as bus:
        types = bus.execute("SELECT json_extract(event, '$.type') FROM log").fetchall()
    with sqlite3.connect(state / "book-service" / "store.sqlite") as store:
        times = store.execute("SELECT published_at FROM outbox").fetchall()
    return [each[0] for each in types], [each[0] for each in times]


async def test_what_is_in_flight_ends_and_the_outbox_is_emptied(
    start: Start, port: int, tmp_path: Path
) -> None:
    process = start(SLOW="1.0", CHASSIS_DRAIN_PAUSE="0.6", CHASSIS_SHUTDOWN_GRACE="8")
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, headers=token(tmp_path)) as http:
        await ready(http)
        before = await http.get("/health/live")
        body = {"title": "Emma", "priceMinor": 700}
        begun = asyncio.create_task(http.post("/v1/books", json=body))
        await asyncio.sleep(0.2)
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        during = await http.get("/health/ready")
        answer = await begun
    assert (before.headers.get("connection"), during.status_code) == (None, 503)
    assert during.headers["connection"] == "close", "who comes now is sent elsewhere"
    assert answer.status_code == 201
    assert await asyncio.to_thread(process.wait, 20) == 0
    assert time.monotonic() - told < 8.6
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health/live")
    types, times = published(tmp_path)
    assert types == ["BookListed"]
    assert all(times)


async def test_what_never_ends_is_given_up_within_the_grace(
    start: Start, port: int, tmp_path: Path
) -> None:
    process = start(SLOW="600", CHASSIS_SHUTDOWN_GRACE="1.5")
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers=token(tmp_path), timeout=30
    ) as http:
        await ready(http)
        begun = asyncio.create_task(http.post("/v1/books", json={"title": "E", "priceMinor": 7}))
        await asyncio.sleep(0.2)
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 20) == 0
        assert time.monotonic() - told < 1.5 + ENDS_WITHIN
        answer = await begun
    assert (answer.status_code, answer.headers["connection"]) == (503, "close")
    assert answer.json()["type"].endswith("/unavailable")
    assert published(tmp_path) == ([], []), "and undone"


async def test_grpc_drains_alike(start: Start, port: int, tmp_path: Path) -> None:
    process = start(SLOW="1.0", RPC="1", CHASSIS_DRAIN_PAUSE="0.4", CHASSIS_SHUTDOWN_GRACE="8")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        async with asyncio.timeout(30):
            await channel.channel_ready()
        method: Any = channel.unary_unary(
            f"/{NAME}/ListBook",
            request_serializer=lambda each: each.SerializeToString(),
            response_deserializer=Book.FromString,
        )
        metadata = [("authorization", token(tmp_path)["Authorization"])]
        request = Book(title="Emma", price_minor=7)
        begun = method(request, metadata=metadata, timeout=10)
        await asyncio.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        stub: Any = health_pb2_grpc.HealthStub(channel)
        health = await stub.Check(health_pb2.HealthCheckRequest())
        assert health.status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert (await begun).title == "Emma"
        assert await asyncio.to_thread(process.wait, 20) == 0
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await method(request, metadata=metadata, timeout=1)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert published(tmp_path)[0] == ["BookListed"]


async def stuck(*_: Any) -> None:
    await asyncio.sleep(600)


async def broken(*_: Any) -> None:
    raise ConnectionError("no broker")


@pytest.mark.parametrize("publish", [stuck, broken])
async def test_a_bus_that_takes_nothing_holds_up_the_end_for_no_longer_than_its_share(
    table_shop: Running, monkeypatch: pytest.MonkeyPatch, publish: Callable[..., Awaitable[None]]
) -> None:
    runtime = table_shop.runtime
    runtime.settings = runtime.settings.model_copy(update={"shutdown_grace": 4.0})
    monkeypatch.setattr(InProcessBus, "publish", publish)
    headers = table_shop.caller("clerk").headers
    body = {"title": "Emma", "priceMinor": 700}
    assert (await table_shop.http.post("/v1/books", json=body, headers=headers)).is_success
    began = time.monotonic()
    await runtime.stop()
    assert time.monotonic() - began < 4.0 * 0.8
