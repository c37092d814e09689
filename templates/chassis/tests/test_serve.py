"""A service as a process: starts, drains, stops, mints development tokens, migrates."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import pytest

PROGRAM = """
import asyncio, gc, sys
import bookshop
from cloudsync_chassis import serve

class Slow(bookshop.Books):
    async def appraise_book(self, ctx, request):
        await asyncio.sleep(0.1)
        return await super().appraise_book(ctx, request)

code = serve.main(bookshop.SERVICE, bookshop.BookSettings, lambda r: bookshop.build(r, Slow(r)))
if not sys.argv[1:]:
    print("kept", gc.get_freeze_count())
sys.exit(code)
"""


def environment(state: Path, **more: str) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    return {
        **inherited,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "CHASSIS_STATE_DIR": str(state),
        **more,
    }


def run(state: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env=environment(state, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def process(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=environment(tmp_path, CHASSIS_PORT=str(port), CHASSIS_DRAIN_PAUSE="1.5"),
        stdout=subprocess.PIPE,
    )
    yield started
    started.kill()
    started.communicate()


async def ready(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                if (await http.get("/health/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


async def test_a_stopping_service_says_so_and_answers_what_it_has_begun(
    process: subprocess.Popen[bytes], port: int
) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        await ready(http)
        url = "/v1/books/0190a0b0-0000-7000-8000-000000000001/appraise"
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.1)
        assert (await http.get("/health/ready")).status_code == 503
        assert (await http.get("/health/live")).status_code == 200
        begun = [asyncio.create_task(http.post(url)) for _ in range(5)]
        assert {each.status_code for each in await asyncio.gather(*begun)} == {501}
    process.wait(10)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/health/live")


async def test_a_full_collection_does_not_look_at_what_a_start_has_made(
    process: subprocess.Popen[bytes], port: int
) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        await ready(http)
    process.send_signal(signal.SIGTERM)
    told, _ = process.communicate(timeout=20)
    assert int(told.rpartition(b"kept ")[2]) > 50_000


def test_what_is_garbage_already_is_not_kept() -> None:
    program = """
import gc, weakref
from cloudsync_chassis import heap
class Thing: pass
gc.disable()
thing = Thing()
thing.itself = thing
seen = weakref.ref(thing)
del thing
heap.settle()
print(seen(), gc.get_freeze_count() > 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "None True\n"


async def test_a_development_token_opens_the_door(
    process: subprocess.Popen[bytes], tmp_path: Path, port: int
) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        await ready(http)
        organization = "0190a0b0-0000-7000-8000-000000000009"
        arguments = ("token", "--subject", "u1", "--organization", organization, "--role", "clerk")
        token = run(tmp_path, *arguments).stdout.strip()
        answer = await http.get("/v1/books", headers={"Authorization": f"Bearer {token}"})
        assert answer.json() == {"items": []}


def test_wrong_settings_end_the_start_without_showing_values(tmp_path: Path) -> None:
    done = run(tmp_path, BOOK_SERVICE_DATABASE_POOL="hunter2")
    assert done.returncode == 2
    assert done.stderr.startswith("settings: database_pool: ")
    assert "hunter2" not in done.stderr


def test_a_token_without_a_subject_is_for_somebody_new(tmp_path: Path) -> None:
    first, second = (run(tmp_path, "token", "--role", "clerk") for _ in range(2))
    told = [base64.urlsafe_b64decode(each.stdout.split(".")[1] + "==") for each in (first, second)]
    subjects = [json.loads(each)["sub"] for each in told]
    assert all(UUID(each).version == 7 for each in subjects)
    assert subjects[0] != subjects[1]


def test_no_token_is_made_where_another_issuer_is_trusted(tmp_path: Path) -> None:
    done = run(tmp_path, "token", "--subject", "u", CHASSIS_JWKS_URL="https://issuer.example/jwks")
    assert (done.returncode, done.stdout) == (2, "")


def test_migrate_prepares_the_embedded_database(tmp_path: Path) -> None:
    for _ in range(2):
        assert run(tmp_path, "migrate").returncode == 0
    with sqlite3.connect(tmp_path / "book-service" / "store.sqlite") as database:
        names = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
    assert {"books", "loans", "outbox", "inbox", "idempotency_keys", "event_sequences"} <= names


@contextmanager
def supervised(state: Path) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """A copy that was handed a socket down, once it has told that it serves."""
    ready, tells = os.pipe()
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        told = {
            "CHASSIS_LISTEN_FD": str(bound.fileno()),
            "CHASSIS_READY_FD": str(tells),
            "CHASSIS_STOP_WITH_STDIN": "true",
        }
        started = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env=environment(state, **told),
            pass_fds=(bound.fileno(), tells),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        os.close(tells)
        try:
            assert os.read(ready, 10) == b"\n"
            yield started, bound
        finally:
            os.close(ready)
            started.kill()
            started.communicate()


def test_a_copy_is_handed_its_socket_and_tells_that_it_serves(tmp_path: Path) -> None:
    with supervised(tmp_path) as (_, bound):
        port = bound.getsockname()[1]
        assert httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200


def test_a_service_ends_in_peace_with_whom_it_was_started_by(tmp_path: Path) -> None:
    with supervised(tmp_path) as (started, _):
        assert started.stdin is not None
        started.stdin.close()
        assert started.wait(30) == 0
