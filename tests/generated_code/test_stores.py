"""Migrations of every service, applied to a real PostgreSQL and to SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from cloudsync_chassis.store.migrate import script

from cloudsync_gen.model.ids import name_of
from cloudsync_gen.model.layers.datastore import Database, Table
from cloudsync_gen.model.system import Model
from support import postgres
from support.services import Written, written

ROOT = Path(__file__).parents[2]
SERVICES = sorted(
    path.parents[3].name for path in ROOT.glob("generated/services/*/src/*/generated/migrations")
)

_CATALOG = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid), pg_get_partkeydef(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE n.nspname = %(schema)s AND c.relname NOT LIKE 'alembic_version%%' ORDER BY 1, 2
"""
_CONSTRAINTS = """
SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid)
FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
WHERE n.nspname = %(schema)s AND c.conname NOT LIKE 'alembic_version%%' ORDER BY 1, 2
"""
_INDEXES = """
SELECT tablename, indexname, indexdef FROM pg_indexes
WHERE schemaname = %(schema)s ORDER BY 1, 2
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(ROOT, tmp_path_factory.mktemp("stores"), ("stores",))


def folder_of(made: Written, service: str) -> Path:
    return made.folder(service) / "src" / made.package(service) / "generated" / "migrations"


def tables_of(model: Model, service: str) -> tuple[str, list[Table]]:
    """(schema, the tables in it) that the model gives a service."""
    found = {
        schema.name: [
            t for t in model.all(Table) if (t.database, t.schema) == (each.id, schema.name)
        ]
        for each in model.all(Database)
        for schema in each.schemas
        if name_of(schema.service) == service
    }
    ((name, tables),) = ((name, tables) for name, tables in found.items() if tables)
    return name, tables


def statements(model: Model, service: str) -> Iterator[str]:
    """What the model says of a service's tables, as SQL of this test's own."""
    schema, tables = tables_of(model, service)
    for extension in ("citext", "ltree", "pg_trgm"):
        yield f"CREATE EXTENSION IF NOT EXISTS {extension}"
    yield f"CREATE SCHEMA {schema}"
    for table in tables:
        yield f"CREATE TABLE {schema}.{table.table} ({', '.join(columns(table))}){spread(table)}"
        yield from partitions(schema, table)
    for table in tables:
        for key in table.foreign_keys:
            remote = model.get(Table, key.table)
            assert remote is not None
            name = f"{table.table}_{'_'.join(key.columns)}_fkey"[:63]
            yield (
                f"ALTER TABLE {schema}.{table.table} ADD CONSTRAINT {name} FOREIGN KEY "
                f"({', '.join(key.columns)}) REFERENCES {schema}.{remote.table} "
                f"({', '.join(remote.primary_key)}) ON DELETE {key.on_delete}"
            )
        for index in table.indexes:
            parts = (f"{part} {index.operator_class or ''}" for part in index.columns)
            yield (
                f"CREATE {'UNIQUE' if index.unique else ''} INDEX {index.name} "
                f"ON {schema}.{table.table} USING {index.method} ({', '.join(parts)})"
                + (f" WHERE {index.where}" if index.where else "")
            )


def columns(table: Table) -> Iterator[str]:
    for name, column in table.columns.items():
        default = f" DEFAULT {column.default}" if column.default else ""
        yield f'"{name}" {column.type}{"" if column.nullable else " NOT NULL"}{default}'
    for check in table.checks:
        yield f"CONSTRAINT {check.name} CHECK ({check.expression})"
    yield f"CONSTRAINT {table.table}_pkey PRIMARY KEY ({', '.join(table.primary_key)})"


def spread(table: Table) -> str:
    found = table.partition
    return f" PARTITION BY {found.method} ({', '.join(found.columns)})" if found else ""


def partitions(schema: str, table: Table) -> Iterator[str]:
    whole = f"{schema}.{table.table}"
    if table.partition and table.partition.method == "range":
        yield f"CREATE TABLE {whole}_default PARTITION OF {whole} DEFAULT"
    elif table.partition:
        count = table.partition.count or 1
        for part in range(count):
            bounds = f"WITH (MODULUS {count}, REMAINDER {part})"
            yield f"CREATE TABLE {whole}_p{part:02d} PARTITION OF {whole} FOR VALUES {bounds}"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres.server(tmp_path_factory.mktemp("postgres")) as address:
        yield address


def fresh_database(server: str, name: str) -> str:
    with psycopg.connect(f"postgresql://{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{server}/{name}"


def migrate(url: str, folder: Path, step: str, revision: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        getattr(command, step)(config, revision)
    engine.dispose()


def catalog(address: str, schema: str) -> list[list[tuple[object, ...]]]:
    with psycopg.connect(f"postgresql://{address}") as connection:
        return [
            connection.execute(query, {"schema": schema}).fetchall()
            for query in (_CATALOG, _CONSTRAINTS, _INDEXES)
        ]


def test_there_is_a_migration_for_every_schema(made: Written) -> None:
    used = {(table.database, table.schema) for table in made.model.all(Table)}
    writers = {
        name_of(schema.service)
        for each in made.model.all(Database)
        for schema in each.schemas
        if (each.id, schema.name) in used
    }
    assert sorted(name for name in made.names if folder_of(made, name).is_dir()) == SERVICES
    assert sorted(writers) == SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_migration_on_postgresql(server: str, made: Written, service: str) -> None:
    """Applied, undone and applied again; and it makes what the model says."""
    folder = folder_of(made, service)
    schema, _ = tables_of(made.model, service)
    migrated = fresh_database(server, f"{service}-migrated")
    url = f"postgresql+psycopg://{migrated}"
    migrate(url, folder, "upgrade", "head")
    found = catalog(migrated, schema)
    assert all(found)
    migrate(url, folder, "downgrade", "base")
    assert not catalog(migrated, schema)[0]
    migrate(url, folder, "upgrade", "head")
    assert catalog(migrated, schema) == found

    told = fresh_database(server, f"{service}-told")
    with psycopg.connect(f"postgresql://{told}", autocommit=True) as connection:
        for statement in statements(made.model, service):
            connection.execute(statement)
    assert catalog(told, schema) == found


@pytest.mark.parametrize("service", SERVICES)
def test_the_sql_to_read_does_the_same(server: str, made: Written, service: str) -> None:
    """`migrate --sql`, run by hand, ends where the migration does."""
    folder = folder_of(made, service)
    schema, _ = tables_of(made.model, service)
    migrated, by_hand = (fresh_database(server, f"{service}-{each}") for each in ("run", "hand"))
    migrate(f"postgresql+psycopg://{migrated}", folder, "upgrade", "head")
    text = script(folder)
    assert f'CREATE SCHEMA IF NOT EXISTS "{schema}"' in text
    with psycopg.connect(f"postgresql://{by_hand}", autocommit=True) as connection:
        connection.execute(text.encode())
    for hand, run in zip(catalog(by_hand, schema), catalog(migrated, schema), strict=True):
        assert set(hand) ^ set(run) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_migration_on_sqlite(tmp_path: Path, made: Written, service: str) -> None:
    """The embedded default takes the same revisions."""
    folder = folder_of(made, service)
    _, expected = tables_of(made.model, service)
    url = f"sqlite:///{tmp_path / 'service.db'}"
    migrate(url, folder, "upgrade", "head")
    engine = sa.create_engine(url)
    names = {table.table for table in expected}
    assert names <= set(sa.inspect(engine).get_table_names())
    migrate(url, folder, "downgrade", "base")
    assert not set(sa.inspect(engine).get_table_names()) & names
    engine.dispose()


def test_the_bundled_server_runs(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The fall-back for machines without a server of their own is itself tested."""
    folder = tmp_path_factory.mktemp("bundled")
    postgres.open_up(folder)
    assert (postgres.bundled(folder) / "postgres").exists()
