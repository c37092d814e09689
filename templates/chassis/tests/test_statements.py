"""How many statements an operation sends to the database, and how those are kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import sqlalchemy as sa

from cloudsync_chassis import propagation
from cloudsync_chassis.store import predicates, statements
from cloudsync_chassis.store.statements import BRIEF, Statements
from cloudsync_chassis.testing import Caller, Running

things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("kind", sa.Text),
)


_PASSING = ("SAVEPOINT", "RELEASE", "SELECT pg_advisory")
BOOK = {"title": "Emma", "priceMinor": 700}


@contextmanager
def told(shop: Running, operation: str) -> Iterator[list[str]]:
    """The statements of an operation, and not of what goes on beside it; without those that only
    PostgreSQL needs. Complete at the end.
    """
    found: list[str] = []
    sent: list[tuple[sa.Connection, str]] = []
    ours: list[sa.Connection] = []

    def heard(connection: sa.Connection, cursor: object, statement: str, *_: object) -> None:
        context = propagation.current.get()
        if context is not None and context.operation.id == operation:
            ours.append(connection)
        if not statement.startswith(_PASSING):
            sent.append((connection, statement))

    engine = shop.runtime.database.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", heard)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", heard)
        found += [statement for connection, statement in sent if connection in ours]


async def lend(shop: Running, clerk: Caller, reader: Caller) -> str:
    """A book that the reader keeps, and its path."""
    made = await shop.http.post("/v1/books", json=BOOK, headers=clerk.headers)
    path = f"/v1/books/{made.json()['id']}"
    loan = f"{path}/loans/user:{reader.subject}"
    answer = await shop.http.put(loan, json={"level": "keeper"}, headers=clerk.headers)
    assert answer.status_code == 200, answer.text
    return path


async def page(shop: Running, caller: Caller) -> tuple[int, int]:
    """How many books a page has, and how many statements it took."""
    with told(shop, "find-books") as sent:
        answer = await shop.http.get("/v1/books", headers=caller.headers)
    return len(answer.json()["items"]), len(sent)


async def test_a_page_takes_as_many_statements_whatever_it_holds(shop: Running) -> None:
    clerk = shop.caller("clerk")
    reader = shop.caller("reader", organization=clerk.organization)
    await lend(shop, clerk, reader)
    once = await page(shop, reader)
    for _ in range(4):
        await lend(shop, clerk, reader)
    assert await page(shop, reader) == (5, once[1])


async def test_a_page_of_what_one_is_related_to_is_one_statement(table_shop: Running) -> None:
    """By a field, by what the entity says, and by two ways through another aggregate."""
    clerk = table_shop.caller("clerk")
    reader = table_shop.caller("reader", organization=clerk.organization)
    await lend(table_shop, clerk, reader)
    assert await page(table_shop, reader) == (1, 1)


async def test_an_entity_is_one_statement(shop: Running) -> None:
    clerk = shop.caller("clerk")
    path = await lend(shop, clerk, shop.caller("reader", organization=clerk.organization))
    with told(shop, "get-book") as sent:
        await shop.http.get(path, headers=clerk.headers)
    assert len(sent) == 1


def test_a_key_is_what_one_row_at_most_has() -> None:
    indexed = sa.Table(
        "indexed",
        sa.MetaData(),
        *(sa.Column(name, sa.Text) for name in "abcdefg"),
        sa.UniqueConstraint("a", "b"),
        sa.Index("over_c", "c", unique=True),
        sa.Index("over_d", "d"),
        sa.Index("over_some_e", "e", unique=True, sqlite_where=sa.text("a IS NULL")),
        sa.Index("over_f_in_lower_case", sa.func.lower(sa.column("f")), unique=True),
    )
    for names in ("ab", "abg", "c", "cg"):
        assert predicates.is_key(indexed, {indexed.c[each] for each in names}), names
    for names in ("a", "b", "d", "e", "f", "g", "adefg", ""):
        assert not predicates.is_key(indexed, {indexed.c[each] for each in names}), names
    assert predicates.is_key(things, {things.c.id})


async def test_an_entity_is_looked_up_by_its_key_without_a_hand_over(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    path = await lend(table_shop, clerk, table_shop.caller("reader"))
    with told(table_shop, "get-book") as sent:
        await table_shop.http.get(path, headers=clerk.headers)
    assert [BRIEF in each for each in sent] == [table_shop.runtime.database.is_sqlite]


async def test_an_entity_is_made_by_a_handful_of_statements(table_shop: Running) -> None:
    """Its row, its place among the aggregate's events, the event, and the trail: its end is locked
    and read, the row added, the end told.
    """
    clerk = table_shop.caller("clerk")
    with told(table_shop, "list-book") as sent:
        await table_shop.http.post("/v1/books", json=BOOK, headers=clerk.headers)
    words = [each.removeprefix("INSERT INTO ").removeprefix("UPDATE ") for each in sent]
    names = [each.removeprefix(f"{BRIEF} ").split()[0] for each in words]
    assert [each.rpartition(".")[2] for each in names] == [
        "books",
        "event_sequences",
        "outbox",
        "audit_heads",
        "audit_trail",
        "audit_heads",
    ]


async def test_what_is_kept_for_an_idempotency_key_takes_two_more(table_shop: Running) -> None:
    clerk = table_shop.caller("clerk")
    key = {"Idempotency-Key": "0190a0b0-0000-7000-8000-000000000001"}
    with told(table_shop, "list-book") as sent:
        await table_shop.http.post("/v1/books", json=BOOK, headers={**clerk.headers, **key})
    assert len(sent) == 8, "whether there is an answer; the answer, in place of one that is over"
    with told(table_shop, "list-book") as sent:
        await table_shop.http.post("/v1/books", json=BOOK, headers={**clerk.headers, **key})
    assert len(sent) == 1


def test_what_differs_in_its_values_alone_is_made_once() -> None:
    kept, made = Statements(), count()

    def asked(name: str, kinds: tuple[str, ...]) -> tuple[int, dict[str, object]]:
        parts = [
            predicates.equals("name", things.c.name, name),
            predicates.one_of("kind", things.c.kind, kinds),
        ]
        place = kept.get(statements.shape_of(parts), lambda: next(made))
        return place, statements.parameters(parts)

    assert asked("a", ("x", "z")) == (0, {"p0": "a", "p1": "x", "p2": "z"})
    assert asked("b", ("x", "y")) == (0, {"p0": "b", "p1": "x", "p2": "y"})
    assert asked("b\0", ("x", "y")) == (1, {"p0": "x", "p1": "y"}), "no text has a NUL"
    assert asked("b", ()) == (2, {"p0": "b"})
    assert asked("b", ("x",)) == (3, {"p0": "b", "p1": "x"})
    ten, twenty = tuple("abcdefghij"), tuple("abcdefghijklmnopqrst")
    assert asked("b", ten) == (4, {"p0": "b", "p1": [*ten]}), "one statement for very many"
    assert asked("b", twenty) == (4, {"p0": "b", "p1": [*twenty]})


def test_parameters_are_named_alike_in_a_statement_and_its_values() -> None:
    inner = [predicates.equals("kind", things.c.kind, "k")]
    parts = [
        predicates.equals("kind", things.c.kind, "outer"),
        statements.any_of(
            [
                predicates.equals("name", things.c.name, None),
                statements.among(
                    "id",
                    things.c.id,
                    statements.selected("inner", inner, lambda: sa.select(things.c.id)),
                ),
                predicates.at_most("id", things.c.id, 3),
            ]
        ),
    ]
    statement = sa.select(things.c.name).where(*statements.conditions(parts))
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        things.metadata.create_all(connection)
        rows: list[dict[str, object]] = [
            {"id": 1, "name": None, "kind": "outer"},
            {"id": 2, "name": "b", "kind": "outer"},
            {"id": 9, "name": "c", "kind": "outer"},
            {"id": 5, "name": "d", "kind": "k"},
        ]
        connection.execute(sa.insert(things), rows)
        found = connection.execute(statement, statements.parameters(parts))
        assert sorted(found.scalars(), key=str) == [None, "b"]
    engine.dispose()


def test_of_very_many_statements_the_oldest_are_forgotten() -> None:
    kept, made = Statements(most=2), count()

    def asked(shape: str) -> int:
        return kept.get(shape, lambda: next(made))

    assert [asked(each) for each in ("a", "b", "c", "b", "c", "a")] == [0, 1, 2, 1, 2, 3]


def test_a_condition_with_its_values_stands_in_any_statement() -> None:
    names = statements.told(predicates.one_of("name", things.c.name, ["Emma", "Jane"]))
    kinds = [statements.told(predicates.equals("kind", things.c.kind, each)) for each in "ab"]
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        things.metadata.create_all(connection)
        rows = [("Emma", "a"), ("Jane", "b"), ("Emma", "c"), ("Anne", "a")]
        connection.execute(sa.insert(things), [{"name": n, "kind": k} for n, k in rows])
        found = connection.execute(
            sa.select(things.c.name, things.c.kind).where(names, sa.or_(*kinds)).order_by("id")
        )
        assert [tuple(each) for each in found] == [("Emma", "a"), ("Jane", "b")]
        never = statements.told(predicates.one_of("name", things.c.name, []))
        assert connection.execute(sa.select(things.c.id).where(never)).all() == []
