"""Repositories, cursors, ciphers, columns."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

import bookshop
from cloudsync_chassis import files
from cloudsync_chassis.aggregate.entities import Entities
from cloudsync_chassis.context import Context
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.ids import object_id, token, uuid7
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import Problem
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.cipher import FieldCipher
from cloudsync_chassis.store.columns import sql
from cloudsync_chassis.store.cursor import CursorSigner, Position
from cloudsync_chassis.store.database import Database
from cloudsync_chassis.testing import Running

SIGNER = CursorSigner(b"k" * 32)
VALUES = st.one_of(
    st.text(max_size=400),
    st.integers(-(2**53), 2**53),
    st.datetimes(timezones=st.just(UTC)),
    st.uuids(),
)


@given(st.from_regex(r"-?[a-zA-Z]{1,40}", fullmatch=True), VALUES, st.uuids())
def test_a_cursor_is_short_and_comes_back(sort: str, value: Any, row: UUID) -> None:
    cursor = SIGNER.encode(Position(sort, value, row))
    found = SIGNER.decode(cursor)
    assert len(cursor) <= 512
    assert (found.sort, found.id) == (sort, row)
    assert found.value == (value[:60] if isinstance(value, str) else value)


@given(st.integers(0, 200), st.integers(1, 255))
def test_an_altered_cursor_is_refused(place: int, flip: int) -> None:
    cursor = bytearray(SIGNER.encode(Position("title", "x", UUID(int=1))), "ascii")
    cursor[place % len(cursor)] ^= flip
    with pytest.raises(Problem):
        SIGNER.decode(cursor.decode("latin-1"))


def test_a_cursor_of_another_key_is_refused() -> None:
    with pytest.raises(Problem):
        CursorSigner(b"x" * 32).decode(SIGNER.encode(Position("title", "x", UUID(int=1))))


@given(VALUES)
def test_a_field_is_sealed_for_its_tenant(value: Any) -> None:
    cipher, ours, theirs = FieldCipher(b"a" * 32), UUID(int=1), UUID(int=2)
    sealed = cipher.encrypt(value, ours)
    rotated = FieldCipher(b"b" * 32, b"a" * 32)
    assert cipher.encrypt(value, ours) != sealed, "never the same twice"
    assert rotated.decrypt(sealed, ours) == cipher.decrypt(sealed, ours)
    with pytest.raises(InvalidTag):
        cipher.decrypt(sealed, theirs)
    with pytest.raises(KeyError):
        FieldCipher(b"b" * 32).decrypt(sealed, ours)


def test_a_blind_index_ignores_case_and_survives_rotation() -> None:
    old, new = FieldCipher(b"a" * 32), FieldCipher(b"b" * 32, b"a" * 32)
    assert old.blind_index("Ann@Example.org") == new.blind_index("ann@example.ORG")
    assert old.blind_index("ann") != old.blind_index("bob")
    assert old.blind_index(None) is None


async def test_restricted_fields_are_not_readable_on_disk(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    body = {"title": "x", "priceMinor": 1, "notes": "the buyer is Ann"}
    answer = await table_shop.http.post("/v1/books", json=body, headers=clerk.headers)
    assert answer.json()["notes"] == "the buyer is Ann"
    async with table_shop.runtime.database.transaction(write=False) as connection:
        stored = (await connection.execute(sa.select(bookshop.books))).one()
    assert stored.notes_bidx == table_shop.runtime.cipher.blind_index("the buyer is Ann")
    assert stored.notes_ciphertext
    assert not any(b"the buyer" in repr(each).encode() for each in stored)
    store = table_shop.runtime.settings.state_dir.rglob("*.sqlite*")
    assert b"the buyer" not in b"".join(each.read_bytes() for each in store)


async def test_what_has_a_blind_index_is_found_by_one_value_or_several(
    table_shop: Running,
) -> None:
    clerk = table_shop.caller("clerk")
    for notes in ("Ann", "Bob", "Eve"):
        body = {"title": "x", "priceMinor": 1, "notes": notes}
        await table_shop.http.post("/v1/books", json=body, headers=clerk.headers)
    books: Entities[Any] = table_shop.runtime.aggregates["book"]

    async def counts(ctx: Context) -> list[int]:
        wanted: tuple[Any, ...] = ("ann", ("ann", "BOB", "Joe"), ())
        return [await books.count(ctx, notes=each) for each in wanted]

    service = Incoming(principal=workload("shop", clerk.organization), trace=Trace.new())
    operation = Operation(id="count", access="workload")
    assert await table_shop.runtime.executor.run(operation, service, counts) == [1, 2, 0]


async def test_a_unique_value_that_is_encrypted_is_named_where_it_is_taken(
    table_shop: Running,
) -> None:
    clerk = table_shop.caller("clerk")
    column = bookshop.books.to_metadata(sa.MetaData()).c
    index = sa.Index("books_notes", column.organization_id, column.notes_bidx, unique=True)
    async with table_shop.runtime.database.transaction(write=True) as connection:
        await connection.execute(sa.schema.CreateIndex(index))
    body = {"title": "x", "priceMinor": 1, "notes": "Ann"}
    answers = [
        await table_shop.http.post("/v1/books", json=body, headers=clerk.headers) for _ in "12"
    ]
    assert [each.status_code for each in answers] == [201, 409]
    assert [each["pointer"] for each in answers[1].json()["errors"]] == ["/notes"]


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE books; --",
        '" OR 1=1',
        "%",
        "\\",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "é😀",
    ],
)
async def test_hostile_text_stays_data(shop: Running, text: str) -> None:
    clerk = shop.caller("clerk")
    body = {"title": text, "priceMinor": 1, "isbn": text, "tags": [text, "other"], "notes": text}
    book = (await shop.http.post("/v1/books", json=body, headers=clerk.headers)).json()
    assert (book["title"], book["isbn"], book["notes"]) == (text, text, text)
    found = await shop.http.get("/v1/books", params={"tag": text}, headers=clerk.headers)
    assert found.json()["items"] == [book]
    none = await shop.http.get("/v1/books", params={"tag": text + "x"}, headers=clerk.headers)
    assert none.json()["items"] == []


def test_a_table_must_hold_every_field() -> None:
    from cloudsync_chassis.store.table import TableRepository, TableStore

    store = TableStore(table=bookshop.books)
    with pytest.raises(ValueError, match="books has no column for notes"):
        TableRepository(bookshop.Book, store, FieldCipher(b"a" * 32))


def test_columns_are_called_as_their_fields() -> None:
    from cloudsync_chassis.store.table import TableStore

    store = TableStore(table=bookshop.books, columns={"notes": "notes_ciphertext"})
    fields = ("id", "organizationId", "sha256Hex", "notes")
    columns = [store.column_of(each) for each in fields]
    assert columns == ["id", "organization_id", "sha256_hex", "notes_ciphertext"]


@pytest.mark.parametrize("name", ["varchar", "varchar(x)", "money", "text; drop", "uuid[][]"])
def test_unknown_column_types_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="unknown column type"):
        sql(name)


def test_identifiers_have_their_shapes() -> None:
    made = [uuid7() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == 5000
    assert {(each.version, each.variant) for each in made} == {(7, "specified in RFC 4122")}
    milliseconds = made[0].int >> 80
    assert abs(milliseconds / 1000 - datetime.now(UTC).timestamp()) < 60
    assert (len(object_id()), len(token())) == (24, 64)


async def test_a_file_that_somebody_begins_at_the_same_time_is_waited_for(tmp_path: Path) -> None:
    """SQLite itself refuses at once to begin a write-ahead log while another one writes."""
    path = tmp_path / "store.sqlite"
    other = sqlite3.connect(path, isolation_level=None, timeout=0)
    other.execute("CREATE TABLE begun (id)")
    other.execute("BEGIN IMMEDIATE")
    database = Database(f"sqlite+aiosqlite:///{path}")
    opened = asyncio.create_task(database.ping())
    await asyncio.sleep(0.2)
    assert not opened.done()
    other.execute("COMMIT")
    await opened
    await database.dispose()
    other.close()
    with closing(sqlite3.connect(path)) as found:
        assert found.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "a" / "secret"
    first = files.secret_bytes(path)
    assert files.secret_bytes(path) == first
    assert not files.create_once(path, b"other")
    assert path.read_bytes() == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secret"], "no staging file left"


async def test_entities_are_counted_by_an_id_that_is_a_text(shop: Running) -> None:
    """As conditions of the model give it: CEL has no UUIDs."""
    clerk = shop.caller("clerk")
    body = {"title": "Emma", "priceMinor": 1}
    book = (await shop.http.post("/v1/books", json=body, headers=clerk.headers)).json()
    runtime = shop.runtime
    asking = Incoming(principal=workload("shop", clerk.organization), trace=Trace.new())

    async def count(ctx: Context) -> tuple[int, int]:
        books = runtime.aggregates["book"]
        return await books.count(ctx, id=book["id"]), await books.count(ctx, id="none")

    reading = Operation(id="read", access="workload")
    assert await runtime.executor.run(reading, asking, count) == (1, 0)
