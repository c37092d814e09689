"""The pool of connections as a bulkhead: bounded, waited for within the deadline, never lost."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

import bookshop
from cloudsync_chassis import faults
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.database import Database, _engine_options
from cloudsync_chassis.testing import isolated, running
from unhurried import unhurried

WAIT = 0.05


async def crowd(pool: int, holds: list[float]) -> tuple[list[int], list[float], int]:
    """Everybody wants a connection for a while: (in use each time, waits refused, left in use)."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder)}/x.sqlite", pool=pool, wait=WAIT)
        in_use: list[int] = []
        refused: list[float] = []

        async def hold(seconds: float) -> None:
            began = time.monotonic()
            try:
                async with database.transaction(write=False):
                    in_use.append(database.in_use)
                    await asyncio.sleep(seconds)
            except PoolTimeoutError:
                refused.append(time.monotonic() - began)

        await asyncio.gather(*map(hold, holds))
        left = database.in_use
        await database.dispose()
    return in_use, refused, left


@given(
    pool=st.integers(1, 3),
    holds=st.lists(st.sampled_from([0.0, 0.005, 0.04, 0.12]), min_size=1, max_size=8),
)
@settings(max_examples=12, deadline=None)
def test_no_more_connections_than_the_pool_has_and_none_is_lost(
    pool: int, holds: list[float]
) -> None:
    in_use, refused, left = asyncio.run(crowd(pool, holds))
    assert max(in_use) <= pool
    assert len(in_use) + len(refused) == len(holds)
    assert all(each >= WAIT * 0.9 for each in refused)
    assert left == 0


async def test_who_waits_too_long_is_told_so_before_the_deadline(tmp_path: Path) -> None:
    """503 with a time to come back, well before the 504 that says nothing."""
    hasty = {"X-Timeout-Ms": "150"}
    made = bookshop.BookSettings(**isolated(tmp_path), database_pool=1, database_wait=5.0)
    runtime = Runtime(bookshop.SERVICE, made)
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as shop:
        headers = shop.caller("clerk").headers
        assert (await shop.http.get("/v1/books", headers=headers)).is_success, "has read its keys"
        async with runtime.database.transaction(write=False):
            with unhurried():
                began = time.monotonic()
                answer = await shop.http.get("/v1/books", headers={**headers, **hasty})
                assert time.monotonic() - began < 0.15
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["type"].endswith("/unavailable")
        assert (await shop.http.get("/v1/books", headers=headers)).status_code == 200


async def test_the_wait_is_bounded_where_no_deadline_is(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.sqlite", pool=1, wait=WAIT)
    async with database.transaction(write=False):
        with pytest.raises(PoolTimeoutError, match="no connection came free, of 1") as refused:
            await database.ping()
    assert faults.of_exception(refused.value).kind.status == 503
    await database.ping()
    await database.dispose()


@pytest.mark.parametrize("sqlite", [True, False])
def test_the_models_pool_is_the_whole_pool(sqlite: bool) -> None:
    options: dict[str, Any] = _engine_options(sqlite, 20, 1.5)
    assert (options["pool_size"], options["max_overflow"], options["pool_timeout"]) == (20, 0, 1.5)
