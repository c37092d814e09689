"""The tests of the chassis, on the database that production has instead of the embedded one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from support import postgres
from support.effort import Effort

ROOT = Path(__file__).parents[2]
STORES = (
    *("test_aggregate.py", "test_audit.py", "test_event_store.py", "test_field_keys.py"),
    *("test_idempotency.py", "test_store.py"),
)


def test_the_chassis_does_on_postgresql_what_it_does_on_sqlite(
    tmp_path_factory: pytest.TempPathFactory, effort: Effort
) -> None:
    """What differs is locking, types and how a taken value is told."""
    tests = ROOT / "templates" / "chassis" / "tests"
    chosen = [str(tests)] if effort.full else [str(tests / name) for name in STORES]
    with postgres.server(tmp_path_factory.mktemp("chassis")) as host:
        with psycopg.connect(f"postgresql://{host}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE shop")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen],
            cwd=ROOT,
            env={**os.environ, "CHASSIS_TEST_POSTGRES": f"postgresql+psycopg://{host}/shop"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-6000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) > effort.count(small=50, full=200)
