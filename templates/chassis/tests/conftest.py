"""A running shop for each test, over tables and over documents."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import bookshop
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Running, isolated, running


@pytest.fixture
def settings(tmp_path: Path) -> bookshop.BookSettings:
    return bookshop.BookSettings(**isolated(tmp_path / "state"))


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
async def table_shop(settings: bookshop.BookSettings) -> AsyncIterator[Running]:
    """The shop over tables, where the store does not matter."""
    runtime = Runtime(bookshop.SERVICE, settings)
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as started:
        yield started
