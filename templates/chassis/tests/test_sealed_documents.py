"""Encrypted fields of documents: unreadable where they lie, renewed like those of tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from sqlalchemy.ext.asyncio import AsyncConnection

import bookshop
from cloudsync_chassis.aggregate.entities import Entities
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import Principal, workload
from cloudsync_chassis.store import system
from cloudsync_chassis.store.cipher import FieldCipher
from cloudsync_chassis.store.claims import Claims
from cloudsync_chassis.store.database import Database
from cloudsync_chassis.store.document import DocumentRepository, DocumentStore
from cloudsync_chassis.store.keys import OwnKeys
from cloudsync_chassis.store.renewal import Renewal
from cloudsync_chassis.store.sealed import SEALED, SealedDocuments, unwrapped, wrapped
from cloudsync_chassis.store.system import documents
from cloudsync_chassis.testing import Caller, Running

pytestmark = pytest.mark.usefixtures("turned_by_hand")

NOTES = "what nobody else may read"
NOW = datetime(2030, 1, 2, tzinfo=UTC)


async def listed(shop: Running, clerk: Caller, **more: Any) -> dict[str, Any]:
    body = {"title": "x", "priceMinor": 1, "notes": NOTES, **more}
    answer = await shop.http.post("/v1/books", json=body, headers=clerk.headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def bodies(shop: Running) -> list[dict[str, Any]]:
    async with shop.runtime.database.transaction(write=False) as connection:
        statement = sa.select(documents.c.body).where(documents.c.collection == "books")
        return list((await connection.execute(statement.order_by(documents.c.id))).scalars())


async def test_a_document_holds_no_secret_and_answers_do(document_shop: Running) -> None:
    clerk = document_shop.caller("clerk")
    made = await listed(document_shop, clerk)
    url = f"/v1/books/{made['id']}"
    headers = {**clerk.headers, "If-Match": '"1"', "Content-Type": "application/merge-patch+json"}
    changed = await document_shop.http.patch(url, json={"title": "y"}, headers=headers)
    assert (changed.json()["notes"], made["notes"]) == (NOTES, NOTES)
    found = await document_shop.http.get("/v1/books", headers=clerk.headers)
    assert [each["notes"] for each in found.json()["items"]] == [NOTES]
    (body,) = await bodies(document_shop)
    assert NOTES not in json.dumps(body)
    assert body["notes"].keys() == {SEALED}
    stored = unwrapped(body["notes"])
    assert stored is not None
    assert document_shop.runtime.cipher.decrypt(stored, clerk.organization) == NOTES
    with pytest.raises(InvalidTag):
        document_shop.runtime.cipher.decrypt(stored, uuid7())


async def test_nothing_is_found_by_what_is_encrypted(document_shop: Running) -> None:
    clerk = document_shop.caller("clerk")
    await listed(document_shop, clerk)
    books: Entities[Any] = document_shop.runtime.aggregates["book"]
    found: list[int] = []

    async def count(ctx: Context) -> None:
        found.append(await books.count(ctx, title="x"))
        found.append(await books.count(ctx, notes=NOTES))

    operation = Operation(id="probe", access="workload")
    principal = Principal(str(clerk.subject), "workload", clerk.organization)
    incoming = Incoming(principal=principal, trace=Trace.new())
    await document_shop.runtime.executor.run(operation, incoming, count)
    assert found == [1, 0]


async def test_a_unique_value_that_is_encrypted_leads_to_its_entity(
    document_shop: Running,
) -> None:
    """Within the tenant, as a command that is idempotent by nature looks for what it made."""
    runtime, clerk = document_shop.runtime, document_shop.caller("clerk")
    made = await listed(document_shop, clerk)
    unique = (("organizationId", "isbn", "notes"), ("notes",))
    store = DocumentStore(collection="books", unique=unique, encrypted=frozenset({"notes"}))
    books = DocumentRepository(bookshop.Book, store, runtime.cipher)
    wanted = [
        {"notes": NOTES.upper()},
        {"notes": "other"},
        {"notes": NOTES, "isbn": "1"},
        {"notes": NOTES, "isbn": "2"},
        {"notes": NOTES, "title": "x"},
        {"notes": NOTES, "title": "y"},
    ]

    async def claim(ctx: Context) -> None:
        book = await books.find(ctx, {"id": UUID(made["id"])})
        assert book is not None
        assert await books.replace(ctx, book.model_copy(update={"isbn": "1", "version": 2}), 1)

    async def find(ctx: Context) -> list[bool]:
        found = [await books.find(ctx, each) for each in wanted]
        return [each is not None and str(each.id) == made["id"] for each in found]

    probe = Operation(id="probe", access="workload", writes=True)
    for tenant, told in (
        (clerk.organization, [True, False, True, False, True, False]),
        (uuid7(), [False] * 6),
    ):
        incoming = Incoming(principal=workload("shop", tenant), trace=Trace.new())
        if tenant == clerk.organization:
            await runtime.executor.run(probe, incoming, claim)
        assert await runtime.executor.run(probe, incoming, find) == told


async def test_keys_come_and_go_and_what_was_in_clear_is_encrypted(tmp_path: Path) -> None:
    keys = OwnKeys(tmp_path / "keys", max_age=0.0, pause=0.0)
    keys.ensure()
    cipher, old = FieldCipher.of(keys, b"i" * 32), keys.all()[0]
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite'}")
    await database.create_all(system.metadata)
    tenants = [UUID(int=number % 2) for number in range(4)]
    values: list[Any] = [wrapped(cipher.encrypt(NOTES, each)) for each in tenants[:3]]
    async with database.transaction(write=True) as connection:
        for tenant, notes in zip(tenants, [*values, "from before"], strict=True):
            row = {"collection": "books", "organization_id": tenant, "id": uuid7(), "version": 1}
            row |= {"created_at": NOW, "updated_at": NOW, "body": {"notes": notes, "title": "x"}}
            await connection.execute(sa.insert(documents).values(row))
    keys.rotate()
    renewal = Renewal(database, cipher, [SealedDocuments("books", ("notes", "remarks"))])
    assert await renewal.in_use() == {old.id}
    steps = 0
    while await renewal.step(1):
        steps += 1
    assert steps == 5, "one document each, and one look at the end"
    newest = keys.all()[0]
    assert await renewal.in_use() == {newest.id}
    assert await renewal.unused() == (old,)
    async with database.transaction(write=False) as connection:
        rows = (await connection.execute(sa.select(documents).order_by(documents.c.id))).all()
    await database.dispose()
    stored = [unwrapped(row.body["notes"]) or b"" for row in rows]
    told = [cipher.decrypt(*each) for each in zip(stored, tenants, strict=True)]
    assert told == [NOTES] * 3 + ["from before"]
    assert {row.version for row in rows} == {1}, "no change of the entity"


async def test_a_running_service_renews_its_documents(document_shop: Running) -> None:
    runtime, clerk = document_shop.runtime, document_shop.caller("clerk")
    await listed(document_shop, clerk)
    assert isinstance(runtime.cipher.keys, OwnKeys)
    runtime.cipher.keys.rotate()
    await runtime.key_keeper().once(0.0)
    newest = runtime.cipher.keys.all()[0].id.hex()
    assert [each["notes"][SEALED][:8] for each in await bodies(document_shop)] == [newest]


async def test_what_is_encrypted_later_than_the_rest_is_so_at_once(tmp_path: Path) -> None:
    """Not with the next key only, however far the renewal under this one has come."""
    cipher, tenant = FieldCipher(b"k" * 32), UUID(int=1)
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite'}")
    await database.create_all(system.metadata)
    async with database.transaction(write=True) as connection:
        row = {"collection": "books", "organization_id": tenant, "id": uuid7(), "version": 1}
        row |= {"created_at": NOW, "updated_at": NOW, "body": {"notes": NOTES, "remarks": "mine"}}
        await connection.execute(sa.insert(documents).values(row))
    for fields in (("notes",), ("notes", "remarks")):
        renewal = Renewal(database, cipher, [SealedDocuments("books", fields)])
        while await renewal.step():
            pass
    async with database.transaction(write=False) as connection:
        body = (await connection.execute(sa.select(documents.c.body))).scalar_one()
    await database.dispose()
    opened = [cipher.decrypt(unwrapped(body[name]) or b"", tenant) for name in sorted(body)]
    assert opened == [NOTES, "mine"]


async def test_unique_values_in_clear_go_with_what_they_are_of(tmp_path: Path) -> None:
    """One that came since by its index stays as it is, and those of other fields, too."""
    cipher, tenant = FieldCipher(b"k" * 32), UUID(int=1)
    unique = (("organizationId", "title", "notes"), ("title",))
    clear, sealed = (
        Claims("books", unique, frozenset(each)) for each in ((), ("notes", "remarks"))
    )
    bodies = [{"organizationId": str(tenant), "title": t, "notes": n} for t, n in ("ax", "by")]
    ids = [uuid7() for _ in (*bodies, "by its index")]
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite'}")
    await database.create_all(system.metadata)
    async with database.transaction(write=True) as connection:
        for entity, body in zip(ids, bodies, strict=False):
            row = {"collection": "books", "organization_id": tenant, "id": entity, "version": 1}
            row |= {"created_at": NOW, "updated_at": NOW, "body": body}
            await connection.execute(sa.insert(documents).values(row))
            await clear.make(connection, entity, body, cipher)
        newer = {**bodies[1], "title": "b", "notes": "Y"}
        (_, taken), *_ = sealed.of(newer, cipher)
        row = {"collection": "books", "name": "title,notes", "value": taken, "id": ids[2]}
        await connection.execute(sa.insert(system.unique_keys).values(row))
    kept = SealedDocuments("books", ("notes", "remarks"), unique)
    while await Renewal(database, cipher, [kept]).step():
        pass
    async with database.transaction(write=False) as connection:
        rows = (await connection.execute(sa.select(system.unique_keys))).all()
    await database.dispose()
    told = {each for body in bodies for each in sealed.of(body, cipher)}
    assert {(tuple(row.name.split(",")), row.value) for row in rows} == told
    assert {row.id for row in rows if row.value == taken} == {ids[2]}


class Overtaken:
    """A connection on which somebody else's change lands between reading and writing."""

    def __init__(self, connection: AsyncConnection, change: sa.Update) -> None:
        self._connection = connection
        self._change = change

    async def execute(self, statement: Any) -> Any:
        result = await self._connection.execute(statement)
        if statement.is_select:
            await self._connection.execute(self._change)
        return result


async def test_a_document_that_changes_meanwhile_is_kept(document_shop: Running) -> None:
    runtime, clerk = document_shop.runtime, document_shop.caller("clerk")
    await listed(document_shop, clerk)
    assert isinstance(runtime.cipher.keys, OwnKeys)
    runtime.cipher.keys.rotate()
    (body,) = await bodies(document_shop)
    newer = {**body, "notes": wrapped(runtime.cipher.encrypt("newer", clerk.organization))}
    change = documents.update().where(documents.c.collection == "books")
    change = change.values(body=newer, version=2)
    async with runtime.database.transaction(write=True) as connection:
        overtaken: Any = Overtaken(connection, change)
        kept = SealedDocuments("books", ("notes",))
        assert (await kept.renew(overtaken, runtime.cipher, None, 200)).over
    assert await bodies(document_shop) == [newer]


async def test_a_document_that_nobody_can_read_holds_up_no_other(document_shop: Running) -> None:
    """Its other fields are renewed, and what is claimed of them."""
    runtime, clerk = document_shop.runtime, document_shop.caller("clerk")
    await listed(document_shop, clerk)
    lost = wrapped(FieldCipher(b"s" * 32).encrypt("lost", clerk.organization))
    await listed(document_shop, clerk)
    first, _ = await bodies(document_shop)
    where = documents.c.body["id"].as_string() == first["id"]
    change = documents.update().where(documents.c.collection == "books", where)
    assert isinstance(runtime.cipher.keys, OwnKeys)
    runtime.cipher.keys.rotate()
    unique = (("organizationId", "notes"), ("organizationId", "title"))
    async with runtime.database.transaction(write=True) as connection:
        spoilt = {**first, "notes": lost, "title": "in clear"}
        await connection.execute(change.values(body=spoilt))
        kept = SealedDocuments("books", ("notes", "title"), unique)
        renewed = await kept.renew(connection, runtime.cipher, None, 200)
    assert (renewed.over, renewed.passed_over) == (True, 1)
    passed, other = sorted(await bodies(document_shop), key=lambda each: each["id"] != first["id"])
    assert passed["notes"] == lost
    opened = [unwrapped(each) or b"" for each in (passed["title"], other["notes"])]
    assert [runtime.cipher.decrypt(each, clerk.organization) for each in opened] == [
        "in clear",
        NOTES,
    ]
    await runtime.key_keeper().once(0.0)
    scraped = (await document_shop.http.get("/metrics")).text
    (line,) = (each for each in scraped.splitlines() if each.startswith("fields_unreadable_total{"))
    assert 'place="aggregate_documents/books: ' in line
    assert line.endswith(" 1.0")


async def test_values_are_let_go_within_the_tenant_alone(document_shop: Running) -> None:
    """Two tenants may have a document with the same id, of which one goes or changes."""
    runtime, book = document_shop.runtime, uuid7()
    unique = (("organizationId", "isbn"), ("notes",))
    store = DocumentStore(collection="twins", unique=unique, encrypted=frozenset({"notes"}))
    books = DocumentRepository(bookshop.Book, store, runtime.cipher)
    made = (await listed(document_shop, document_shop.caller("clerk"))) | {"isbn": "1"}
    tenants = [uuid7() for _ in range(3)]

    def of(tenant: UUID, **changes: Any) -> bookshop.Book:
        notes = f"notes of {tenant}"
        body = {**made, "id": str(book), "organizationId": str(tenant), "notes": notes, **changes}
        return bookshop.Book.model_validate(body, strict=False)

    async def write(ctx: Context) -> None:
        for tenant in tenants:
            await books.insert(ctx.within(tenant), of(tenant))
        assert await books.remove(ctx.within(tenants[0]), book, 1)
        changed = of(tenants[1], isbn="2", version=2)
        assert await books.replace(ctx.within(tenants[1]), changed, 1)

    async def claimed(ctx: Context) -> list[str]:
        rows = sa.select(system.unique_keys.c.value)
        rows = rows.where(system.unique_keys.c.collection == "twins")
        return sorted((await (await ctx.unit.connection()).execute(rows)).scalars())

    probe = Operation(id="probe", access="workload", writes=True)
    incoming = Incoming(principal=workload("shop", tenants[0]), trace=Trace.new())
    await runtime.executor.run(probe, incoming, write)
    told = await runtime.executor.run(probe, incoming, claimed)
    expected = [
        json.dumps([str(tenants[1]), "2"]),
        json.dumps([str(tenants[2]), "1"]),
        *(json.dumps([runtime.cipher.blind_index(f"notes of {t}")]) for t in tenants[1:]),
    ]
    assert told == sorted(expected)


def test_unique_values_are_told_apart_by_their_index() -> None:
    """Of what is encrypted not even the table of unique values holds the text."""
    cipher = FieldCipher(b"k" * 32)
    claims = Claims("books", (("organizationId", "notes"),), frozenset({"notes"}))
    claimed = claims.of({"organizationId": "o", "notes": NOTES}, cipher)
    assert [value for _, value in claimed] == [json.dumps(["o", cipher.blind_index(NOTES)])]


def test_what_stands_in_a_document_is_the_ciphertext() -> None:
    cipher, tenant = FieldCipher(b"k" * 32), uuid7()
    stored = cipher.encrypt({"a": [1]}, tenant)
    assert unwrapped(wrapped(stored)) == stored
    assert [unwrapped(each) for each in (None, "x", {}, {"a": 1}, {SEALED: "", "a": 1})] == [
        None
    ] * 5
