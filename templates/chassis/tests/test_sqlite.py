"""SQLite's driver: few hand-overs to its thread, transactions that begin when they must, turns."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from cloudsync_chassis.store.columns import Timestamp, sql
from cloudsync_chassis.store.database import Database, insert_of
from cloudsync_chassis.store.sqlite import SqliteConnection, is_brief
from cloudsync_chassis.store.statements import BRIEF, brief

metadata = sa.MetaData()
things = sa.Table(
    "things",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text),
)
ADD = sa.insert(things)
ALL = sa.select(things.c.id).order_by(things.c.id)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite+aiosqlite:///{tmp_path}/x.sqlite", pool=10)
    await made.create_all(metadata)
    yield made
    await made.dispose()


async def add(database: Database, *ids: int) -> None:
    async with database.transaction(write=True) as connection:
        await connection.execute(ADD, [{"id": each} for each in ids])


async def held(database: Database) -> list[int]:
    async with database.transaction(write=False) as connection:
        return list((await connection.execute(ALL)).scalars())


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is handed over to threads of connections, by its name."""
    found: list[str] = []
    original = SqliteConnection._handed

    async def counted(self: SqliteConnection, work: Any, *arguments: Any) -> Any:
        found.append(work.__name__)
        return await original(self, work, *arguments)

    monkeypatch.setattr(SqliteConnection, "_handed", counted)
    return found


async def test_each_statement_is_handed_over_once(database: Database, handed: list[str]) -> None:
    await held(database)
    assert handed == ["executed"], "a reader has nothing to commit"
    handed.clear()
    async with database.transaction(write=True) as connection:
        await connection.execute(ADD, {"id": 1})
        assert (await connection.execute(ALL)).all() == [(1,)]
    assert handed == ["executed", "executed", "commit"]
    handed.clear()
    async with database.transaction(write=True):
        pass
    assert handed == [], "what never began is not ended"


async def test_whoever_holds_the_lock_hands_over_no_row(
    database: Database, handed: list[str]
) -> None:
    async with database.transaction(write=True) as connection:
        await connection.execute(ADD, {"id": 1})
        await connection.execute(ADD, {"id": 2, "name": "x" * 60_000})
        with pytest.raises(IntegrityError):
            await connection.execute(ADD, {"id": 1})
        adding = insert_of("sqlite", things).values(id=2, name="y")
        again = adding.on_conflict_do_update(index_elements=["id"], set_={"name": "z"})
        assert await connection.scalar(again.returning(things.c.name)) == "z"
        assert handed == ["executed"], "what begins the transaction"
        await connection.execute(ADD, {"id": 3, "name": "x" * 70_000})
        await connection.execute(ADD, [{"id": 4}, {"id": 5}])
        await connection.execute(sa.update(things).values(name="a"))
        assert handed == ["executed"] * 4
    assert handed == ["executed"] * 4 + ["commit"]
    assert await held(database) == [1, 2, 3, 4, 5]
    handed.clear()
    async with database.transaction(write=False) as connection:
        await connection.execute(ADD, {"id": 6})
        assert handed == ["executed"], "of a reader that turns writer, too"
        await connection.execute(ADD, {"id": 7})
        assert handed == ["executed"]
        await connection.rollback()
        handed.clear()
        await connection.execute(ADD, {"id": 8})
        assert handed == ["executed"], "the lock was given back"
    assert await held(database) == [1, 2, 3, 4, 5, 8]


async def test_what_is_found_by_its_key_is_handed_over_only_where_a_lock_is_waited_for(
    database: Database, handed: list[str]
) -> None:
    find = brief(sa.select(things.c.name).where(things.c.id == sa.bindparam("wanted")))
    change = brief(sa.update(things).where(things.c.id == sa.bindparam("wanted")))
    await add(database, 1)
    handed.clear()
    async with database.transaction(write=False) as connection:
        assert (await connection.execute(find, {"wanted": 1})).all() == [(None,)]
        assert handed == []
        await connection.execute(change.values(name="a"), {"wanted": 1})
        assert handed == ["executed"]
        assert await connection.scalar(find, {"wanted": 1}) == "a"
        await connection.execute(change.values(name="b"), {"wanted": 1})
        assert handed == ["executed"]
        async with database.transaction(write=False) as other:
            handed.clear()  # of what a new connection is told
            assert (await other.execute(find, {"wanted": 1})).all() == [(None,)]
        assert handed == []
    handed.clear()
    for how in ({"write": True}, {"write": False, "snapshot": True}):
        async with database.transaction(**how) as connection:
            assert await connection.scalar(find, {"wanted": 1}) == "b"
            assert await connection.scalar(find, {"wanted": 1}) == "b"
    assert handed == ["executed", "commit"] * 2


def test_only_sqlite_is_told_what_is_brief() -> None:
    for made in (brief(sa.select(things)), brief(sa.update(things)), brief(sa.insert(things))):
        texts = [
            str(made.compile(dialect=sa.make_url(url).get_dialect()()))
            for url in ("sqlite+aiosqlite://", "postgresql+psycopg://")
        ]
        assert [BRIEF in each for each in texts] == [True, False]


async def test_a_row_follows_the_statement_that_its_connection_was_left_with(
    database: Database, handed: list[str]
) -> None:
    """Whoever is cancelled leaves the thread at work; nothing overtakes that."""
    counting = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000)"
        " INSERT INTO things (id) SELECT max(x) FROM n"
    )
    adding = "INSERT INTO things (id) VALUES (?)"
    async with database.transaction(write=True) as connection:
        assert connection.sync_connection is not None
        driver: Any = connection.sync_connection.connection.driver_connection
        cursor = driver.cursor()
        await connection.execute(ADD, {"id": 1})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await cursor.execute(counting)
        with pytest.raises(sqlite3.IntegrityError):
            await cursor.execute(adding, (300_000,))
    assert handed == ["executed", "executed", "executed", "commit"]
    assert await held(database) == [1, 300_000]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("INSERT INTO a (b, c) VALUES (?, lower(?))", True),
        ("insert into a (b) values (?) on conflict (b) do update set c = a.c + 1", True),
        ("INSERT INTO a (b) VALUES (?), (?)", False),
        ("INSERT INTO a (b) VALUES ((SELECT max(b) FROM a))", False),
        ("INSERT INTO a (b) SELECT c FROM d", False),
        ("UPDATE a SET b = ?", False),
        ("UPDATE /* brief */ a SET b = ?", True),
        ("DELETE FROM a", False),
        ("SELECT b FROM a", False),
    ],
)
def test_what_is_brief_is_told_by_its_text(statement: str, told: bool) -> None:
    assert is_brief(statement) is told


async def test_a_snapshot_stays_as_it_was_and_other_readers_see_what_is_committed(
    database: Database,
) -> None:
    for snapshot, seen in ((False, [1]), (True, [1])):
        async with database.transaction(write=False, snapshot=snapshot) as connection:
            before = list((await connection.execute(ALL)).scalars())
            await add(database, 1 + snapshot)
            after = list((await connection.execute(ALL)).scalars())
        assert after == seen
        assert before == ([1] if snapshot else [])
    assert await held(database) == [1, 2]


async def test_moments_and_ids_come_back_as_they_were(tmp_path: Path) -> None:
    tables = sa.MetaData()
    held = sa.Table("held", tables, sa.Column("id", sql("uuid")), sa.Column("at", Timestamp()))
    moments = [
        None,
        datetime(2026, 2, 28, 23, 59, 59, 999_999, UTC),
        datetime(2026, 3, 1, 1, 0, tzinfo=timezone(timedelta(hours=1, minutes=30))),
    ]
    rows = [(None if moment is None else uuid4(), moment) for moment in moments]
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.sqlite")
    await database.create_all(tables)
    async with database.transaction(write=True) as connection:
        for identity, moment in rows:
            await connection.execute(sa.insert(held), {"id": identity, "at": moment})
        for _ in range(2):
            found = (await connection.execute(sa.select(held))).all()
            assert found == rows
            assert {each.at and each.at.tzinfo for each in found} == {None, UTC}
    await database.dispose()


@pytest.mark.parametrize("write", [False, True])
async def test_what_is_changed_before_an_error_is_undone(database: Database, write: bool) -> None:
    async def fail() -> None:
        async with database.transaction(write=write) as connection:
            await connection.execute(ALL)
            await connection.execute(ADD, {"id": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await held(database) == []


async def test_writers_take_turns_in_the_order_in_which_they_came(database: Database) -> None:
    came: list[int] = []
    wrote: list[int] = []

    async def write(number: int) -> None:
        async with database.transaction(write=True) as connection:
            came.append(number)
            await connection.execute(ADD, {"id": number})
            await asyncio.sleep(0.01)
            wrote.append(number)

    await asyncio.gather(*map(write, range(8)))
    assert wrote == came
    assert await held(database) == [*range(8)]


async def test_who_is_cancelled_gives_the_turn_on(database: Database) -> None:
    begun = asyncio.Event()

    async def write(number: int) -> None:
        async with database.transaction(write=True) as connection:
            await connection.execute(ADD, {"id": number})
            begun.set()
            await asyncio.sleep(60)

    holding = asyncio.create_task(write(1))
    await begun.wait()
    waiting = asyncio.create_task(write(2))
    await asyncio.sleep(0.05)
    for task in (waiting, holding):
        task.cancel()
    await asyncio.gather(waiting, holding, return_exceptions=True)
    began = time.monotonic()
    await add(database, 3)
    assert time.monotonic() - began < 5
    assert await held(database) == [3]


async def test_whoever_waits_too_long_is_told_what_sqlite_says(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloudsync_chassis.store.sqlite._BUSY_SECONDS", 0.05)
    async with database.transaction(write=True) as connection:
        await connection.execute(ADD, {"id": 1})
        with pytest.raises(sa.exc.OperationalError, match="database is locked"):
            await add(database, 2)
    assert await held(database) == [1]


async def test_rows_come_one_by_one_some_at_a_time_or_all(database: Database) -> None:
    await add(database, *range(6))
    async with database.engine.connect() as connection:
        streamed = await connection.stream(ALL)
        assert (await streamed.fetchone()) == (0,)
        assert (await streamed.fetchmany(2)) == [(1,), (2,)]
        assert (await streamed.scalars().all()) == [3, 4, 5]
        driver: Any = (await connection.get_raw_connection()).driver_connection
        async with driver.cursor() as cursor:
            await cursor.execute("SELECT id FROM things WHERE id > ? ORDER BY id", (3,))
            assert (await cursor.fetchone(), await cursor.fetchone()) == ((4,), (5,))
            assert await cursor.fetchone() is None


async def test_a_connection_that_is_given_back_locks_nothing_for_its_next_user(
    database: Database,
) -> None:
    await add(database, 1)
    async with database.engine.connect() as reading:
        assert (await reading.execute(ALL)).scalars().all() == [1]
        await asyncio.wait_for(add(database, 2), 5)
        assert (await reading.execute(ALL)).scalars().all() == [1, 2]


async def test_schemas_are_one_on_sqlite(tmp_path: Path) -> None:
    """Two tables in statements of all kinds; one of them refers to the other."""
    named = sa.MetaData()
    number = sa.Column("id", sa.Integer, primary_key=True)
    books = sa.Table("books", named, number, schema="shop")
    lent_one = sa.Column("book", sa.Integer, sa.ForeignKey(books.c.id), index=True)
    loans = sa.Table("loans", named, lent_one, schema="shop")
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.sqlite", schemas=("shop",))
    for _ in "12":
        await database.create_all(named)
    other = books.alias()
    lent = sa.select(books.c.id).join(loans).join(other, other.c.id == books.c.id)
    async with database.transaction(write=True) as connection:
        await connection.execute(sa.insert(books), [{"id": 1}, {"id": 2}])
        await connection.execute(sa.insert(loans), {"book": 2})
        assert (await connection.execute(lent)).scalars().all() == [2]
        unlent = books.c.id.not_in(sa.select(loans.c.book))
        await connection.execute(sa.delete(books).where(unlent))
        raised = sa.update(loans).values(book=loans.c.book).returning(loans.c.book)
        assert (await connection.execute(raised)).scalars().all() == [2]
        assert (await connection.execute(sa.select(books))).all() == [(2,)]
    await database.dispose()


@pytest.mark.parametrize("value", ["\ud800", 0.1, 10**40, [[]], {"a": [1, None, True]}])
async def test_json_comes_back_as_it_was(tmp_path: Path, value: Any) -> None:
    named = sa.MetaData()
    kept = sa.Table("kept", named, sa.Column("it", sa.JSON))
    held: list[Any] = [value]
    deep = held
    for _ in range(300):
        deep = [deep]
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.sqlite")
    await database.create_all(named)
    async with database.transaction(write=True) as connection:
        await connection.execute(sa.insert(kept), [{"it": held}, {"it": deep}])
        assert (await connection.execute(sa.select(kept.c.it))).scalars().all() == [held, deep]
    await database.dispose()
