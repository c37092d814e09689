"""Operations beside each other, and what of an operation stays when the store refuses a part."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

import bookshop
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import INVARIANT_BROKEN, NOT_FOUND, VERSION_CONFLICT, Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.idempotency import OvertakenError
from cloudsync_chassis.store.repository import UniqueViolationError
from cloudsync_chassis.testing import Running

WRITE = Operation(id="work", access="workload", writes=True, timeout=30.0)
TENANT = uuid7()
ME = Incoming(principal=workload("shop", TENANT), trace=Trace.new())


class RefusedError(Exception):
    """What PostgreSQL says with an SQLSTATE."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.sqlstate = state


def database_error(state: str) -> Exception:
    return sa.exc.DBAPIError("UPDATE", {}, RefusedError(state))


def failing(times: int, error: Exception) -> tuple[Callable[[Context], Awaitable[int]], list[int]]:
    """An action that fails so often, and when it ran."""
    runs: list[int] = []

    async def action(ctx: Context) -> int:
        runs.append(len(runs))
        if len(runs) <= times:
            raise error
        return len(runs)

    return action, runs


@pytest.mark.parametrize(
    "error",
    [
        VERSION_CONFLICT(),
        OvertakenError(NOT_FOUND()),
        *(database_error(each) for each in ("40001", "40P01", "23505")),
    ],
    ids=str,
)
async def test_what_another_operation_overtook_runs_again(
    table_shop: Running, error: Exception
) -> None:
    action, runs = failing(3, error)
    assert await table_shop.runtime.executor.run(WRITE, ME, action) == 4
    assert len(runs) == 4


async def test_it_does_not_run_for_ever(table_shop: Running) -> None:
    action, runs = failing(99, OvertakenError(NOT_FOUND("still not")))
    with pytest.raises(Problem) as refused:
        await table_shop.runtime.executor.run(WRITE, ME, action)
    assert refused.value.kind == NOT_FOUND
    assert len(runs) == 5


async def test_what_no_repetition_mends_is_told_at_once(table_shop: Running) -> None:
    """A broken check, another refusal, a version that the caller has named."""
    named = replace(ME, if_match=frozenset({1}))
    for incoming, error in (
        (ME, database_error("23514")),
        (ME, NOT_FOUND()),
        (named, VERSION_CONFLICT()),
    ):
        action, runs = failing(1, error)
        with pytest.raises(type(error)):
            await table_shop.runtime.executor.run(WRITE, incoming, action)
        assert len(runs) == 1


async def test_what_cannot_be_done_twice_is_not(table_shop: Running) -> None:
    action, runs = failing(1, database_error("40P01"))
    with pytest.raises(sa.exc.DBAPIError):
        await table_shop.runtime.executor.run(WRITE, ME, action, again=False)
    assert len(runs) == 1


def book(isbn: str) -> bookshop.Book:
    return bookshop.Book.model_validate(
        {
            "id": uuid7(),
            "organizationId": TENANT,
            "createdAt": "2026-01-02T03:04:05Z",
            "updatedAt": "2026-01-02T03:04:05Z",
            "version": 1,
            "title": "Emma",
            "isbn": isbn,
            "sellerId": uuid7(),
            "status": "listed",
            "priceMinor": 1,
            "tags": [],
            "relatedIds": [],
        },
        strict=False,
    )


async def test_an_operation_goes_on_after_a_refusal_of_the_store(shop: Running) -> None:
    """Of what was refused nothing stays, of the rest everything does."""
    books = shop.runtime.aggregates["book"].repository
    first, twin, other = book("1"), book("1"), book("2")

    async def fill(ctx: Context) -> None:
        await books.insert(ctx, first)
        with pytest.raises(UniqueViolationError) as taken:
            await books.insert(ctx, twin)
        assert taken.value.fields == ("isbn",)
        await books.insert(ctx, other)
        changed = other.model_copy(update={"isbn": "1", "version": 2})
        with pytest.raises(UniqueViolationError):
            await books.replace(ctx, changed, 1)
        assert not await books.remove(ctx, other.id, 7), "another version"

    await shop.runtime.executor.run(WRITE, ME, fill)

    async def look(ctx: Context) -> None:
        assert await books.count(ctx, {}) == 2
        assert await books.find(ctx, {"id": twin.id}) is None
        assert await books.find(ctx, {"isbn": "2"}) == other
        for isbn in ("1", "2"):
            with pytest.raises(UniqueViolationError):
                await books.insert(ctx, book(isbn))

    await shop.runtime.executor.run(WRITE, ME, look)


async def test_what_no_text_can_hold_is_found_nowhere(shop: Running) -> None:
    """PostgreSQL has no NUL in texts: kept by SQLite, refused there, and never a fault."""
    clerk = shop.caller("clerk")
    body = {"title": "a\0b", "priceMinor": 1, "isbn": "a\0b"}
    made = await shop.http.post("/v1/books", json=body, headers=clerk.headers)
    assert made.status_code in (201, INVARIANT_BROKEN.status)
    assert made.is_success == shop.runtime.database.is_sqlite
    found = await shop.http.get("/v1/books", params={"tag": "a\0b"}, headers=clerk.headers)
    assert (found.status_code, found.json()["items"]) == (200, [])
