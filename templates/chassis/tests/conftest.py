"""A running shop for each test, over tables and over documents."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

sys.path.insert(0, str(Path(__file__).parent))

import bookshop
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store import system
from cloudsync_chassis.store.database import Database
from cloudsync_chassis.store.renewal import KeyKeeper
from cloudsync_chassis.testing import Running, isolated, running

POSTGRES = os.environ.get("CHASSIS_TEST_POSTGRES")
"""A URL (`postgresql+psycopg://…`) of an empty database; without it all tests run on SQLite."""


@pytest.fixture
async def settings(tmp_path: Path) -> bookshop.BookSettings:
    made = bookshop.BookSettings(**isolated(tmp_path / "state"))
    if POSTGRES is None:
        return made
    await empty(POSTGRES)
    database = {"database_url": SecretStr(POSTGRES), "database_schema": "stock"}
    return made.model_copy(update=database)


async def empty(url: str) -> None:
    """What migrations would have made."""
    database = Database(url, schema="stock")
    async with database.transaction(write=True) as connection:
        for statement in (
            "DROP SCHEMA IF EXISTS stock CASCADE",
            "CREATE SCHEMA stock",
            "CREATE EXTENSION IF NOT EXISTS citext",
            "CREATE EXTENSION IF NOT EXISTS ltree",
        ):
            await connection.execute(sa.text(statement))
    await database.create_all(bookshop.metadata, system.metadata)
    await database.dispose()


@pytest.fixture
def turned_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No keeper of keys works beside a test that rotates, spoils and renews itself: a step of it
    between two of the test's would leave nothing to be renewed, or tell it first.
    """

    async def rest(self: KeyKeeper) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(KeyKeeper, "run", rest)


@pytest.fixture(params=["table", "document"])
async def shop(
    request: pytest.FixtureRequest, settings: bookshop.BookSettings
) -> AsyncIterator[Running]:
    """The shop over each kind of store."""
    kind = bookshop.Books if request.param == "table" else bookshop.DocumentBooks
    runtime = Runtime(bookshop.SERVICE, settings)
    async with running(bookshop.build(runtime, kind(runtime))) as started:
        yield started


@pytest.fixture
async def document_shop(settings: bookshop.BookSettings) -> AsyncIterator[Running]:
    """The shop over documents."""
    runtime = Runtime(bookshop.SERVICE, settings)
    async with running(bookshop.build(runtime, bookshop.DocumentBooks(runtime))) as started:
        yield started


@pytest.fixture
async def table_shop(settings: bookshop.BookSettings) -> AsyncIterator[Running]:
    """The shop over tables, where the store does not matter."""
    runtime = Runtime(bookshop.SERVICE, settings)
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as started:
        yield started
