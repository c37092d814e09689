"""What a service does without until it needs it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cloudsync_chassis.client.base import ServiceClient

SERVED = """
import sys
import cloudsync_chassis.serve, cloudsync_chassis.web.app
from cloudsync_chassis.expressions import Rule
assert Rule("1 + 1 == 2").holds()
print(*(set(sys.argv[1:]) & set(sys.modules)))
"""


def test_who_serves_loads_neither_migrations_nor_another_dialect_nor_a_command_line() -> None:
    heavy = ("alembic", "typer", "cel.cli", "cedarpy", "grpc", "sqlalchemy.dialects.postgresql")
    traced = ("opentelemetry.sdk", "opentelemetry.exporter", "requests")
    run = subprocess.run(
        [sys.executable, "-c", SERVED, *heavy, *traced],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == []


async def test_a_client_that_nobody_calls_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    client = ServiceClient("https://peer.invalid")
    await client.aclose()
    assert "_http" not in vars(client)
