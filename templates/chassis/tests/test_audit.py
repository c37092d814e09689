"""The trail: one row for each change, none for what did not happen, and no way to rewrite it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

import bookshop
from cloudsync_chassis.audit.tables import heads, records
from cloudsync_chassis.audit.trail import BrokenChainError, drop_older
from cloudsync_chassis.events.bus import InProcessBus
from cloudsync_chassis.events.envelope import Event
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.testing import Caller, Running


async def trail(shop: Running, tenant: UUID) -> list[Any]:
    statement = sa.select(records).where(records.c.organization_id == tenant)
    async with shop.runtime.database.transaction(write=False) as connection:
        rows = await connection.execute(statement.order_by(records.c.sequence))
        return list(rows.all())


async def tampered(shop: Running, *statements: Any) -> None:
    async with shop.runtime.database.transaction(write=True) as connection:
        for each in statements:
            await connection.execute(each)


async def listed(shop: Running, clerk: Caller, **more: Any) -> dict[str, Any]:
    body = {"title": "x", "priceMinor": 1, **more}
    answer = await shop.http.post("/v1/books", json=body, headers=clerk.headers)
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


async def test_every_command_leaves_exactly_one_row(shop: Running) -> None:
    clerk = shop.caller("clerk", "head")
    book = await listed(shop, clerk)
    url = f"/v1/books/{book['id']}"
    lending = {"reader": "user:ann", "level": "guest"}
    steps: list[tuple[str, str, str, Any, str, str]] = [
        ("change-book", "PATCH", url, {"title": "y"}, "changed", "book"),
        ("reserve-book", "POST", f"{url}/reserve", None, "changed", "book"),
        ("sell-book", "POST", f"{url}/sell", None, "changed", "book"),
        ("lend-book", "POST", f"{url}/loans", lending, "created", "loan"),
        ("arrange-loan", "PUT", f"{url}/loans/ann", {"level": "guest"}, "created", "loan"),
        ("remove-book", "DELETE", url, None, "removed", "book"),
    ]
    expected = [("list-book", "created", "book")]
    for command, method, target, body, action, entity in steps:
        headers = {**clerk.headers, **({"If-Match": '"1"'} if method == "PATCH" else {})}
        answer = await shop.http.request(method, target, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        expected.append((command, action, entity))
        rows = await trail(shop, clerk.organization)
        assert [(r.operation, r.action, r.entity) for r in rows] == expected
    assert [each.sequence for each in rows] == list(range(1, len(rows) + 1))
    assert {(each.principal, each.principal_kind) for each in rows} == {
        (str(clerk.subject), "user")
    }
    assert all(len(each.trace_id) == 32 for each in rows)
    assert str(rows[0].entity_id) == book["id"]
    assert await shop.runtime.audit.verify(shop.runtime.database, clerk.organization) == len(rows)


async def test_a_row_tells_what_changed(shop: Running) -> None:
    clerk = shop.caller("clerk")
    book = await listed(shop, clerk, notes="for Ann")
    change = {"title": "y", "notes": "for Bob"}
    headers = {**clerk.headers, "If-Match": '"1"'}
    await shop.http.patch(f"/v1/books/{book['id']}", json=change, headers=headers)
    made, changed = await trail(shop, clerk.organization)
    assert {each["field"] for each in made.changes} >= {"title", "priceMinor", "notes", "id"}
    assert {"field": "title", "to": "x"} in made.changes
    assert {"field": "notes"} in made.changes, "its name, not its value"
    assert changed.changes == [{"field": "notes"}, {"field": "title", "from": "x", "to": "y"}]


async def test_what_did_not_happen_leaves_none(shop: Running) -> None:
    clerk = shop.caller("clerk")
    book = await listed(shop, clerk)
    url = f"/v1/books/{book['id']}"
    stale = {**clerk.headers, "If-Match": '"99"'}
    stranger = shop.caller("visitor", organization=clerk.organization)
    refusals = [
        await shop.http.post("/v1/books", json={"title": ""}, headers=clerk.headers),
        await shop.http.patch(url, json={"title": "y"}, headers=stale),
        await shop.http.post(f"{url}/reserve", headers=stranger.headers),
        await shop.http.patch(url, json={"priceMinor": -1}, headers=stale),
        await shop.http.get(f"/v1/books/{uuid7()}", headers=clerk.headers),
    ]
    assert {each.status_code for each in refusals} == {400, 403, 404, 412}
    fresh = {**clerk.headers, "If-Match": '"1"'}
    same = await shop.http.patch(url, json={"title": "x"}, headers=fresh)
    assert same.status_code == 200, "a change that changes nothing"
    await shop.http.get(url, headers=clerk.headers)
    assert len(await trail(shop, clerk.organization)) == 1


async def test_what_is_rolled_back_leaves_none(
    table_shop: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = table_shop.runtime.aggregates["book"]
    kept: Callable[..., Awaitable[Any]] = books.emit

    async def fail(*arguments: Any) -> None:
        await kept(*arguments)
        raise RuntimeError

    monkeypatch.setattr(books, "emit", fail)
    clerk = table_shop.caller("clerk")
    answer = await table_shop.http.post(
        "/v1/books", json={"title": "x", "priceMinor": 1}, headers=clerk.headers
    )
    assert answer.status_code == 500
    assert await trail(table_shop, clerk.organization) == []
    assert await table_shop.runtime.audit.verify(table_shop.runtime.database, uuid7()) == 0


async def test_an_event_is_handled_in_the_services_name(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    book = await listed(table_shop, clerk)
    bus = table_shop.runtime.bus
    assert isinstance(bus, InProcessBus)
    event = Event(
        id=uuid7(),
        type="PriceSuggested",
        source="/market",
        topic="shop.market.price.v1",
        subject=book["id"],
        time=datetime.now(UTC),
        organization_id=clerk.organization,
        traceparent=f"00-{'a' * 32}-{'b' * 16}-01",
        data={"bookId": book["id"], "priceMinor": 7},
    )
    consumer = next(table_shop.runtime._consumers())
    await bus.publish([event])
    while await consumer.handle_batch():
        pass
    last = (await trail(table_shop, clerk.organization))[-1]
    assert (last.operation, last.principal, last.principal_kind) == (
        "consume PriceSuggested",
        "book-service",
        "workload",
    )
    assert last.changes == [{"field": "priceMinor", "from": 1, "to": 7}]


def at(number: int, tenant: UUID) -> Any:
    return sa.and_(records.c.organization_id == tenant, records.c.sequence == number)


@pytest.mark.parametrize(
    ("what", "first"),
    [("value", 2), ("person", 2), ("time", 2), ("gone", 2), ("last", 3), ("all", 1), ("swap", 1)],
)
async def test_tampering_is_found(table_shop: Running, what: str, first: int) -> None:
    clerk = table_shop.caller("clerk")
    tenant = clerk.organization
    for _ in range(3):
        await listed(table_shop, clerk)
    two = (await trail(table_shop, tenant))[1]
    change, gone = sa.update(records), sa.delete(records)
    later = two.at + timedelta(seconds=1)
    statements: dict[str, list[Any]] = {
        "value": [change.where(at(2, tenant)).values(changes=[{"field": "title", "to": "z"}])],
        "person": [change.where(at(2, tenant)).values(principal="somebody-else")],
        "time": [change.where(at(2, tenant)).values(at=later)],
        "gone": [gone.where(at(2, tenant))],
        "last": [gone.where(at(3, tenant))],
        "all": [gone.where(records.c.organization_id == tenant)],
        "swap": [
            change.where(at(1, tenant)).values(sequence=9),
            change.where(at(2, tenant)).values(sequence=1),
            change.where(at(9, tenant)).values(sequence=2),
        ],
    }
    verify = table_shop.runtime.audit.verify
    assert await verify(table_shop.runtime.database, tenant) == 3
    await tampered(table_shop, *statements[what])
    with pytest.raises(BrokenChainError) as found:
        await verify(table_shop.runtime.database, tenant)
    assert (found.value.tenant, found.value.sequence) == (tenant, first)


async def test_chains_of_tenants_are_apart(shop: Running) -> None:
    ours, theirs = shop.caller("clerk"), shop.caller("clerk")
    await listed(shop, ours)
    await listed(shop, theirs)
    await listed(shop, ours)
    await tampered(shop, sa.update(records).where(at(1, theirs.organization)).values(entity="z"))
    assert await shop.runtime.audit.verify(shop.runtime.database, ours.organization) == 2
    with pytest.raises(BrokenChainError):
        await shop.runtime.audit.verify(shop.runtime.database, theirs.organization)


async def test_retention_drops_from_the_front_and_the_chain_holds(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    database, tenant = table_shop.runtime.database, clerk.organization
    for _ in range(5):
        await listed(table_shop, clerk)
    rows = await trail(table_shop, tenant)
    assert await drop_older(database, rows[0].at) == 0
    assert await drop_older(database, rows[3].at, most=2) == 2, "in bounded steps"
    assert await drop_older(database, rows[3].at) == 1
    assert [each.sequence for each in await trail(table_shop, tenant)] == [4, 5]
    assert await table_shop.runtime.audit.verify(database, tenant) == 2
    assert await drop_older(database, rows[4].at + timedelta(days=1)) == 2
    assert await table_shop.runtime.audit.verify(database, tenant) == 0
    await listed(table_shop, clerk)
    assert await table_shop.runtime.audit.verify(database, tenant) == 1
    async with database.transaction(write=False) as connection:
        head = (await connection.execute(sa.select(heads))).one()
    assert (head.sequence, head.dropped) == (6, 5)


async def test_another_key_does_not_fit(table_shop: Running) -> None:
    from cloudsync_chassis.audit.trail import AuditTrail
    from cloudsync_chassis.masking import Masking

    clerk = table_shop.caller("clerk")
    await listed(table_shop, clerk)
    other = AuditTrail(b"x" * 32, Masking(bookshop.SERVICE.masked))
    with pytest.raises(BrokenChainError):
        await other.verify(table_shop.runtime.database, clerk.organization)
