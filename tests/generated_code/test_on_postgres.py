"""Services on a real PostgreSQL: migrated as released, held against what the code thinks the tables
are, and asked for every operation.
"""

from __future__ import annotations

import asyncio
import importlib
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from cloudsync_chassis import testing_databases
from cloudsync_chassis.context import Context
from cloudsync_chassis.contract import Bench
from cloudsync_chassis.executor import Incoming
from cloudsync_chassis.operation import Operation
from cloudsync_chassis.problem import VERSION_CONFLICT
from cloudsync_chassis.propagation import Trace
from cloudsync_chassis.rate import redis
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.security.principal import workload
from cloudsync_chassis.store.repository import UniqueViolationError
from cloudsync_chassis.store.system import sequences
from cloudsync_chassis.testing import Running, isolated, running
from cloudsync_chassis.testing_databases import VARIABLE
from sqlalchemy.engine import Connection

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.datastore import Database, Table
from support import postgres, valkey
from support.effort import Effort
from support.services import Written, own_failures, written

ROOT = Path(__file__).parents[2]
SMALL = ("document-service",)
OWN_SMALL = {
    "document-service": (
        "tests/test_folders.py",
        "tests/test_followers.py::test_off_boarding_deletes_what_is_not_held",
    ),
    "calendar-service": ("tests/test_people.py::test_invitations_are_answered",),
}
"""Tests of teams in which PostgreSQL once did otherwise: references, sagas, writers at once."""
WRITE = Operation(id="write", access="workload", writes=True, timeout=30.0)
Start = Callable[[Path], AbstractAsyncContextManager[Running]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres.server(tmp_path_factory.mktemp("postgres")) as address:
        yield address


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    found = written(ROOT, tmp_path_factory.mktemp("services"))
    with pytest.MonkeyPatch.context() as patch:
        for service in found.names:
            for source in found.sources(service):
                patch.syspath_prepend(str(source))
        yield found


@pytest.fixture(scope="module")
def services(made: Written, effort: Effort) -> list[str]:
    """Those with tables of their own: a few, or all of them."""
    found = [
        name
        for name in made.names
        if (made.folder(name) / "src" / made.package(name) / "generated" / "migrations").is_dir()
    ]
    assert len(found) > 4
    assert set(SMALL) <= set(found)
    return [name for name in found if effort.full or name in SMALL]


def on(server: str, made: Written, service: str, **told: Any) -> Start:
    """Starts the service as an image does: migrate, then serve. `told`: further settings."""
    name = made.package(service)
    with psycopg.connect(f"postgresql://{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
        connection.execute(f'CREATE DATABASE "{name}"')

    @asynccontextmanager
    async def start(state: Path) -> AsyncIterator[Running]:
        facts: Any = importlib.import_module(f"{name}.generated.service")
        settings: Any = importlib.import_module(f"{name}.generated.settings")
        app: Any = importlib.import_module(f"{name}.generated.app")
        handlers: Any = importlib.import_module(f"{name}.handlers")
        url = f"postgresql+psycopg://{server}/{name}"
        given = isolated(state) | {"database_url": url} | told
        runtime = Runtime(facts.SERVICE, settings.ServiceSettings.model_validate(given))
        await runtime.migrate()
        async with running(app.build(runtime, handlers.Handlers(runtime))) as service:
            yield service

    return start


def test_every_operation_answers_as_on_the_embedded_database(
    server: str, made: Written, services: list[str], tmp_path: Path
) -> None:
    for service in services:
        name = made.package(service)
        testing: Any = importlib.import_module(f"{name}.generated.testing")
        cases = testing.cases(made.folder(service) / "tests" / "contract.json")
        with (
            Bench(on(server, made, service), tmp_path / "postgres" / name) as real,
            Bench(testing.started, tmp_path / "sqlite" / name) as embedded,
        ):
            for case in cases:
                answer = real.ask(case)
                assert real.faults(case, answer) == [], case
                assert answer.status_code == embedded.ask(case).status_code, case


def test_own_tests_pass(server: str, made: Written, effort: Effort) -> None:
    """Each test on a database of its own, of which none is left."""
    url = f"postgresql+psycopg://{server}/postgres"
    chosen = OWN_SMALL if not effort.full else dict.fromkeys(made.names, ("tests",))
    assert set(chosen) >= set(OWN_SMALL)
    failures = {
        service: own_failures(made, service, *tests, **{VARIABLE: url})
        for service, tests in chosen.items()
    }
    assert failures == dict.fromkeys(chosen, "")
    assert databases(server) == []


def databases(server: str) -> list[str]:
    """Those of tests."""
    with psycopg.connect(f"postgresql://{server}/postgres") as connection:
        found = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^test_'")
        return [row[0] for row in found]


def test_a_state_folder_keeps_its_database(
    server: str, made: Written, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """While the service may start again; another folder has another one."""
    monkeypatch.setenv(VARIABLE, f"postgresql+psycopg://{server}/postgres")
    monkeypatch.setattr(testing_databases, "_KEPT", 1)
    started: Start = importlib.import_module("document_service.generated.testing").started
    states = [tmp_path / name for name in ("one", "two")]

    async def found(state: Path) -> int:
        """How many sequences are known there, before one more is."""
        async with started(state) as service:
            database = service.runtime.database
            assert not database.is_sqlite
            async with database.transaction(write=True) as connection:
                known = await connection.scalar(sa.select(sa.func.count(sequences.c.last)))
                row = {"aggregate_id": uuid.uuid4(), "last": 1}
                await connection.execute(sa.insert(sequences).values(row))
                return int(known or 0)

    assert [asyncio.run(found(states[0])) for _ in range(3)] == [0, 1, 2]
    assert [asyncio.run(found(states[1])) for _ in range(2)] == [0, 1]
    with pytest.raises(RuntimeError, match="was dropped"):
        asyncio.run(found(states[0]))
    assert len(databases(server)) == 2, "the other's and the one that both were copied from"
    testing_databases.drop_all()
    assert databases(server) == []


def test_a_name_that_is_taken_in_a_partition_is_told(
    server: str, made: Written, tmp_path: Path
) -> None:
    """An index of a partition has a name of PostgreSQL's own, and this one has an expression."""

    async def taken() -> dict[str, Any]:
        async with on(server, made, "document-service")(tmp_path) as service:
            caller, body = service.caller("member"), {"folderName": "Plans"}
            answers = [
                await service.http.post("/v1/folders", json=each, headers=caller.headers)
                for each in (body, {"folderName": "PLANS"})
            ]
            assert [each.status_code for each in answers] == [201, 409], answers[0].text
            repository = service.runtime.aggregates["folder"].repository
            made_one = answers[0].json()["id"]

            async def again(ctx: Context) -> tuple[str, ...]:
                found: Any = await repository.find(ctx, {"id": uuid.UUID(made_one)})
                twin = found.model_copy(update={"id": uuid.uuid4()})
                with pytest.raises(UniqueViolationError) as refused:
                    await repository.insert(ctx, twin)
                assert await repository.find(ctx, {"id": found.id}) == found
                return refused.value.fields

            me = workload("document-service", caller.organization)
            incoming = Incoming(principal=me, trace=Trace.new())
            return {"fields": await service.runtime.executor.run(WRITE, incoming, again)}

    assert asyncio.run(taken()) == {"fields": ("folderName",)}


def test_writers_in_each_others_way_all_come_through(
    server: str, made: Written, tmp_path: Path
) -> None:
    """Each reads both rows, then writes them in an order of its own: versions pass, locks cross."""

    async def written() -> list[int]:
        async with on(server, made, "document-service")(tmp_path) as service:
            caller = service.caller("member")
            made_two = [
                (
                    await service.http.post(
                        "/v1/folders", json={"folderName": name}, headers=caller.headers
                    )
                ).json()["id"]
                for name in ("A", "B")
            ]
            folders = service.runtime.aggregates["folder"]
            me = workload("document-service", caller.organization)
            incoming = Incoming(principal=me, trace=Trace.new())
            runs: list[int] = []
            both = asyncio.Barrier(2)

            async def write(ctx: Context, ids: list[str]) -> None:
                runs.append(1)
                for each in ids:
                    found: Any = await folders.repository.find(ctx, {"id": uuid.UUID(each)})
                    changed = found.model_copy(update={"version": found.version + 1})
                    if not await folders.repository.replace(ctx, changed, found.version):
                        raise VERSION_CONFLICT()
                    if len(runs) <= 2 and each == ids[0]:
                        await both.wait()

            run = service.runtime.executor.run
            await asyncio.gather(
                run(WRITE, incoming, lambda ctx: write(ctx, made_two)),
                run(WRITE, incoming, lambda ctx: write(ctx, made_two[::-1])),
            )

            async def versions(ctx: Context) -> list[int]:
                found: list[Any] = [each async for each in folders.each(ctx)]
                return [len(runs), *(each.version for each in found)]

            return await run(WRITE, incoming, versions)

    ran, *versions = asyncio.run(written())
    assert versions == [3, 3]
    assert ran > 2, "one had to give way"


def test_replicas_share_rows_and_keys_and_rates(server: str, made: Written, tmp_path: Path) -> None:
    """Two of them on one PostgreSQL and one Valkey: a repeated request is carried out once,
    whichever is asked, and a tenant's rate is that of both together.
    """
    asked, burst = 12, 20

    async def ask(one: Running, other: Running) -> tuple[list[httpx.Response], int, int]:
        caller, stranger = one.caller("member"), one.caller("member")
        keyed = {**caller.headers, "Idempotency-Key": "once"}
        body = {"folderName": "Plans"}
        replicas = [one.http, other.http] * asked
        first = await asyncio.gather(
            *(each.post("/v1/folders", json=body, headers=keyed) for each in replicas[:asked])
        )
        listed = await other.http.get("/v1/folders", headers=caller.headers)
        more = await asyncio.gather(
            *(each.get("/v1/folders", headers=caller.headers) for each in replicas)
        )
        assert (await other.http.get("/v1/folders", headers=stranger.headers)).is_success
        refused = [each for each in more if each.status_code == 429]
        assert all(int(each.headers["retry-after"]) >= 1 for each in refused)
        return first, len(listed.json()["items"]), len(more) - len(refused)

    async def beside(url: str) -> tuple[list[httpx.Response], int, int]:
        rate = {"redis_url": url, "rate_limit_per_second": 1, "rate_limit_burst": burst}
        start = on(server, made, "document-service", **rate)
        async with start(tmp_path / "state") as one, start(tmp_path / "state") as other:
            return await ask(one, other)

    (tmp_path / "valkey").mkdir()
    began = time.monotonic()
    with pytest.MonkeyPatch.context() as patch, valkey.server(tmp_path / "valkey") as port:
        patch.setattr(redis, "PATIENCE", 10.0)
        first, listed, admitted = asyncio.run(beside(f"redis://127.0.0.1:{port}/0"))
    assert {each.status_code for each in first} == {201}, [each.text for each in first]
    assert len({each.content for each in first}) == listed == 1
    passed = time.monotonic() - began
    assert burst - asked - 1 <= admitted <= burst - asked - 1 + passed


@pytest.mark.filterwarnings("ignore:Did not recognize type 'ltree'")
def test_tables_of_the_code_are_those_of_the_migration(
    server: str, made: Written, services: list[str], tmp_path: Path
) -> None:
    """What `alembic check` would say. Keys to other tables, partitions, and indexes that only
    PostgreSQL has are the migration's alone.
    """
    for service in services:
        steps = asyncio.run(compared(on(server, made, service), tmp_path / service, spoil=False))
        left_out = {each[1].name for each in steps if each[0] == "remove_index"}
        assert [each for each in steps if each[0] != "remove_index"] == [], service
        assert left_out == set(indexes_of_postgresql(made, service)), service


@pytest.mark.filterwarnings("ignore:Did not recognize type 'ltree'")
def test_a_difference_would_be_seen(server: str, made: Written, tmp_path: Path) -> None:
    steps = asyncio.run(compared(on(server, made, SMALL[0]), tmp_path, spoil=True))
    found = {each[0] for each in steps}
    assert found >= {"add_column", "modify_nullable", "modify_type", "add_index"}


def indexes_of_postgresql(made: Written, service: str) -> Iterator[str]:
    """Indexes of the service's tables that the model wants of another kind than a B-tree."""
    schemas = {
        (database.id, schema.name)
        for database in made.model.all(Database)
        for schema in database.schemas
        if name_of(schema.service) == service
    }
    for table in made.model.all(Table):
        if (table.database, table.schema) in schemas:
            yield from (each.name for each in table.indexes if each.method != "btree")


async def compared(start: Start, state: Path, *, spoil: bool) -> list[Any]:
    """Steps that would make the migrated database what the code's tables say."""
    async with start(state) as service:
        runtime = service.runtime
        tables = runtime.spec.tables
        if spoil:
            tables = spoilt(tables)
        async with runtime.database.transaction(write=False) as connection:
            return await connection.run_sync(_compare, tables, set(runtime.spec.schemas))


def spoilt(tables: sa.MetaData) -> sa.MetaData:
    """A copy in which one table has a column and an index more, and others than it should have."""
    copy = sa.MetaData()
    for each in tables.sorted_tables:
        each.to_metadata(copy)
    (table,) = (each for each in copy.sorted_tables if each.name == "documents")
    table.append_column(sa.Column("added", sa.Text()))
    table.c.title.nullable = True
    table.c.title.type = sa.Integer()
    sa.Index("documents_added", table.c.added)
    return copy


def _compare(connection: Connection, tables: sa.MetaData, schemas: set[str]) -> list[Any]:
    own = {each.name for each in tables.sorted_tables}
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "include_schemas": True,
            "include_name": lambda name, kind, _: kind != "schema" or name in schemas,
            "include_object": lambda each, name, kind, reflected, _: _judged(
                each, kind, reflected, own
            ),
        },
    )
    return list(_flat(compare_metadata(context, tables)))


def _judged(each: Any, kind: str, reflected: bool, own: set[str]) -> bool:
    """Not keys to other tables; of what only the database has, not whole tables: they are
    partitions, the table of revisions, and the chassis' own.
    """
    if kind == "foreign_key_constraint":
        return False
    return not (reflected and kind == "table") or each.name in own


def _flat(steps: Any) -> Iterator[Any]:
    for step in steps:
        if isinstance(step, list):
            yield from _flat(step)
        else:
            yield step
