"""Migrations and schemas of every service, applied to a real PostgreSQL and to SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from support import postgres

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(ROOT.glob("generated/services/*/src/*/generated/migrations"))
SCHEMAS = sorted(ROOT.glob("generated/services/*/generated/postgresql/*.sql"))

_CATALOG = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid)
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


def service_of(path: Path) -> str:
    return path.relative_to(ROOT / "generated" / "services").parts[0]


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


def schema_of(folder: Path) -> str:
    text = next((folder / "versions").glob("*.py")).read_text("utf-8")
    return text.split('SCHEMA = "')[1].split('"')[0]


def catalog(address: str, schema: str) -> list[list[tuple[object, ...]]]:
    with psycopg.connect(f"postgresql://{address}") as connection:
        return [
            connection.execute(query, {"schema": schema}).fetchall()
            for query in (_CATALOG, _CONSTRAINTS, _INDEXES)
        ]


def test_there_is_a_migration_for_every_schema() -> None:
    assert FOLDERS
    assert [*map(service_of, FOLDERS)] == [*map(service_of, SCHEMAS)]


@pytest.mark.parametrize("folder", FOLDERS, ids=service_of)
def test_migration_on_postgresql(server: str, folder: Path) -> None:
    """Applied, undone and applied again; and what it makes is what the schema file says."""
    service = service_of(folder)
    migrated = fresh_database(server, f"{service}-migrated")
    url = f"postgresql+psycopg://{migrated}"
    migrate(url, folder, "upgrade", "head")
    made = catalog(migrated, schema_of(folder))
    assert made[0]
    migrate(url, folder, "downgrade", "base")
    assert not catalog(migrated, schema_of(folder))[0]
    migrate(url, folder, "upgrade", "head")
    assert catalog(migrated, schema_of(folder)) == made

    written = fresh_database(server, f"{service}-written")
    (sql,) = (path for path in SCHEMAS if service_of(path) == service)
    with psycopg.connect(f"postgresql://{written}", autocommit=True) as connection:
        connection.execute(sql.read_text("utf-8"))
    assert catalog(written, schema_of(folder)) == made


@pytest.mark.parametrize("folder", FOLDERS, ids=service_of)
def test_migration_on_sqlite(tmp_path: Path, folder: Path) -> None:
    """The embedded default takes the same revisions."""
    url = f"sqlite:///{tmp_path / 'service.db'}"
    migrate(url, folder, "upgrade", "head")
    engine = sa.create_engine(url)
    tables = set(sa.inspect(engine).get_table_names()) - {f"alembic_version_{schema_of(folder)}"}
    assert tables
    migrate(url, folder, "downgrade", "base")
    assert not set(sa.inspect(engine).get_table_names()) & tables
    engine.dispose()


def test_the_bundled_server_runs(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The fall-back for machines without a server of their own is itself tested."""
    folder = tmp_path_factory.mktemp("bundled")
    postgres.open_up(folder)
    assert (postgres.bundled(folder) / "postgres").exists()
