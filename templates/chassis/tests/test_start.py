"""What a service does without until it needs it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from cloudsync_chassis.client.base import ServiceClient

SERVED = """
import sys
import cloudsync_chassis.serve, cloudsync_chassis.web.app, cloudsync_chassis.client.rpc
from cloudsync_chassis.expressions import Rule
from cloudsync_chassis.store import schema
from sqlalchemy import MetaData
kept = schema.Index("kept", ("a",), where="a IS NOT NULL", using="gin")
schema.Table("things", schema.Column("a", "text"), kept, key=("a",)).of(MetaData(), "x")
assert Rule("1 + 1 == 2").holds()
print(*(set(sys.argv[1:]) & set(sys.modules)))
"""


def test_who_serves_loads_neither_migrations_nor_another_dialect_nor_a_command_line() -> None:
    heavy = ("alembic", "typer", "rich", "cel.cli", "cedarpy", "grpc")
    heavy += ("sqlalchemy.dialects.postgresql",)
    traced = ("opentelemetry.sdk", "opentelemetry.exporter", "requests")
    run = subprocess.run(
        [sys.executable, "-c", SERVED, *heavy, *traced],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == []


def test_a_library_is_passed_over_only_while_another_is_imported() -> None:
    script = """
import sys
from cloudsync_chassis.lean import structlog, without
print(structlog.dev.rich, "httpx._main" in sys.modules)
import rich
with without("rich"):
    import rich as again
print(again is rich)
"""
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["None", "False", "True"]


async def test_a_client_that_nobody_calls_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    client = ServiceClient("https://peer.invalid")
    await client.aclose()
    assert "_http" not in vars(client)
