"""The event store and the query side: streams, snapshots, projections."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import pytest
import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

import bookshop
from cloudsync_chassis.context import Context, Deadline
from cloudsync_chassis.events.projection import Projection, Projector
from cloudsync_chassis.events.store import EventSourced, EventStore, Fact, Loaded, Stored
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store import system
from cloudsync_chassis.store.database import Database
from cloudsync_chassis.store.unit import Unit
from cloudsync_chassis.testing import running

TENANT = uuid7()
TOTALS = sa.Table(
    "totals",
    sa.MetaData(),
    sa.Column("stream", sa.Uuid(), primary_key=True),
    sa.Column("total", sa.Integer(), nullable=False),
)


class Account(BaseModel):
    balance: int = 0
    moves: int = 0


def fold(state: Account, fact: Fact) -> Account:
    return Account(balance=state.balance + fact.data["amount"], moves=state.moves + 1)


def moved(*amounts: int) -> list[Fact]:
    return [Fact("Moved", {"amount": each}) for each in amounts]


@pytest.fixture
async def database(settings: bookshop.BookSettings) -> AsyncIterator[Database]:
    runtime = Runtime(bookshop.SERVICE, settings)
    await runtime.prepare_database()
    async with runtime.database.transaction(write=True) as connection:
        await connection.execute(sa.schema.DropTable(TOTALS, if_exists=True))
    await runtime.database.create_all(system.metadata, TOTALS.metadata)
    yield runtime.database
    await runtime.database.dispose()


@asynccontextmanager
async def within(database: Database, tenant: UUID = TENANT) -> AsyncIterator[Context]:
    async with Unit(database, write=True) as unit:
        yield Context(
            operation=Operation(id="test", writes=True),
            principal=workload("bank", tenant),
            unit=unit,
            deadline=Deadline.after(10),
            trace=Trace.new(),
        )


def accounts(every: int = 3) -> EventSourced[Account]:
    return EventSourced(EventStore(), "account", Account(), fold, every)


async def grown(database: Database, stream: UUID, *amounts: int) -> Loaded[Account]:
    found = Loaded(Account(), 0)
    for amount in amounts:
        async with within(database) as ctx:
            found = await accounts().load(ctx, stream)
            found = await accounts().append(ctx, stream, found, moved(amount))
    return found


async def test_an_aggregate_is_what_its_events_add_up_to(database: Database) -> None:
    stream = uuid7()
    after = await grown(database, stream, 5, 7, -2, 10)
    async with within(database) as ctx:
        found = await accounts().load(ctx, stream)
        assert found.state == after.state == Account(balance=20, moves=4)
        assert found.version == 4
        read = await EventStore().read(ctx, "account", stream, after=2)
    assert [(each.version, each.data["amount"]) for each in read] == [(3, -2), (4, 10)]
    async with within(database, uuid7()) as ctx:
        assert (await accounts().load(ctx, stream)).version == 0, "another tenant's stream"


async def test_who_has_not_seen_the_last_event_may_not_append(database: Database) -> None:
    stream = uuid7()
    before = await grown(database, stream, 1)
    await grown(database, stream, 2)
    for stale in (before, replace(before, version=9)):
        with pytest.raises(Problem, match="version-conflict"):
            async with within(database) as ctx:
                await accounts().append(ctx, stream, stale, moved(3))
    async with within(database) as ctx:
        assert (await accounts().load(ctx, stream)).state == Account(balance=3, moves=2)


async def test_snapshots_are_kept_every_so_many_events_and_read_instead(
    database: Database,
) -> None:
    stream = uuid7()
    await grown(database, stream, *range(1, 8))
    async with within(database) as ctx:
        latest = await EventStore().latest(ctx, "account", stream)
        assert (latest.version, latest.state) == (6, {"balance": 21, "moves": 6})
    async with database.transaction(write=True) as connection:
        early = system.stream_events.c.version <= 6
        await connection.execute(sa.delete(system.stream_events).where(early))
    async with within(database) as ctx:
        assert (await accounts().load(ctx, stream)).state == Account(balance=28, moves=7)


async def apply(connection: AsyncConnection, stored: Stored) -> None:
    mine = TOTALS.c.stream == stored.stream
    amount = stored.data["amount"]
    change = sa.update(TOTALS).where(mine).values(total=TOTALS.c.total + amount)
    if not (await connection.execute(change)).rowcount:
        await connection.execute(sa.insert(TOTALS).values(stream=stored.stream, total=amount))


async def clear(connection: AsyncConnection) -> None:
    await connection.execute(sa.delete(TOTALS))


async def totals(database: Database) -> dict[UUID, int]:
    async with database.transaction(write=False) as connection:
        rows = (await connection.execute(sa.select(TOTALS))).all()
    return {row.stream: row.total for row in rows}


async def test_a_read_model_follows_takes_each_event_once_and_can_be_rebuilt(
    database: Database,
) -> None:
    a, b = uuid7(), uuid7()
    projector = Projector(database, Projection("totals", ("account",), apply, clear))
    await grown(database, a, 5, 6)
    assert await projector.advance() == 2
    last = await grown(database, b, 7)
    assert not await projector.caught_up(last.position, 0.05)
    assert await projector.advance() == 1
    assert await projector.caught_up(last.position, 1)
    assert await projector.advance() == 0
    assert await totals(database) == {a: 11, b: 7}
    async with database.transaction(write=True) as connection:
        await connection.execute(sa.update(TOTALS).values(total=0))
    assert await projector.rebuild() == 3
    assert await totals(database) == {a: 11, b: 7}


async def test_what_fails_in_a_read_model_moves_no_checkpoint(database: Database) -> None:
    a = uuid7()
    failing = True

    async def fragile(connection: AsyncConnection, stored: Stored) -> None:
        await apply(connection, stored)
        if failing and stored.version == 2:
            raise RuntimeError

    projector = Projector(database, Projection("totals", (), fragile, clear))
    await grown(database, a, 5, 6)
    with pytest.raises(RuntimeError):
        await projector.advance()
    assert await totals(database) == {}
    failing = False
    assert await projector.advance() == 2
    assert await totals(database) == {a: 11}


async def test_what_is_announced_of_a_logged_aggregate_is_kept_with_snapshots(
    settings: bookshop.BookSettings,
) -> None:
    spec = replace(bookshop.SERVICE, streams={"book": 2})
    runtime = Runtime(spec, settings)
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as shop:
        clerk = shop.caller("clerk")
        headers = {**clerk.headers, "If-Match": "*"}
        body = {"title": "Emma", "priceMinor": 700}
        book = (await shop.http.post("/v1/books", json=body, headers=headers)).json()
        for title in ("a", "b"):
            url = f"/v1/books/{book['id']}"
            await shop.http.patch(url, json={"title": title}, headers=headers)
        published = [each.type for each in await shop.published()]
        async with within(runtime.database, clerk.organization) as ctx:
            kept = await runtime.events.read(ctx, "book", UUID(book["id"]))
            snapshot = await runtime.events.latest(ctx, "book", UUID(book["id"]))
        assert [each.type for each in kept] == published
        assert (snapshot.version, snapshot.state["title"]) == (2, "a")
