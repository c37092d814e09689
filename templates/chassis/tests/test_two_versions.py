"""Copies of two versions on one store: the older one leaves alone what the newer one has added."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from cloudsync_chassis.events.sqlite_bus import SqliteBus
from cloudsync_chassis.model import Model
from cloudsync_chassis.store import newer
from cloudsync_chassis.store.database import Database
from cloudsync_chassis.store.system import documents
from cloudsync_chassis.store.unit import Unit
from cloudsync_chassis.testing import Caller, Running
from test_faulty_bus import event

MERGE = {"Content-Type": "application/merge-patch+json"}


class Lock(Model):
    code: str


class Case(Model):
    id: str
    version: int
    lock: Lock | None = None
    locks: list[Lock] | None = None


class Reader:
    """As much of a context as is asked for."""

    def __init__(self, database: Database) -> None:
        self.unit = Unit(database, write=True)


@pytest.fixture
def reader(tmp_path: Path) -> Any:
    return Reader(Database(f"sqlite+aiosqlite:///{tmp_path}/x.sqlite"))


def test_what_is_not_known_is_left_out_and_put_back(reader: Any) -> None:
    lock = {"code": "7", "colour": "red"}
    stored = {"id": "1", "version": 1, "lock": lock, "locks": [lock], "shelf": {"row": 3}}
    found = newer.entity(reader, "cases", Case, stored)
    assert found == Case(id="1", version=1, lock=Lock(code="7"), locks=[Lock(code="7")])
    changed = {"id": "1", "version": 2, "lock": {"code": "8"}}
    put = newer.restored(reader, "cases", changed, 1)
    assert put == {**changed, "lock": {"code": "8", "colour": "red"}, "shelf": {"row": 3}}
    again = newer.restored(reader, "cases", {"id": "1", "version": 3}, 2)
    assert again == {"id": "1", "version": 3, "shelf": {"row": 3}}
    assert newer.restored(reader, "others", changed, 1) == changed


@pytest.mark.parametrize("stored", [{"id": 1, "version": 1}, {"id": "1", "version": 1, "locks": 2}])
def test_what_is_wrong_is_wrong(reader: Any, stored: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        newer.entity(reader, "cases", Case, stored)


async def test_an_older_copy_works_on_a_document_of_a_newer_one(document_shop: Running) -> None:
    clerk, database = document_shop.caller("clerk"), document_shop.runtime.database
    made = await listed(document_shop, clerk)
    async with database.transaction(write=True) as connection:
        statement = sa.select(documents.c.body).where(documents.c.id == UUID(made["id"]))
        body = {**(await connection.execute(statement)).scalar_one(), "shelf": {"row": 3}}
        change = sa.update(documents).where(documents.c.id == UUID(made["id"]))
        await connection.execute(change.values(body=body))
    url = f"/v1/books/{made['id']}"
    seen = await document_shop.http.get(url, headers=clerk.headers)
    assert seen.json() == made
    headers = {**clerk.headers, **MERGE, "If-Match": '"1"'}
    changed = await document_shop.http.patch(url, json={"title": "Persuasion"}, headers=headers)
    assert changed.status_code == 200, changed.text
    async with database.transaction(write=False) as connection:
        kept = (await connection.execute(statement)).scalar_one()
    assert (kept["shelf"], kept["title"]) == ({"row": 3}, "Persuasion")


async def listed(shop: Running, clerk: Caller) -> dict[str, Any]:
    body = {"title": "Emma", "priceMinor": 1}
    answer = await shop.http.post("/v1/books", json=body, headers=clerk.headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def tables(*more: sa.Column[Any], indexed: str = "") -> sa.MetaData:
    metadata = sa.MetaData()
    made = sa.Table("order", metadata, sa.Column("id", sa.Integer, primary_key=True), *more)
    if indexed:
        sa.Index(f"order_{indexed}", made.c[indexed])
        sa.Index("order_late", sa.text("id DESC"), sa.text("lower(note)"), _table=made)
    return metadata


async def test_tables_of_the_embedded_database_grow(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.sqlite")
    try:
        await database.create_all(tables())
        async with database.transaction(write=True) as connection:
            await connection.execute(sa.text('INSERT INTO "order" (id) VALUES (1)'))
        note = sa.Column("note", sa.Text())
        lines = sa.Column("group", sa.Integer(), nullable=False, server_default=sa.text("3"))
        grown = tables(note, lines, indexed="group")
        for _ in range(2):
            await database.create_all(grown)
            await database.create_all(tables())
        async with database.transaction(write=False) as connection:
            rows = (await connection.execute(sa.select(grown.tables["order"]))).all()
            assert [tuple(each) for each in rows] == [(1, None, 3)]
            names = sa.text("SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY 1")
            assert (await connection.execute(names)).scalars().all() == [
                "order_group",
                "order_late",
            ]
        with pytest.raises(OperationalError, match="NOT NULL"):
            await database.create_all(tables(sa.Column("due", sa.Integer(), nullable=False)))
    finally:
        await database.dispose()


async def test_a_start_asks_a_store_that_is_complete_as_often_as_one_of_many_tables(
    tmp_path: Path,
) -> None:
    asked: list[str] = []
    metadata = sa.MetaData()
    for name in ("a", "b", "c", "d"):
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True))
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.sqlite")
    try:
        await database.create_all(metadata)

        @sa.event.listens_for(database.engine.sync_engine, "before_cursor_execute")
        def note(_: Any, __: Any, statement: str, *___: Any) -> None:
            asked.append(statement)

        await database.create_all(metadata)
        assert len(asked) == 2
    finally:
        await database.dispose()


async def test_the_slower_of_two_copies_moves_nobody_back(tmp_path: Path) -> None:
    bus = SqliteBus(tmp_path / "bus.sqlite", wait=0.01)
    await bus.start()
    try:
        sent = [event("k", n) for n in range(3)]
        await bus.publish(sent)
        first, second, _ = await bus.fetch("g", [sent[0].topic], 3)
        await bus.acknowledge("g", [second])
        await bus.acknowledge("g", [first])
        assert [each.event for each in await bus.fetch("g", [sent[0].topic], 3)] == sent[2:]
    finally:
        await bus.stop()
