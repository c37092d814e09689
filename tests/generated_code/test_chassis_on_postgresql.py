"""The tests of the chassis, on the database that production has instead of the embedded one."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from cloudsync_chassis.store.database import Database

from support import postgres
from support.effort import Effort

ROOT = Path(__file__).parents[2]
STORES = ("test_aggregate.py", "test_audit.py", "test_event_store.py", "test_idempotency.py")
"""Of the small run: what locks, counts and takes names. Sealed fields are columns like others."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database of a server of its own."""
    with postgres.server(tmp_path_factory.mktemp("chassis")) as host:
        with psycopg.connect(f"postgresql://{host}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE shop")
        yield f"postgresql+psycopg://{host}/shop"


def test_the_chassis_does_on_postgresql_what_it_does_on_sqlite(
    url: str, effort: Effort, tmp_path: Path
) -> None:
    """What differs is locking, types and how a taken value is told."""
    tests = ROOT / "templates" / "chassis" / "tests"
    chosen = [str(tests)] if effort.full else [str(tests / name) for name in STORES]
    # documents lie in a table too; what keeps rows is asked first
    only = () if effort.full else ("-k", "not [document]")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *only, *chosen],
        cwd=ROOT,
        # pytest closes the folder above its own, in which servers run as another user
        env={**os.environ, "CHASSIS_TEST_POSTGRES": url, "PYTEST_DEBUG_TEMPROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) > effort.count(small=50, full=200)


def test_replicas_that_come_up_together_migrate_one_after_the_other(url: str) -> None:
    """Also where their pools have one connection, which what is done needs itself."""
    inside: list[str] = []

    async def migrate(replica: str) -> None:
        database = Database(url, pool=1)
        async with database.alone("migrate shop"):
            inside.append(replica)
            await database.ping()
            await asyncio.sleep(0.05)
            inside.append(replica)
        await database.dispose()

    async def all_at_once() -> None:
        await asyncio.gather(*(migrate(each) for each in "abc"))

    asyncio.run(all_at_once())
    assert [*inside[::2]] == [*inside[1::2]]
    assert sorted(inside[::2]) == ["a", "b", "c"]
