"""Spans of statements: below what asks for them, as OpenTelemetry's conventions have them; and how
a span is printed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import ref

import pytest
import sqlalchemy as sa
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from sqlalchemy.exc import DBAPIError

import bookshop
from cloudsync_chassis import telemetry, telemetry_export
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.store.database import Database
from cloudsync_chassis.store.engine import AsyncConnection
from cloudsync_chassis.telemetry import Telemetry, Tracing
from cloudsync_chassis.testing import isolated, running

CANARY = "canary-77aa"
SHELVES = sa.Table(
    "shelves", sa.MetaData(), sa.Column("name", sa.Text, primary_key=True), sa.Column("at", sa.Text)
)
LAMPS = sa.Table("lamps", SHELVES.metadata, sa.Column("shelf", sa.Text, primary_key=True))
ON_SHELVES = sa.select(SHELVES.c.name).join(LAMPS, SHELVES.c.name == LAMPS.c.shelf)


@asynccontextmanager
async def shelves(tmp_path: Path, sampling: float) -> AsyncIterator[tuple[Database, Telemetry]]:
    made = Telemetry(Tracing(exporter="memory", sampling=sampling))
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'shelves.sqlite'}")
    try:
        await database.create_all(SHELVES.metadata)
        yield database, made
    finally:
        await database.dispose()
        await made.stop(5.0)


async def carry_out(connection: AsyncConnection, *statements: Any) -> None:
    for each in statements:
        with suppress(DBAPIError):
            await connection.execute(each)


STATEMENTS = [
    (sa.insert(SHELVES).values(name=CANARY), "INSERT shelves", "shelves"),
    (sa.select(SHELVES.c.at).where(SHELVES.c.name == CANARY), "SELECT shelves", "shelves"),
    (sa.update(SHELVES).values(at=CANARY), "UPDATE shelves", "shelves"),
    (sa.delete(LAMPS).where(LAMPS.c.shelf == CANARY), "DELETE lamps", "lamps"),
    (sa.select(SHELVES.alias().c.name), "SELECT shelves", "shelves"),
    (ON_SHELVES, "SELECT shelves lamps", None),
    (sa.select(sa.exists(ON_SHELVES)), "SELECT shelves lamps", None),
    (sa.text(f"select '{CANARY}'"), "SELECT", None),
    (sa.text("/* shelf */ select 1"), "STATEMENT", None),
]


@pytest.mark.parametrize(("statement", "summary", "table"), STATEMENTS)
async def test_a_statement_says_what_it_does_and_to_which_table(
    tmp_path: Path, statement: Any, summary: str, table: str | None
) -> None:
    async with shelves(tmp_path, 1.0) as (database, made):
        with telemetry.span("work", SpanKind.SERVER, None, {}) as work:
            async with database.transaction(write=True) as connection:
                await carry_out(connection, statement, statement)
        *spans, _ = made.finished
        told = {"db.system.name": "sqlite", "db.operation.name": summary.split()[0]}
        told |= {"db.query.summary": summary} | ({"db.collection.name": table} if table else {})
        assert len(spans) == 2
        for each in spans:
            assert (each.name, each.kind) == (summary, SpanKind.CLIENT)
            assert each.attributes.items() >= told.items()
            assert ("db.collection.name" in each.attributes) is (table is not None)
            assert each.parent.span_id == work.get_span_context().span_id
            assert each.start_time <= each.end_time
            assert CANARY not in each.to_json()


async def test_what_nobody_asked_for_has_no_span(tmp_path: Path) -> None:
    async with shelves(tmp_path, 1.0) as (database, made):
        async with database.transaction(write=True) as connection:
            await carry_out(connection, sa.select(SHELVES), sa.text("select nothing"))
        assert made.finished == []


BROKEN = sa.text("select nothing")
TWICE = sa.insert(SHELVES).values(name="one")


@pytest.mark.parametrize(
    ("sampling", "names"),
    [(1.0, ["INSERT shelves", "INSERT shelves", "SELECT", "work"]), (0.0, ["SELECT"])],
)
async def test_of_what_is_not_sampled_only_failure_is_told(
    tmp_path: Path, sampling: float, names: list[str]
) -> None:
    """A value that is there already is an answer of the database."""
    async with shelves(tmp_path, sampling) as (database, made):
        with telemetry.span("work", SpanKind.SERVER, None, {}):
            async with database.transaction(write=True) as connection:
                await carry_out(connection, TWICE, TWICE, BROKEN)
        assert [each.name for each in made.finished] == names
        told = {each.attributes.get("error.type"): each for each in made.finished}
    failure = told["SQLITE_ERROR"]
    assert failure.status.status_code is StatusCode.ERROR
    assert failure.attributes["db.response.status_code"] == "SQLITE_ERROR"
    refusal = told.get("SQLITE_CONSTRAINT_PRIMARYKEY")
    assert (refusal is not None and refusal.status.is_unset) is (sampling > 0)


async def test_a_request_has_its_statements_below_it(tmp_path: Path) -> None:
    arguments = isolated(tmp_path)
    runtime = Runtime(
        bookshop.SERVICE, bookshop.BookSettings(**{**arguments, "telemetry": "memory"})
    )
    async with running(bookshop.build(runtime, bookshop.Books(runtime))) as shop:
        headers = shop.caller("clerk").headers
        body = {"title": CANARY, "priceMinor": 700}
        made = await shop.http.post("/v1/books", json=body, headers=headers)
        await shop.http.get(f"/v1/books/{made.json()['id']}", headers=headers)
        assert runtime.telemetry is not None
        spans = runtime.telemetry.finished
    requests = {each.context.span_id: each.name for each in spans if each.kind is SpanKind.SERVER}
    assert list(requests.values()) == ["list-book", "get-book"]
    asked = [
        (requests[each.parent.span_id], each.name) for each in spans if each.kind is SpanKind.CLIENT
    ]
    assert {("list-book", "INSERT books"), ("get-book", "SELECT books")} <= {*asked}
    assert CANARY not in "".join(each.to_json() for each in spans)


async def test_what_is_known_of_statements_goes_with_them(tmp_path: Path) -> None:
    """Statements that are made anew for each request do not add up."""
    async with shelves(tmp_path, 1.0) as (database, made):
        with telemetry.span("work", SpanKind.SERVER, None, {}):
            async with database.transaction(write=False) as connection:
                column: Any = sa.literal_column("1").label(CANARY)
                found = await connection.execute(sa.select(column).select_from(SHELVES))
                seen = ref(found.context.compiled)
                del found
        database.engine.clear_compiled_cache()
        assert len(made.finished) == 2
    assert seen() is None


async def test_a_printed_span_is_a_line_that_says_what_opentelemetry_says_of_it() -> None:
    tracing = Tracing(exporter="memory", resource={"cloud.region": "north"})
    made = telemetry_export.Spans(tracing)
    with made.tracer.start_as_current_span("outer", attributes={"http.route": "/v1/books"}) as own:
        links = [trace.Link(own.get_span_context(), {"http.route": "a\n\u2028b"})]
        with made.tracer.start_as_current_span("inner", kind=SpanKind.CLIENT, links=links) as below:
            below.add_event("sold", {"http.request.resend_count": 2})
            below.set_status(StatusCode.ERROR)
    await made.stop(5.0)
    assert [each.name for each in made.finished] == ["inner", "outer"]
    described = telemetry_export._copy(made.finished[1], status=Status(StatusCode.ERROR, "said"))
    for span in [*made.finished, described]:
        printed = telemetry_export.line(span)
        assert printed.count("\n") == 1
        assert json.loads(printed) == json.loads(span.to_json())


@pytest.mark.parametrize("failed", [False, True])
async def test_what_has_just_ended_is_told_as_by_a_tracer(failed: bool) -> None:
    said: dict[str, str | int] = {"db.system.name": "sqlite", "server.port": 1}
    resource = {"cloud.region": "north"}
    made = Telemetry(Tracing(exporter="memory", resource=resource))
    try:
        with telemetry.span("work", SpanKind.SERVER, Trace.new(), {}):
            telemetry.past("SELECT a", said, 1_000, failed=failed)
            own: Any = telemetry._started("SELECT a", SpanKind.CLIENT, None, said, 1_000)
            if failed:
                own.set_status(StatusCode.ERROR)
            own.end()
        one, other, _ = (json.loads(each.to_json()) for each in made.finished)
        assert made.finished[0].instrumentation_scope == made.finished[1].instrumentation_scope
    finally:
        await made.stop(5.0)
    for each in (one, other):
        assert len({each["context"].pop("span_id"), each["parent_id"], each.pop("end_time")}) == 3
    assert one == other
