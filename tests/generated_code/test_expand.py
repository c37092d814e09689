"""A newer version's tables beside an older version that works with them, on PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
import sqlalchemy as sa
from cloudsync_chassis.store import expand as module
from cloudsync_chassis.store.database import Database
from cloudsync_chassis.store.expand import ExpansionError, expand
from cloudsync_chassis.store.schema import Column, Index, Table
from sqlalchemy.exc import IntegrityError, OperationalError

from support import postgres

BEFORE = (Column("id", "bigint"), Column("title", "text"))
AFTER = (
    *BEFORE,
    Column("zest", "integer", nullable=True),
    Column("state", "text", "'draft'"),
    Column("seen_at", "timestamptz", "now()"),
    Index("books_title", ("lower(title)",)),
    Index("books_state", ("state", "id"), unique=True),
)
SIZE = "SELECT pg_relation_filenode('shop.books')"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres.server(tmp_path_factory.mktemp("postgres")) as address:
        yield address


def tables(*held: Column | Index, partition: str = "") -> sa.MetaData:
    metadata = sa.MetaData()
    Table("books", *held, key=("id",), partition=partition).of(metadata, "shop", postgresql=True)
    return metadata


@pytest.fixture
async def shop(server: str) -> AsyncIterator[Database]:
    """Three books in the older version's table."""
    database = Database(f"postgresql+psycopg://{server}/postgres", schema="shop")
    async with database.transaction(write=True) as connection:
        await connection.execute(sa.text("DROP SCHEMA IF EXISTS shop CASCADE"))
    await database.create_schemas()
    await database.create_all(tables(*BEFORE))
    async with database.transaction(write=True) as connection:
        await connection.execute(sa.text("INSERT INTO shop.books VALUES (1, 'a'), (2, 'b')"))
    yield database
    await database.dispose()


async def rows(database: Database, statement: str) -> list[tuple[object, ...]]:
    async with database.transaction(write=True) as connection:
        return [tuple(each) for each in await connection.execute(sa.text(statement))]


async def test_what_is_lacking_is_added_and_no_row_is_written(shop: Database) -> None:
    before = await rows(shop, SIZE)
    for _ in range(2):
        await expand(shop, tables(*AFTER))
    assert await rows(shop, SIZE) == before
    await rows(shop, "INSERT INTO shop.books (id, title) VALUES (3, 'c') RETURNING id")
    found = await rows(shop, "SELECT id, zest, state FROM shop.books ORDER BY id")
    assert found == [(number, None, "draft") for number in (1, 2, 3)]
    named = "SELECT indexname FROM pg_indexes WHERE schemaname = 'shop' ORDER BY 1"
    assert await rows(shop, named) == [("books_pkey",), ("books_state",), ("books_title",)]


async def test_who_works_with_the_table_does_not_wait_for_who_waits_for_it(
    shop: Database, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long transaction holds a column up, and nobody else."""
    monkeypatch.setattr(module, "LOCK_TIMEOUT", "200ms")
    with psycopg.connect(f"postgresql://{server}/postgres") as long:
        long.execute("SELECT * FROM shop.books")
        adding = asyncio.create_task(expand(shop, tables(*BEFORE, AFTER[2])))
        waited = []
        for _ in range(10):
            began = time.monotonic()
            await rows(shop, "SELECT count(*) FROM shop.books")
            waited.append(time.monotonic() - began)
            await asyncio.sleep(0.1)
        assert not adding.done()
        # as long as the statement that waits, and whatever else the machine does
        assert sorted(waited)[5] < 0.2
        long.rollback()
        await adding
    assert await rows(shop, "SELECT zest FROM shop.books") == [(None,), (None,)]


async def test_a_lock_that_is_never_free_is_told(
    shop: Database, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_TIMEOUT", "20ms")
    monkeypatch.setattr(module, "_TRIES", 3)
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    with psycopg.connect(f"postgresql://{server}/postgres") as long:
        long.execute("SELECT * FROM shop.books")
        with pytest.raises(OperationalError, match="lock timeout"):
            await expand(shop, tables(*AFTER))


@pytest.mark.parametrize(
    ("column", "fault"),
    [
        (Column("isbn", "text"), "books.isbn is not nullable and has no default"),
        (Column("mark", "uuid", "gen_random_uuid()"), "default of books.mark rewrites the table"),
    ],
)
async def test_what_an_older_version_could_not_live_with_is_refused(
    shop: Database, column: Column, fault: str
) -> None:
    with pytest.raises(ExpansionError, match=fault):
        await expand(shop, tables(*AFTER, column))
    assert await rows(shop, "SELECT * FROM shop.books") == [(1, "a"), (2, "b")]


async def test_an_index_that_could_not_be_built_is_built_anew(shop: Database) -> None:
    """What is left of an attempt serves nobody, and its name is taken."""
    once = Index("books_once", ("title",), unique=True)
    await rows(shop, "INSERT INTO shop.books VALUES (3, 'a') RETURNING id")
    with pytest.raises(IntegrityError):
        await expand(shop, tables(*BEFORE, once))
    await rows(shop, "DELETE FROM shop.books WHERE id = 3 RETURNING id")
    await expand(shop, tables(*BEFORE, once))
    usable = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'shop.books_once'::regclass"
    assert await rows(shop, usable) == [(True,)]


async def test_versions_that_come_up_together_migrate_one_after_the_other(shop: Database) -> None:
    async def migrate() -> None:
        async with shop.alone("migrate shop"):
            await expand(shop, tables(*AFTER))

    await asyncio.gather(*(migrate() for _ in range(3)))
    assert len(await rows(shop, "SELECT indexname FROM pg_indexes WHERE schemaname = 'shop'")) == 3
